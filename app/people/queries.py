"""Reading residents' profiles; for operators and for matching, never for the public."""

import uuid
from typing import Any

from sqlmodel import col, func, select

from app.core.bits import numbers_of
from app.core.db import ReadSession
from app.core.errors import InvalidCursor, NotFound
from app.core.paging import Page, decode_cursor, encode_cursor
from app.people.models import Person
from app.people.records import PersonRecord
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS

_SKILLS = tuple(Skill)


def get_person(session: ReadSession, person_id: uuid.UUID) -> PersonRecord:
    """The profile. Raises NotFound."""
    row = session.exec(
        select(Person).where(Person.id == person_id).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("この人は登録されていません。")
    return _record(row)


def list_people(session: ReadSession, *, cursor: str | None, limit: int) -> Page[PersonRecord]:
    """Profiles by id, which is the order they were made in."""
    query = select(Person).order_by(col(Person.id)).limit(limit + 1)
    if cursor:
        query = query.where(col(Person.id) > _after(cursor))
    rows = session.exec(query).all()
    total = session.exec(select(func.count()).select_from(Person)).one()
    records = [_record(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(records, total, encode_cursor(str(records[-1].id)) if more else None)


def _after(cursor: str) -> uuid.UUID:
    (position,) = decode_cursor(cursor, str)
    try:
        return uuid.UUID(str(position))
    except ValueError:
        raise InvalidCursor from None


def _record(row: Person) -> PersonRecord:
    values: dict[str, Any] = {
        name: getattr(row, name) for name in PersonRecord.model_fields if name != "municipality"
    }
    return PersonRecord.model_validate(
        values
        | {
            "municipality": row.municipality_code,
            "skills": [_SKILLS[number] for number in numbers_of(row.skills)],
            "slots": [SLOTS[number] for number in numbers_of(row.slots)],
            # PostgreSQL keeps keys in an order of its own, and sums of floats depend on theirs.
            "words": dict(sorted(row.words.items())),
        }
    )
