"""A small city: groups with needs and offers, residents, and questions asked of its market."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from app.core.changes import Event, record
from app.core.clock import now
from app.core.db import Database
from app.listings.engagements import engage
from app.listings.models import Listing, Shift
from app.matching import queries
from app.matching.market import Market
from app.matching.queries import Candidate, Matches
from app.organisations.models import Organisation
from app.people.models import Person
from app.vocabulary.listings import (
    EngagementState,
    ListingKind,
    ListingStatus,
    PartyKind,
    Side,
)
from app.vocabulary.organisations import Status

AT = now()
LISTING, PERSON, ORGANISATION = PartyKind.LISTING, PartyKind.PERSON, PartyKind.ORGANISATION
DECLINED, BLOCKED = EngagementState.DECLINED, EngagementState.BLOCKED
ACCEPTED, PENDING = EngagementState.ACCEPTED, EngagementState.PENDING


@dataclass
class City:
    """Somebody who writes one thing a transaction, and asks."""

    database: Database
    market: Market = field(init=False)

    def __post_init__(self) -> None:
        self.market = Market(self.database)

    def _add(self, kind: str, row: Any) -> uuid.UUID:
        id_: uuid.UUID = row.id
        with self.database.write() as session:
            session.add(row)
            session.flush()
            record(session, [Event(kind, str(id_), "create", "test", searched=False)])
        return id_

    def group(self, **values: Any) -> uuid.UUID:
        """A published group."""
        said = {
            "name": "ひまわりの会",
            "organisation_type": "civic_group",
            "status": Status.PUBLISHED,
            "created_at": AT,
            "updated_at": AT,
        }
        return self._add("organisation", Organisation(id=uuid7(), **said | values))

    def listing(self, side: Side, **values: Any) -> uuid.UUID:
        """A published listing for hands, of a group of its own unless one is named."""
        said = {
            "side": side,
            "kind": ListingKind.PEOPLE,
            "status": ListingStatus.PUBLISHED,
            "title": "お手伝い",
            "created_at": AT,
            "updated_at": AT,
        }
        if "organisation_id" not in values:
            said["organisation_id"] = self.group()
        return self._add("listing", Listing(**{"id": uuid7()} | said | values))

    def need(self, **values: Any) -> uuid.UUID:
        return self.listing(Side.NEED, **values)

    def offer(self, **values: Any) -> uuid.UUID:
        return self.listing(Side.OFFER, **values)

    def person(self, **values: Any) -> uuid.UUID:
        """A resident who has agreed to be matched."""
        said = {"name": "はな", "matching_consent": True, "created_at": AT, "updated_at": AT}
        return self._add("person", Person(id=uuid7(), **said | values))

    def shift(
        self, need: uuid.UUID, begins: datetime, hours: float = 2, capacity: int = 1, **values: Any
    ) -> uuid.UUID:
        ends = begins + timedelta(hours=hours)
        said = {"listing_id": need, "starts_at": begins, "ends_at": ends, "capacity": capacity}
        with self.database.write() as session:
            row = Shift(id=uuid7(), **said | values)
            session.add(row)
            record(session, [Event("listing", str(need), "add_shifts", "test", searched=False)])
        return row.id

    def engage(
        self,
        listing: uuid.UUID,
        kind: PartyKind,
        party: uuid.UUID,
        state: EngagementState,
        at: datetime | None = None,
        quantity: int = 1,
    ) -> None:
        """Say how a pair stands, since `at`."""
        with self.database.write() as session:
            engage(
                session,
                listing_id=listing,
                party_kind=kind,
                party_id=party,
                state=state,
                quantity=quantity,
                now=at or now(),
                actor="test",
            )

    def match(
        self, listing: uuid.UUID, *pools: str, limit: int = 20, notifying: bool = False
    ) -> Matches:
        """The matches of a listing, by default among what the API looks through."""
        with self.database.read() as session:
            desk = queries.open_desk(session, self.market, about=listing, notifying=notifying)
            mine = self.market.listing(session, listing)
            usual = ("offers", "people") if mine.seeks[0] else ("needs",)
            return queries.match(desk, mine, pools or usual, limit)

    def found(self, listing: uuid.UUID, *pools: str, **asked: Any) -> list[uuid.UUID]:
        """Who is shown for a listing, in order."""
        return [uuid.UUID(one.id) for one in self.match(listing, *pools, **asked).candidates]

    def opportunities(self, person: uuid.UUID) -> Matches:
        """What a resident is shown."""
        with self.database.read() as session:
            desk = queries.open_desk(session, self.market, about=person)
            return queries.match(desk, self.market.person(session, person), ["needs"], 20)

    def explained(self, listing: uuid.UUID, candidate: uuid.UUID) -> dict[str, Any]:
        """Everything about one pair."""
        with self.database.read() as session:
            desk = queries.open_desk(session, self.market, about=listing)
            mine = self.market.listing(session, listing)
            other = self.market.anybody(session, candidate)
            assert other is not None
            return queries.explain(desk, mine, other)


def codes(one: Candidate) -> list[str]:
    return [reason.code for reason in one.reasons]
