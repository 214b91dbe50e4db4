"""A draft for the dates to come: who agreed, fits, has time and is nowhere else."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import to_json
from sqlmodel import func, select

from app.core.changes import Change
from app.core.clock import now
from app.listings.models import Place, Shift
from app.matching import queries
from app.matching.volunteers import Draft, draft_assignments
from app.vocabulary.listings import EngagementState, PlaceState
from app.vocabulary.skills import Skill
from tests.matching.city import BLOCKED, PERSON, City
from tests.matching.parties import fields, skills, slots

SATURDAY = datetime(2027, 6, 5, 1, tzinfo=UTC)  # ten in Tokyo
MORNING = slots("sat-morning")


def drafted(city: City, need: uuid.UUID, most_each: int = 1, people: int = 1_000) -> Draft:
    with city.database.read() as session:
        desk = queries.open_desk(session, city.market, about=need)
        mine = city.market.listing(session, need)
        return draft_assignments(desk, need, mine, most_each=most_each, people=people)


def seated(draft: Draft) -> dict[uuid.UUID, set[uuid.UUID]]:
    return {one.shift_id: {uuid.UUID(seat.id) for seat in one.people} for one in draft.shifts}


def sit(city: City, shift: uuid.UUID, person: uuid.UUID, state: PlaceState) -> None:
    with city.database.write() as session:
        session.add(Place(shift_id=shift, person_id=person, state=state, at=now()))
        if state is not PlaceState.CANCELLED:
            row = session.get_one(Shift, shift)
            row.taken += 1


class TestDraftAssignments:
    def test_seats_whoever_fits_best(self, city: City) -> None:
        need = city.need(fields=fields(2, 13))
        shift = city.shift(need, SATURDAY, capacity=1)
        city.person(slots=MORNING, interests=["sports"])
        good = city.person(name="はなこ", slots=MORNING, interests=["children"])
        draft = drafted(city, need)
        assert seated(draft) == {shift: {good}}
        (seat,) = draft.shifts[0].people
        assert seat.name == "はなこ"
        assert seat.label in "◎○△"
        assert (draft.considered, draft.filled, draft.free, draft.covered) == (2, 1, 1, 1)
        assert draft.value > 1000
        assert draft.shifts[0].starts_at.isoformat() == "2027-06-05T10:00:00+09:00"

    def test_writes_nothing_and_says_the_same_again(self, city: City) -> None:
        need = city.need()
        city.shift(need, SATURDAY, capacity=3)
        for _ in range(6):
            city.person(slots=MORNING)
        logged = select(func.count()).select_from(Change)
        with city.database.read() as session:
            before = session.exec(logged).one()
        assert to_json(drafted(city, need)) == to_json(drafted(city, need))
        with city.database.read() as session:
            assert session.exec(logged).one() == before

    def test_covers_every_date_before_it_fills_one(self, town: City) -> None:
        need = town.need()
        dates = [town.shift(need, SATURDAY + timedelta(days=7 * n), capacity=2) for n in range(3)]
        for _ in range(3):
            town.person(slots=MORNING)
        draft = drafted(town, need)
        assert draft.covered == 3
        assert {shift for shift, people in seated(draft).items() if len(people) == 1} == {*dates}

    def test_asks_nobody_who_must_not_be_asked(self, town: City) -> None:
        need = town.need(required_skills=skills(Skill.DRIVING), min_age=18)
        town.shift(need, SATURDAY, capacity=9)
        fit: dict[str, Any] = {"skills": skills(Skill.DRIVING), "age_band": "18_64"}
        good = town.person(**fit)
        town.person(**fit | {"matching_consent": False})
        town.person(**fit | {"skills": 0})
        town.person(**fit | {"age_band": None})
        town.person(**fit, paused=True)
        town.engage(need, PERSON, town.person(**fit), BLOCKED)
        assert list(seated(drafted(town, need)).values()) == [{good}]

    def test_only_for_the_whole_of_a_date(self, town: City) -> None:
        need = town.need()
        long = town.shift(need, SATURDAY, hours=4)  # 10 to 14
        both = town.person(slots=slots("sat-morning", "sat-noon"))
        town.person(slots=MORNING)
        assert seated(drafted(town, need)) == {long: {both}}

    def test_somebody_who_said_nothing_of_times_may_be_asked(self, town: City) -> None:
        need = town.need()
        shift = town.shift(need, SATURDAY, capacity=2)
        people = {town.person(), town.person(slots=slots("mon-noon"), negotiable=True)}
        town.person(slots=slots("mon-noon"))
        assert seated(drafted(town, need)) == {shift: people}

    def test_nobody_comes_more_often_than_they_would(self, town: City) -> None:
        need = town.need()
        for week in range(4):
            town.shift(need, SATURDAY + timedelta(days=7 * week))
        town.person(slots=MORNING, limit_per_month=2)
        assert drafted(town, need, most_each=3).filled == 2
        assert drafted(town, need, most_each=1).filled == 1

    def test_nobody_is_in_two_places(self, town: City) -> None:
        need, elsewhere = town.need(), town.need()
        shift = town.shift(need, SATURDAY, capacity=3)
        there = town.shift(elsewhere, SATURDAY + timedelta(hours=1), capacity=3)
        busy, free, cancelled = (town.person(slots=MORNING) for _ in range(3))
        sit(town, there, busy, PlaceState.CONFIRMED)
        sit(town, there, cancelled, PlaceState.CANCELLED)
        assert seated(drafted(town, need)) == {shift: {free, cancelled}}

    def test_of_dates_that_are_open(self, town: City) -> None:
        need = town.need()
        town.shift(need, now() - timedelta(hours=1))
        town.shift(need, SATURDAY, cancelled=True)
        full = town.shift(need, SATURDAY)
        sit(town, full, town.person(), PlaceState.CONFIRMED)
        open_ = town.shift(need, SATURDAY + timedelta(days=7), capacity=2)
        draft = drafted(town, need)
        assert [one.shift_id for one in draft.shifts] == [open_]
        assert draft.free == 2

    def test_considers_as_many_as_told_the_best_first(self, town: City) -> None:
        need = town.need(fields=fields(13))
        town.shift(need, SATURDAY, capacity=5)
        best = [town.person(interests=["children"]) for _ in range(2)]
        for _ in range(3):
            town.person(interests=["sports"])
        draft = drafted(town, need, people=2)
        assert draft.considered == 2
        assert list(seated(draft).values()) == [{*best}]

    def test_without_dates_or_without_people_there_is_nothing(self, city: City) -> None:
        need = city.need()
        assert drafted(city, need).shifts == []
        shift = city.shift(need, SATURDAY)
        draft = drafted(city, need)
        assert seated(draft) == {shift: set()}
        assert (draft.filled, draft.free, draft.covered, draft.value) == (0, 1, 0, 0)

    def test_who_has_agreed_to_this_need_before_may_come_again(self, town: City) -> None:
        need = town.need()
        town.shift(need, SATURDAY)
        person = town.person(limit_per_month=3)
        town.engage(need, PERSON, person, EngagementState.ACCEPTED)
        assert drafted(town, need).filled == 1
