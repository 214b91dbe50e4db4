"""What must hold before a pair is looked at: each gate open, shut, and where nothing is known."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.matching.gates import GATES, ROUNDS, Question, passed, sift
from app.matching.traits import KINDS, Traits, kinds_mask
from app.vocabulary.listings import Condition, ListingKind
from app.vocabulary.skills import Skill
from tests.matching.parties import (
    FOOD,
    GOODS,
    PEOPLE,
    SKILL,
    TODAY,
    conditions,
    day,
    many,
    need,
    need_rows,
    offer,
    offer_row,
    offer_rows,
    person,
    question,
    skills,
    slots,
    window,
)

UNKNOWN = float("nan")
HERE = {"latitude": 35.70, "longitude": 139.56}
THERE = {"latitude": 35.79, "longitude": 139.56}  # 10 km north of it


def holds(code: str, mine: Traits, other: Traits, asked: Question | None = None) -> bool:
    """What the gate says of a need and an offer; of one pair."""
    (said,) = GATES[code](mine, other, asked or question()).tolist()
    return bool(said)


class TestKind:
    def test_the_same_kind(self) -> None:
        assert holds("H1", need(kind=GOODS), offer(kind=GOODS))
        assert not holds("H1", need(kind=GOODS), offer(kind=FOOD))

    def test_as_the_city_sets_it(self) -> None:
        table = np.zeros((len(KINDS), len(KINDS)), dtype=np.bool_)
        table[KINDS.index(SKILL), KINDS.index(ListingKind.ADVICE)] = True
        asked = question(compatible=table)
        assert holds("H1", need(kind=SKILL), offer(kind=ListingKind.ADVICE), asked)
        assert not holds("H1", need(kind=ListingKind.ADVICE), offer(kind=SKILL), asked)
        assert not holds("H1", need(kind=SKILL), offer(kind=SKILL), asked)

    def test_any_of_several_kinds_will_do(self) -> None:
        both = person(kinds=kinds_mask([PEOPLE, SKILL]))
        assert holds("H1", need(kind=SKILL), both)
        assert not holds("H1", need(kind=GOODS), both)


class TestOpen:
    @pytest.mark.parametrize("side", ["need", "offer"])
    def test_both_are_public(self, side: str) -> None:
        said = {"need": {}, "offer": {}, side: {"open": False}}
        assert not holds("H2", need(**said["need"]), offer(**said["offer"]))
        assert holds("H2", need(), offer())

    @pytest.mark.parametrize(
        ("mine", "theirs", "fits"),
        [
            ({}, {"ends": day(0)}, True),
            ({}, {"ends": day(-1)}, False),
            ({"ends": day(-1)}, {}, False),
            ({"starts": day(5)}, {"ends": day(5)}, True),
            ({"starts": day(6)}, {"ends": day(5)}, False),
            ({"ends": day(5)}, {"starts": day(6)}, False),
            ({"starts": day(5), "ends": day(6)}, {"starts": day(6), "ends": day(9)}, True),
            # To be answered before it begins.
            ({"starts": day(9), "answer_by": day(5)}, {"starts": day(8), "ends": day(9)}, True),
            ({"answer_by": day(0)}, {"answer_by": day(0)}, True),
            ({"answer_by": day(-1)}, {}, False),
            ({}, {"answer_by": day(-1)}, False),
        ],
    )
    def test_the_periods_meet(self, mine: Any, theirs: Any, fits: bool) -> None:
        assert holds("H2", need(**mine), offer(**theirs)) is fits


class TestStrangers:
    def test_not_ones_own(self) -> None:
        assert not holds("H3", need(organisation=7), offer(organisation=7))
        assert holds("H3", need(organisation=7), offer(organisation=8))

    def test_two_residents_of_no_organisation_are_strangers(self) -> None:
        assert holds("H3", need(organisation=-1), person(organisation=-1))

    def test_nobody_who_was_refused(self) -> None:
        mine, other = need(id="mine"), offer(id="other", organisation=9)
        for refused in ({"refused": frozenset({"other"})}, {"refused_groups": frozenset({9})}):
            assert not holds("H3", mine, other, question(**refused))
        assert holds("H3", mine, other, question(refused=frozenset({"another"})))
        assert holds("H3", mine, other, question(refused_groups=frozenset({8})))

    def test_counts_whoever_asks(self) -> None:
        asked = question(refused=frozenset({"the need"}))
        assert not holds("H3", need(id="the need"), offer(), asked)


class TestTimes:
    SATURDAY = slots("sat-morning")

    def test_for_as_long_as_one_time_takes(self) -> None:
        theirs = offer(slots=self.SATURDAY)
        assert holds("H4", need(slots=self.SATURDAY, minutes=180), theirs)
        assert not holds("H4", need(slots=self.SATURDAY, minutes=181), theirs)
        assert not holds("H4", need(slots=slots("sun-morning"), minutes=1), theirs)

    def test_in_one_piece(self) -> None:
        """Half an hour on two Saturdays, or before and after work, is no hour."""
        halves = [window(f"2026-12-{d:02}T09:00", f"2026-12-{d:02}T09:30") for d in (5, 12)]
        assert not holds("H4", need(windows=halves), offer(slots=self.SATURDAY))
        assert holds("H4", need(windows=halves, minutes=30), offer(slots=self.SATURDAY))
        ends = offer(slots=slots("sat-early", "sat-noon"))
        assert not holds("H4", need(slots=slots("sat-early", "sat-noon"), minutes=300), ends)

    def test_or_open_to_arrangement(self) -> None:
        assert holds(
            "H4", need(slots=self.SATURDAY, negotiable=True), offer(slots=slots("mon-noon"))
        )
        assert holds(
            "H4", need(slots=self.SATURDAY), offer(slots=slots("mon-noon"), negotiable=True)
        )

    def test_what_nobody_said_passes(self) -> None:
        assert holds("H4", need(), offer(slots=self.SATURDAY))
        assert holds("H4", need(slots=self.SATURDAY), offer())

    def test_across_midnight(self) -> None:
        dated = need(windows=[window("2026-12-05T23:00", "2026-12-06T01:00")], minutes=120)
        assert holds("H4", dated, offer(slots=slots("sat-night")))
        assert not holds("H4", dated, offer(slots=slots("sun-night")))


class TestNear:
    def test_as_far_as_either_side_goes(self) -> None:
        assert holds("H5", need(**HERE, reach_km=11.0), offer(**THERE))
        assert holds("H5", need(**HERE, reach_km=1.0), offer(**THERE, reach_km=11.0))
        assert not holds("H5", need(**HERE, reach_km=9.0), offer(**THERE))
        assert not holds("H5", need(**HERE), offer(**THERE, reach_km=9.0))

    def test_what_nobody_said_passes(self) -> None:
        assert holds("H5", need(**HERE), offer(**THERE))
        assert holds("H5", need(reach_km=1.0), offer(**THERE))
        assert holds("H5", need(**HERE, reach_km=1.0), offer())

    def test_online_is_near_where_both_can(self) -> None:
        far = {**THERE, "reach_km": 1.0}
        assert holds("H5", need(**HERE, online=1), offer(**far, online=1))
        assert not holds("H5", need(**HERE, online=1), offer(**far, online=0))
        assert not holds("H5", need(**HERE, online=1), offer(**far))


class TestAble:
    def test_required_skills_and_licences_are_written_down(self) -> None:
        asked = need(required=skills(Skill.DRIVING, Skill.COOKING))
        assert holds("H6", asked, person(skills=skills(Skill.COOKING, Skill.DRIVING, Skill.IT)))
        assert not holds("H6", asked, person(skills=skills(Skill.COOKING)))

    def test_what_nobody_said_does_not_pass(self) -> None:
        """A licence is the law's; an unknown one is none."""
        asked = need(required=skills(Skill.DRIVING))
        assert not holds("H6", asked, person())
        assert not holds("H6", asked, offer())

    def test_preferred_skills_keep_nobody_out(self) -> None:
        assert holds("H6", need(preferred=skills(Skill.DRIVING)), person())

    @pytest.mark.parametrize(
        ("ages", "fits"),
        [((18, 64), True), ((15, 17), False), ((65, 74), True), ((75, 130), False)],
    )
    def test_the_whole_band_is_of_the_age_asked(self, ages: tuple[int, int], fits: bool) -> None:
        asked = need(youngest=18, oldest=74)
        assert holds("H6", asked, person(age_from=ages[0], age_to=ages[1])) is fits

    @pytest.mark.parametrize("asked", [{"youngest": 18}, {"oldest": 70}])
    def test_an_unknown_age_does_not_pass(self, asked: dict[str, int]) -> None:
        assert not holds("H6", need(**asked), person())
        assert holds("H6", need(), person())

    def test_an_organisation_has_no_age(self) -> None:
        assert holds("H6", need(youngest=18, oldest=70), offer())


class TestAmount:
    def test_not_less_than_the_least_useful(self) -> None:
        asked = need(kind=GOODS, quantity=20, least=10)
        assert holds("H7", asked, offer(kind=GOODS, quantity=10))
        assert not holds("H7", asked, offer(kind=GOODS, quantity=9))

    def test_not_less_than_the_smallest_lot(self) -> None:
        given = offer(kind=GOODS, quantity=100, least=10)
        assert holds("H7", need(kind=GOODS, quantity=10), given)
        assert not holds("H7", need(kind=GOODS, quantity=9), given)

    def test_what_is_counted_in_another_unit_is_not_judged(self) -> None:
        assert holds("H7", need(quantity=20, least=10, unit=1), offer(quantity=2, unit=2))
        assert holds("H7", need(quantity=2, unit=1), offer(quantity=20, least=10, unit=2))
        assert not holds("H7", need(quantity=20, least=10, unit=1), offer(quantity=2, unit=1))
        assert not holds("H7", need(quantity=20, least=10, unit=1), offer(quantity=2))

    def test_what_nobody_counted_passes(self) -> None:
        assert holds("H7", need(quantity=UNKNOWN, least=10), offer(quantity=UNKNOWN, least=10))
        assert holds("H7", need(quantity=3, least=3), person())

    def test_food_keeps_until_it_is_received(self) -> None:
        keeps = offer(kind=FOOD, best_before=day(10))
        assert holds("H7", need(kind=FOOD, use_by=day(10)), keeps)
        assert not holds("H7", need(kind=FOOD, use_by=day(11)), keeps)
        assert not holds("H7", need(kind=FOOD), offer(kind=FOOD, best_before=day(-1)))
        assert holds("H7", need(kind=FOOD), offer(kind=FOOD, best_before=day(0)))
        assert holds("H7", need(kind=FOOD, use_by=day(11)), offer(kind=FOOD))

    @pytest.mark.parametrize("side", ["need", "offer"])
    def test_food_keeps_until_the_day_from_which_it_can_change_hands(self, side: str) -> None:
        said = {"need": {}, "offer": {}, side: {"starts": day(11)}}
        keeps = {"kind": FOOD, "best_before": day(10)}
        assert not holds("H7", need(kind=FOOD, **said["need"]), offer(**keeps, **said["offer"]))
        said[side]["starts"] = day(10)
        assert holds("H7", need(kind=FOOD, **said["need"]), offer(**keeps, **said["offer"]))

    @pytest.mark.parametrize(
        ("can_keep", "is_kept", "fits"),
        [(0, 0, True), (-1, 0, True), (0, 1, False), (1, 1, True), (1, 2, False), (2, 1, True)],
    )
    def test_food_is_kept_as_cold_as_it_must_be(
        self, can_keep: int, is_kept: int, fits: bool
    ) -> None:
        mine, theirs = need(kind=FOOD, coldness=can_keep), offer(kind=FOOD, coldness=is_kept)
        assert holds("H7", mine, theirs) is fits

    def test_cold_food_for_somebody_unknown_does_not_pass(self) -> None:
        assert not holds("H7", need(kind=FOOD), offer(kind=FOOD, coldness=1))
        assert holds("H7", need(kind=FOOD), offer(kind=FOOD))


class TestRoom:
    @pytest.mark.parametrize("side", ["need", "offer"])
    def test_something_is_left_on_both_sides(self, side: str) -> None:
        for quantity, fits in ((0, False), (1, True), (UNKNOWN, True), (-1, True)):
            said: Any = {"need": {}, "offer": {}, side: {"quantity": quantity}}
            assert holds("H8", need(**said["need"]), offer(**said["offer"])) is fits

    def test_nobody_takes_on_more_than_they_wish(self) -> None:
        assert holds("H8", need(), person(limit=2, engaged=1))
        assert not holds("H8", need(), person(limit=2, engaged=2))


class TestConditions:
    def test_whoever_takes_meets_all_of_them(self) -> None:
        asked = conditions(Condition.INCORPORATED, Condition.NO_RESALE)
        met = conditions(Condition.INCORPORATED, Condition.NO_RESALE, Condition.NON_PROFIT)
        assert holds("H9", need(meets=met), offer(conditions=asked))
        assert not holds("H9", need(meets=conditions(Condition.NO_RESALE)), offer(conditions=asked))
        assert not holds("H9", need(), offer(conditions=asked))
        assert holds("H9", need(), offer())

    def test_local_means_the_same_municipality(self) -> None:
        local = {"conditions": conditions(Condition.LOCAL), "municipality": 3}
        assert holds("H9", need(municipality=3), offer(**local))
        assert not holds("H9", need(municipality=4), offer(**local))
        assert not holds("H9", need(), offer(**local | {"municipality": -1}))


class TestConsent:
    def test_both_agree(self) -> None:
        assert holds("H10", need(), person(consents=True))
        assert not holds("H10", need(), person(consents=False))
        assert not holds("H10", need(consents=False), offer())


class TestBudget:
    def test_only_where_somebody_would_be_written_to(self) -> None:
        busy, free = person(limit=2, exposure=2), person(limit=2, exposure=1)
        assert holds("H11", need(), busy)
        asked = question(notifying=True)
        assert not holds("H11", need(), busy, asked)
        assert holds("H11", need(), free, asked)
        assert holds("H11", need(exposure=500), offer(exposure=500), asked)


class TestSift:
    GATED = st.fixed_dictionaries(
        {
            "open": st.booleans(),
            "consents": st.sampled_from([True, True, False]),
            "organisation": st.integers(-1, 3),
            "starts": st.sampled_from([0, day(3)]),
            "ends": st.sampled_from([day(2), day(90)]),
            "answer_by": st.sampled_from([day(-1), day(1), day(90)]),
            "unit": st.integers(-1, 1),
            "conditions": st.sampled_from([0, 1, 2]),
            "meets": st.sampled_from([0, 2, 63]),
            "least": st.sampled_from([0, 4]),
            "coldness": st.integers(-1, 2),
            "engaged": st.integers(0, 2),
            "limit": st.sampled_from([float("inf"), 1.0]),
        }
    )

    @given(
        mine=st.builds(dict, need_rows),
        others=st.lists(st.builds(lambda a, b: a | b, offer_rows, GATED), max_size=8),
        notifying=st.booleans(),
    )
    @hypothesis_settings(max_examples=50, deadline=None)
    def test_lets_through_what_passes_every_gate_alone(
        self, mine: dict, others: list[dict], notifying: bool
    ) -> None:
        one, pool, asked = many([mine]), many(others), question(notifying=notifying)
        left, kept_out = sift(one, pool, asked, asking=True)
        alone = [
            all(holds(code, one, pool.row(n).settled(), asked) for code in GATES)
            for n in range(len(pool))
        ]
        assert left.id.tolist() == pool.id[np.array(alone, dtype=np.bool_)].tolist()
        assert sum(kept_out.values()) == len(others) - len(left)

    @given(mine=offer_rows, others=st.lists(need_rows, max_size=8))
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_either_side_may_ask(self, mine: dict, others: list[dict]) -> None:
        one, pool = many([mine]), many(others)
        left, _ = sift(one, pool, question(), asking=False)
        other_way = [
            str(pool.id[n])
            for n in range(len(pool))
            if len(sift(pool.row(n).settled(), one, question(), asking=True)[0])
        ]
        assert left.id.tolist() == other_way

    def test_counts_each_one_at_the_first_gate_that_keeps_it_out(self) -> None:
        pool = many(
            [
                offer_row(kind=GOODS, open=False),
                offer_row(open=False),
                offer_row(skills=0),
                offer_row(skills=skills(Skill.IT)),
            ]
        )
        left, kept_out = sift(need(required=skills(Skill.IT)), pool, question(), asking=True)
        assert left.id.tolist() == [pool.id[3]]
        assert kept_out == {"H1": 1, "H2": 1, "H6": 1}

    def test_asks_every_gate_once(self) -> None:
        assert sorted(code for codes in ROUNDS for code in codes) == sorted(GATES)
        assert sorted(GATES) == sorted(f"H{number}" for number in range(1, 12))


class TestPassed:
    def test_answers_for_every_gate_and_pair(self) -> None:
        pool = many(offer_row() for _ in range(3))
        found = passed(need(), pool, question())
        assert {code: said.tolist() for code, said in found.items()} == dict.fromkeys(
            GATES, [True] * 3
        )

    def test_a_day_later_another_answer(self) -> None:
        """The day is what one is told, never the clock's."""
        mine, theirs = need(ends=day(0)), offer()
        assert bool(passed(mine, theirs, question())["H2"][0])
        later = question(today=TODAY + timedelta(days=1))
        assert not bool(passed(mine, theirs, later)["H2"][0])
