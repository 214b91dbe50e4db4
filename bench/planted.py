"""Truths that matching does not know: how likely both sides are to say yes.

Each side says yes with a probability of its own: a logit of what counts in life (both what was
written down and what was not), and of chance. A pair comes about with their product. What counts
how much is drawn anew for each truth, so that none can suit the engine by design.
Grades: of all pairs that are possible at all, the best 2 % are 3, the best 10 % (the share of
registrations that come to something) 2, the best 30 % 1.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.reference import Party, distance_km, together

_CHANCE = 0.3  # standard deviation of what nobody can know, in logits
_GRADES = (0.02, 0.10, 0.30)
_TOP = 10
_FARTHEST_KM = 10.0
_ALIKE = 0.4  # two texts of the same theme seldom have more in common
_LEAST, _MOST = 0.5, 2.5  # logits between all and nothing of a cause
_LESSER = {"often", "wish", "stage"}  # half of that

Causes = dict[str, float]
# Ids of need and offer → what speaks for the other, as either sees it.
Pairs = Mapping[tuple[str, str], tuple[Causes, Causes]]
# Need → offer → grade.
Grades = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Truth:
    """What counts how much, for the one who seeks and for the one who gives."""

    need: Causes
    giver: Causes

    @staticmethod
    def drawn(rng: random.Random) -> "Truth":
        def side() -> Causes:
            return {
                cause: rng.uniform(_LEAST, _MOST) / (2 if cause in _LESSER else 1)
                for cause in _CAUSES
            }

        return Truth(side(), side())

    def likely(self, both: tuple[Causes, Causes], rng: random.Random | None = None) -> float:
        """How likely the two come together; with `rng`, chance plays its part."""
        chance = (rng.gauss(0, _CHANCE), rng.gauss(0, _CHANCE)) if rng else (0.0, 0.0)
        return _yes(self.need, both[0], chance[0]) * _yes(self.giver, both[1], chance[1])

    def willing(self, giver: Party, need: Party, *, eager: float) -> float:
        """How likely the giver is to say yes; `eager` in logits."""
        return _yes(self.giver, causes(giver, need), eager)


def pairs_of(pairs: Iterable[tuple[Party, Party]]) -> Pairs:
    return {(n.id, o.id): (causes(n, o), causes(o, n)) for n, o in pairs}


def grades_of(truth: Truth, possible: Pairs, rng: random.Random) -> Grades:
    """The grades above nought."""
    likely = {pair: truth.likely(both, rng) for pair, both in possible.items()}
    ranked = sorted(likely, key=lambda pair: -likely[pair])
    graded: dict[str, dict[str, int]] = {}
    for place, (need_id, offer_id) in enumerate(ranked):
        grade = sum(place < share * len(ranked) for share in _GRADES)
        if not grade:
            break
        graded.setdefault(need_id, {})[offer_id] = grade
    return graded


def ndcg(shown: Sequence[str], grades: Mapping[str, int], *, steep: bool = False) -> float:
    """Of the first ten; the gain is the grade (Järvelin & Kekäläinen), or steeply 2^grade - 1."""
    ideal = sorted(grades.values(), reverse=True)
    found = [grades.get(id_, 0) for id_ in shown]
    return _dcg(found, steep=steep) / _dcg(ideal, steep=steep)


def _dcg(grades: Sequence[int], *, steep: bool) -> float:
    gains = [2**grade - 1 if steep else grade for grade in grades[:_TOP]]
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


def _yes(weights: Causes, found: Causes, more: float) -> float:
    """With half of everything a little less likely than not."""
    logit = -1 + more + sum(weight * (found[cause] - 0.5) for cause, weight in weights.items())
    return 1 / (1 + math.exp(-logit))


# -------------------------------------------------------------------------------------- causes


def causes(one: Party, other: Party) -> Causes:
    """What speaks for the other, as `one` sees it: from 0 to 1 each."""
    return {name: cause(one, other) for name, cause in _CAUSES.items()}


def _theme(one: Party, other: Party) -> float:
    """One theme in common is most of it; a second adds a little."""
    if not one.fields or not other.fields:
        return 0.4
    return (0.0, 0.8, 1.0)[min(2, len(one.fields & other.fields))]


def _likeness(one: Party, other: Party) -> float:
    """Cosine of the sets of words."""
    if not one.words or not other.words:
        return 0.25
    shared = len(one.words.keys() & other.words.keys())
    return min(1.0, shared / math.sqrt(len(one.words) * len(other.words)) / _ALIKE)


def _skilled(one: Party, other: Party) -> float:
    need, giver = (one, other) if one.seeks else (other, one)
    asked = need.required | need.preferred
    return len(asked & giver.skills) / len(asked) if asked else 0.5


def _hours(one: Party, other: Party) -> float:
    """The first hour together matters most, beyond six nothing more."""
    if not (one.says_when and other.says_when):
        return 0.5
    return math.log1p(min(together(one, other) / 60, 6)) / math.log(7)


def _share(one: Party, other: Party) -> float:
    if one.quantity is None or other.quantity is None or not one.quantity:
        return 0.5
    return math.sqrt(min(one.quantity, other.quantity) / one.quantity)


def _way(one: Party, other: Party) -> float:
    """Every kilometre costs the same."""
    if one.online and other.online:
        return 1.0
    distance = distance_km(one, other)
    return 0.5 if distance is None else 1 - min(_FARTHEST_KM, distance) / _FARTHEST_KM


def _often(one: Party, other: Party) -> float:
    if one.frequency is None or other.frequency is None:
        return 0.5
    return float(one.frequency == other.frequency)


def _wish(one: Party, other: Party) -> float:
    return float(other.type in one.wished) if one.wished else 0.5


def _stage(one: Party, other: Party) -> float:
    need, giver = (one, other) if one.seeks else (other, one)
    return float(need.stage in giver.suits) if giver.suits and need.stage is not None else 0.5


_CAUSES = {
    "theme": _theme,
    "likeness": _likeness,
    "skilled": _skilled,
    "hours": _hours,
    "share": _share,
    "way": _way,
    "often": _often,
    "wish": _wish,
    "stage": _stage,
}
