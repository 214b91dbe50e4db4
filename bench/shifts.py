"""Volunteers and shifts for `app.matching.assignments`, and the bound no assignment can pass.

As a command: the large instance in a process of its own, which prints what it took as JSON.
"""

import json
import os
import sys
import time
from dataclasses import dataclass

import numpy as np

from app.matching.assignments import FIRST_HELPER, Assignment, Edges, assign
from bench.process import memory_mb


@dataclass(frozen=True)
class Size:
    volunteers: int
    shifts: int
    edges: int
    times: int


SMALL = Size(volunteers=5_000, shifts=1_000, edges=100_000, times=200)
LARGE = Size(volunteers=100_000, shifts=2_000, edges=2_000_000, times=300)


def make_edges(size: Size, seed: int) -> Edges:
    """Each volunteer could do about as many shifts; some are popular; fewer seats than wishes."""
    rng = np.random.default_rng(seed)
    popular = rng.dirichlet(np.full(size.shifts, 0.8))
    # One and a half times as many, since some pairs come twice.
    wanted = size.edges + size.edges // 2
    volunteers = rng.integers(0, size.volunteers, wanted)
    shifts = rng.choice(size.shifts, wanted, p=popular * 0.5 + 0.5 / size.shifts)
    pairs = np.unique(volunteers.astype(np.int64) * size.shifts + shifts)
    pairs = np.sort(rng.permutation(pairs)[: size.edges])
    return Edges(
        volunteers=pairs // size.shifts,
        shifts=pairs % size.shifts,
        values=np.round(rng.beta(4, 3, len(pairs)) * 100, 1),
        limits=rng.choice([1, 1, 2, 3], size.volunteers),
        capacities=rng.choice([1, 2, 3, 5, 8, 10], size.shifts),
        times=rng.integers(0, size.times, size.shifts),
    )


def bound(edges: Edges) -> float:
    """The value of the linear relaxation: nothing whole is worth more."""
    from scipy.optimize import linprog  # noqa: PLC0415 - for measuring alone
    from scipy.sparse import coo_array, vstack  # noqa: PLC0415

    pairs, shifts = len(edges.volunteers), len(edges.capacities)
    width = pairs + shifts  # an edge each, and whether a shift has its first helper

    def counted(groups: np.ndarray, number: int) -> coo_array:
        ones = np.ones(pairs)
        return coo_array((ones, (groups, np.arange(pairs))), shape=(number, width))

    at_a_time = edges.volunteers * shifts + edges.times[edges.shifts]
    named, meetings = np.unique(at_a_time, return_inverse=True)
    filled = counted(edges.shifts, shifts)
    first = coo_array(
        (np.ones(shifts), (np.arange(shifts), pairs + np.arange(shifts))), shape=(shifts, width)
    )
    rows = vstack(
        [
            counted(edges.volunteers, len(edges.limits)),
            counted(meetings, len(named)),
            filled,
            first - filled,
        ]
    )
    most = np.concatenate([edges.limits, np.ones(len(named)), edges.capacities, np.zeros(shifts)])
    worth = np.concatenate([edges.values, np.full(shifts, FIRST_HELPER)])
    solved = linprog(-worth, A_ub=rows.tocsr(), b_ub=most, bounds=(0, 1), method="highs")
    if not solved.success:
        raise RuntimeError(solved.message)
    return float(-solved.fun)


def is_possible(edges: Edges, found: Assignment) -> bool:
    """Nobody too often, nowhere too many, no one in two places at once."""
    volunteers, shifts = edges.volunteers[found.chosen], edges.shifts[found.chosen]
    at = volunteers.astype(np.int64) * len(edges.capacities) + edges.times[shifts]
    often = np.bincount(volunteers, minlength=len(edges.limits))
    full = np.bincount(shifts, minlength=len(edges.capacities))
    return bool(
        (often <= edges.limits).all()
        and (full <= edges.capacities).all()
        and len(np.unique(at)) == len(at)
    )


def timed(edges: Edges) -> tuple[Assignment, float]:
    started = time.perf_counter()
    found = assign(edges)
    return found, time.perf_counter() - started


def main() -> None:
    edges = make_edges(LARGE, seed=1)
    found, seconds = timed(edges)
    if not is_possible(edges, found):
        sys.exit("an impossible assignment")
    # Not ru_maxrss, which also counts what the process was forked from.
    peak_mb = memory_mb(os.getpid(), "VmHWM")
    seats = int(edges.capacities.sum())
    print(
        json.dumps(
            {
                "s": seconds,
                "mb": peak_mb,
                "edges": len(edges.volunteers),
                "filled": found.filled,
                "seats": seats,
                "covered": found.covered,
                "shifts": len(edges.capacities),
            }
        )
    )


if __name__ == "__main__":
    main()
