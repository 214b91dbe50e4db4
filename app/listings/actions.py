"""Writing needs and offers. Every action logs its change in the same transaction; none commits."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import col, select

from app.core import clock
from app.core.changes import Event, record
from app.core.db import ReadSession, WriteSession
from app.core.errors import Invalid, StaleVersion
from app.listings.models import Listing, Shift
from app.listings.queries import get_listing, is_past
from app.listings.records import ListingRecord
from app.listings.rows import TABLE, Draft, as_record, columns, new_row
from app.listings.rules import (
    MOVES,
    NO_HEADCOUNT,
    check_listing,
    check_move,
    check_publication,
    is_over,
    lacks_headcount,
)
from app.listings.words import text_of, weigh
from app.organisations.models import Organisation, Stage
from app.organisations.rules import changed_values, history
from app.vocabulary.listings import ListingStatus, Side

KIND = "listing"
SYSTEM = "system"
_BATCH = 500
_TEXTS = ("title", "description", "details")

# ------------------------------------------------------------------------------------ creating


def create_listing(
    session: WriteSession, *, side: Side, values: Mapping[str, Any], actor: str
) -> ListingRecord:
    """A new need or offer, as a draft. Raises Invalid at each field."""
    draft = Draft(side, values)
    check_draft(session, draft)
    create_listings(session, drafts=[draft], actor=actor)
    return get_listing(session, draft.id)


def create_listings(session: WriteSession, *, drafts: Sequence[Draft], actor: str) -> None:
    """Many at once, in a few statements. Each must have been checked."""
    if not drafts:
        return
    at = clock.now()
    words = weigh(session, [_text(draft.values) for draft in drafts])
    rows = [new_row(draft, telling, at) for draft, telling in zip(drafts, words, strict=True)]
    session.execute(insert(TABLE), rows)
    record(session, (Event(KIND, str(draft.id), draft.action, actor) for draft in drafts))


def check_draft(session: ReadSession, draft: Draft) -> str:
    """The name of its organisation. Raises Invalid at each field."""
    check_listing(draft.values)
    _check_stages(session, draft.values)
    owner = uuid.UUID(str(draft.values["organisation_id"]))
    name = session.exec(select(Organisation.name).where(col(Organisation.id) == owner)).first()
    if name is None:
        raise Invalid.at("body.organisation_id", "unknown", "この団体は登録されていません。")
    return name


def unsaved_listing(session: ReadSession, draft: Draft) -> ListingRecord:
    """The listing a draft would be, to be matched at the desk: nothing is kept. Raises Invalid."""
    name = check_draft(session, draft)
    (words,) = weigh(session, [_text(draft.values)])
    row = new_row(draft, words, clock.now())
    return as_record(row, {"id": row["organisation_id"], "name": name})


# ------------------------------------------------------------------------------------ changing


def update_listing(
    session: WriteSession,
    *,
    id: uuid.UUID,
    side: Side | None = None,
    version: int | None,
    values: Mapping[str, Any],
    actor: str,
) -> ListingRecord:
    """Change what `values` names. Raises NotFound, StaleVersion, Invalid."""
    current = get_listing(session, id, side=side)
    _check_version(current, version)
    before = current.model_dump(mode="json")
    wanted = changed_values(before, values)
    if not wanted:
        return current
    after = {**before, **wanted}
    check_listing(after)
    _check_stages(session, wanted)
    if current.status is not ListingStatus.DRAFT and "quantity" in wanted:
        _check_headcount(session, current, wanted["quantity"])
    telling = {"words": weigh(session, [_text(after)])[0]} if {*wanted} & {*_TEXTS} else {}
    _write(session, current, {**wanted, **telling})
    record(session, [Event(KIND, str(id), "update", actor, history(before, wanted))])
    return get_listing(session, id)


def publish_listing(
    session: WriteSession,
    *,
    id: uuid.UUID,
    side: Side | None = None,
    version: int | None,
    actor: str,
    today: date,
) -> ListingRecord:
    """公開する.

    Raises MoveNotAllowed, OrganisationNotPublished, ListingOver, HeadcountMissing, StaleVersion.
    """
    current = get_listing(session, id, side=side)
    target = _check_move(current, "publish", version)
    check_publication(
        organisation_findable=current.organisation.findable,
        over=is_over(current.available_until, current.deadline, today),
        headcount_missing=_headcount_missing(session, current, current.quantity),
    )
    return _move(session, current, "publish", target, actor)


def move_listing(
    session: WriteSession,
    *,
    id: uuid.UUID,
    side: Side | None = None,
    move: str,
    version: int | None,
    actor: str,
) -> ListingRecord:
    """休止する (`pause`)・充足にする (`fulfil`)・終了する (`close`).

    Raises NotFound, MoveNotAllowed, StaleVersion.
    """
    current = get_listing(session, id, side=side)
    return _move(session, current, move, _check_move(current, move, version), actor)


def expire_listings(session: WriteSession, today: date, now: datetime) -> int:
    """期限切れにする, whatever is over today. For the night; returns how many there were."""
    allowed, target = MOVES["expire"]
    over = select(Listing.id, Listing.status).where(col(Listing.status).in_(allowed))
    rows = session.exec(over.where(is_past(today)).order_by(col(Listing.id))).all()
    for first in range(0, len(rows), _BATCH):
        some = rows[first : first + _BATCH]
        session.execute(
            update(Listing)
            .where(col(Listing.id).in_([id_ for id_, _ in some]))
            .values(status=target, updated_at=now, version=col(Listing.version) + 1)
            .execution_options(synchronize_session=False)
        )
        record(session, (_expired(id_, status) for id_, status in some))
    return len(rows)


def _expired(id_: uuid.UUID, status: str) -> Event:
    details = {"status": [status, ListingStatus.EXPIRED]}
    return Event(KIND, str(id_), "expire", SYSTEM, details)


def _check_move(current: ListingRecord, move: str, version: int | None) -> ListingStatus:
    _check_version(current, version)
    return check_move(move, current.status)


def _move(
    session: WriteSession, current: ListingRecord, move: str, target: ListingStatus, actor: str
) -> ListingRecord:
    published = {"published_at": clock.now()} if target is ListingStatus.PUBLISHED else {}
    _write(session, current, {"status": target, **published})
    details = history(current.model_dump(mode="json"), {"status": target.value})
    record(session, [Event(KIND, str(current.id), move, actor, details)])
    return get_listing(session, current.id)


def _check_version(current: ListingRecord, version: int | None) -> None:
    if version is not None and version != current.version:
        raise StaleVersion


def _write(session: WriteSession, current: ListingRecord, values: Mapping[str, Any]) -> None:
    """Write values over a listing that still has the version that was read. Raises StaleVersion."""
    done = session.execute(
        update(Listing)
        .where(col(Listing.id) == current.id, col(Listing.version) == current.version)
        .values({**columns(values), "updated_at": clock.now(), "version": current.version + 1})
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleVersion


# ------------------------------------------------------------------------------------ checking


def _check_headcount(session: ReadSession, current: ListingRecord, quantity: int | None) -> None:
    """What was public keeps saying how many it seeks. Raises Invalid."""
    if _headcount_missing(session, current, quantity):
        raise Invalid.at("body.quantity", "missing", NO_HEADCOUNT)


def _headcount_missing(session: ReadSession, current: ListingRecord, quantity: int | None) -> bool:
    """Nobody said how many, neither of the whole nor of a date."""
    if not lacks_headcount(current.side, current.kind, quantity):
        return False
    dates = select(col(Shift.id)).where(col(Shift.listing_id) == current.id)
    return session.exec(dates.where(~col(Shift.cancelled)).limit(1)).first() is None


def _check_stages(session: ReadSession, values: Mapping[str, Any]) -> None:
    """Stages are a list that a city keeps as rows. Raises Invalid."""
    wanted = set(values.get("stages") or ())
    if not wanted:
        return
    known = set(session.exec(select(Stage.code).where(col(Stage.code).in_(wanted))))
    if wanted - known:
        raise Invalid.at("body.stages", "unknown_code", "登録されていないコードです。")


def _text(values: Mapping[str, Any]) -> str:
    return text_of(values["title"], values.get("description"), values.get("details") or {})
