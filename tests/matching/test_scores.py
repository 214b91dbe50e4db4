"""Scores add up, both sides count, and the order is fair and always the same."""

from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.matching.criteria import CRITERIA, DOES_NOT_APPLY
from app.matching.scores import (
    DEFAULT_WEIGHTS,
    ENOUGH_ALREADY,
    Direction,
    Scores,
    combine,
    directional,
    label,
    penalty,
    ranked,
    score,
    weights_of,
)
from app.matching.traits import KINDS, Traits
from tests.matching.parties import (
    GOODS,
    fields,
    many,
    need,
    need_row,
    need_rows,
    offer,
    offer_row,
    offer_rows,
    person,
    slots,
)

POOLS = st.lists(offer_rows, min_size=1, max_size=6)
weightings = st.fixed_dictionaries(
    {name: st.sampled_from([0.0, 1.0, 5.0, 37.5, 100.0]) for name in CRITERIA}
)


def scored(mine: Traits, others: Traits, by_kind: object = DEFAULT_WEIGHTS) -> Scores:
    of = mine if mine.seeks[0] else others
    return score(mine, others, weights_of(of, by_kind))  # type: ignore[arg-type]


class TestCombine:
    def test_by_hand(self) -> None:
        """Known: 20 of 20 and 10 of 40; unknown: 30; not asked: 10."""
        values = {"a": 1.0, "b": 0.25, "c": np.nan, "d": DOES_NOT_APPLY}
        weights = {"a": 20.0, "b": 40.0, "c": 30.0, "d": 10.0}
        view = combine(
            {name: np.array([value]) for name, value in values.items()},
            {name: np.array([weight]) for name, weight in weights.items()},
            (1,),
        )
        assert view.score[0] == pytest.approx(100 * (20 + 10 + 15 * 0.5) / (60 + 15))
        assert view.unknown[0] == pytest.approx(10.0)
        assert view.contributions["b"][0] == pytest.approx(100 * 10 / 75)
        assert view.contributions["c"][0] == view.contributions["d"][0] == 0

    def test_where_nothing_is_asked_there_is_no_score(self) -> None:
        view = combine({"a": np.array([DOES_NOT_APPLY])}, {"a": np.array([20.0])}, (1,))
        assert view.score.tolist() == [0]


class TestDirectional:
    @given(mine=need_rows, others=POOLS, weights=weightings)
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_contributions_and_the_unknown_are_the_score(
        self, mine: dict, others: list[dict], weights: dict[str, float]
    ) -> None:
        scores = scored(many([mine]), many(others), dict.fromkeys(KINDS, weights))
        for view in (scores.forward, scores.backward):
            whole = sum(view.contributions.values()) + view.unknown
            np.testing.assert_allclose(whole, view.score, rtol=0, atol=1e-9)
            assert ((view.score >= 0) & (view.score <= 100 + 1e-9)).all()

    @given(mine=need_rows, others=POOLS, weights=weightings, name=st.sampled_from([*CRITERIA]))
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_without_a_value_the_score_falls_by_its_contribution(
        self, mine: dict, others: list[dict], weights: dict[str, float], name: str
    ) -> None:
        scores = scored(many([mine]), many(others), dict.fromkeys(KINDS, weights))
        for view in (scores.forward, scores.backward):
            if name not in view.values:
                continue
            before = view.values[name]
            none = np.where(before > 0, 0.0, before)
            after = combine({**view.values, name: none}, view.weights, view.score.shape)
            fallen = view.score - after.score
            np.testing.assert_allclose(fallen, view.contributions[name], rtol=0, atol=1e-9)

    def test_one_field_filled_in_is_not_a_full_score(self) -> None:
        mine, other = need(fields=fields(7)), offer(fields=fields(7))
        known, whole = scored(mine, other), sum(DEFAULT_WEIGHTS[KINDS[0]].values())
        # Of hands: what nobody asked (skills, wish) is left out, the rest is unknown.
        rest = whole - 20 - 20 - 10
        expected = 100 * (20 + rest / 4) / (20 + rest / 2)
        assert known.forward.score[0] == pytest.approx(expected)
        assert known.reciprocal[0] < 80

    def test_nothing_known_is_one_half(self) -> None:
        assert scored(need(), offer()).reciprocal.tolist() == [50.0]

    def test_what_counts_nothing_is_not_looked_at(self) -> None:
        view = directional(need(kind=GOODS), offer(), weights_of(need(kind=GOODS), DEFAULT_WEIGHTS))
        assert "skills" not in view.values


class TestScore:
    @given(mine=need_rows, others=POOLS)
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_is_the_same_from_either_side(self, mine: dict, others: list[dict]) -> None:
        """R(need → offer) is R(offer → need), to the last digit, alone or among many."""
        one, pool = many([mine]), many(others)
        found = scored(one, pool)
        for row in range(len(pool)):
            there = pool.row(row).settled()
            mirrored, alone = scored(there, one), scored(one, there)
            assert mirrored.reciprocal[0] == found.reciprocal[row] == alone.reciprocal[0]
            assert mirrored.forward.score[0] == found.backward.score[row]

    @given(mine=offer_rows, others=st.lists(need_rows, min_size=1, max_size=6))
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_of_an_offer_counts_by_the_weights_of_each_needs_kind(
        self, mine: dict, others: list[dict]
    ) -> None:
        one, pool = many([mine]), many(others)
        found = scored(one, pool).reciprocal.tolist()
        assert found == [scored(pool.row(n).settled(), one).reciprocal[0] for n in range(len(pool))]

    @given(mine=need_rows, others=POOLS)
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_is_the_geometric_mean_of_both_views(self, mine: dict, others: list[dict]) -> None:
        found = scored(many([mine]), many(others))
        for row, r in enumerate(found.reciprocal.tolist()):
            both = found.forward.score[row] * found.backward.score[row]
            assert r == pytest.approx(sqrt(both), abs=1e-6)

    def test_is_good_only_where_it_is_good_for_both(self) -> None:
        mine = need(slots=slots("sat-morning"), minutes=180, wished=fields(3))
        one_sided = offer(slots=slots("sat-morning"), minutes=1440, wished=fields(0), type=3)
        both = offer(slots=slots("sat-morning"), minutes=180, type=3)
        assert scored(mine, both).reciprocal[0] > scored(mine, one_sided).reciprocal[0]


class TestLabel:
    @pytest.mark.parametrize(
        ("r", "mark"), [(100, "◎"), (75, "◎"), (74.9, "○"), (55, "○"), (54.9, "△"), (0, "△")]
    )
    def test_has_three_steps(self, r: float, mark: str) -> None:
        assert label(r) == mark


class TestPenalty:
    @pytest.mark.parametrize(
        ("quantity", "exposure", "share"),
        [
            (4, 0, 1.0),
            (4, 1, exp(-1 / 4)),
            (4, 3, exp(-3 / 4)),
            (4, 4, ENOUGH_ALREADY),
            (0, 0, 1.0),
            (0, 1, ENOUGH_ALREADY),
            (float("nan"), 0, 1.0),
            (float("nan"), 1, ENOUGH_ALREADY),
            (-1, 0, 1.0),
        ],
    )
    def test_grows_with_what_is_engaged_of_what_is_needed(
        self, quantity: float, exposure: int, share: float
    ) -> None:
        row = offer(quantity=quantity, exposure=exposure)
        assert penalty(row)[0] == pytest.approx(share)

    def test_of_a_resident_is_by_their_own_limit(self) -> None:
        assert penalty(person(limit=4, exposure=2))[0] == pytest.approx(exp(-0.5))
        assert penalty(person(limit=2, exposure=2))[0] == ENOUGH_ALREADY


def with_scores(values: list[float], others: Traits) -> Scores:
    """Scores as if they had been counted."""
    nothing = np.zeros(len(values))
    view = Direction({}, {}, nothing, nothing, nothing)
    return Scores(view, view, np.array(values), penalty(others))


class TestRanked:
    def test_by_the_score_times_the_penalty(self) -> None:
        others = many(offer_row(quantity=2, exposure=e) for e in (1, 0, 0))
        shown, reserved = ranked(need(), others, with_scores([90.0, 60.0, 70.0], others), 20)
        # 90 · e^-½ = 54.6
        assert shown.tolist() == [2, 1, 0]
        assert not reserved.any()

    def test_ties_go_to_whoever_was_shown_less(self) -> None:
        others = many(offer_row(quantity=-1, limit=10, exposure=e) for e in (1, 0))
        scores = with_scores([60.0, 60.0 * exp(-0.1)], others)
        assert ranked(need(), others, scores, 20)[0].tolist() == [1, 0]

    def test_ties_are_no_matter_of_age_nor_number(self) -> None:
        """Among equals nobody is first for every need, nor for having come first."""
        others = many(offer_row(id=f"{n:04}") for n in range(20))
        scores = with_scores([60.0] * 20, others)
        orders = {
            tuple(ranked(need(id=f"need {n}"), others, scores, 20)[0].tolist()) for n in range(20)
        }
        assert len(orders) == 20
        assert len({order[0] for order in orders}) > 8
        assert tuple(range(20)) not in orders

    def test_ties_do_not_depend_on_the_order_of_the_rows(self) -> None:
        rows = [offer_row(id=f"{n:04}") for n in range(20)]
        mine, there, back = need(id="x"), many(rows), many(rows[::-1])
        scores = with_scores([60.0] * 20, there)
        shown = [pool.id[ranked(mine, pool, scores, 5)[0]].tolist() for pool in (there, back)]
        assert shown[0] == shown[1]

    def test_two_places_of_twenty_are_for_those_shown_least(self) -> None:
        others = many(
            offer_row(quantity=100, exposure=0 if n in {25, 28} else 5) for n in range(30)
        )
        scores = with_scores([90.0 - n for n in range(30)], others)
        shown, reserved = ranked(need(), others, scores, 20)
        assert shown.tolist() == [*range(18), 25, 28]
        assert reserved.tolist() == [False] * 18 + [True] * 2

    @pytest.mark.parametrize(
        ("limit", "there", "kept"),
        [
            (20, 20, 0),
            (20, 21, 1),
            (20, 22, 2),
            (20, 500, 2),
            (100, 500, 10),
            (9, 50, 0),
            (1, 5, 0),
        ],
    )
    def test_places_are_kept_only_where_somebody_would_be_left_out(
        self, limit: int, there: int, kept: int
    ) -> None:
        others = many(offer_row() for _ in range(there))
        shown, reserved = ranked(need(), others, with_scores([50.0] * there, others), limit)
        assert len(set(shown.tolist())) == len(shown) == min(limit, there)
        assert reserved.sum() == kept

    @given(mine=need_rows, others=st.lists(offer_rows, min_size=2, max_size=8), data=st.data())
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_is_the_same_however_the_registry_is_read(
        self, mine: dict, others: list[dict], data: st.DataObject
    ) -> None:
        one, there = many([mine]), many(others)
        mixed = many(data.draw(st.permutations(others)))
        shown = [
            [(str(pool.id[n]), float(scores.order[n])) for n in ranked(one, pool, scores, 20)[0]]
            for pool, scores in ((there, scored(one, there)), (mixed, scored(one, mixed)))
        ]
        assert shown[0] == shown[1]


class TestDefaultWeights:
    def test_name_every_criterion_for_every_kind(self) -> None:
        assert set(DEFAULT_WEIGHTS) == set(KINDS)
        assert all(set(weights) == set(CRITERIA) for weights in DEFAULT_WEIGHTS.values())

    def test_go_by_the_kind_of_the_need(self) -> None:
        needs = many(need_row(kind=kind) for kind in KINDS)
        found = weights_of(needs, DEFAULT_WEIGHTS)["quantity"].tolist()
        assert found == [DEFAULT_WEIGHTS[kind]["quantity"] for kind in KINDS]
