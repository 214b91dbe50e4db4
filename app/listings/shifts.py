"""The dates of an opportunity, and who stands on them: read, and made.

What moves a seat is in `seats`.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, computed_field
from sqlalchemy import Select, and_, func, insert, or_, select
from uuid_utils.compat import uuid7

from app.core.changes import Event, record
from app.core.clock import in_tokyo
from app.core.db import ReadSession, WriteSession
from app.core.errors import AlreadyExists, Invalid, InvalidCursor, NotFound
from app.core.paging import Page, decode_cursor, encode_cursor
from app.listings.actions import KIND
from app.listings.engagements import lock_listings
from app.listings.models import Place, Shift
from app.listings.queries import get_listing
from app.listings.shift_rules import check_ahead, check_kind, check_lasting, dates
from app.vocabulary.listings import PlaceState, Side

SHIFT = Shift.__table__  # type: ignore[attr-defined]
PLACE = Place.__table__  # type: ignore[attr-defined]


class ShiftRecord(BaseModel):
    """One date, in Tokyo's time; `taken` counts seats confirmed and offered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: uuid.UUID
    need_id: uuid.UUID
    series_id: uuid.UUID | None
    rrule: str | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    taken: int
    note: str | None
    cancelled: bool

    @computed_field  # type: ignore[prop-decorator]
    @property
    def free(self) -> int:
        """Seats nobody has yet."""
        return 0 if self.cancelled else self.capacity - self.taken


class PlaceRecord(BaseModel):
    """A place; `position` is where it stands among those waiting, the first being 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int
    shift_id: uuid.UUID
    person: uuid.UUID | None
    organisation: uuid.UUID | None
    size: int
    state: PlaceState
    position: int | None
    offered_until: datetime | None
    at: datetime


# ------------------------------------------------------------------------------------- reading


def get_shift(session: ReadSession, shift_id: uuid.UUID) -> ShiftRecord:
    """Raises NotFound."""
    row = session.execute(select(SHIFT).where(SHIFT.c.id == shift_id)).one_or_none()
    if row is None:
        raise NotFound("この日程は登録されていません。")
    return _shift(row)


def list_shifts(
    session: ReadSession,
    listing_id: uuid.UUID,
    *,
    ends_after: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[ShiftRecord]:
    """The dates of a need in their order, cancelled ones too."""
    of = [SHIFT.c.listing_id == listing_id]
    if ends_after:
        of.append(SHIFT.c.ends_at > ends_after)
    query = select(SHIFT).where(*of).order_by(SHIFT.c.starts_at, SHIFT.c.id).limit(limit + 1)
    if cursor:
        at, id_ = _position(cursor)
        later = and_(SHIFT.c.starts_at == at, SHIFT.c.id > id_)
        query = query.where(or_(SHIFT.c.starts_at > at, later))
    rows = [_shift(row) for row in session.execute(query)]
    total = session.scalar(select(func.count()).select_from(SHIFT).where(*of)) or 0
    shown, more = rows[:limit], len(rows) > limit
    end = encode_cursor(shown[-1].starts_at.isoformat(), str(shown[-1].id)) if more else None
    return Page(shown, total, end)


def get_place(session: ReadSession, place_id: int) -> PlaceRecord:
    """Raises NotFound."""
    shift_id = session.scalar(select(PLACE.c.shift_id).where(PLACE.c.id == place_id))
    numbered = _numbered(shift_id).subquery()
    row = session.execute(select(numbered).where(numbered.c.id == place_id)).one_or_none()
    if row is None:
        raise NotFound("この申し込みは登録されていません。")
    return _place(row)


def list_places(
    session: ReadSession, shift_id: uuid.UUID, *, cursor: str | None, limit: int
) -> Page[PlaceRecord]:
    """Everybody who has taken a place, waits for one or gave it back, as they came."""
    numbered = _numbered(shift_id).subquery()
    query = select(numbered).order_by(numbered.c.id).limit(limit + 1)
    if cursor:
        query = query.where(numbered.c.id > decode_cursor(cursor, int)[0])
    rows = [_place(row) for row in session.execute(query)]
    of = select(func.count()).where(PLACE.c.shift_id == shift_id)
    shown, more = rows[:limit], len(rows) > limit
    end = encode_cursor(shown[-1].id) if more else None
    return Page(shown, session.scalar(of) or 0, end)


def _position(cursor: str) -> tuple[datetime, uuid.UUID]:
    at, id_ = decode_cursor(cursor, str, str)
    try:
        moment = datetime.fromisoformat(str(at))
        if moment.tzinfo is None:
            raise InvalidCursor
        return moment, uuid.UUID(str(id_))
    except ValueError:
        raise InvalidCursor from None


def _numbered(shift_id: uuid.UUID | None) -> Select[Any]:
    """The places of a shift, each with its number among those of its state."""
    number = func.row_number().over(partition_by=PLACE.c.state, order_by=PLACE.c.id)
    query: Select[Any] = select(PLACE, number.label("number")).where(PLACE.c.shift_id == shift_id)
    return query


def _shift(row: Any) -> ShiftRecord:
    values = dict(row._mapping)
    values["need_id"] = values.pop("listing_id")
    values |= {name: in_tokyo(values[name]) for name in ("starts_at", "ends_at")}
    return ShiftRecord.model_validate(values)


def _place(row: Any) -> PlaceRecord:
    values = dict(row._mapping)
    number = values.pop("number")
    until = values["offered_until"]
    return PlaceRecord.model_validate(
        values
        | {
            "person": values.pop("person_id"),
            "organisation": values.pop("organisation_id"),
            "position": number if values["state"] is PlaceState.WAITING else None,
            "offered_until": until and in_tokyo(until),
        }
    )


# -------------------------------------------------------------------------------------- making


def create_shifts(
    session: WriteSession,
    *,
    listing_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    rule: str | None,
    note: str | None,
    now: datetime,
    actor: str,
) -> Sequence[ShiftRecord]:
    """The date, or with a rule (RFC 5545) all its dates, of a need.

    Raises NotFound, NoShifts when it is no need for people, ListingOver, AlreadyExists, Invalid
    when it has begun or the rule goes too far.
    """
    lock_listings(session, [listing_id])
    need = get_listing(session, listing_id, side=Side.NEED)
    check_kind(need.kind)
    check_lasting(need.status)
    field = "body.starts_at"
    try:
        check_ahead(starts_at, now)
        field = "body.rrule" if rule else field
        found = dates(starts_at, ends_at, rule, now)
    except ValueError as error:
        raise Invalid.at(field, "value_error", str(error)) from None
    _check_new(session, listing_id, found)
    of = {"listing_id": listing_id, "series_id": uuid7() if rule else None, "rrule": rule}
    seats = {"capacity": capacity, "taken": 0, "note": note, "cancelled": False}
    rows = [
        {"id": uuid7(), **of, **seats, "starts_at": begins, "ends_at": ends}
        for begins, ends in found
    ]
    session.execute(insert(SHIFT), rows)
    details = {"shifts": [0, len(rows)]}
    record(session, [Event(KIND, str(listing_id), "add_shifts", actor, details)])
    made = session.execute(
        select(SHIFT)
        .where(SHIFT.c.id.in_([row["id"] for row in rows]))
        .order_by(SHIFT.c.starts_at, SHIFT.c.id)
    )
    return [_shift(row) for row in made]


def _check_new(
    session: ReadSession, listing_id: uuid.UUID, found: Sequence[tuple[datetime, datetime]]
) -> None:
    """Raises AlreadyExists when the need has one of these dates already."""
    begins = {begin for begin, _ in found}
    same = select(SHIFT.c.starts_at, SHIFT.c.ends_at).where(
        SHIFT.c.listing_id == listing_id, SHIFT.c.starts_at.in_(begins)
    )
    if {(row.starts_at, row.ends_at) for row in session.execute(same)} & {*found}:
        raise AlreadyExists("この募集には、同じ日時の日程がすでにあります。")
