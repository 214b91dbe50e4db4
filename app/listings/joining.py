"""Who may take a place, and what that makes of the pair: whoever has a seat to come has joined.

The need, and the person, are held by whoever asks (`seats`).
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, or_, select

from app.core.db import WriteSession
from app.core.errors import AlreadyExists, Conflict, Invalid, NotFound
from app.listings.engagements import Party, engage, find_engagement
from app.listings.records import ListingRecord
from app.listings.shift_rules import Overlapping, check_age, check_date, check_open, overlaps
from app.listings.shifts import PLACE, SHIFT, PlaceRecord, ShiftRecord
from app.organisations.queries import get_organisation
from app.people.actions import lock_person
from app.people.queries import get_person
from app.vocabulary.listings import EngagementState, PartyKind, PlaceState

HOLDS = (PlaceState.CONFIRMED, PlaceState.OFFERED)
ACTIVE = (*HOLDS, PlaceState.WAITING)


def party_of(place: PlaceRecord) -> Party:
    if place.person:
        return PartyKind.PERSON, place.person
    assert place.organisation  # noqa: S101 - the table holds one of both
    return PartyKind.ORGANISATION, place.organisation


def check_seats(need: ListingRecord, shift: ShiftRecord, now: datetime) -> None:
    """Raises NeedNotOpen, ShiftOver."""
    check_open(need.status, organisation_findable=need.organisation.findable)
    check_date(cancelled=shift.cancelled, ends_at=shift.ends_at, now=now)


def check_person(
    session: WriteSession, need: ListingRecord, shift: ShiftRecord, person_id: uuid.UUID
) -> None:
    """Raises Invalid at the field, Conflict, Overlapping."""
    try:
        lock_person(session, person_id)
        person = get_person(session, person_id)
        check_age(
            need.min_age, need.max_age, person.age_band, guardian_consent=person.guardian_consent
        )
    except NotFound as error:
        raise Invalid.at("body.person", "unknown", error.detail) from None
    except ValueError as error:
        raise Invalid.at("body.person", "value_error", str(error)) from None
    check_pair(session, need, (PartyKind.PERSON, person_id))
    check_free(session, shift, person_id)


def check_organisation(
    session: WriteSession, need: ListingRecord, organisation_id: uuid.UUID
) -> None:
    """Raises Invalid at the field, Conflict."""
    if organisation_id == need.organisation.id:
        raise Conflict("自分の団体の募集には申し込めません。")
    try:
        get_organisation(session, organisation_id)
    except NotFound as error:
        raise Invalid.at("body.organisation", "unknown", error.detail) from None
    check_pair(session, need, (PartyKind.ORGANISATION, organisation_id))


def check_pair(session: WriteSession, need: ListingRecord, party: Party) -> None:
    """Raises Conflict for whoever is not to be introduced."""
    pair = find_engagement(session, need.id, party)
    if pair and pair.state is EngagementState.BLOCKED:
        raise Conflict("この募集には紹介しないことになっている相手です。")


def check_not_twice(
    session: WriteSession, shift: ShiftRecord, party: Mapping[str, uuid.UUID | None]
) -> None:
    same = [PLACE.c[name] == id_ for name, id_ in party.items() if id_]
    active = select(PLACE.c.id).where(
        PLACE.c.shift_id == shift.id, PLACE.c.state.in_(ACTIVE), *same
    )
    if session.execute(active).first():
        raise AlreadyExists("この日程には、すでに申し込んでいます。")


def check_free(session: WriteSession, shift: ShiftRecord, person_id: uuid.UUID) -> None:
    """Nobody is in two places at once. Raises Overlapping."""
    elsewhere = (
        select(SHIFT.c.starts_at, SHIFT.c.ends_at)
        .join(SHIFT, SHIFT.c.id == PLACE.c.shift_id)
        .where(
            PLACE.c.person_id == person_id,
            PLACE.c.state == PlaceState.CONFIRMED,
            SHIFT.c.id != shift.id,
            SHIFT.c.ends_at > shift.starts_at,
        )
    )
    for begins, ends in session.execute(elsewhere):
        if overlaps(shift.starts_at, shift.ends_at, begins, ends):
            raise Overlapping


def joined(
    session: WriteSession, need_id: uuid.UUID, party: Party, now: datetime, actor: str
) -> None:
    """Whoever has a place on one date takes part; a second date counts no more."""
    pair, size = find_engagement(session, need_id, party), _largest(session, need_id, party, now)
    if pair is None or (pair.state, pair.quantity) != (EngagementState.JOINED, size):
        engage(
            session,
            listing_id=need_id,
            party_kind=party[0],
            party_id=party[1],
            state=EngagementState.JOINED,
            quantity=size,
            now=now,
            actor=actor,
        )


def left(
    session: WriteSession, need_id: uuid.UUID, party: Party, now: datetime, actor: str
) -> None:
    """Whoever has no date left takes part no more."""
    pair = find_engagement(session, need_id, party)
    if pair is None or pair.state is not EngagementState.JOINED:
        return
    if _largest(session, need_id, party, now):
        joined(session, need_id, party, now, actor)
    else:
        ended = pair.model_copy(update={"state": EngagementState.ENDED})
        engage(session, **ended.model_dump(exclude={"at"}), now=now, actor=actor)


def _largest(session: WriteSession, need_id: uuid.UUID, party: Party, now: datetime) -> int:
    """How many the party is, at most, on a date still to come; 0: it has none."""
    _, id_ = party
    sizes = (
        select(func.max(PLACE.c.size))
        .join(SHIFT, SHIFT.c.id == PLACE.c.shift_id)
        .where(
            SHIFT.c.listing_id == need_id,
            SHIFT.c.ends_at > now,
            or_(PLACE.c.person_id == id_, PLACE.c.organisation_id == id_),
            PLACE.c.state == PlaceState.CONFIRMED,
        )
    )
    return session.scalar(sizes) or 0
