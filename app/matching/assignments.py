"""Volunteers to shifts: a draft for a person to approve, optimal by minimum-cost flow.

Source → volunteer (at most so many) → volunteer × time (one) → shift → sink. The first helper of a
shift is worth `FIRST_HELPER` more than any other, so that none stays empty for another's second.
Shifts that overlap, directly or by way of others, are one time: where they have the same hours the
answer is the true optimum, else nobody is ever in two places and a few could do more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from app.matching.traits import Array

FIRST_HELPER = 1_000
SCALE = 10  # values are kept to a tenth of a point
_SOURCE, _SINK = 0, 1


@dataclass(frozen=True)
class Edges:
    """Who could do what: for each pair volunteer, shift and value (0 to 100).

    `limits`: times a volunteer would come at most; `capacities` seats of each shift; `times`: the
    number of the time each shift is at.
    """

    volunteers: Array
    shifts: Array
    values: Array
    limits: Array
    capacities: Array
    times: Array


@dataclass(frozen=True)
class Assignment:
    """The rows of the edges chosen; `value` counts first helpers too."""

    chosen: Array
    value: float
    filled: int
    covered: int


def assign(edges: Edges) -> Assignment:
    """The assignment of the largest value."""
    if not len(edges.volunteers):
        return Assignment(np.array([], dtype=np.int64), 0.0, 0, 0)
    flow = SimpleMinCostFlow()
    pairs, pair_of = _once_a_time(edges)
    first_pair = 2 + len(edges.limits)
    first_shift = first_pair + len(pairs)
    volunteers = np.arange(len(edges.limits))
    shifts = np.arange(len(edges.capacities))
    one = np.ones
    _arcs(flow, one(len(volunteers)) * _SOURCE, 2 + volunteers, edges.limits, 0)
    _arcs(flow, 2 + pairs // len(shifts), first_pair + np.arange(len(pairs)), one(len(pairs)), 0)
    worth = np.round(edges.values * SCALE)
    chosen = _arcs(flow, first_pair + pair_of, first_shift + edges.shifts, one(len(worth)), -worth)
    _arcs(flow, first_shift + shifts, one(len(shifts)) * _SINK, one(len(shifts)),
          -FIRST_HELPER * SCALE)  # fmt: skip
    _arcs(flow, first_shift + shifts, one(len(shifts)) * _SINK, edges.capacities - 1, 0)
    total = int(min(edges.limits.sum(), edges.capacities.sum()))
    _arcs(flow, one(1) * _SOURCE, one(1) * _SINK, one(1) * total, 0)  # whoever stays at home
    flow.set_nodes_supplies(np.array([_SOURCE, _SINK]), np.array([total, -total]))
    status = flow.solve()
    if status != SimpleMinCostFlow.OPTIMAL:
        raise RuntimeError(f"no optimal flow: {status}")
    taken = np.flatnonzero(flow.flows(chosen))
    covered = len(np.unique(edges.shifts[taken]))
    return Assignment(taken, -flow.optimal_cost() / SCALE, len(taken), covered)


def _once_a_time(edges: Edges) -> tuple[Array, Array]:
    """The volunteer × time pairs there are, and which of them each edge goes through."""
    wide = len(edges.capacities)  # there are at most as many times as shifts
    key = edges.volunteers.astype(np.int64) * wide + edges.times[edges.shifts]
    return np.unique(key, return_inverse=True)


def _arcs(
    flow: SimpleMinCostFlow, tails: Array, heads: Array, capacities: Array, costs: Array | float
) -> Array:
    whole = np.broadcast_to(np.asarray(costs), tails.shape)
    arcs: Array = flow.add_arcs_with_capacity_and_unit_cost(
        tails.astype(np.int32),
        heads.astype(np.int32),
        np.asarray(capacities).astype(np.int64),
        whole.astype(np.int64),
    )
    return arcs


def times_of(shifts: Sequence[tuple[datetime, datetime]]) -> Array:
    """A number for each shift; those that overlap, directly or by way of others, share one."""
    numbers = np.zeros(len(shifts), dtype=np.int64)
    number, until = -1, None
    for place in sorted(range(len(shifts)), key=lambda place: shifts[place]):
        starts, ends = shifts[place]
        if until is None or starts >= until:
            number, until = number + 1, ends
        until = max(until, ends)
        numbers[place] = number
    return numbers
