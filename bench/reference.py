"""A naive matching: one pair at a time, in plain Python, on ORM objects. Slow, and easy to read.

Written from the rules (docstrings of `app.matching`), not from the engine: what it shares with it
are tables of data. Whatever the engine answers, this answers too, or one of the two is wrong.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.matching.criteria import STAGE_KIND
from app.matching.scores import DEFAULT_WEIGHTS, ByKind
from app.vocabulary.fields import NEIGHBOURS
from app.vocabulary.listings import Condition, Frequency, ListingKind
from bench.reference_times import Interval, longest_together, minutes_together

EARTH_KM = 6371.0
CITY_KM = 2.0
_OTHER_STAGE, _ANY_STAGE = 0.2, 0.7
_FIELDS = 20
_NO_MATTER = "does not apply"
_OFTEN = {frequency: place for place, frequency in enumerate(Frequency)}
_TOP = (1 << 64) - 1

# A value of a criterion: from 0 to 1, None where unknown, or `_NO_MATTER`.
Value = float | str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """Whoever seeks or offers. None: unknown.

    `counted`: whether a quantity makes sense at all; `placed`: whether the position is its own, not
    that of its municipality's office.
    """

    id: str
    seeks: bool
    kinds: frozenset[ListingKind]
    open: bool = True
    consents: bool = True
    starts: date = date.min
    ends: date = date.max
    answer_by: date = date.max
    organisation: Any = None
    fields: frozenset[int] = frozenset()
    required: frozenset[int] = frozenset()
    preferred: frozenset[int] = frozenset()
    skills: frozenset[int] = frozenset()
    slots: frozenset[str] = frozenset()
    windows: tuple[Interval, ...] = ()
    negotiable: bool = False
    minutes: int = 60
    position: tuple[float, float] | None = None
    placed: bool = False
    municipality: str | None = None
    reach_km: float | None = None
    online: bool | None = None
    counted: bool = True
    quantity: int | None = None
    unit: str | None = None
    least: int = 0
    limit: int | None = None
    engaged: int = 0
    exposure: int = 0
    needed_on: date = date.min
    best_before: date | None = None
    coldness: int | None = None
    conditions: frozenset[Condition] = frozenset()
    meets: frozenset[Condition] = frozenset()
    stage: int | None = None
    suits: frozenset[int] = frozenset()
    type: str | None = None
    wished: frozenset[str] = frozenset()
    frequency: Frequency | None = None
    beginners: bool | None = None
    first_time: bool | None = None
    youngest: int = 0
    oldest: int = 200
    has_age: bool = False
    ages: tuple[int, int] | None = None
    words: Mapping[str, float] = field(default_factory=dict)

    @property
    def kind(self) -> ListingKind:
        """Of a need: the one kind it has; of many, the first."""
        return next(kind for kind in ListingKind if kind in self.kinds)

    @property
    def says_when(self) -> bool:
        return bool(self.slots or self.windows)


@dataclass(frozen=True)
class Rules:
    """What a city has set, the day of the question, and who has refused whom."""

    today: date
    compatible: frozenset[tuple[ListingKind, ListingKind]]
    weights: ByKind = field(default_factory=lambda: DEFAULT_WEIGHTS)
    refused: frozenset[str] = frozenset()
    notifying: bool = False


# --------------------------------------------------------------------------------------- gates


def broken(need: Party, offer: Party, rules: Rules) -> Iterator[str]:
    """The codes of the gates that keep this pair apart, the cheap ones first."""
    return (code for code, holds in _GATES.items() if not holds(need, offer, rules))


def passes(need: Party, offer: Party, rules: Rules) -> bool:
    return next(broken(need, offer, rules), None) is None


def _kinds(need: Party, offer: Party, rules: Rules) -> bool:
    return any((need.kind, kind) in rules.compatible for kind in offer.kinds)


def _strangers(need: Party, offer: Party, rules: Rules) -> bool:
    own = need.organisation is not None and need.organisation == offer.organisation
    return not own and not {need.id, offer.id} & rules.refused


def _open(need: Party, offer: Party, today: date) -> bool:
    begins, ends = max(need.starts, offer.starts), min(need.ends, offer.ends)
    in_time = today <= min(ends, need.answer_by, offer.answer_by)
    return need.open and offer.open and in_time and begins <= ends


def _has_room(party: Party) -> bool:
    left = not party.counted or party.quantity is None or party.quantity > 0
    return left and (party.limit is None or party.engaged < party.limit)


def _meets(need: Party, offer: Party) -> bool:
    local = need.municipality is not None and need.municipality == offer.municipality
    met = (need.meets - {Condition.LOCAL}) | ({Condition.LOCAL} if local else set())
    return offer.conditions <= met


def _able(need: Party, offer: Party) -> bool:
    if not need.required <= offer.skills:
        return False
    if not offer.has_age or (need.youngest == 0 and need.oldest == 200):
        return True
    ages = offer.ages
    return ages is not None and need.youngest <= ages[0] and ages[1] <= need.oldest


def _enough_and_good(need: Party, offer: Party, today: date) -> bool:
    if _few(offer, need) or _few(need, offer):
        return False
    day = max(today, need.needed_on, need.starts, offer.starts)
    spoilt = offer.best_before is not None and offer.best_before < day
    cold = offer.coldness or 0
    return not spoilt and (cold == 0 or (need.coldness is not None and need.coldness >= cold))


def _few(party: Party, other: Party) -> bool:
    """Whether one has less than the least of use to the other, as far as both count alike."""
    counts = party.counted and party.quantity is not None and _count_alike(party, other)
    return counts and (party.quantity or 0) < other.least


def _count_alike(one: Party, other: Party) -> bool:
    return one.unit is None or other.unit is None or one.unit == other.unit


def _near(need: Party, offer: Party) -> bool:
    if both_online(need, offer):
        return True
    reaches = [reach for reach in (need.reach_km, offer.reach_km) if reach is not None]
    distance = distance_km(need, offer)
    return not reaches or distance is None or distance <= max(reaches)


def _have_time(need: Party, offer: Party) -> bool:
    if need.negotiable or offer.negotiable or not (need.says_when and offer.says_when):
        return True
    return longest_together(need.slots, need.windows, offer.slots, offer.windows) >= need.minutes


def _may_hear(party: Party) -> bool:
    return party.limit is None or party.exposure < party.limit


_GATES: Mapping[str, Callable[[Party, Party, Rules], bool]] = {
    "H1": _kinds,
    "H2": lambda need, offer, rules: _open(need, offer, rules.today),
    "H3": _strangers,
    "H10": lambda need, offer, _: need.consents and offer.consents,
    "H8": lambda need, offer, _: _has_room(need) and _has_room(offer),
    "H9": lambda need, offer, _: _meets(need, offer),
    "H6": lambda need, offer, _: _able(need, offer),
    "H7": lambda need, offer, rules: _enough_and_good(need, offer, rules.today),
    "H5": lambda need, offer, _: _near(need, offer),
    "H4": lambda need, offer, _: _have_time(need, offer),
    "H11": lambda need, offer, rules: not rules.notifying or (_may_hear(need) and _may_hear(offer)),
}


def both_online(one: Party, other: Party) -> bool:
    return one.online is True and other.online is True


def distance_km(one: Party, other: Party) -> float | None:
    """The haversine formula."""
    if one.position is None or other.position is None:
        return None
    (lat1, lng1), (lat2, lng2) = (tuple(map(math.radians, p.position or ())) for p in (one, other))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lng2 - lng1) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, max(0.0, half))))


def together(one: Party, other: Party) -> int:
    return minutes_together(one.slots, one.windows, other.slots, other.windows)


# ------------------------------------------------------------------------------------ criteria


def values(one: Party, other: Party) -> dict[str, Value]:
    """Every criterion as `one` sees the other."""
    return {
        "fields": _fields(one, other),
        "text": _text(one, other),
        "skills": _skills(one, other),
        "times": _times(one, other),
        "closeness": _closeness(one, other),
        "quantity": _quantity(one, other),
        "stage": _stage(*((one, other) if one.seeks else (other, one))),
        "burden": _burden(one, other),
        "wish": float(other.type in one.wished) if one.wished else _NO_MATTER,
    }


def _fields(one: Party, other: Party) -> Value:
    if not one.fields or not other.fields:
        return None
    return sum(_credit(field, other) for field in one.fields) / len(one.fields)


def _credit(field: int, other: Party) -> float:
    """One for a field the other works in, a half for one next to theirs."""
    if field in other.fields:
        return 1.0
    return 0.5 if any(NEIGHBOURS[field] >> theirs & 1 for theirs in other.fields) else 0.0


def _text(one: Party, other: Party) -> Value:
    if not one.words or not other.words:
        return None
    shared = sum(idf for word, idf in one.words.items() if word in other.words)
    return min(1.0, shared / sum(one.words.values()) / 0.25)


def _skills(one: Party, other: Party) -> Value:
    if one.required or one.preferred:
        return _worth(one, other.skills) / _worth(one, None) if other.skills else None
    asked = other.required | other.preferred
    if not asked:
        return _NO_MATTER
    return len(one.skills & asked) / len(one.skills) if one.skills else None


def _worth(asking: Party, able: frozenset[int] | None) -> float:
    """The required count one, the merely preferred a half; only those somebody is able to do."""
    required, preferred = asking.required, asking.preferred - asking.required
    if able is not None:
        required, preferred = required & able, preferred & able
    return len(required) + 0.5 * len(preferred)


def _times(one: Party, other: Party) -> Value:
    value: float | None = None
    if one.says_when and other.says_when:
        value = min(1.0, together(one, other) / one.minutes)
    if one.negotiable or other.negotiable:
        return max(0.5, value or 0.0)
    return value


def _closeness(one: Party, other: Party) -> Value:
    if both_online(one, other):
        return 1.0
    distance = distance_km(one, other)
    if distance is None:
        return None
    if not (one.placed and other.placed):
        distance = max(distance, CITY_KM)
    return math.exp(-distance / CITY_KM)


def _quantity(one: Party, other: Party) -> Value:
    if not one.counted or not other.counted:
        return _NO_MATTER
    if one.quantity is None or other.quantity is None or not _count_alike(one, other):
        return None
    return min(one.quantity, other.quantity) / one.quantity if one.quantity else 0.0


def _stage(need: Party, giver: Party) -> Value:
    if need.stage is None:
        return None
    if giver.suits:
        return 1.0 if need.stage in giver.suits else _OTHER_STAGE
    table = STAGE_KIND[need.kind]
    return table[need.stage] if need.stage < len(table) else _ANY_STAGE


def _burden(one: Party, other: Party) -> Value:
    parts: list[float] = []
    if one.frequency is not None and other.frequency is not None:
        parts.append(1 - abs(_OFTEN[one.frequency] - _OFTEN[other.frequency]) / 2)
    welcomes = [party.beginners for party in (one, other) if party.beginners is not None]
    if (one.first_time or other.first_time) and welcomes:
        parts.append(float(any(welcomes)))
    return sum(parts) / len(parts) if parts else None


# -------------------------------------------------------------------------- scores, and the order


@dataclass(frozen=True)
class View:
    """One side's view: points by criterion, points of the unknown, their sum."""

    points: Mapping[str, float]
    unknown: float
    score: float


def view(one: Party, other: Party, weights: Mapping[str, float]) -> View:
    return combined(values(one, other), weights)


def combined(found: Mapping[str, Value], weights: Mapping[str, float]) -> View:
    """S = (Σ w·c over the known + U/2 · 1/2) / (Σ w over the known + U/2), as points of 100."""
    known = {name: value for name, value in found.items() if isinstance(value, int | float)}
    missing = sum(weights.get(name, 0.0) for name, value in found.items() if value is None)
    whole = sum(weights.get(name, 0.0) for name in known) + missing / 2
    if not whole:
        return View({}, 0.0, 0.0)
    points = {name: 100 * weights.get(name, 0.0) * value / whole for name, value in known.items()}
    unknown = 100 * missing / 2 * 0.5 / whole
    return View(points, unknown, sum(points.values()) + unknown)


def reciprocal(one: Party, other: Party, rules: Rules) -> float:
    """R, to six decimals."""
    weights = rules.weights[(one if one.seeks else other).kind]
    both = view(one, other, weights).score * view(other, one, weights).score
    return round(math.sqrt(both), 6)


def penalty(party: Party) -> float:
    """π = exp(-k/q) below what is wanted, 0.02 after that."""
    wanted = party.limit if party.limit is not None else party.quantity if party.counted else None
    wanted = max(1, wanted or 1)
    return math.exp(-party.exposure / wanted) if party.exposure < wanted else 0.02


def candidates(
    mine: Party, others: Iterable[Party], rules: Rules, limit: int
) -> list[tuple[Party, float]]:
    """The best in the order shown, with R; a tenth of the places is for those shown least."""
    found = [
        (other, reciprocal(mine, other, rules))
        for other in others
        if passes(*((mine, other) if mine.seeks else (other, mine)), rules)
    ]
    found.sort(key=lambda pair: _place(mine, *pair))
    reserved = min(limit // 10, max(0, len(found) - limit))
    best, rest = found[: limit - reserved], found[limit - reserved :]
    least = sorted(range(len(rest)), key=lambda n: (rest[n][0].exposure, n))[:reserved]
    return best + [rest[n] for n in sorted(least)]


def _place(mine: Party, other: Party, r: float) -> tuple[float, int, int]:
    return -round(r * penalty(other), 6), other.exposure, _mixed(_hash(mine.id) ^ _hash(other.id))


def _hash(id_: str) -> int:
    return int.from_bytes(hashlib.blake2b(id_.encode(), digest_size=8).digest(), "big")


def _mixed(number: int) -> int:
    """SplitMix64's finaliser (Steele, Lea, Flood 2014)."""
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & _TOP
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & _TOP
    return number ^ (number >> 31)
