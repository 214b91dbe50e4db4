"""Seats in a crowd, and in any order of whatever can be done to them."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlmodel import func, select

from app.core.db import Database
from app.core.errors import Conflict, DatabaseUnavailable, Invalid, NotFound
from app.listings.engagements import list_engagements
from app.listings.models import Place, Shift
from app.listings.shift_rules import Overlapping
from app.listings.shifts import PlaceRecord, ShiftRecord
from app.people.actions import erase_person
from app.settings import Settings
from app.vocabulary.listings import EngagementState, PlaceState
from tests.listings.desk import CONFIRMED, LATER, NOW, WAITING, Desk, check_sound

THREADS = 200


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


class TestAtOnce:
    def test_two_hundred_at_once_for_five_seats(self, desk: Desk) -> None:
        need = desk.need()
        shift = desk.shift(need, capacity=5)

        def take(person: uuid.UUID) -> PlaceState:
            while True:
                try:
                    return desk.take(shift, person).state
                except DatabaseUnavailable:  # too busy: a caller is told to try again
                    continue

        persons = desk.people(THREADS)
        with ThreadPoolExecutor(THREADS) as pool:
            states = Counter(pool.map(take, persons))
        assert states == {CONFIRMED: 5, WAITING: 195}
        assert desk.seen(shift).taken == 5
        with desk.database.read() as session:
            pairs = list_engagements(session, need)
        assert [pair.state for pair in pairs] == [EngagementState.JOINED] * 5
        check_sound(desk, shift)

    def test_one_person_at_once_on_two_dates_that_overlap(self, desk: Desk) -> None:
        (person,) = desk.people(1)
        clashing = [desk.shift(desk.need()) for _ in range(8)]

        def take(shift: ShiftRecord) -> bool:
            try:
                return desk.take(shift, person).state is CONFIRMED
            except Overlapping:
                return False

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(take, clashing)) == 1

    def test_nobody_waits_for_each_other_when_somebody_is_erased(self, desk: Desk) -> None:
        """Whoever erases holds the needs before the person, as whoever moves a seat does."""
        spare = desk.shift(desk.need(), capacity=100, begins=LATER + timedelta(days=1))
        for person in desk.people(12):
            shift = desk.shift(desk.need(), capacity=1)
            place, start = desk.take(shift, person), Barrier(3)

            def cancel(place: PlaceRecord = place, start: Barrier = start) -> None:
                start.wait(10)
                with suppress(NotFound):
                    desk.cancel(place)

            def take(person: uuid.UUID = person, start: Barrier = start) -> None:
                start.wait(10)
                with suppress(Invalid):
                    desk.take(spare, person)

            def erase(person: uuid.UUID = person, start: Barrier = start) -> None:
                start.wait(10)
                with desk.database.write() as session:
                    erase_person(session, id=person, version=None, actor="operator")

            with ThreadPoolExecutor(3) as pool:
                for done in [pool.submit(one) for one in (cancel, take, erase)]:
                    done.result(30)
            assert desk.seen(shift).taken == 0
        assert (desk.seen(spare).taken, desk.places(spare)) == (0, [])


@pytest.fixture(scope="module")
def one_desk(migrated_sqlite: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """For what does not depend on the database, with people and organisations to choose from."""
    folder = tmp_path_factory.mktemp("seats")
    (folder / "musubi.sqlite3").write_bytes(migrated_sqlite.read_bytes())
    database = Database(Settings(data_dir=folder, search="embedded", demo=False))
    yield Desk(database)
    database.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 5), st.just(1)),
        st.tuples(st.just("party"), st.integers(0, 3), st.integers(1, 4)),
        st.tuples(st.sampled_from(["cancel", "confirm"]), st.integers(0, 20), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 60), st.just(0)),
        st.tuples(st.just("capacity"), st.integers(1, 6), st.just(0)),
    ),
    max_size=25,
)


class TestAnyOrder:
    @given(capacity=st.integers(1, 6), steps=STEPS)
    @hypothesis_settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    def test_seats_add_up_and_nobody_waits_in_vain(
        self, one_desk: Desk, capacity: int, steps: list[tuple[str, int, int]]
    ) -> None:
        desk, need = one_desk, one_desk.need()
        shift, now = desk.shift(need, capacity=capacity), NOW
        persons, organisations = desk.people(6), [desk.organisation() for _ in range(4)]
        doing: dict[str, Callable[[int, int], object]] = {
            "take": lambda which, _: desk.take(shift, persons[which], now=now),
            "party": lambda which, size: desk.take(
                shift, organisation=organisations[which], size=size, now=now
            ),
            "cancel": lambda which, _: desk.cancel(desk.places(shift)[which], now=now),
            "confirm": lambda which, _: desk.confirm(desk.places(shift)[which], now=now),
            "wait": lambda _, __: desk.expire(now),
            "capacity": lambda seats, _: desk.update(shift, capacity=seats),
        }
        for step, which, size in steps:
            now += timedelta(hours=which) if step == "wait" else timedelta(0)
            if step in ("cancel", "confirm") and which >= len(desk.places(shift)):
                continue
            with suppress(Conflict, Invalid):
                doing[step](which, size)
            check_sound(desk, shift)
        with desk.database.read() as session:
            taking = session.exec(
                select(func.coalesce(Place.person_id, Place.organisation_id))
                .join(Shift)
                .where(Shift.listing_id == need, Place.state == CONFIRMED)
            ).all()
            taking_part = set(taking)
            pairs = list_engagements(session, need)
        joined = {pair.party_id for pair in pairs if pair.state is EngagementState.JOINED}
        assert joined == taking_part
