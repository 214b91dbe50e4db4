"""What is counted at night: exposure to the day's edge in Tokyo, once, and nothing meanwhile."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, func, select

from app.core.changes import Change
from app.core.clock import TOKYO, now
from app.core.db import Database
from app.listings.models import Listing
from app.main import API
from app.matching.nightly import EXPOSURE_DAYS, NightWatch, is_due, last_midnight, run_nightly
from app.matching.settings import last_counted
from app.people.models import Person
from app.vocabulary.listings import EngagementState, ListingStatus
from tests.matching.city import ACCEPTED, DECLINED, LISTING, PENDING, PERSON, City

NIGHT = datetime(2026, 12, 4, 15, tzinfo=UTC)  # midnight in Tokyo: the 5th begins
NOW = NIGHT + timedelta(hours=3)
SECOND = timedelta(seconds=1)


def exposure(database: Database, id_: uuid.UUID, table: Any = Listing) -> int:
    with database.read() as session:
        counted: int = session.get_one(table, id_).exposure
    return counted


class TestLastMidnight:
    @pytest.mark.parametrize(
        ("at", "midnight"),
        [
            (datetime(2026, 12, 5, 0, 0, tzinfo=TOKYO), datetime(2026, 12, 5, tzinfo=TOKYO)),
            (datetime(2026, 12, 5, 23, 59, tzinfo=TOKYO), datetime(2026, 12, 5, tzinfo=TOKYO)),
            (datetime(2026, 12, 4, 14, 59, tzinfo=UTC), datetime(2026, 12, 4, tzinfo=TOKYO)),
            (datetime(2026, 12, 4, 15, 0, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=TOKYO)),
        ],
    )
    def test_is_when_today_began_in_tokyo(self, at: datetime, midnight: datetime) -> None:
        assert last_midnight(at) == midnight


class TestRunNightly:
    @pytest.mark.parametrize(
        ("at", "counted"),
        [
            (NIGHT - SECOND, 3),
            (NIGHT, 0),
            (NIGHT + SECOND, 0),
            (NIGHT - timedelta(days=EXPOSURE_DAYS), 3),
            (NIGHT - timedelta(days=EXPOSURE_DAYS) - SECOND, 0),
        ],
    )
    def test_counts_28_days_up_to_midnight_in_tokyo(
        self, city: City, at: datetime, counted: int
    ) -> None:
        need, offer = city.need(), city.offer()
        city.engage(need, LISTING, offer, ACCEPTED, at=at, quantity=3)
        run_nightly(city.database, NOW)
        assert exposure(city.database, need) == exposure(city.database, offer) == counted

    def test_counts_a_resident_by_times_and_not_by_seats(self, city: City) -> None:
        person, one, two = city.person(), city.need(), city.need()
        city.engage(one, PERSON, person, PENDING, at=NIGHT - SECOND, quantity=4)
        city.engage(two, PERSON, person, ACCEPTED, at=NIGHT - SECOND)
        run_nightly(city.database, NOW)
        assert exposure(city.database, person, Person) == 2
        assert [exposure(city.database, need) for need in (one, two)] == [4, 1]

    @pytest.mark.parametrize(
        "state", [s for s in EngagementState if not s.is_live], ids=lambda state: state.value
    )
    def test_counts_nothing_that_came_to_nothing(self, town: City, state: EngagementState) -> None:
        need, offer = town.need(), town.offer()
        town.engage(need, LISTING, offer, state, at=NIGHT - SECOND)
        run_nightly(town.database, NOW)
        assert exposure(town.database, need) == exposure(town.database, offer) == 0

    def test_frees_whoever_has_no_date_to_come(self, city: City) -> None:
        """Else a volunteer would be engaged for good, and never proposed again."""
        person, over, open_ = city.person(), city.need(), city.need()
        city.engage(over, PERSON, person, EngagementState.JOINED, at=NIGHT - SECOND)
        city.engage(open_, PERSON, person, ACCEPTED, at=NIGHT - SECOND)
        for _ in range(2):
            run_nightly(city.database, NOW)
            with city.database.read() as session:
                assert session.get_one(Person, person).engaged == 1
        assert exposure(city.database, person, Person) == 1

    def test_may_be_repeated(self, city: City) -> None:
        need, offer = city.need(), city.offer()
        city.engage(need, LISTING, offer, ACCEPTED, at=NIGHT - SECOND, quantity=3)
        for _ in range(2):
            run_nightly(city.database, NOW)
            assert exposure(city.database, need) == 3

    def test_forgets_what_is_long_ago(self, city: City) -> None:
        need, offer = city.need(), city.offer()
        city.engage(need, LISTING, offer, ACCEPTED, at=NIGHT - SECOND)
        run_nightly(city.database, NOW)
        run_nightly(city.database, NOW + timedelta(days=EXPOSURE_DAYS + 1))
        assert exposure(city.database, need) == 0

    def test_ends_what_is_over_and_keeps_what_ends_today(self, city: City) -> None:
        today = NOW.astimezone(TOKYO).date()
        over = city.need(deadline=today - timedelta(days=1))
        last = city.need(deadline=today)
        run_nightly(city.database, NOW)
        with city.database.read() as session:
            assert session.get_one(Listing, over).status is ListingStatus.EXPIRED
            assert session.get_one(Listing, last).status is ListingStatus.PUBLISHED
            logged = select(func.count()).where(col(Change.action) == "expire")
            assert session.exec(logged).one() == 1

    def test_says_when_it_counted(self, city: City) -> None:
        with city.database.read() as session:
            assert is_due(session, NOW)
        run_nightly(city.database, NOW)
        with city.database.read() as session:
            assert last_counted(session) == NOW
            assert not is_due(session, NOW)
            assert not is_due(session, NIGHT + timedelta(hours=23, minutes=59))
            assert is_due(session, NIGHT + timedelta(hours=24))

    def test_counts_words_anew(self, town: City) -> None:
        need = town.need(title="絵本の読み聞かせ")
        run_nightly(town.database, NOW)
        with town.database.read() as session:
            assert "絵本" in session.get_one(Listing, need).words


class TestNightWatch:
    def test_looks_once_a_night(self, city: City) -> None:
        watch = NightWatch(city.database)
        watch.look()
        with city.database.read() as session:
            first = last_counted(session)
        watch.look()
        with city.database.read() as session:
            assert last_counted(session) == first is not None

    def test_leaves_it_to_whoever_is_at_it(self, city: City) -> None:
        from app.matching.nightly import LOCK

        with city.database.lock(LOCK) as mine:
            assert mine
            NightWatch(City(city.database).database).look()
            with city.database.read() as session:
                assert last_counted(session) is None


class TestQuestions:
    def test_write_nothing_and_are_answered_the_same_all_day(
        self, client: TestClient, operator: dict[str, str], make_listing: Any
    ) -> None:
        app: Any = client.app
        need = make_listing(fields=[7], quantity=3)
        offers = [make_listing("offer", fields=[n]) for n in (5, 7, 12)]
        path = f"{API}/needs/{need['id']}/matches"
        first = client.get(path, headers=operator).content
        changes = select(func.count()).select_from(Change)
        with app.state.database.read() as session:
            before = session.exec(changes).one()
        for offer in offers:
            client.get(f"{API}/offers/{offer['id']}/matches", headers=operator)
            client.get(f"{path}/{offer['id']}", headers=operator)
            client.get(f"/offers/{offer['id']}")
        assert client.get(path, headers=operator).content == first
        with app.state.database.read() as session:
            assert session.exec(changes).one() == before

    def test_an_agreement_of_today_counts_from_tomorrow(self, city: City) -> None:
        """So that nobody's place moves while somebody looks."""
        need, offer = city.need(quantity=5), city.offer(quantity=5)
        other = city.need()
        (before,) = city.match(other).candidates
        city.engage(need, LISTING, offer, PENDING, at=now())
        (after,) = city.match(other).candidates
        assert after.order == before.order
        city.engage(need, LISTING, offer, DECLINED)
