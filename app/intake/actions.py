"""Bringing what sources say into the registry, a batch at a time."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import col, select
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.changes import Event, record
from app.core.db import ReadSession, WriteSession, upsert
from app.core.errors import NotFound
from app.intake.models import Suggestion
from app.intake.queries import list_closed_by_human
from app.intake.rules import (
    Incoming,
    Saying,
    changed_words,
    combine,
    next_status,
    split_edited,
    standing,
)
from app.organisations.actions import KIND, create_organisations, one_per_number, take_import
from app.organisations.models import Organisation, Source
from app.organisations.queries import get_organisation, list_records
from app.organisations.records import Record
from app.organisations.rows import Draft
from app.organisations.rules import changed_values, history
from app.vocabulary.organisations import Status


@dataclass
class Outcome:
    """What became of rows: in organisations, but for `kept` and `unchanged`, which count rows."""

    kept: int = 0
    unchanged: int = 0
    created: int = 0
    updated: int = 0
    closed: int = 0
    reopened: int = 0
    suggestions: int = 0

    def add(self, other: "Outcome") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class _Target:
    """An organisation and the rows that speak of it."""

    id: uuid.UUID
    is_new: bool
    rows: list[Incoming] = field(default_factory=list)


def apply_batch(session: WriteSession, *, batch: Sequence[Incoming], actor: str) -> Outcome:
    """Create, update, close and reopen what the rows say, in the session's transaction."""
    outcome = Outcome(kept=len(batch))
    known = _known_sources(session, batch)
    newest = _newest(batch)
    news = [incoming for incoming in newest if _is_news(incoming, known.get(incoming.key))]
    outcome.unchanged = len(batch) - len(news)
    _confirm_versions(session, newest, known)
    targets = _targets(session, news, known)
    new = [target for target in targets if target.is_new]
    old = [target for target in targets if not target.is_new]
    _create(session, new, actor)
    outcome.created = len(new)
    outcome.closed = sum(_draft_status(target.rows) is Status.CLOSED for target in new)
    _update(session, old, actor, outcome)
    return outcome


def _known_sources(
    session: ReadSession, batch: Sequence[Incoming]
) -> dict[tuple[str, str], Source]:
    by_source: dict[str, list[str]] = defaultdict(list)
    for incoming in batch:
        by_source[incoming.source].append(incoming.source_id)
    return {
        (row.source, row.source_id): row
        for source, ids in by_source.items()
        for row in session.exec(
            select(Source).where(col(Source.source) == source, col(Source.source_id).in_(ids))
        )
    }


def _is_news(incoming: Incoming, known: Source | None) -> bool:
    """Not what the source said before, nor an older version of it."""
    if known is None:
        return True
    if known.fingerprint == incoming.fingerprint:
        return False
    return incoming.revision is None or incoming.revision >= (known.revision or "")


def _confirm_versions(
    session: WriteSession, newest: Iterable[Incoming], known: Mapping[tuple[str, str], Source]
) -> None:
    """Note that a later version says the same, so that none in between can overwrite it."""
    for incoming in newest:
        source = known.get(incoming.key)
        if source is None or source.fingerprint != incoming.fingerprint:
            continue
        if (incoming.revision or "") > (source.revision or ""):
            source.revision = incoming.revision
            session.add(source)


def _targets(
    session: ReadSession, news: Sequence[Incoming], known: Mapping[tuple[str, str], Source]
) -> list[_Target]:
    """The organisation each row is about: by its source row, by 法人番号, or a new one."""
    numbers = {incoming.number for incoming in news if incoming.number}
    by_number: dict[str | None, uuid.UUID] = dict(
        session.exec(
            select(Organisation.corporate_number, Organisation.id).where(
                col(Organisation.corporate_number).in_(numbers)
            )
        ).all()
    )
    by_source = {key: source.organisation_id for key, source in known.items()}
    existing = {*by_number.values(), *by_source.values()}
    targets: dict[uuid.UUID, _Target] = {}
    for incoming in news:
        id_ = by_number.get(incoming.number) if incoming.number else None
        id_ = id_ or by_source.get(incoming.key) or uuid7()
        by_source[incoming.key] = id_
        if incoming.number:
            by_number[incoming.number] = id_
        target = targets.setdefault(id_, _Target(id_, id_ not in existing))
        target.rows.append(incoming)
    return list(targets.values())


# ------------------------------------------------------------------------------------- new ones


def _create(session: WriteSession, targets: Sequence[_Target], actor: str) -> None:
    drafts = []
    for target in targets:
        newest = target.rows
        said = combine([Saying(incoming.source, incoming.said) for incoming in newest])
        values = standing({}, said) | _closing(newest)
        drafts.append(
            Draft(
                values,
                _draft_status(target.rows),
                "import",
                [_source_row(incoming) for incoming in newest],
                target.id,
            )
        )
    create_organisations(session, drafts=drafts, actor=actor)


def _newest(rows: Iterable[Incoming]) -> list[Incoming]:
    """Of several versions of one source row the last, in the order of the file."""
    newest: dict[tuple[str, str], Incoming] = {}
    for incoming in rows:
        before = newest.get(incoming.key)
        if before is None or (incoming.revision or "") >= (before.revision or ""):
            newest[incoming.key] = incoming
    return list(newest.values())


def _draft_status(rows: Sequence[Incoming]) -> Status:
    """Imported groups are published, unless a row says otherwise."""
    return next((r.status for r in reversed(rows) if r.status), Status.PUBLISHED)


def _closing(rows: Iterable[Incoming]) -> dict[str, Any]:
    return {name: value for incoming in rows for name, value in incoming.closing.items()}


def _source_row(incoming: Incoming) -> dict[str, Any]:
    return {
        "source": incoming.source,
        "source_id": incoming.source_id,
        "fingerprint": incoming.fingerprint,
        "revision": incoming.revision,
        "said": dict(incoming.said),
    }


# ------------------------------------------------------------------------------------- old ones


def _update(
    session: WriteSession, targets: Sequence[_Target], actor: str, outcome: Outcome
) -> None:
    if not targets:
        return
    records = {r.id: r for r in list_records(session, [target.id for target in targets])}
    sayings = _sayings(session, list(records))
    closed = [r.id for r in records.values() if r.status is Status.CLOSED]
    by_human = list_closed_by_human(session, closed)
    at = clock.now()
    for target in targets:
        current = records[target.id]
        newest = target.rows
        known = sayings[target.id]
        together = _say(known, newest)
        before = combine(list(known.values()))
        values = standing(before, combine(list(together.values())))
        taken, waiting = split_edited(values, current.edited_fields)
        changed = _changed(known, newest)
        outcome.suggestions += _suggest(session, current, waiting, newest[-1], changed)
        status = _moved(current.status, newest, closed_by_human=current.id in by_human)
        taken |= _closing(newest) if status is Status.CLOSED else {}
        if status is Status.PUBLISHED and current.status is Status.CLOSED:
            taken |= {"closed_on": None, "closed_reason": None, "successor_number": None}
        _count(outcome, current, status, taken)
        take_import(
            session,
            current=current,
            values=taken,
            status=status,
            action=_action(status),
            actor=actor,
        )
        upsert(
            session,
            Source.__table__,  # type: ignore[attr-defined]
            [
                {
                    **_source_row(incoming),
                    "said": dict(together[incoming.key].said),
                    "organisation_id": target.id,
                    "imported_at": at,
                }
                for incoming in newest
            ],
            key=("source", "source_id"),
        )


def _sayings(
    session: ReadSession, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, dict[tuple[str, str], Saying]]:
    """What every source row of these organisations said, oldest first."""
    sayings: dict[uuid.UUID, dict[tuple[str, str], Saying]] = defaultdict(dict)
    rows = session.exec(
        select(Source)
        .where(col(Source.organisation_id).in_(ids))
        .order_by(col(Source.imported_at), col(Source.source), col(Source.source_id))
    )
    for row in rows:
        sayings[row.organisation_id][row.source, row.source_id] = Saying(row.source, row.said)
    return sayings


def _say(
    known: dict[tuple[str, str], Saying], newest: Iterable[Incoming]
) -> dict[tuple[str, str], Saying]:
    """What is said now: of a field that the new version does not name, the old word stands."""
    together = dict(known)
    for incoming in newest:
        before = together.pop(incoming.key, None)  # the last word stands last
        said = {**(before.said if before else {}), **incoming.said}
        together[incoming.key] = Saying(incoming.source, said)
    return together


def _changed(known: Mapping[tuple[str, str], Saying], newest: Iterable[Incoming]) -> set[str]:
    """The fields of which a row says something else than it did before."""
    nothing = Saying("", {})
    return {
        name
        for incoming in newest
        for name in changed_words(known.get(incoming.key, nothing).said, incoming.said)
    }


def _moved(current: Status, rows: Iterable[Incoming], *, closed_by_human: bool) -> Status | None:
    status = current
    for incoming in rows:
        status = next_status(status, incoming, closed_by_human=closed_by_human) or status
    return None if status is current else status


def _action(status: Status | None) -> str:
    moves = {Status.CLOSED: "close", Status.PUBLISHED: "reopen", Status.SUSPENDED: "suspend"}
    return moves[status] if status else "import"


def _count(
    outcome: Outcome, current: Record, status: Status | None, taken: Mapping[str, Any]
) -> None:
    if status is Status.CLOSED:
        outcome.closed += 1
    elif status is Status.PUBLISHED:
        outcome.reopened += 1
    elif status or changed_values(current.model_dump(mode="json"), taken):
        outcome.updated += 1


# ---------------------------------------------------------------------------------- suggestions


def _suggest(
    session: WriteSession,
    current: Record,
    waiting: Mapping[str, Any],
    last: Incoming,
    changed: set[str],
) -> int:
    """Keep what differs from a human's edit for a human to decide; forget what no longer does.

    Only what the source has `changed` is suggested: of the rest a human knew, or has decided.
    """
    before = current.model_dump(mode="json")
    differing = changed_values(before, waiting)
    agreed = waiting.keys() - differing.keys()
    differing = {name: value for name, value in differing.items() if name in changed}
    mine = (
        col(Suggestion.organisation_id) == current.id,
        col(Suggestion.source) == last.source,
        col(Suggestion.field).in_(changed | agreed),
    )
    session.execute(delete(Suggestion).where(*mine))
    if differing:
        session.execute(
            insert(Suggestion),
            [
                {
                    "organisation_id": current.id,
                    "field": name,
                    "source": last.source,
                    "source_id": last.source_id,
                    "value": {"value": value},
                    "suggested_at": clock.now(),
                }
                for name, value in differing.items()
            ],
        )
    return len(differing)


def accept_suggestion(
    session: WriteSession, *, organisation_id: uuid.UUID, field: str, source: str, actor: str
) -> Record:
    """Take an import's value after all. Raises NotFound, AlreadyExists."""
    suggestion = _get_suggestion(session, organisation_id, field, source)
    current = get_organisation(session, organisation_id)
    wanted = {field: suggestion.value["value"]}
    session.delete(suggestion)
    session.flush()
    with one_per_number():
        take_import(
            session, current=current, values=wanted, status=None, action="accept", actor=actor
        )
    return get_organisation(session, organisation_id)


def dismiss_suggestion(
    session: WriteSession, *, organisation_id: uuid.UUID, field: str, source: str, actor: str
) -> None:
    """Keep the human's value. Raises NotFound."""
    session.delete(_get_suggestion(session, organisation_id, field, source))
    details = history({}, {field: None})
    record(session, [Event(KIND, str(organisation_id), "dismiss", actor, details)])


def _get_suggestion(
    session: ReadSession, organisation_id: uuid.UUID, field: str, source: str
) -> Suggestion:
    suggestion = session.get(Suggestion, (organisation_id, field, source))
    if suggestion is None:
        raise NotFound("この提案はありません。")
    return suggestion
