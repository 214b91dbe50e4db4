"""From a question to its answer: whom it finds, who must not meet, what if nobody fits."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic_core import to_json
from sqlalchemy import event

from app.core.clock import now, today
from app.core.db import Database
from app.matching import queries
from app.matching.queries import counts_are_old
from app.matching.refusals import refused_pairs
from app.vocabulary.listings import ListingKind, ListingStatus, PartyKind
from app.vocabulary.skills import Skill
from tests.matching.city import (
    ACCEPTED,
    BLOCKED,
    DECLINED,
    LISTING,
    ORGANISATION,
    PERSON,
    City,
    codes,
)
from tests.matching.parties import fields, skills, slots

DAY = timedelta(days=1)
GOODS, FOOD = ListingKind.GOODS, ListingKind.FOOD


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    seen: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.reader, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(database.reader, "before_cursor_execute", listen)


class TestMatch:
    def test_finds_offers_and_residents_for_a_need_and_needs_for_an_offer(self, city: City) -> None:
        need, offer, person = city.need(), city.offer(), city.person()
        assert set(city.found(need)) == {offer, person}
        assert city.found(offer) == [need]

    def test_finds_groups_where_asked_for(self, city: City) -> None:
        own, other = city.group(), city.group(name="みどりの会")
        need = city.need(organisation_id=own)
        (found,) = city.match(need, "organisations").candidates
        assert (uuid.UUID(found.id), found.kind, found.name) == (
            other,
            "organisation",
            "みどりの会",
        )

    def test_names_who_it_is_and_whose(self, town: City) -> None:
        group = town.group(name="みどりの会")
        town.offer(title="会計の手伝い", organisation_id=group)
        town.person(name="太郎")
        found = {one.kind: one for one in town.match(town.need()).candidates}
        assert (found["offer"].name, found["offer"].organisation) == ("会計の手伝い", "みどりの会")
        assert (found["person"].name, found["person"].organisation) == ("太郎", None)

    def test_the_better_comes_first_and_says_why_from_both_sides(self, town: City) -> None:
        sat = slots("sat-morning")
        need = town.need(fields=fields(7), slots=sat, minutes=180)
        poor = town.offer(fields=fields(12), slots=sat)
        good = town.offer(fields=fields(7), slots=sat)
        first, second = town.match(need).candidates
        assert [uuid.UUID(one.id) for one in (first, second)] == [good, poor]
        assert codes(first) == ["fields", "times"]
        assert [reason.code for reason in first.reverse_reasons] == ["fields", "times"]
        assert first.reasons[1].text == "土曜の午前が重なります（週に3時間）"
        assert first.score > second.score
        assert (first.label, first.reserved) == ("◎", False)

    def test_the_score_is_what_the_order_starts_from(self, town: City) -> None:
        need = town.need()
        busy = town.offer(exposure=1, quantity=2)
        (found,) = town.match(need).candidates
        assert uuid.UUID(found.id) == busy
        assert found.order == pytest.approx(found.score * 0.6065, abs=0.1)

    def test_a_place_that_is_kept_says_so(self, town: City) -> None:
        need = town.need(fields=fields(7))
        for _ in range(20):
            town.offer(fields=fields(7), quantity=100, exposure=1)
        new = town.offer(fields=fields(12), quantity=100)
        found = town.match(need).candidates
        kept = [one for one in found if one.reserved]
        assert [uuid.UUID(one.id) for one in kept] == [new]
        assert [one.code for one in kept[0].reasons][-1] == "equity"
        assert len(found) == 20

    def test_counts_whom_each_gate_kept_out(self, city: City) -> None:
        own = city.group()
        need = city.need(organisation_id=own, required_skills=skills(Skill.DRIVING))
        city.offer(kind=GOODS)
        city.offer(organisation_id=own)
        city.offer(status=ListingStatus.PAUSED)
        city.offer()
        city.person(matching_consent=False)
        answer = city.match(need)
        assert answer.candidates == []
        assert answer.considered == 5
        assert answer.excluded_by == {"H1": 1, "H2": 1, "H3": 1, "H10": 1, "H6": 1}

    @pytest.mark.parametrize(
        "values",
        [
            {"status": ListingStatus.DRAFT},
            {"status": ListingStatus.PAUSED},
            {"status": ListingStatus.CLOSED},
            {"status": ListingStatus.FULFILLED},
            {"deadline": today() - DAY},
            {"available_until": today() - DAY},
        ],
    )
    def test_what_is_not_open_neither_finds_nor_is_found(self, town: City, values: Any) -> None:
        shut, offer = town.need(**values), town.offer()
        assert town.found(shut) == []
        assert town.found(offer) == []

    def test_nobody_is_written_to_more_often_than_they_wish(self, town: City) -> None:
        need = town.need()
        tired = town.person(limit_per_month=2, exposure=2)
        fresh = town.person(limit_per_month=2, exposure=1)
        assert town.found(need) == [fresh, tired]
        answer = town.match(need, notifying=True)
        assert [uuid.UUID(one.id) for one in answer.candidates] == [fresh]
        assert answer.excluded_by == {"H11": 1}

    def test_lots_are_not_divided(self, town: City) -> None:
        few, many = town.need(kind=GOODS, quantity=5), town.need(kind=GOODS, quantity=10)
        offer = town.offer(kind=GOODS, quantity=100, details={"lot_size": 10})
        assert town.found(many) == [offer]
        answer = town.match(few)
        assert answer.candidates == []
        (near,) = answer.nearest
        assert [one.text for one in near.failed] == ["まとめて渡す数（10）より少ない希望です"]

    def test_quantities_are_said_in_the_units_of_the_listings(self, town: City) -> None:
        need = town.need(kind=GOODS, quantity=20, unit="本")
        town.offer(kind=GOODS, quantity=15, unit="本")
        (found,) = town.match(need).candidates
        assert "希望20本のうち15本をまかなえます" in [reason.text for reason in found.reasons]

    def test_dates_at_the_same_time_are_counted_once(self, town: City) -> None:
        """Two rooms from ten to half past are no hour for somebody with an hour to give."""
        need = town.need(minutes=60)
        for _ in range(2):
            town.shift(need, datetime(2027, 6, 5, 1, tzinfo=UTC), hours=0.5)
        town.offer(slots=slots("sat-morning"))
        assert town.match(need).excluded_by == {"H4": 1}

    def test_dates_that_have_passed_or_were_called_off_do_not_count(self, town: City) -> None:
        need = town.need(minutes=60)
        town.shift(need, datetime(2027, 6, 5, 1, tzinfo=UTC), cancelled=True)  # a Saturday
        town.shift(need, datetime(2027, 6, 6, 1, tzinfo=UTC))
        sunday = town.offer(slots=slots("sun-morning"))
        town.offer(slots=slots("sat-morning"))
        assert town.found(need) == [sunday]

    def test_is_the_same_byte_for_byte(self, city: City) -> None:
        need = city.need(fields=fields(7))
        for number in range(12):
            city.offer(fields=fields(7, 1 + number % 5))
        first = to_json(city.match(need))
        assert to_json(city.match(need)) == first
        assert to_json(City(city.database).match(need)) == first

    def test_asks_the_database_as_often_for_twenty_as_for_one(self, city: City) -> None:
        one, twenty = city.need(), city.need(kind=GOODS)
        city.offer()
        for _ in range(20):
            city.offer(kind=GOODS)
        city.person()
        city.found(one)
        asked = []
        for need in (one, twenty):
            with statements(city.database) as seen:
                assert city.found(need, "offers")
            asked.append(len(seen))
        assert asked[0] == asked[1] <= 10

    def test_somebody_who_has_come_since_does_not_break_the_answer(self, city: City) -> None:
        """The market is everybody's, and may know more than a reader who began before."""
        need = city.need(kind=GOODS)
        old = city.offer(kind=GOODS)
        with city.database.read() as session:
            desk = queries.open_desk(session, city.market, about=need)
            new = city.offer(kind=GOODS)
            assert set(city.found(need)) == {old, new}
            mine = city.market.listing(session, need)
            answer = queries.match(desk, mine, ["offers"], 20)
        assert str(old) in {one.id for one in answer.candidates}


class TestNearest:
    def test_names_the_three_best_and_what_would_have_to_change(self, town: City) -> None:
        need = town.need(slots=slots("sat-morning"), fields=fields(7))
        ids = [
            town.offer(slots=slots("sun-morning"), fields=fields(*own))
            for own in ((7,), (5,), (5, 12), (12,))
        ]
        answer = town.match(need)
        assert answer.candidates == []
        assert [uuid.UUID(near.id) for near in answer.nearest] == ids[:3]
        assert [[one.code for one in near.failed] for near in answer.nearest] == [["H4"]] * 3
        said = answer.nearest[0].failed[0].text
        assert said == "一回に必要な1時間が、続けて重なる日時がありません"

    def test_does_not_name_whom_two_things_keep_out(self, town: City) -> None:
        need = town.need(slots=slots("sat-morning"), required_skills=skills(Skill.IT))
        town.offer(slots=slots("sun-morning"))
        assert town.match(need).nearest == []

    def test_does_not_name_whom_nobody_can_help(self, town: City) -> None:
        """Another kind, not public, refused, no consent: nothing that one could mend."""
        need = town.need()
        refused = town.offer()
        town.engage(need, LISTING, refused, BLOCKED)
        town.offer(kind=GOODS)
        town.offer(status=ListingStatus.PAUSED)
        town.person(matching_consent=False)
        answer = town.match(need)
        assert (answer.candidates, answer.nearest) == ([], [])

    def test_is_empty_where_somebody_fits(self, town: City) -> None:
        need = town.need(slots=slots("sat-morning"))
        town.offer()
        town.offer(slots=slots("sun-morning"))
        assert town.match(need).nearest == []


Refuse = Callable[[City, uuid.UUID, uuid.UUID], None]


class TestRefusals:
    """H3, whoever asks: a pair that was refused is refused from both sides."""

    def test_of_a_listing(self, city: City) -> None:
        need, offer, other = city.need(), city.offer(), city.offer()
        city.engage(need, LISTING, offer, DECLINED)
        assert city.found(need) == [other]
        assert city.found(offer) == []
        assert city.found(other) == [need]

    def test_of_a_resident(self, city: City) -> None:
        need, other = city.need(), city.need()
        person = city.person()
        city.engage(need, PERSON, person, DECLINED)
        assert city.found(need) == []
        assert [uuid.UUID(one.id) for one in city.opportunities(person).candidates] == [other]

    def test_of_a_group_and_all_it_offers(self, city: City) -> None:
        group = city.group()
        need, offer, other = city.need(), city.offer(organisation_id=group), city.offer()
        city.engage(need, ORGANISATION, group, BLOCKED)
        assert city.found(need) == [other]
        assert group not in city.found(need, "organisations")
        assert city.found(offer) == []
        assert city.found(other) == [need]

    @pytest.mark.parametrize(
        ("state", "days", "kept_out"),
        [
            (DECLINED, 1, True),
            (DECLINED, 179, True),
            (DECLINED, 181, False),
            (BLOCKED, 3650, True),
        ],
    )
    def test_end_after_half_a_year_unless_blocked(
        self, town: City, state: Any, days: int, kept_out: bool
    ) -> None:
        need, offer = town.need(), town.offer()
        town.engage(need, LISTING, offer, state, at=now() - days * DAY)
        assert (town.found(need) == []) is kept_out
        assert (town.found(offer) == []) is kept_out

    def test_that_a_pair_is_agreed_is_no_refusal(self, town: City) -> None:
        need, offer = town.need(quantity=5), town.offer()
        town.engage(need, LISTING, offer, ACCEPTED)
        assert town.found(need) == [offer]

    def test_are_nobodys_business_but_the_partys(self, town: City) -> None:
        """A page for the public must not tell what was refused."""
        need, offer = town.need(), town.offer()
        town.engage(need, LISTING, offer, BLOCKED)
        with town.database.read() as session:
            desk = queries.open_desk(session, town.market)
            answer = queries.match(desk, town.market.listing(session, need), ["offers"], 20)
        assert [uuid.UUID(one.id) for one in answer.candidates] == [offer]

    def test_of_nobody(self, town: City) -> None:
        with town.database.read() as session:
            assert refused_pairs(session, uuid.uuid4(), now()) == (frozenset(), frozenset())


class TestRoom:
    def test_what_is_full_is_left_out_until_something_is_free(self, city: City) -> None:
        need, one, two = city.need(quantity=1), city.offer(), city.offer()
        city.engage(need, LISTING, one, ACCEPTED)
        assert city.match(need).excluded_by == {"H8": 2}
        assert city.found(two) == []
        city.engage(need, LISTING, one, DECLINED)
        assert city.found(need) == [two]

    def test_a_resident_takes_on_what_they_wish(self, city: City) -> None:
        person = city.person(limit_per_month=1)
        one, two = city.need(), city.need()
        city.engage(one, PERSON, person, ACCEPTED)
        assert city.found(two) == []
        assert city.opportunities(person).candidates == []


class TestExplain:
    def test_tells_everything_of_a_pair_that_fits(self, city: City) -> None:
        need, offer = city.need(fields=fields(7)), city.offer(fields=fields(7))
        said = city.explained(need, offer)
        assert said["passes"]
        assert all(gate["passed"] and not gate["text"] for gate in said["gates"])
        assert len(said["gates"]) == 11
        (shown,) = city.match(need).candidates
        assert said["candidate"] == shown
        for view in (said["forward"], said["backward"]):
            points = sum(one["contribution"] for one in view["criteria"]) + view["unknown"]
            assert points == pytest.approx(view["score"], abs=0.01)
        states = {one["code"]: one["state"] for one in said["forward"]["criteria"]}
        assert (states["fields"], states["stage"], states["wish"]) == (
            *("known", "unknown", "not_asked"),
        )
        values = {one["code"]: one["value"] for one in said["forward"]["criteria"]}
        assert (values["fields"], values["stage"], values["wish"]) == (1.0, None, None)

    def test_tells_why_a_pair_does_not_fit(self, city: City) -> None:
        need = city.need(required_skills=skills(Skill.DRIVING), min_age=18)
        person = city.person(matching_consent=False)
        said = city.explained(need, person)
        assert not said["passes"]
        failed = {gate["code"]: gate["text"] for gate in said["gates"] if not gate["passed"]}
        assert set(failed) == {"H6", "H10"}
        assert "普通自動車免許" in failed["H6"]
        assert said["candidate"].score > 0

    def test_of_what_is_not_public(self, town: City) -> None:
        need, draft = town.need(), town.offer(status=ListingStatus.DRAFT)
        failed = [
            gate["code"] for gate in town.explained(need, draft)["gates"] if not gate["passed"]
        ]
        assert failed == ["H2"]

    @pytest.mark.parametrize("kind", PartyKind)
    def test_of_a_refusal(self, town: City, kind: PartyKind) -> None:
        group, need = town.group(), town.need()
        offer, person = town.offer(organisation_id=group), town.person()
        party = {LISTING: offer, PERSON: person, ORGANISATION: group}[kind]
        town.engage(need, kind, party, DECLINED)
        said = town.explained(need, party)
        assert [gate["code"] for gate in said["gates"] if not gate["passed"]] == ["H3"]


class TestCountsAreOld:
    AT = datetime(2026, 12, 5, tzinfo=UTC)

    def test_after_two_nights_without(self) -> None:
        assert not counts_are_old(self.AT, self.AT + timedelta(hours=47))
        assert counts_are_old(self.AT, self.AT + timedelta(hours=49))

    def test_not_before_the_first(self) -> None:
        assert not counts_are_old(None, self.AT)
