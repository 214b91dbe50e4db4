"""Bringing what lists say of needs into the registry, a batch at a time."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlmodel import col, select

from app.core import clock
from app.core.db import ReadSession, WriteSession, upsert
from app.core.errors import Invalid
from app.intake.actions import Outcome
from app.intake.models import NeedSource
from app.intake.rules import IncomingNeed
from app.intake.sources import groups_csv
from app.listings.actions import create_listings, publish_listing, update_listing
from app.listings.records import ListingRecord
from app.listings.rows import Draft
from app.listings.rules import HeadcountMissing, is_over
from app.organisations.models import Source
from app.vocabulary.listings import ListingStatus, Side

_Key = tuple[str, str]


def find_organisations(session: ReadSession, ids: Collection[str]) -> Mapping[str, set[uuid.UUID]]:
    """Who is known under each of these IDs: in a city's own list, else in any other source."""
    found: dict[str, dict[str, set[uuid.UUID]]] = defaultdict(lambda: defaultdict(set))
    rows = session.exec(
        select(Source.source_id, Source.source, Source.organisation_id).where(
            col(Source.source_id).in_(ids)
        )
    )
    for source_id, source, organisation_id in rows:
        found[source_id][source].add(organisation_id)
    return {
        id_: sources.get(groups_csv.NAME) or set().union(*sources.values())
        for id_, sources in found.items()
    }


def apply_needs(session: WriteSession, *, batch: Sequence[IncomingNeed], actor: str) -> Outcome:
    """Create and update the needs that the rows tell of, in the session's transaction.

    Only what a row says otherwise than before is changed: what people have edited since stays.
    Raises Invalid, StaleVersion.
    """
    known = _known(session, batch)
    newest = {need.key: need for need in batch}
    new = [need for key, need in newest.items() if key not in known]
    changed = [
        need for key, need in newest.items() if key in known and _says(need) != known[key].said
    ]
    created = _create(session, new, actor)
    for need in changed:
        _update(session, need, known[need.key], actor)
    ids = created | {need.key: known[need.key].listing_id for need in changed}
    _remember(session, [*new, *changed], ids)
    unchanged = len(batch) - len(new) - len(changed)
    return Outcome(kept=len(batch), unchanged=unchanged, created=len(new), updated=len(changed))


def _known(session: ReadSession, batch: Iterable[IncomingNeed]) -> dict[_Key, NeedSource]:
    by_source: dict[str, list[str]] = defaultdict(list)
    for need in batch:
        by_source[need.source].append(need.source_id)
    return {
        (row.source, row.source_id): row
        for source, ids in by_source.items()
        for row in session.exec(
            select(NeedSource).where(
                col(NeedSource.source) == source, col(NeedSource.source_id).in_(ids)
            )
        )
    }


def _says(need: IncomingNeed) -> dict[str, Any]:
    return {**need.said, "kind": need.kind.value, "organisation_id": str(need.organisation_id)}


def _create(
    session: WriteSession, needs: Sequence[IncomingNeed], actor: str
) -> dict[_Key, uuid.UUID]:
    """Imported needs are published, as imported groups are."""
    drafts = [
        Draft(
            Side.NEED,
            {**_says(need), "entry_method": "import"},
            _status(need.said),
            "import",
            need.source,
            need.source_id,
        )
        for need in needs
    ]
    create_listings(session, drafts=drafts, actor=actor)
    return {need.key: draft.id for need, draft in zip(needs, drafts, strict=True)}


def _status(said: Mapping[str, Any]) -> ListingStatus:
    return ListingStatus.EXPIRED if _over(said) else ListingStatus.PUBLISHED


def _over(said: Mapping[str, Any]) -> bool:
    until, deadline = (
        date.fromisoformat(day) if (day := said.get(name)) else None
        for name in ("available_until", "deadline")
    )
    return is_over(until, deadline, clock.today())


def _update(
    session: WriteSession, need: IncomingNeed, before: NeedSource, actor: str
) -> ListingRecord:
    """Raises Invalid when a row has become another need; else as `update_listing`."""
    said = _says(need)
    for name in ("kind", "organisation_id"):
        if said.pop(name) != before.said.get(name):
            raise Invalid.at(name, "fixed", _FIXED)
    values = {name: value for name, value in said.items() if value != before.said.get(name)}
    current = update_listing(
        session, id=before.listing_id, version=None, values=values, actor=actor
    )
    if (
        current.status is ListingStatus.EXPIRED
        and current.organisation.findable
        and not _over(said)
    ):
        return _publish_again(session, current, actor)
    return current


def _publish_again(session: WriteSession, current: ListingRecord, actor: str) -> ListingRecord:
    try:
        return publish_listing(
            session, id=current.id, version=None, actor=actor, today=clock.today()
        )
    except HeadcountMissing as error:  # people have taken the number back meanwhile
        raise Invalid.at("quantity", "missing", error.detail) from None


_FIXED = "種類と団体は、あとから変えられません。別の外部IDで登録してください。"


def _remember(
    session: WriteSession, needs: Iterable[IncomingNeed], ids: Mapping[_Key, uuid.UUID]
) -> None:
    at = clock.now()
    upsert(
        session,
        NeedSource.__table__,  # type: ignore[attr-defined]
        [
            {
                "source": need.source,
                "source_id": need.source_id,
                "listing_id": ids[need.key],
                "said": _says(need),
                "imported_at": at,
            }
            for need in needs
        ],
        key=("source", "source_id"),
    )
