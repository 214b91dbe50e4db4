"""How well one side suits the other: by hand, and that more overlap never counts less."""

from collections.abc import Callable
from math import exp, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.matching.criteria import CRITERIA, DOES_NOT_APPLY, LABELS
from app.matching.traits import Traits
from app.vocabulary.listings import ListingKind
from app.vocabulary.skills import Skill
from tests.matching.parties import (
    able,
    asked,
    fields,
    many,
    need,
    need_row,
    need_rows,
    offer,
    offer_row,
    offer_rows,
    person,
    skills,
    slots,
    window,
    words,
)

NOT_ASKED = DOES_NOT_APPLY
ASKED = {"required": skills(Skill.DRIVING, Skill.COOK), "preferred": skills(Skill.IT)}
HERE = {"latitude": 35.70, "longitude": 139.56, "placed": True}


def value(name: str, one: Traits, other: Traits) -> float:
    (found,) = np.broadcast_to(CRITERIA[name](one, other), (1,)).tolist()
    return float(found)


class TestFields:
    @pytest.mark.parametrize(
        ("mine", "theirs", "share", "back"),
        [
            # By hand: 1 for a field of the other, ½ for one next to one (2: 6, 11, 13; 13: 1, 2).
            (fields(7), fields(7), 1.0, 1.0),
            (fields(7), fields(12), 0.0, 0.0),
            (fields(2), fields(13), 0.5, 0.5),
            (fields(2), fields(2, 13, 7), 1.0, (1 + 0.5) / 3),
            (fields(2, 7), fields(13), 0.5 / 2, 0.5),
        ],
    )
    def test_share_what_is_the_same_and_half_of_what_is_near(
        self, mine: int, theirs: int, share: float, back: float
    ) -> None:
        assert value("fields", need(fields=mine), offer(fields=theirs)) == pytest.approx(share)
        assert value("fields", offer(fields=theirs), need(fields=mine)) == pytest.approx(back)

    def test_are_unknown_where_one_side_names_none(self) -> None:
        assert isnan(value("fields", need(), offer(fields=fields(1))))
        assert isnan(value("fields", need(fields=fields(1)), offer()))


class TestText:
    def test_is_the_weighty_share_of_my_words_a_quarter_being_all(self) -> None:
        mine = need(words=[1, 2, 3], idf=[50_000, 30_000, 20_000])
        theirs = offer(words=[3, 8, 9], idf=[10_000, 50_000, 40_000])
        assert value("text", mine, theirs) == pytest.approx(0.2 / 0.25)
        assert value("text", theirs, mine) == pytest.approx(0.1 / 0.25)

    def test_the_same_words_are_all_of_it_and_others_none(self) -> None:
        assert value("text", need(**words(1, 2)), offer(**words(2, 1))) == 1
        assert value("text", need(**words(1, 2)), offer(**words(3))) == 0

    def test_is_unknown_without_words(self) -> None:
        assert isnan(value("text", need(**words(1)), offer()))
        assert isnan(value("text", need(), offer(**words(1))))


class TestSkills:
    def test_who_asks_gets_what_is_covered_the_preferred_half(self) -> None:
        asking = need(**ASKED)
        for can, share in (
            ((Skill.DRIVING, Skill.COOK, Skill.IT), 1.0),
            ((Skill.DRIVING, Skill.IT), 1.5 / 2.5),
            ((Skill.IT,), 0.5 / 2.5),
            ((Skill.MUSIC,), 0.0),
        ):
            assert value("skills", asking, offer(skills=skills(*can))) == pytest.approx(share)

    def test_who_can_gets_the_share_that_is_of_use(self) -> None:
        able = person(skills=skills(Skill.DRIVING, Skill.IT, Skill.MUSIC))
        assert value("skills", able, need(**ASKED)) == pytest.approx(2 / 3)

    def test_unknown_and_not_asked_differ(self) -> None:
        assert isnan(value("skills", need(**ASKED), person()))
        assert isnan(value("skills", person(), need(**ASKED)))
        assert value("skills", need(), person(skills=skills(Skill.IT))) == NOT_ASKED
        assert value("skills", person(skills=skills(Skill.IT)), need()) == NOT_ASKED


class TestTimes:
    def test_is_the_share_of_what_one_time_takes(self) -> None:
        theirs = offer(slots=slots("sat-morning"))
        for minutes, share in ((90, 1.0), (180, 1.0), (360, 0.5)):
            mine = need(slots=slots("sat-morning"), minutes=minutes)
            assert value("times", mine, theirs) == pytest.approx(share)

    def test_arrangement_is_worth_half_at_least(self) -> None:
        mine = need(slots=slots("sat-morning"), minutes=360, negotiable=True)
        assert value("times", mine, offer(slots=slots("mon-noon"))) == 0.5
        assert value("times", mine, offer()) == 0.5
        assert value("times", mine, offer(slots=slots("sat-morning", "sat-noon"))) == 0.5
        assert value("times", need(minutes=60), offer(negotiable=True)) == 0.5
        whole = offer(slots=slots("sat-morning"), negotiable=True, minutes=60)
        assert value("times", whole, mine) == 1

    def test_is_unknown_where_one_side_is_silent(self) -> None:
        assert isnan(value("times", need(), offer(slots=slots("sat-morning"))))
        dated = need(windows=[window("2026-12-05T10:00", "2026-12-05T12:00")])
        assert isnan(value("times", dated, offer()))


class TestCloseness:
    def test_falls_with_the_distance(self) -> None:
        mine = need(**HERE)
        assert value("closeness", mine, offer(**HERE)) == 1
        north = offer(**HERE | {"latitude": HERE["latitude"] + 2 / 111.195})
        assert value("closeness", mine, north) == pytest.approx(exp(-1), abs=1e-4)

    def test_online_is_next_door(self) -> None:
        far = offer(latitude=43.0, longitude=141.3, placed=True, online=1)
        assert value("closeness", need(**HERE, online=1), far) == 1
        assert value("closeness", need(**HERE), far) < 1e-9
        assert value("closeness", need(online=1), offer(online=1)) == 1

    def test_a_guessed_place_is_nobodys_neighbour(self) -> None:
        guessed = HERE | {"placed": False}
        assert value("closeness", need(**HERE), offer(**guessed)) == pytest.approx(exp(-1))
        assert value("closeness", need(**guessed), offer(**HERE)) == pytest.approx(exp(-1))

    def test_is_unknown_without_a_place(self) -> None:
        assert isnan(value("closeness", need(**HERE), offer()))


class TestQuantity:
    @pytest.mark.parametrize(
        ("mine", "theirs", "share"),
        [
            (20, 10, 0.5),
            (20, 30, 1.0),
            (0, 3, 0.0),
            (20, 0, 0.0),
            (-1, 5, NOT_ASKED),
            (5, -1, NOT_ASKED),
        ],
    )
    def test_is_the_share_of_mine_that_is_filled(
        self, mine: float, theirs: float, share: float
    ) -> None:
        assert value("quantity", need(quantity=mine), offer(quantity=theirs)) == share

    def test_is_unknown_where_nobody_counted(self) -> None:
        assert isnan(value("quantity", need(quantity=nan), offer(quantity=5)))
        assert isnan(value("quantity", need(quantity=5), offer(quantity=nan)))
        assert value("quantity", need(quantity=nan), person()) == NOT_ASKED

    def test_is_unknown_where_units_differ(self) -> None:
        mine = need(quantity=20, unit=1)
        assert isnan(value("quantity", mine, offer(quantity=2, unit=2)))
        assert value("quantity", mine, offer(quantity=10, unit=1)) == 0.5
        assert value("quantity", mine, offer(quantity=10)) == 0.5
        assert value("quantity", mine, person()) == NOT_ASKED


class TestStage:
    def test_is_by_kind_unless_the_giver_says(self) -> None:
        young = {"kind": ListingKind.ADVICE, "stage": 0}
        assert value("stage", need(**young), offer()) == 1.0
        assert value("stage", offer(), need(**young)) == 1.0
        assert value("stage", need(**young | {"stage": 3}), offer()) == 0.5
        assert value("stage", need(**young), offer(suits=fields(0, 2))) == 1.0
        assert value("stage", need(**young), offer(suits=fields(2))) == 0.2

    def test_a_stage_of_the_citys_own_is_as_good_as_any(self) -> None:
        assert value("stage", need(stage=7), offer()) == 0.7

    def test_is_unknown_where_the_group_says_nothing(self) -> None:
        assert isnan(value("stage", need(), offer(suits=fields(1))))


class TestBurden:
    @pytest.mark.parametrize(
        ("mine", "theirs", "share"), [(0, 0, 1.0), (0, 1, 0.5), (0, 2, 0.0), (2, 1, 0.5), (2, 2, 1)]
    )
    def test_is_how_often(self, mine: int, theirs: int, share: float) -> None:
        assert value("burden", need(frequency=mine), person(frequency=theirs)) == share

    def test_a_first_time_needs_a_welcome(self) -> None:
        first = {"first_time": 1}
        assert value("burden", need(beginners=1), person(**first)) == 1
        assert value("burden", need(beginners=0), person(**first)) == 0
        assert value("burden", need(beginners=0, frequency=0), person(**first, frequency=0)) == 0.5
        assert value("burden", need(beginners=0, frequency=0), person(frequency=0)) == 1

    def test_is_unknown_where_one_side_is_silent(self) -> None:
        assert isnan(value("burden", need(frequency=0), person()))
        assert isnan(value("burden", need(), person(first_time=1)))


class TestWish:
    def test_is_a_hit_or_not(self) -> None:
        assert value("wish", need(wished=fields(0, 3)), offer(type=3)) == 1
        assert value("wish", need(wished=fields(0, 3)), offer(type=2)) == 0
        assert value("wish", need(wished=fields(0, 3)), person()) == 0

    def test_does_not_apply_to_whoever_wishes_nothing(self) -> None:
        assert value("wish", need(), offer(type=3)) == NOT_ASKED


class TestCriteria:
    def test_each_has_a_name_for_people(self) -> None:
        assert set(CRITERIA) < set(LABELS)

    @given(mine=need_rows, others=st.lists(offer_rows, min_size=1, max_size=5))
    @hypothesis_settings(max_examples=50, deadline=None)
    def test_are_shares_unknown_or_not_asked(self, mine: dict, others: list[dict]) -> None:
        one, pool = many([mine]), many(others)
        for criterion in CRITERIA.values():
            for values in (criterion(one, pool), criterion(pool, one)):
                known = values[~np.isnan(values) & (values != NOT_ASKED)]
                assert ((known >= 0) & (known <= 1)).all()

    @given(mine=need_rows, others=st.lists(offer_rows, min_size=2, max_size=5))
    @hypothesis_settings(max_examples=50, deadline=None)
    def test_one_pair_alone_has_the_values_it_has_among_many(
        self, mine: dict, others: list[dict]
    ) -> None:
        one, pool = many([mine]), many(others)
        for name, criterion in CRITERIA.items():
            for there in (True, False):
                whole = criterion(one, pool) if there else criterion(pool, one)
                for row in range(len(pool)):
                    single = pool.row(row).settled()
                    alone = value(name, one, single) if there else value(name, single, one)
                    np.testing.assert_equal(np.broadcast_to(whole, (len(pool),))[row], alone)


def never_lower(name: str, one: dict, before: dict, after: dict) -> None:
    """Of what `one` sees, `after` is worth at least what `before` was, both ways of standing."""
    pool = many([before, after])
    worth = np.broadcast_to(CRITERIA[name](many([one]), pool), (2,)).tolist()
    if not any(isnan(known) or known == NOT_ASKED for known in worth):
        assert worth[1] >= worth[0]


class TestMonotonicity:
    """More in common is never worth less."""

    @given(mine=need_rows, theirs=offer_rows, data=st.data())
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_of_what_both_have(self, mine: dict, theirs: dict, data: st.DataObject) -> None:
        gained: dict[str, Callable[[], dict[str, Any]]] = {
            "fields": lambda: {"fields": theirs["fields"] | _one_of(data, mine["fields"])},
            "skills": lambda: {
                "skills": theirs["skills"] | _one_of(data, mine["required"] | mine["preferred"])
            },
            "times": lambda: {"slots": theirs["slots"] | _one_of(data, mine["slots"])},
            "text": lambda: words(*dict.fromkeys([*mine["words"][:1], *theirs["words"]])),
            "quantity": lambda: {"quantity": theirs["quantity"] + 1},
        }
        for name, gain in gained.items():
            never_lower(name, mine, theirs, theirs | gain())

    @given(mine=asked, theirs=able, more=st.integers(0, 53))
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_of_any_skill_more(self, mine: dict, theirs: dict, more: int) -> None:
        gained = {"skills": theirs["skills"] | 1 << more}
        never_lower("skills", need_row(**mine), offer_row(**theirs), offer_row(**gained))

    @given(
        north=st.floats(-3, 3), east=st.floats(-3, 3), share=st.floats(0, 1), placed=st.booleans()
    )
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_of_being_nearer(self, north: float, east: float, share: float, placed: bool) -> None:
        mine = need_row(**HERE)

        def at(part: float) -> dict[str, Any]:
            there = {"latitude": 35.70 + part * north, "longitude": 139.56 + part * east}
            return offer_row(**there, placed=placed)

        pool = many([at(1.0), at(share)])
        far, near = CRITERIA["closeness"](many([mine]), pool).tolist()
        assert near >= far - 1e-12

    @given(first=st.integers(0, 1380), minutes=st.integers(1, 1440), more=st.integers(0, 300))
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_of_exact_times(self, first: int, minutes: int, more: int) -> None:
        begins, _ = window("2026-12-05T00:00", "2026-12-05T01:00")
        mine = need_row(windows=[(begins + 300, begins + 900)], minutes=minutes)
        shorter = offer_row(windows=[(begins + first, begins + first + 60)])
        longer = offer_row(windows=[(begins + first - more, begins + first + 60 + more)])
        never_lower("times", mine, shorter, longer)


def _one_of(data: st.DataObject, mask: int) -> int:
    """One member of a set, as a set; none of an empty one."""
    members = [number for number in range(63) if mask >> number & 1]
    return 1 << data.draw(st.sampled_from(members)) if members else 0
