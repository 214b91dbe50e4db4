"""How a listing and a party stand: what rooms above write here is what gates and exposure read.

`listing.engaged` is at all times the sum of the quantities pending or accepted, over the pairs the
listing stands in on either side; whoever joined is counted by the seats of the dates alone.
`person.engaged` is how many live pairs, joined too, a person stands in. Rows are locked in one
order (listings, then people), so that writers cannot wait for each other.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, delete, or_, update
from sqlmodel import col, select

from app.core.changes import Event, record
from app.core.db import ReadSession, WriteSession, upsert
from app.core.errors import Conflict, NotFound
from app.listings.actions import KIND as LISTING
from app.listings.actions import SYSTEM
from app.listings.models import Engagement, Listing, Place, Shift
from app.listings.rules import OVER
from app.organisations.models import Organisation
from app.people.actions import lock_person
from app.people.models import Person
from app.vocabulary.listings import EngagementState, PartyKind, PlaceState

KIND = "engagement"
_LISTING = Listing.__table__  # type: ignore[attr-defined]
_PERSON = Person.__table__  # type: ignore[attr-defined]
_ENGAGEMENT = Engagement.__table__  # type: ignore[attr-defined]
_SHIFT = Shift.__table__  # type: ignore[attr-defined]
_PLACE = Place.__table__  # type: ignore[attr-defined]
_LIVE = tuple(state for state in EngagementState if state.is_live)
_PAIR = ("listing_id", "party_kind", "party_id")

Party = tuple[PartyKind, uuid.UUID]


class CapacityTaken(Conflict):
    code = "capacity_taken"
    title = "空きがありません"

    def __init__(self) -> None:
        super().__init__("必要な数がそろっているため、これ以上は決められません。")


class EngagementRecord(BaseModel):
    """A pair as it stands; `quantity` in the unit of the listing."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    listing_id: uuid.UUID
    party_kind: PartyKind
    party_id: uuid.UUID
    state: EngagementState
    quantity: int
    at: datetime


# ------------------------------------------------------------------------------------- reading


def find_engagement(
    session: ReadSession, listing_id: uuid.UUID, party: Party
) -> EngagementRecord | None:
    """How the pair stands, if it ever did."""
    row = session.execute(_pairs().where(_is(listing_id, party))).one_or_none()
    return EngagementRecord.model_validate(row) if row else None


def list_engagements(session: ReadSession, listing_id: uuid.UUID) -> list[EngagementRecord]:
    """Every party of the listing, the latest first."""
    rows = session.execute(
        _pairs()
        .where(_ENGAGEMENT.c.listing_id == listing_id)
        .order_by(_ENGAGEMENT.c.at.desc(), _ENGAGEMENT.c.id.desc())
    )
    return [EngagementRecord.model_validate(row) for row in rows]


def _pairs() -> Select[tuple[object, ...]]:
    pairs: Select[tuple[object, ...]] = select(
        *(column for column in _ENGAGEMENT.c if column.name != "id")
    )
    return pairs


def _is(listing_id: uuid.UUID, party: Party) -> ColumnElement[bool]:
    kind, id_ = party
    pair: ColumnElement[bool] = (
        (_ENGAGEMENT.c.listing_id == listing_id)
        & (_ENGAGEMENT.c.party_kind == kind)
        & (_ENGAGEMENT.c.party_id == id_)
    )
    return pair


# ------------------------------------------------------------------------------------- writing


def engage(
    session: WriteSession,
    *,
    listing_id: uuid.UUID,
    party_kind: PartyKind,
    party_id: uuid.UUID,
    state: EngagementState,
    quantity: int,
    now: datetime,
    actor: str,
) -> EngagementRecord:
    """Say how a pair stands from now on.

    Raises NotFound for a listing or party that is not there, CapacityTaken when less than
    `quantity` is open.
    """
    listings = {listing_id} | ({party_id} if party_kind is PartyKind.LISTING else set())
    lock_listings(session, listings)
    _check_party(session, party_kind, party_id)
    before = find_engagement(session, listing_id, (party_kind, party_id))
    took = before.quantity if before and before.state.takes_quantity else 0
    was_live = before is not None and before.state.is_live
    for id_ in sorted(listings):
        _count_listing(session, id_, quantity * state.takes_quantity - took, actor)
    if party_kind is PartyKind.PERSON:
        _count_person(session, party_id, state.is_live - was_live)
    after = EngagementRecord(
        listing_id=listing_id,
        party_kind=party_kind,
        party_id=party_id,
        state=state,
        quantity=quantity,
        at=now,
    )
    upsert(session, _ENGAGEMENT, [after.model_dump()], key=_PAIR)
    details = {"quantity": [before.quantity if before else None, quantity]}
    event = Event(KIND, str(listing_id), state.value, actor, details, searched=False)
    record(session, [event])
    return after


def end_past(session: WriteSession, now: datetime) -> int:
    """End every live pair that is over; how many there were. For the night; safe to repeat.

    Over is what nobody joins any more, and taking part without a date still to come. A pair of two
    listings ends when both have: what one was given, the other has no more.
    """
    over = _is_over(now)
    lock_listings(session, session.scalars(select(_ENGAGEMENT.c.listing_id).where(over)))
    # By party: whoever else holds several people holds them in this order too.
    order = (_ENGAGEMENT.c.party_kind, _ENGAGEMENT.c.party_id, _ENGAGEMENT.c.listing_id)
    rows = session.execute(_pairs().where(over).order_by(*order)).all()
    for pair in map(EngagementRecord.model_validate, rows):
        ended = pair.model_copy(update={"state": EngagementState.ENDED})
        engage(session, **ended.model_dump(exclude={"at"}), now=now, actor=SYSTEM)
    return len(rows)


def _is_over(now: datetime) -> ColumnElement[bool]:
    listings = select(_LISTING.c.id).where(_LISTING.c.status.in_(OVER))
    is_listing = _ENGAGEMENT.c.party_kind == PartyKind.LISTING
    ended = _ENGAGEMENT.c.listing_id.in_(listings) & (
        ~is_listing | _ENGAGEMENT.c.party_id.in_(listings)
    )
    to_come = (
        select(_PLACE.c.id)
        .join(_SHIFT, _SHIFT.c.id == _PLACE.c.shift_id)
        .where(
            _SHIFT.c.listing_id == _ENGAGEMENT.c.listing_id,
            _SHIFT.c.ends_at > now,
            _PLACE.c.state.in_((PlaceState.CONFIRMED, PlaceState.OFFERED)),
            _ENGAGEMENT.c.party_id.in_((_PLACE.c.person_id, _PLACE.c.organisation_id)),
        )
        .exists()
    )
    is_joined = _ENGAGEMENT.c.state == EngagementState.JOINED
    over: ColumnElement[bool] = _ENGAGEMENT.c.state.in_(_LIVE) & (ended | (is_joined & ~to_come))
    return over


def listings_of(session: ReadSession, party: Party) -> list[uuid.UUID]:
    """Every listing the party stands with, however."""
    kind, id_ = party
    query = select(_ENGAGEMENT.c.listing_id).where(
        _ENGAGEMENT.c.party_kind == kind, _ENGAGEMENT.c.party_id == id_
    )
    return list(session.scalars(query.order_by(_ENGAGEMENT.c.listing_id)))


def leave_pairs(session: WriteSession, person_id: uuid.UUID, actor: str) -> None:
    """Take somebody out of every pair, with what they took of it; the listings are held."""
    of_person = (_ENGAGEMENT.c.party_kind == PartyKind.PERSON) & (
        _ENGAGEMENT.c.party_id == person_id
    )
    rows = session.execute(_pairs().where(of_person).order_by(_ENGAGEMENT.c.listing_id))
    for pair in [EngagementRecord.model_validate(row) for row in rows]:
        if pair.state.takes_quantity:
            _count_listing(session, pair.listing_id, -pair.quantity, actor)
        event = Event(KIND, str(pair.listing_id), "erase", actor, searched=False)
        record(session, [event])
    session.execute(delete(_ENGAGEMENT).where(of_person))


def lock_listings(session: WriteSession, ids: Iterable[uuid.UUID]) -> None:
    """Hold these listings until the transaction ends (SQLite: the whole database is).

    What is read of their pairs and shifts afterwards stays true. Raises NotFound.
    """
    for id_ in sorted(set(ids)):
        query = select(Listing.id).where(col(Listing.id) == id_)
        if session.exec(query.with_for_update(key_share=True)).first() is None:
            raise NotFound("この募集は登録されていません。")


def _check_party(session: WriteSession, kind: PartyKind, id_: uuid.UUID) -> None:
    if kind is PartyKind.PERSON:
        lock_person(session, id_)
    elif kind is PartyKind.ORGANISATION:
        query = select(Organisation.id).where(col(Organisation.id) == id_)
        if session.exec(query).first() is None:
            raise NotFound("この団体は登録されていません。")


def _count_listing(session: WriteSession, id_: uuid.UUID, change: int, actor: str) -> None:
    """Raises CapacityTaken. The condition stands in the statement: nothing can come between.

    Logged of the listing itself, whose open quantity the search shows.
    """
    if change == 0:
        return
    counted = update(_LISTING).where(_LISTING.c.id == id_)
    if change > 0:
        counted = counted.where(
            or_(
                _LISTING.c.quantity.is_(None),
                _LISTING.c.engaged + change <= _LISTING.c.quantity,
            )
        )
    done = session.execute(counted.values(engaged=_LISTING.c.engaged + change))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise CapacityTaken
    record(session, [Event(LISTING, str(id_), "count", actor)])


def _count_person(session: WriteSession, id_: uuid.UUID, change: int) -> None:
    session.execute(
        update(_PERSON).where(_PERSON.c.id == id_).values(engaged=_PERSON.c.engaged + change)
    )
