"""The engine and a naive matching in plain Python (`bench.reference`) say the same; its promises.

On a small synthetic city; `make bench` measures the same at full size.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core import clock
from app.matching.queries import explain
from app.settings import Settings
from bench.agreement import (
    Bench,
    engine_answer,
    explanation_error,
    fill,
    judge,
    needs_of,
    opened,
    reference_answers,
)
from bench.market import Market, Size, make_market
from bench.matching import planted_ndcg

SEED = 7
CITY = Size(groups=63, needs=60, offers=500, people=60)
# One kind and two-and-a-half thousand pairs: many that a single gate keeps apart.
CROWD = Size(groups=20, needs=50, offers=40, people=10, kinds=2)


def make(size: Size) -> Market:
    return make_market(size, seed=SEED, now=clock.now())


@pytest.fixture
def city(settings: Settings) -> Iterator[Bench]:
    """A market on each database."""
    fill(settings, make(CITY), clock.now())
    with opened(settings) as bench:
        yield bench


@pytest.fixture
def crowd(sqlite_settings: Settings) -> Iterator[Bench]:
    fill(sqlite_settings, make(CROWD), clock.now())
    with opened(sqlite_settings) as bench:
        yield bench


class TestRanked:
    def test_is_what_plain_python_says(self, city: Bench) -> None:
        needs = needs_of(city.session)
        answers = [engine_answer(city, need.id) for need in needs]
        assert answers == reference_answers(city, needs)
        assert sum(len(answer) == 20 for answer in answers) > 10

    def test_agrees_with_what_is_planted(self, tmp_path: Path) -> None:
        """Far above chance, and near to one who knows what counts."""
        size = Size(groups=12, offers=400, busy=False, left_out=(0.0, 0.0))
        engine, oracle, _ = planted_ndcg(tmp_path / "planted", size, clock.now())
        assert engine > 0.75
        assert engine < oracle <= 1


class TestSift:
    def test_proposes_nobody_whom_a_rule_keeps_out(self, crowd: Bench) -> None:
        judged = judge(crowd, needs_of(crowd.session))
        assert judged.pairs > 2_000
        assert judged.proposals > 100
        assert (judged.breaks, judged.missed) == (0, 0)


class TestDirectional:
    def test_adds_up(self, crowd: Bench) -> None:
        """With a criterion at nought the score falls by what the criterion had contributed."""
        assert explanation_error(crowd, needs_of(crowd.session)) < 0.001

    def test_is_told_as_it_is(self, crowd: Bench) -> None:
        told = 0
        for need in needs_of(crowd.session)[:10]:
            desk = crowd.desk(need.id)
            mine = crowd.pools.listing(crowd.session, need.id)
            for id_ in engine_answer(crowd, need.id, limit=5):
                pool = crowd.pools.pool("offers")
                row = pool.find(id_)
                if row is None:
                    continue
                told += 1
                view = explain(desk, mine, pool.row(row))["forward"]
                points = sum(criterion["contribution"] for criterion in view["criteria"])
                assert points + view["unknown"] == pytest.approx(view["score"], abs=0.01)
        assert told > 10


class TestMarket:
    def test_is_the_same_for_the_same_seed(self) -> None:
        now = clock.now()
        one, other = (make_market(CROWD, seed=SEED, now=now) for _ in range(2))
        assert one == other
        assert make_market(CROWD, seed=SEED + 1, now=now) != one
