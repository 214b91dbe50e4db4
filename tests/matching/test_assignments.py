"""Volunteers to shifts: the best there is, within everybody's limits, nobody in two places."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.matching.assignments import FIRST_HELPER, Assignment, Edges, assign, times_of

BEGINS = datetime(2026, 12, 5, 1, tzinfo=UTC)


def edges(
    pairs: list[tuple[int, int, float]],
    limits: list[int],
    capacities: list[int],
    times: list[int] | None = None,
) -> Edges:
    columns = list(zip(*pairs, strict=True)) or [(), (), ()]
    volunteers, shifts, values = (np.array(column) for column in columns)
    at = list(range(len(capacities))) if times is None else times
    return Edges(volunteers, shifts, values, np.array(limits), np.array(capacities), np.array(at))


def is_allowed(given: Edges, chosen: tuple[int, ...]) -> bool:
    people = Counter(int(given.volunteers[row]) for row in chosen)
    seats = Counter(int(given.shifts[row]) for row in chosen)
    at = Counter((int(given.volunteers[r]), int(given.times[given.shifts[r]])) for r in chosen)
    return (
        all(count <= given.limits[person] for person, count in people.items())
        and all(count <= given.capacities[shift] for shift, count in seats.items())
        and all(count == 1 for count in at.values())
    )


def worth(given: Edges, chosen: tuple[int, ...]) -> float:
    covered = len({int(given.shifts[row]) for row in chosen})
    return float(sum(given.values[row] for row in chosen)) + FIRST_HELPER * covered


def best_of_all(given: Edges) -> float:
    rows = range(len(given.volunteers))
    every = (some for size in range(len(rows) + 1) for some in combinations(rows, size))
    return max(worth(given, some) for some in every if is_allowed(given, some))


@st.composite
def cases(draw: st.DrawFn) -> Edges:
    people, shifts = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pairs = draw(
        st.lists(
            st.tuples(
                st.integers(0, people - 1),
                st.integers(0, shifts - 1),
                st.integers(0, 1000).map(lambda tenths: tenths / 10),
            ),
            max_size=8,
            unique_by=lambda pair: pair[:2],
        )
    )
    return edges(
        pairs,
        draw(st.lists(st.integers(0, 2), min_size=people, max_size=people)),
        draw(st.lists(st.integers(1, 2), min_size=shifts, max_size=shifts)),
        draw(st.lists(st.integers(0, shifts - 1), min_size=shifts, max_size=shifts)),
    )


class TestAssign:
    @given(cases())
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_is_the_best_of_all_that_are_allowed(self, given: Edges) -> None:
        found = assign(given)
        chosen = tuple(found.chosen.tolist())
        assert is_allowed(given, chosen)
        assert worth(given, chosen) == pytest.approx(best_of_all(given), abs=1e-6)
        assert found.value == pytest.approx(worth(given, chosen), abs=1e-6)
        assert found.filled == len(chosen)
        assert found.covered == len({int(given.shifts[row]) for row in chosen})

    def test_the_first_helper_comes_before_the_best_second(self) -> None:
        found = assign(edges([(0, 0, 100.0), (1, 0, 99.0), (1, 1, 1.0)], [1, 1], [2, 1]))
        assert (found.covered, found.chosen.tolist()) == (2, [0, 2])

    def test_nobody_is_in_two_places(self) -> None:
        found = assign(edges([(0, 0, 50.0), (0, 1, 60.0)], [5], [1, 1], times=[0, 0]))
        assert found.chosen.tolist() == [1]

    def test_nobody_comes_more_often_than_they_would(self) -> None:
        pairs = [(0, shift, 50.0 + shift) for shift in range(4)]
        assert assign(edges(pairs, [2], [1] * 4)).chosen.tolist() == [2, 3]

    def test_there_are_no_more_than_there_is_room_for(self) -> None:
        pairs = [(person, 0, 50.0 + person) for person in range(4)]
        assert assign(edges(pairs, [1] * 4, [2])).chosen.tolist() == [2, 3]

    def test_of_nobody_is_nothing(self) -> None:
        found = assign(edges([], [1, 1], [2]))
        assert (found.chosen.tolist(), found.value, found.filled, found.covered) == ([], 0, 0, 0)
        assert isinstance(assign(edges([], [], [])), Assignment)

    def test_is_the_same_every_time(self) -> None:
        rng = np.random.default_rng(1)
        pairs = [(p, s, 50.0) for p in range(20) for s in range(6) if rng.random() < 0.5]
        case = edges(pairs, [2] * 20, [3] * 6)
        assert len({tuple(assign(case).chosen.tolist()) for _ in range(3)}) == 1


class TestTimesOf:
    @staticmethod
    def shifts(*hours: tuple[float, float]) -> list[tuple[datetime, datetime]]:
        return [(BEGINS + timedelta(hours=a), BEGINS + timedelta(hours=b)) for a, b in hours]

    @pytest.mark.parametrize(
        ("hours", "numbers"),
        [
            ([], []),
            ([(0, 2), (2, 4)], [0, 1]),
            ([(0, 2), (1, 3)], [0, 0]),
            ([(0, 2), (1, 3), (2.5, 4)], [0, 0, 0]),
            ([(5, 6), (0, 9), (1, 2)], [0, 0, 0]),
            ([(9, 10), (0, 1), (0, 1)], [1, 0, 0]),
        ],
    )
    def test_those_that_overlap_are_one(
        self, hours: list[tuple[float, float]], numbers: list[int]
    ) -> None:
        assert times_of(self.shifts(*hours)).tolist() == numbers
