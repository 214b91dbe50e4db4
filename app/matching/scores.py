"""From criteria to a score in each direction, the reciprocal score, and the order shown. Pure.

Directional: S = (Σ w·c over the known + U/2 · 1/2) / (Σ w over the known + U/2), U being the
weights of what is unknown: an unknown field counts half its weight at a neutral one half, so one
filled field cannot make a full score, and an empty one is no nought. Reciprocal:
R = 100·√(S(a→b)·S(b→a)) (Tomita & Yokoyama, RecSys 2024: the product of both sides serves both).
Shown in the order of R·π, π = exp(-k/q) while fewer than q are engaged and 0.02 after that: a
connection penalty (Manshadi et al., *Redesigning VolunteerMatch's Search Algorithm*).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.matching.criteria import CRITERIA
from app.matching.traits import KINDS, Array, Traits, kind_number
from app.vocabulary.listings import ListingKind

ENGINE_VERSION = "musubi-1"
UNKNOWN_WEIGHT = 0.5
UNKNOWN_VALUE = 0.5
ENOUGH_ALREADY = 0.02
RESERVED = 0.1  # of the places shown, for those shown least: two of twenty
_MOST = 100.0
DECIMALS = 6  # beyond this, two machines may round differently
EXCELLENT, GOOD = 75, 55
ByKind = Mapping[ListingKind, Mapping[str, float]]
Weights = Mapping[str, Array]

_ALL = {
    "fields": 20.0,
    "text": 15.0,
    "skills": 20.0,
    "times": 15.0,
    "closeness": 10.0,
    "quantity": 10.0,
    "stage": 5.0,
    "burden": 5.0,
    "wish": 10.0,
}
# What a kind has no use for counts nothing.
DEFAULT_WEIGHTS: ByKind = {
    ListingKind.PEOPLE: _ALL,
    ListingKind.SKILL: _ALL | {"skills": 30.0, "quantity": 0.0},
    ListingKind.GOODS: _ALL | {"skills": 0.0, "times": 5.0, "quantity": 20.0, "burden": 0.0},
    ListingKind.FOOD: _ALL | {"skills": 0.0, "times": 10.0, "quantity": 20.0, "burden": 0.0},
    ListingKind.FUND: _ALL | {"skills": 0.0, "times": 0.0, "stage": 15.0, "burden": 0.0},
    ListingKind.PLACE: _ALL | {"skills": 0.0, "times": 20.0, "closeness": 20.0, "burden": 0.0},
    ListingKind.ADVICE: _ALL | {"text": 25.0, "quantity": 0.0, "stage": 15.0},
    ListingKind.PARTNER: _ALL | {"fields": 30.0, "text": 25.0, "skills": 10.0, "quantity": 0.0},
}


def weights_of(need: Traits, by_kind: ByKind) -> Weights:
    """What each criterion counts for each need, by its kind."""
    kind = kind_number(need)
    return {name: np.array([by_kind[k].get(name, 0.0) for k in KINDS])[kind] for name in CRITERIA}


@dataclass(frozen=True)
class Direction:
    """One side's view of n others: values by criterion (NaN: unknown, `DOES_NOT_APPLY`; what weighs
    nothing is left out) and weights, what they are divided by, what the unknown adds, and the
    score. The contributions and `unknown` add up to it.
    """

    values: Mapping[str, Array]
    weights: Weights
    whole: Array
    unknown: Array
    score: Array

    @cached_property
    def contributions(self) -> Mapping[str, Array]:
        """In points, by criterion. Dearer than the score: best made for the few that are shown."""
        return {
            name: 100 * self.weights[name] * np.where(value > 0, value, 0) / self.whole
            for name, value in self.values.items()
        }

    def take(self, rows: Array) -> "Direction":
        """The view of these rows only."""
        return Direction(
            {name: value[rows] for name, value in self.values.items()},
            {name: w if len(w) == 1 else w[rows] for name, w in self.weights.items()},
            self.whole[rows],
            self.unknown[rows],
            self.score[rows],
        )


def directional(one: Traits, other: Traits, weights: Weights) -> Direction:
    """What `one` gets from each `other`, from 0 to 100."""
    shape = (max(len(one), len(other)),)
    values = {
        name: np.broadcast_to(CRITERIA[name](one, other), shape)
        for name, weight in weights.items()
        if weight.any()
    }
    return combine(values, weights, shape)


def combine(values: Mapping[str, Array], weights: Weights, shape: tuple[int, ...]) -> Direction:
    """The score of values; see the formula above."""
    reached, known, unknown = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for name, value in values.items():
        weight = weights[name]
        reached += weight * np.fmax(value, 0)  # neither what is unknown nor what does not apply
        known += weight * (value >= 0)
        unknown += weight * np.isnan(value)
    whole = known + UNKNOWN_WEIGHT * unknown
    whole = np.where(whole > 0, whole, 1)
    of_unknown = 100 * UNKNOWN_WEIGHT * UNKNOWN_VALUE * unknown / whole
    return Direction(values, weights, whole, of_unknown, 100 * reached / whole + of_unknown)


@dataclass(frozen=True)
class Scores:
    """Both directions, R, and what the order is made by."""

    forward: Direction
    backward: Direction
    reciprocal: Array
    penalty: Array

    @cached_property
    def order(self) -> Array:
        return np.asarray(np.round(self.reciprocal * self.penalty, DECIMALS))

    def take(self, rows: Array) -> "Scores":
        """The scores of these rows only."""
        views = self.forward.take(rows), self.backward.take(rows)
        return Scores(*views, self.reciprocal[rows], self.penalty[rows])


def score(mine: Traits, others: Traits, weights: Weights) -> Scores:
    """Everything about one party and each of the others."""
    forward = directional(mine, others, weights)
    backward = directional(others, mine, weights)
    return both_ways(forward, backward, others)


def both_ways(forward: Direction, backward: Direction, others: Traits) -> Scores:
    """Both directions as one: R, and how much it is worth by what the others have already."""
    both = np.round(np.sqrt(forward.score * backward.score), DECIMALS)
    return Scores(forward, backward, both, penalty(others))


def penalty(traits: Traits) -> Array:
    """π: how much further down somebody stands who has connections already.

    q is what is still needed, or for a resident what they wish for in a month.
    """
    wanted = np.where(np.isfinite(traits.limit), traits.limit, traits.quantity)
    wanted = np.where(np.isnan(wanted) | (wanted < 1), 1, wanted)
    engaged = traits.exposure.astype(np.float64)
    return np.where(engaged < wanted, np.exp(-engaged / wanted), ENOUGH_ALREADY)


def label(reciprocal: float) -> str:
    """◎ ○ △."""
    return "◎" if reciprocal >= EXCELLENT else "○" if reciprocal >= GOOD else "△"


def ranked(mine: Traits, others: Traits, scores: Scores, limit: int) -> tuple[Array, Array]:
    """Rows in the order shown, and which of them have a place reserved for those shown least.

    By R·π, then by least exposure, then by a hash of both ids: never by age or by number.
    """
    ties = _mixed(others.hash ^ mine.hash[0])
    exposure, order = others.exposure, scores.order
    everybody = np.arange(len(others))
    reserved = min(int(limit * RESERVED), max(0, len(others) - limit))
    best = _first(everybody, limit - reserved, -order, exposure, ties)
    rest = np.setdiff1d(everybody, best, assume_unique=True)
    least_first = exposure * (2.0 * _MOST) - order  # an order is at most `_MOST`
    least = _first(rest, reserved, least_first, ties)
    shown = np.concatenate([best, _first(least, reserved, -order, exposure, ties)])
    return shown, np.arange(len(shown)) >= len(best)


def _first(rows: Array, count: int, *keys: Array) -> Array:
    """The first `count` of these rows by keys, without putting all the others in order."""
    if count <= 0:
        return rows[:0]
    if count < len(rows):
        first = keys[0][rows]
        rows = rows[first <= np.partition(first, count - 1)[count - 1]]
    return rows[np.lexsort([key[rows] for key in reversed(keys)])][:count]


def _mixed(numbers: Array) -> Array:
    """SplitMix64's finaliser: neighbouring numbers lie anywhere."""
    with np.errstate(over="ignore"):
        mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))
