"""Writing residents' profiles. The change log tells that something changed, never what it was."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, update
from sqlmodel import col, select
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.bits import mask_of
from app.core.changes import Event, record
from app.core.db import WriteSession
from app.core.errors import Invalid, NotFound, StaleVersion
from app.people.models import Person
from app.people.queries import get_person
from app.people.records import PersonRecord
from app.people.rules import changed_values, check_position, history, settle_consents
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS

KIND = "person"
_TABLE = Person.__table__  # type: ignore[attr-defined]
_EMPTY: dict[str, Any] = {
    "age_band": None,
    "guardian_consent": False,
    "matching_consent": False,
    "latitude": None,
    "longitude": None,
}
# What a room above keeps of a person, and who there takes it away.
Forget = Callable[[WriteSession, uuid.UUID, str], None]
_FORGETTING: list[Forget] = []


def before_erasing(forget: Forget) -> Forget:
    """Mark a function of a room above as one that lets go of a person, or raises, with the row.

    It is called as `forget(session, person_id, actor)` in the transaction that erases the row, and
    twice: before the person is held, when it may hold what comes first in order, and after.
    """
    _FORGETTING.append(forget)
    return forget


def create_person(session: WriteSession, *, values: Mapping[str, Any], actor: str) -> PersonRecord:
    """A new profile. Raises Invalid when a minor's guardian has not agreed to the matching."""
    values = _settled(values, _EMPTY)
    at = clock.now()
    row = Person(id=uuid7(), name="", created_at=at, updated_at=at).model_dump()
    row |= _columns(values)
    row["consented_at"] = at if row["matching_consent"] else None
    session.execute(insert(_TABLE), [row])
    record(session, [Event(KIND, str(row["id"]), "create", actor, searched=False)])
    return get_person(session, row["id"])


def update_person(
    session: WriteSession,
    *,
    id: uuid.UUID,
    version: int | None,
    values: Mapping[str, Any],
    actor: str,
) -> PersonRecord:
    """Change what `values` names. Raises StaleVersion, Invalid.

    A guardian who withdraws takes the consent to be matched along.
    """
    current = get_person(session, id)
    _check_version(current, version)
    before = current.model_dump(mode="json")
    wanted = changed_values(before, _ordered(_settled(values, before)))
    if not wanted:
        return current
    if "matching_consent" in wanted:
        wanted["consented_at"] = clock.now() if wanted["matching_consent"] else None
    return _write(session, current, wanted, "update", actor)


def pause_person(
    session: WriteSession, *, id: uuid.UUID, version: int | None, until: date | None, actor: str
) -> PersonRecord:
    """お休みにする: until told otherwise, or up to and including a day. Raises StaleVersion."""
    pausing = {"paused": until is None, "paused_until": until}
    return _move(session, id, version, pausing, "pause", actor)


def resume_person(
    session: WriteSession, *, id: uuid.UUID, version: int | None, actor: str
) -> PersonRecord:
    """再開する. Raises StaleVersion."""
    return _move(session, id, version, {"paused": False, "paused_until": None}, "resume", actor)


def erase_person(session: WriteSession, *, id: uuid.UUID, version: int | None, actor: str) -> None:
    """Erase everything that is kept of somebody, as is their right (個人情報保護法 第35条).

    What stays is one line of the change log that says it was done. Raises NotFound, StaleVersion.
    """
    _forget(session, id, actor)
    lock_person(session, id)
    _check_version(get_person(session, id), version)
    _forget(session, id, actor)  # what came between
    session.execute(
        delete(Person).where(col(Person.id) == id).execution_options(synchronize_session=False)
    )
    record(session, [Event(KIND, str(id), "erase", actor, searched=False)])


def _forget(session: WriteSession, id: uuid.UUID, actor: str) -> None:
    for forget in _FORGETTING:
        forget(session, id, actor)


def lock_person(session: WriteSession, person_id: uuid.UUID) -> None:
    """Hold a person until the transaction ends (SQLite: the whole database is). Raises NotFound."""
    query = select(Person.id).where(col(Person.id) == person_id)
    if session.exec(query.with_for_update(key_share=True)).first() is None:
        raise NotFound("この人は登録されていません。")


def _move(
    session: WriteSession,
    id: uuid.UUID,
    version: int | None,
    values: Mapping[str, Any],
    action: str,
    actor: str,
) -> PersonRecord:
    current = get_person(session, id)
    _check_version(current, version)
    wanted = changed_values(current.model_dump(), values)
    return _write(session, current, wanted, action, actor) if wanted else current


def _write(
    session: WriteSession,
    current: PersonRecord,
    wanted: Mapping[str, Any],
    action: str,
    actor: str,
) -> PersonRecord:
    """Write values over a profile that still has the version that was read. Raises StaleVersion."""
    done = session.execute(
        update(_TABLE)
        .where(_TABLE.c.id == current.id, _TABLE.c.version == current.version)
        .values({**_columns(wanted), "updated_at": clock.now(), "version": current.version + 1})
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleVersion
    event = Event(KIND, str(current.id), action, actor, history(wanted), searched=False)
    record(session, [event])
    return get_person(session, current.id)


def _check_version(current: PersonRecord, version: int | None) -> None:
    if version is not None and version != current.version:
        raise StaleVersion


def _settled(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A change must also fit what it does not name. Raises Invalid at the field."""
    field = "longitude"
    try:
        after = {**before, **wanted}
        check_position(after["latitude"], after["longitude"])
        field = "matching_consent"
        return settle_consents(wanted, before)
    except ValueError as error:
        raise Invalid.at(f"body.{field}", "value_error", str(error)) from None


def _ordered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Sets of bits in the order they are read back in."""
    order = {"skills": [skill.value for skill in Skill], "slots": list(SLOTS)}
    return {
        name: sorted(value, key=order[name].index) if name in order else value
        for name, value in values.items()
    }


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the row holds them."""
    row = {"municipality_code" if n == "municipality" else n: v for n, v in values.items()}
    if "skills" in row:
        row["skills"] = mask_of(Skill(code).number for code in row["skills"])
    if "slots" in row:
        row["slots"] = mask_of(SLOTS.index(slot) for slot in row["slots"])
    return row
