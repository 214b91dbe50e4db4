"""How pairs stand, and that what is engaged is counted exactly; on both databases."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from uuid_utils.compat import uuid7

from app.core.changes import Change
from app.core.db import Database
from app.core.errors import DatabaseUnavailable, NotFound
from app.listings.engagements import (
    CapacityTaken,
    EngagementRecord,
    end_past,
    engage,
    find_engagement,
    list_engagements,
)
from app.listings.models import Engagement, Listing
from app.listings.rules import OVER
from app.organisations.models import Organisation
from app.people.actions import erase_person
from app.people.models import Person
from app.vocabulary.listings import EngagementState, ListingKind, ListingStatus, PartyKind, Side
from tests.listings.desk import LATER, Desk

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
THREADS = 200
ACCEPTED, PENDING = EngagementState.ACCEPTED, EngagementState.PENDING
JOINED = EngagementState.JOINED
DECLINED, BLOCKED, ENDED = (
    EngagementState.DECLINED,
    EngagementState.BLOCKED,
    EngagementState.ENDED,
)
Engage = Callable[..., EngagementRecord]


def organisation(database: Database) -> uuid.UUID:
    id_ = uuid7()
    with database.write() as session:
        kind = "civic_group"
        session.add(
            Organisation(id=id_, name="会", organisation_type=kind, created_at=NOW, updated_at=NOW)
        )
    return id_


def listing(database: Database, quantity: int | None = None, side: Side = Side.NEED) -> uuid.UUID:
    id_, owner = uuid7(), organisation(database)
    with database.write() as session:
        session.add(
            Listing(
                id=id_,
                side=side,
                kind=ListingKind.PEOPLE,
                organisation_id=owner,
                title="募集",
                quantity=quantity,
                created_at=NOW,
                updated_at=NOW,
            )
        )
    return id_


def people(database: Database, count: int) -> list[uuid.UUID]:
    ids = [uuid7() for _ in range(count)]
    with database.write() as session:
        for id_ in ids:
            session.add(Person(id=id_, name="はな", created_at=NOW, updated_at=NOW))
    return ids


def set_status(database: Database, id_: uuid.UUID, status: ListingStatus) -> None:
    with database.write() as session:
        session.execute(update(Listing).where(col(Listing.id) == id_).values(status=status))


def end(database: Database, now: datetime = NOW) -> int:
    with database.write() as session:
        return end_past(session, now)


@pytest.fixture
def need(database: Database) -> uuid.UUID:
    return listing(database, quantity=5)


@pytest.fixture
def person(database: Database) -> uuid.UUID:
    return people(database, 1)[0]


@pytest.fixture
def say(database: Database) -> Iterator[Engage]:
    """Say how a pair stands, in a transaction of its own."""

    def say(
        listing_id: uuid.UUID,
        party_id: uuid.UUID,
        state: EngagementState = ACCEPTED,
        quantity: int = 1,
        kind: PartyKind = PartyKind.PERSON,
        now: datetime = NOW,
    ) -> EngagementRecord:
        with database.write() as session:
            return engage(
                session,
                listing_id=listing_id,
                party_kind=kind,
                party_id=party_id,
                state=state,
                quantity=quantity,
                now=now,
                actor="operator",
            )

    return say


def engaged(database: Database, table: type[Listing] | type[Person], id_: uuid.UUID) -> int:
    with database.read() as session:
        return session.get_one(table, id_).engaged


class TestEngage:
    def test_counts_what_is_pending_or_accepted(
        self, database: Database, need: uuid.UUID, person: uuid.UUID, say: Engage
    ) -> None:
        for state, quantity, counted in (
            (PENDING, 2, 2),
            (ACCEPTED, 3, 3),
            (ACCEPTED, 1, 1),
            (DECLINED, 1, 0),
            (PENDING, 5, 5),
            (BLOCKED, 5, 0),
            (ACCEPTED, 4, 4),
            (JOINED, 9, 0),  # its seats are counted by the dates
            (ENDED, 4, 0),
        ):
            said = say(need, person, state, quantity)
            assert engaged(database, Listing, need) == counted
            assert engaged(database, Person, person) == state.is_live
            with database.read() as session:
                assert list_engagements(session, need) == [said]

    def test_no_more_than_is_open(self, database: Database, need: uuid.UUID, say: Engage) -> None:
        one, other = people(database, 2)
        say(need, one, PENDING, 3)
        with pytest.raises(CapacityTaken, match="必要な数がそろっている"):
            say(need, other, ACCEPTED, 3)
        with database.read() as session:
            assert find_engagement(session, need, (PartyKind.PERSON, other)) is None
        assert engaged(database, Person, other) == 0
        say(need, other, ACCEPTED, 2)
        assert engaged(database, Listing, need) == 5
        say(need, other, DECLINED, 3)  # whatever its number, a refusal takes nothing
        assert engaged(database, Listing, need) == 3

    def test_whoever_takes_part_already_may_say_so_again(
        self, database: Database, person: uuid.UUID, say: Engage
    ) -> None:
        need = listing(database, quantity=1)
        for _ in range(3):
            say(need, person)
        assert engaged(database, Listing, need) == 1

    def test_what_was_not_said_has_no_end(
        self, database: Database, person: uuid.UUID, say: Engage
    ) -> None:
        need = listing(database)
        say(need, person, quantity=1000)
        assert engaged(database, Listing, need) == 1000

    def test_an_offer_that_is_the_party_is_counted_too(
        self, database: Database, need: uuid.UUID, say: Engage
    ) -> None:
        offer = listing(database, quantity=3, side=Side.OFFER)
        say(need, offer, quantity=3, kind=PartyKind.LISTING)
        assert engaged(database, Listing, offer) == 3
        other = listing(database, quantity=5)
        with pytest.raises(CapacityTaken):
            say(other, offer, quantity=1, kind=PartyKind.LISTING)
        assert engaged(database, Listing, other) == 0

    @pytest.mark.parametrize("kind", PartyKind)
    def test_needs_both_sides_to_exist(
        self, need: uuid.UUID, person: uuid.UUID, say: Engage, kind: PartyKind
    ) -> None:
        with pytest.raises(NotFound):
            say(need, uuid.uuid4(), kind=kind)
        with pytest.raises(NotFound):
            say(uuid.uuid4(), person)

    def test_is_logged_without_telling_who(
        self, database: Database, need: uuid.UUID, person: uuid.UUID, say: Engage
    ) -> None:
        say(need, person)
        with database.read() as session:
            logged = session.exec(select(Change).where(Change.kind == "engagement")).one()
        assert (logged.entity_id, logged.action, logged.actor) == (
            str(need),
            "accepted",
            "operator",
        )
        assert logged.details == {"quantity": [None, 1]}

    def test_two_hundred_at_once_never_take_more_than_there_is(
        self, database: Database, say: Engage
    ) -> None:
        need = listing(database, quantity=7)

        def accept(person: uuid.UUID) -> bool:
            while True:
                try:
                    say(need, person)
                except CapacityTaken:
                    return False
                except DatabaseUnavailable:  # too busy: a caller is told to try again
                    continue
                else:
                    return True

        with ThreadPoolExecutor(THREADS) as pool:
            done = list(pool.map(accept, people(database, THREADS)))
        assert sum(done) == 7
        assert engaged(database, Listing, need) == 7
        with database.read() as session:
            assert len(list_engagements(session, need)) == 7

    def test_what_is_counted_is_what_stands_however_many_change_their_minds(
        self, database: Database, say: Engage
    ) -> None:
        needs = [listing(database, quantity=6), listing(database, quantity=4)]
        offer = listing(database, quantity=8, side=Side.OFFER)
        persons = people(database, 4)

        def change_minds(seed: int) -> None:
            choose = Random(seed)  # noqa: S311 - repeatable, not secret
            for _ in range(15):
                need, quantity = choose.choice(needs), choose.randint(1, 3)
                state = choose.choice(list(EngagementState))
                kind = choose.choice([PartyKind.PERSON, PartyKind.LISTING])
                party = offer if kind is PartyKind.LISTING else choose.choice(persons)
                try:
                    say(need, party, state, quantity, kind)
                except (CapacityTaken, DatabaseUnavailable):
                    continue

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(change_minds, range(6)))
        with database.read() as session:
            rows = session.exec(select(Engagement)).all()
        taking = [row for row in rows if row.state.takes_quantity]
        live = [row for row in rows if row.state.is_live]
        assert taking
        for id_ in (*needs, offer):
            stands = sum(row.quantity for row in taking if id_ in (row.listing_id, row.party_id))
            assert engaged(database, Listing, id_) == stands
        for id_ in persons:
            stands = len([row for row in live if row.party_id == id_])
            assert engaged(database, Person, id_) == stands


class TestEndPast:
    @pytest.mark.parametrize("status", sorted(OVER))
    def test_nobody_stays_engaged_with_what_is_over(
        self, database: Database, need: uuid.UUID, say: Engage, status: ListingStatus
    ) -> None:
        open_, made = listing(database), people(database, 6)
        for person, state in zip(made, EngagementState, strict=True):
            say(need, person, state)
            say(open_, person, PENDING)
        group = organisation(database)
        say(need, group, ACCEPTED, kind=PartyKind.ORGANISATION)
        assert end(database) == 1  # whoever joined has no date
        assert engaged(database, Listing, need) == 3
        set_status(database, need, status)
        assert [end(database), end(database)] == [3, 0]
        with database.read() as session:
            states = {pair.party_id: pair.state for pair in list_engagements(session, need)}
        wanted = [ENDED if state.is_live else state for state in EngagementState]
        assert states == {**dict(zip(made, wanted, strict=True)), group: ENDED}
        assert engaged(database, Listing, need) == 0
        assert [engaged(database, Person, person) for person in made] == [1] * 6

    def test_two_listings_stay_engaged_until_both_are_over(
        self, database: Database, need: uuid.UUID, say: Engage
    ) -> None:
        """What one need was given, an offer has no more, however the need went on."""
        offer = listing(database, quantity=5, side=Side.OFFER)
        say(need, offer, quantity=2, kind=PartyKind.LISTING)
        set_status(database, need, ListingStatus.FULFILLED)
        assert (end(database), engaged(database, Listing, offer)) == (0, 2)
        set_status(database, offer, ListingStatus.CLOSED)
        assert (end(database), engaged(database, Listing, offer)) == (1, 0)

    @pytest.mark.parametrize("kind", ["person", "organisation"])
    def test_whoever_joined_is_free_after_the_last_date(
        self, database: Database, kind: str
    ) -> None:
        desk = Desk(database)
        need = desk.need()
        id_ = desk.people(1)[0] if kind == "person" else desk.organisation()
        dates = [desk.shift(need, 1, begins=LATER + timedelta(days=n)) for n in range(2)]
        desk.take(dates[0], **{kind: id_})
        other = desk.party(dates[1], 1)
        desk.take(dates[1], **{kind: id_})
        desk.cancel(other, now=LATER)  # a seat on the second date is offered
        ends = dates[0].ends_at
        assert [end(database, at) for at in (ends - SECOND, ends)] == [0, 0]
        desk.expire(LATER + timedelta(hours=48))
        assert [end(database, ends), end(database, ends)] == [1, 0]
        assert desk.pair(need, PartyKind(kind), id_) == (ENDED, 1)
        if kind == "person":
            assert desk.counts(need, id_) == (0, 0)


class TestForgetPerson:
    def test_gives_back_what_somebody_took(
        self, database: Database, need: uuid.UUID, person: uuid.UUID, say: Engage
    ) -> None:
        other = listing(database)
        say(need, person, quantity=2)
        say(other, person, DECLINED)
        with database.write() as session:
            erase_person(session, id=person, version=None, actor="operator")
        assert engaged(database, Listing, need) == 0
        with database.read() as session:
            assert session.exec(select(Engagement)).all() == []
            last = session.exec(select(Change).order_by(col(Change.id).desc())).first()
        assert last
        assert (last.kind, last.action) == ("person", "erase")


class TestListEngagements:
    def test_the_latest_first(self, database: Database, need: uuid.UUID, say: Engage) -> None:
        made = people(database, 3)
        for number, person in enumerate(made):
            say(need, person, now=NOW + timedelta(minutes=number))
        say(listing(database), made[0])
        with database.read() as session:
            found = [pair.party_id for pair in list_engagements(session, need)]
        assert found == made[::-1]
