"""Residents who arrive one after another, look at ten needs and perhaps come to one.

Whoever is shown first is looked at most; a need that has found somebody keeps being shown in an
order of relevance alone, while others are never seen. Over 28 days; what is engaged counts at once
for what is still open (H8), and from the next midnight for the order.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.matching.gates import sift
from app.matching.queries import Desk, score_all
from app.matching.scores import ranked
from app.matching.traits import Array, Traits
from bench.planted import Truth
from bench.reference import Party

_DAYS = 28
_SHOWN = 10
# So eager that nine in ten find something.
_EAGER = 2.5


@dataclass(frozen=True)
class Outcome:
    """What became of the needs: `shown` weighs the places by how much they are looked at."""

    connections: Array
    wanted: Array
    shown: Array

    @property
    def useful(self) -> float:
        return float(np.minimum(self.connections, self.wanted).sum())

    @property
    def zero(self) -> float:
        """The share of needs nobody was shown."""
        return float((self.shown == 0).mean())

    @property
    def gini(self) -> float:
        ordered, n = np.sort(self.shown), len(self.shown)
        return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


@dataclass
class Needs:
    """The needs as matching sees them, and as they are; both in one order."""

    traits: Traits
    parties: Sequence[Party]
    wanted: Array
    rows: Mapping[str, int]

    @classmethod
    def of(cls, traits: Traits, parties: Sequence[Party]) -> "Needs":
        """In truth every need knows how many it wants."""
        wanted = np.array([party.quantity or 1 for party in parties])
        return cls(traits, parties, wanted, {str(id_): n for n, id_ in enumerate(traits.id)})

    def fresh(self) -> tuple[Traits, dict[str, Array]]:
        """The table with columns of its own that may be written to."""
        names = ("quantity", "exposure")
        mine = {name: getattr(self.traits, name).copy() for name in names}
        return self.traits.replaced(**mine), mine


# Which of those that pass the gates are shown.
Order = Callable[[Desk, Traits, Traits], Array]


def by_engine(desk: Desk, mine: Traits, left: Traits) -> Array:
    return ranked(mine, left, score_all(desk, mine, left), _SHOWN)[0]


def by_relevance(desk: Desk, mine: Traits, left: Traits) -> Array:
    """The same gates and the same R, and nothing else."""
    return np.lexsort((left.hash, -score_all(desk, mine, left).reciprocal))[:_SHOWN]


def _first(desk: Desk, mine: Traits, needs: Needs, table: Traits, order: Order) -> list[int]:
    """The rows of the needs somebody is shown."""
    left, _ = sift(mine, table, desk.question, asking=False)
    if not len(left):
        return []
    return [needs.rows[id_] for id_ in left.id[order(desk, mine, left)]]


def simulate(
    desk: Desk,
    needs: Needs,
    people: Sequence[tuple[Traits, Party]],
    order: Order,
    seed: int,
    *,
    closes: bool = True,
) -> Outcome:
    """`closes`: whether a need that has everybody it wants is shown no more (H8)."""
    rng = random.Random(seed)
    truth = Truth.drawn(rng)
    arriving = rng.sample(people, len(people))
    table, columns = needs.fresh()
    known = np.isfinite(columns["quantity"])
    connections = np.zeros(len(needs.parties), dtype=np.int64)
    shown = np.zeros(len(needs.parties))
    a_day = math.ceil(len(arriving) / _DAYS)
    for number, (mine, person) in enumerate(arriving):
        if number % a_day == 0:
            columns["exposure"][:] = connections
        first = _first(desk, mine, needs, table, order)
        shown[first] += [_looked_at(place) for place in range(len(first))]
        place = _choice(truth, person, [needs.parties[row] for row in first], rng)
        if place is None:
            continue
        chosen = first[place]
        connections[chosen] += 1
        if closes and known[chosen]:
            columns["quantity"][chosen] = max(0, columns["quantity"][chosen] - 1)
    return Outcome(connections, needs.wanted, shown)


def _looked_at(place: int) -> float:
    return 1 / math.log2(place + 2)


def _choice(truth: Truth, person: Party, needs: Sequence[Party], rng: random.Random) -> int | None:
    """The place of the first of those looked at that one would go to."""
    for place, need in enumerate(needs):
        looked, comes = rng.random() < _looked_at(place), rng.random()
        if looked and comes < truth.willing(person, need, eager=_EAGER):
            return place
    return None
