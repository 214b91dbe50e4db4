"""Who gets which seat: taken, given back, offered to whoever waits first and fits.

Whoever moves a seat holds the need first, then the person (as in `engagements`); so what was read
stays true, and nobody waits while a seat that fits is free. `shift.taken` is at all times the sum
of the sizes confirmed and offered.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.core.changes import Event, record
from app.core.clock import now as current_time
from app.core.db import WriteSession
from app.core.errors import Conflict, FieldError, Invalid
from app.listings.actions import KIND as LISTING
from app.listings.actions import SYSTEM
from app.listings.engagements import leave_pairs, listings_of, lock_listings
from app.listings.joining import (
    ACTIVE,
    HOLDS,
    check_free,
    check_not_twice,
    check_organisation,
    check_pair,
    check_person,
    check_seats,
    joined,
    left,
    party_of,
)
from app.listings.models import Listing
from app.listings.queries import get_listing
from app.listings.records import ListingRecord
from app.listings.rules import OVER
from app.listings.shift_rules import PlaceNotOffered, is_open, next_to_offer, offered_until
from app.listings.shifts import PLACE, SHIFT, PlaceRecord, ShiftRecord, get_place, get_shift
from app.people.actions import before_erasing, lock_person
from app.vocabulary.listings import PartyKind, PlaceState

KIND = "place"
_LISTING = Listing.__table__  # type: ignore[attr-defined]


# -------------------------------------------------------------------------------------- taking


def take_place(
    session: WriteSession,
    *,
    shift_id: uuid.UUID,
    person_id: uuid.UUID | None,
    organisation_id: uuid.UUID | None,
    size: int,
    now: datetime,
    actor: str,
) -> PlaceRecord:
    """A place for a person, or for an organisation's party: confirmed if it fits, else waiting.

    Raises NotFound, Invalid at the field, NeedNotOpen, ShiftOver, AlreadyExists, Overlapping, and
    Conflict for an organisation's own need.
    """
    party = {"person_id": person_id, "organisation_id": organisation_id}
    shift, need = _hold(session, shift_id)
    check_seats(need, shift, now)
    if person_id:
        check_person(session, need, shift, person_id)
    elif organisation_id:
        check_organisation(session, need, organisation_id)
    if size > shift.capacity:
        raise Invalid.at("body.size", "too_many", f"定員は{shift.capacity}人です。")
    check_not_twice(session, shift, party)
    state = PlaceState.CONFIRMED if _seat(session, shift_id, size) else PlaceState.WAITING
    row = {"shift_id": shift_id, **party, "size": size, "state": state, "at": now}
    place_id = session.scalars(insert(PLACE).returning(PLACE.c.id), [row]).one()
    _log(session, place_id, None, state, actor)
    place = get_place(session, place_id)
    if state is PlaceState.CONFIRMED:
        joined(session, need.id, party_of(place), now, actor)
    return place


def confirm_place(session: WriteSession, *, id: int, now: datetime, actor: str) -> PlaceRecord:
    """Accept an offered seat.

    Too late, the place is cancelled, the offer moves on, and the answer says so by its state.
    Raises NotFound, PlaceNotOffered, NeedNotOpen, ShiftOver, Overlapping, Conflict.
    """
    place, shift, need = _hold_place(session, id)
    if place.state is not PlaceState.OFFERED:
        raise PlaceNotOffered(f"「{place.state.label}」の申し込みは確定できません。")
    if place.offered_until and now >= place.offered_until:
        _release(session, place, actor)
        _offer(session, shift.id, now, actor)
        return get_place(session, id)
    check_seats(need, shift, now)
    check_pair(session, need, party_of(place))
    if place.person:
        check_free(session, shift, place.person)
    _move(session, place, PlaceState.CONFIRMED, actor)
    joined(session, need.id, party_of(place), now, actor)
    return get_place(session, id)


def cancel_place(session: WriteSession, *, id: int, now: datetime, actor: str) -> PlaceRecord:
    """Give a place back; its seats are offered on. Raises NotFound, Conflict."""
    place, shift, need = _hold_place(session, id)
    if place.state is PlaceState.CANCELLED:
        raise Conflict("この申し込みは、すでに取り消されています。")
    _release(session, place, actor)
    if place.state is PlaceState.CONFIRMED:
        left(session, need.id, party_of(place), now, actor)
    _offer(session, shift.id, now, actor)
    return get_place(session, id)


def expire_offers(session: WriteSession, now: datetime) -> int:
    """Withdraw every offer whose time is over and offer the seats on; how many there were.

    With them whoever waits, or was offered a seat, where nobody joins any more.
    """
    lapsed = (PLACE.c.state == PlaceState.OFFERED) & (PLACE.c.offered_until <= now)
    in_vain = PLACE.c.state.in_((PlaceState.OFFERED, PlaceState.WAITING)) & (
        SHIFT.c.cancelled | _LISTING.c.status.in_(OVER)
    )
    query = (
        select(PLACE.c.id, PLACE.c.shift_id, SHIFT.c.listing_id)
        .join(SHIFT, SHIFT.c.id == PLACE.c.shift_id)
        .join(_LISTING, _LISTING.c.id == SHIFT.c.listing_id)
        .where(lapsed | in_vain)
        .order_by(PLACE.c.shift_id, PLACE.c.id)
    )
    held = {row.listing_id for row in session.execute(query)}
    lock_listings(session, held)
    found = [row for row in session.execute(query) if row.listing_id in held]
    for shift_id, rows in groupby(found, lambda row: row.shift_id):
        for row in rows:
            _release(session, get_place(session, row.id), SYSTEM)
        _offer(session, shift_id, now, SYSTEM)
    return len(found)


# -------------------------------------------------------------------------------- whole shifts


def update_shift(
    session: WriteSession,
    *,
    id: uuid.UUID,
    values: Mapping[str, Any],
    now: datetime,
    actor: str,
) -> ShiftRecord:
    """Change capacity or note, or cancel the date with all its places.

    Raises NotFound, and Conflict for a capacity below what is taken.
    """
    shift, need = _hold(session, id)
    wanted = {name: value for name, value in values.items() if getattr(shift, name) != value}
    if not wanted:
        return shift
    if wanted.get("cancelled"):
        _empty(session, shift, now, actor)
        shift = get_shift(session, id)
    if wanted.get("capacity", shift.taken) < shift.taken:
        message = f"すでに{shift.taken}人が決まっています。"
        raise Conflict(message, [FieldError("body.capacity", "below_taken", message)])
    session.execute(update(SHIFT).where(SHIFT.c.id == id).values(**wanted))
    details = {name: [getattr(shift, name), value] for name, value in wanted.items()}
    record(session, [Event(LISTING, str(need.id), "update_shift", actor, details)])
    _offer(session, id, now, actor)
    return get_shift(session, id)


def _empty(session: WriteSession, shift: ShiftRecord, now: datetime, actor: str) -> None:
    """Take everybody off a date."""
    places = [get_place(session, row.id) for row in _rows(session, shift.id, ACTIVE)]
    for place in places:
        _release(session, place, actor)
    confirmed = [party_of(place) for place in places if place.state is PlaceState.CONFIRMED]
    for party in sorted(confirmed):
        left(session, shift.need_id, party, now, actor)


@before_erasing
def forget_person(session: WriteSession, person_id: uuid.UUID, actor: str) -> None:
    """Give back every seat of somebody who is erased, and end their pairs.

    All listings are held at once and in order. The places go with the person.
    """
    now = current_time()
    mine = (PLACE.c.person_id == person_id) & PLACE.c.state.in_(ACTIVE)
    needs = select(SHIFT.c.listing_id).join(PLACE, PLACE.c.shift_id == SHIFT.c.id).where(mine)
    pairs = listings_of(session, (PartyKind.PERSON, person_id))
    lock_listings(session, [*session.scalars(needs), *pairs])
    found = session.execute(select(PLACE.c.id, PLACE.c.shift_id).where(mine).order_by(PLACE.c.id))
    for row in found.all():
        _release(session, get_place(session, row.id), actor)
        _offer(session, row.shift_id, now, actor)
    leave_pairs(session, person_id, actor)


# ------------------------------------------------------------------------------------- holding


def _hold(session: WriteSession, shift_id: uuid.UUID) -> tuple[ShiftRecord, ListingRecord]:
    """The shift and its need, held. Raises NotFound."""
    lock_listings(session, [get_shift(session, shift_id).need_id])
    shift = get_shift(session, shift_id)
    return shift, get_listing(session, shift.need_id)


def _hold_place(
    session: WriteSession, place_id: int
) -> tuple[PlaceRecord, ShiftRecord, ListingRecord]:
    """A place, its shift and its need, held with the person. Raises NotFound."""
    place = get_place(session, place_id)
    shift, need = _hold(session, place.shift_id)
    if place.person:
        lock_person(session, place.person)
    return get_place(session, place_id), shift, need


def _rows(
    session: WriteSession, shift_id: uuid.UUID, states: Sequence[PlaceState]
) -> Sequence[Row[Any]]:
    """Id and size of the places in these states, as they came."""
    query = select(PLACE.c.id, PLACE.c.size).where(
        PLACE.c.shift_id == shift_id, PLACE.c.state.in_(states)
    )
    return session.execute(query.order_by(PLACE.c.id)).all()


# -------------------------------------------------------------------------------------- seats


def _seat(session: WriteSession, shift_id: uuid.UUID, size: int) -> bool:
    """Take seats if there are as many. The condition stands in the statement."""
    fits = (SHIFT.c.taken + size <= SHIFT.c.capacity) & SHIFT.c.cancelled.is_(False)
    done = session.execute(
        update(SHIFT).where(SHIFT.c.id == shift_id, fits).values(taken=SHIFT.c.taken + size)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _release(session: WriteSession, place: PlaceRecord, actor: str) -> None:
    """Cancel a place, and give back the seats it held."""
    if place.state in HOLDS:
        session.execute(
            update(SHIFT)
            .where(SHIFT.c.id == place.shift_id)
            .values(taken=SHIFT.c.taken - place.size)
        )
    _move(session, place, PlaceState.CANCELLED, actor)


def _offer(session: WriteSession, shift_id: uuid.UUID, now: datetime, actor: str) -> None:
    """Offer what is free to those who wait, in order, until nobody fits.

    Not once it has begun, and not while the need is not open.
    """
    shift = get_shift(session, shift_id)
    need = get_listing(session, shift.need_id)
    if not is_open(need.status, organisation_findable=need.organisation.findable):
        return
    if shift.starts_at <= now or not shift.free:
        return
    waiting = [(row.id, row.size) for row in _rows(session, shift_id, (PlaceState.WAITING,))]
    until = offered_until(now, shift.starts_at)
    for place_id in next_to_offer(shift.free, waiting):
        place = get_place(session, place_id)
        if _seat(session, shift_id, place.size):
            _move(session, place, PlaceState.OFFERED, actor, until)


def _move(
    session: WriteSession,
    place: PlaceRecord,
    state: PlaceState,
    actor: str,
    until: datetime | None = None,
) -> None:
    session.execute(
        update(PLACE).where(PLACE.c.id == place.id).values(state=state, offered_until=until)
    )
    _log(session, place.id, place.state, state, actor)


def _log(
    session: WriteSession, place_id: int, before: PlaceState | None, after: PlaceState, actor: str
) -> None:
    details = {"state": [before, after]}
    record(session, [Event(KIND, str(place_id), after.value, actor, details, searched=False)])
