"""Somebody at a desk who moves seats, one transaction a time, and what must always be true."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col
from uuid_utils.compat import uuid7

from app.core.db import Database
from app.listings import seats
from app.listings.engagements import find_engagement
from app.listings.models import Listing
from app.listings.shifts import PlaceRecord, ShiftRecord, create_shifts, get_shift, list_places
from app.organisations.models import Organisation
from app.people.models import Person
from app.vocabulary.listings import (
    EngagementState,
    ListingKind,
    ListingStatus,
    PartyKind,
    PlaceState,
    Side,
)
from app.vocabulary.organisations import Status

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
CONFIRMED, WAITING = PlaceState.CONFIRMED, PlaceState.WAITING
OFFERED, CANCELLED = PlaceState.OFFERED, PlaceState.CANCELLED


@dataclass(frozen=True)
class Desk:
    """Somebody who does one thing a transaction."""

    database: Database

    def organisation(self, status: Status = Status.PUBLISHED) -> uuid.UUID:
        id_ = uuid7()
        row = {"organisation_type": "civic_group", "created_at": NOW, "updated_at": NOW}
        with self.database.write() as session:
            session.add(Organisation(id=id_, name="会", status=status, **row))
        return id_

    def need(self, **values: Any) -> uuid.UUID:
        id_ = uuid7()
        row: dict[str, Any] = {
            "side": Side.NEED,
            "kind": ListingKind.PEOPLE,
            "status": ListingStatus.PUBLISHED,
            "organisation_id": self.organisation(),
            "title": "募集",
            "created_at": NOW,
            "updated_at": NOW,
        }
        with self.database.write() as session:
            session.add(Listing(id=id_, **{**row, **values}))
        return id_

    def people(self, count: int, **values: Any) -> list[uuid.UUID]:
        ids = [uuid7() for _ in range(count)]
        row = {"name": "はな", "created_at": NOW, "updated_at": NOW, **values}
        with self.database.write() as session:
            session.add_all(Person(id=id_, **row) for id_ in ids)
        return ids

    def shift(
        self,
        need: uuid.UUID,
        capacity: int = 2,
        begins: datetime = LATER,
        hours: float = 2,
        rule: str | None = None,
    ) -> ShiftRecord:
        with self.database.write() as session:
            return create_shifts(
                session,
                listing_id=need,
                starts_at=begins,
                ends_at=begins + timedelta(hours=hours),
                capacity=capacity,
                rule=rule,
                note=None,
                now=NOW,
                actor="operator",
            )[0]

    def take(
        self,
        shift: ShiftRecord,
        person: uuid.UUID | None = None,
        organisation: uuid.UUID | None = None,
        size: int = 1,
        now: datetime = NOW,
    ) -> PlaceRecord:
        with self.database.write() as session:
            return seats.take_place(
                session,
                shift_id=shift.id,
                person_id=person,
                organisation_id=organisation,
                size=size,
                now=now,
                actor="operator",
            )

    def party(self, shift: ShiftRecord, size: int) -> PlaceRecord:
        return self.take(shift, organisation=self.organisation(), size=size)

    def cancel(self, place: PlaceRecord, now: datetime = NOW) -> PlaceRecord:
        with self.database.write() as session:
            return seats.cancel_place(session, id=place.id, now=now, actor="operator")

    def confirm(self, place: PlaceRecord, now: datetime = NOW) -> PlaceRecord:
        with self.database.write() as session:
            return seats.confirm_place(session, id=place.id, now=now, actor="operator")

    def expire(self, now: datetime) -> int:
        with self.database.write() as session:
            return seats.expire_offers(session, now)

    def update(self, shift: ShiftRecord, **values: Any) -> ShiftRecord:
        with self.database.write() as session:
            return seats.update_shift(
                session, id=shift.id, values=values, now=NOW, actor="operator"
            )

    def seen(self, shift: ShiftRecord) -> ShiftRecord:
        with self.database.read() as session:
            return get_shift(session, shift.id)

    def places(self, shift: ShiftRecord) -> Sequence[PlaceRecord]:
        with self.database.read() as session:
            return list_places(session, shift.id, cursor=None, limit=1000).rows

    def states(self, shift: ShiftRecord) -> list[PlaceState]:
        return [place.state for place in self.places(shift)]

    def set_status(self, need: uuid.UUID, status: ListingStatus) -> None:
        with self.database.write() as session:
            session.execute(update(Listing).where(col(Listing.id) == need).values(status=status))

    def pair(self, need: uuid.UUID, kind: PartyKind, id_: uuid.UUID) -> tuple[str, int] | None:
        with self.database.read() as session:
            pair = find_engagement(session, need, (kind, id_))
        return pair and (pair.state, pair.quantity)

    def engaged(self, need: uuid.UUID, person: uuid.UUID) -> EngagementState | None:
        with self.database.read() as session:
            pair = find_engagement(session, need, (PartyKind.PERSON, person))
        return pair.state if pair else None

    def counts(self, need: uuid.UUID, person: uuid.UUID) -> tuple[int, int]:
        with self.database.read() as session:
            return session.get_one(Listing, need).engaged, session.get_one(Person, person).engaged


def check_sound(desk: Desk, shift: ShiftRecord) -> None:
    """What must be true of a date whenever anybody looks."""
    found, places = desk.seen(shift), desk.places(shift)
    held = sum(place.size for place in places if place.state in (CONFIRMED, OFFERED))
    assert found.taken == held <= found.capacity
    waiting = [place for place in places if place.state is WAITING]
    assert all(place.size > found.free for place in waiting)
    assert [place.position for place in waiting] == list(range(1, len(waiting) + 1))
    assert all((place.offered_until is not None) is (place.state is OFFERED) for place in places)
