"""How well one side suits the other, criterion by criterion, as `one` sees it. Pure.

A criterion is `(one, other) -> values`, one a pair: from 0 to 1, NaN where something is unknown,
`DOES_NOT_APPLY` where the question does not arise. Directions differ: who seeks 20 of something
and finds 10 has half, who gives 10 has all of it used. Never used: sex, nationality, age beyond
what H6 checks, past refusals, payment.
"""

from collections.abc import Callable

import numpy as np

from app.matching.gates import both_online, distance_km, units_differ
from app.matching.times import overlap_minutes, times_known
from app.matching.traits import KINDS, MOST_WORDS, Array, Traits, facing, kind_number
from app.vocabulary.listings import ListingKind

DOES_NOT_APPLY = -1.0
CITY_KM = 2.0  # the distance at which closeness has fallen to 1/e: a ride on a bicycle
RELATED = 0.5
ALIKE = 0.25
ARRANGED = 0.5

Criterion = Callable[[Traits, Traits], Array]


def fields(one: Traits, other: Traits) -> Array:
    """分野: the share of my fields that the other works in; one next to them counts `RELATED`.

    Not Jaccard, which takes a broad group to be close to nobody (docs/decisions/0010).
    """
    mine, theirs = one.fields, other.fields
    near = mine & other.near_fields & ~theirs
    known = (mine != 0) & (theirs != 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (_count(mine & theirs) + RELATED * _count(near)) / _count(mine)
    return np.where(known, share, np.nan)


def _count(masks: Array) -> Array:
    return np.bitwise_count(masks).astype(np.float64)


def text(one: Traits, other: Traits) -> Array:
    """内容: the idf-weighted share of my content words that the other uses too.

    `ALIKE` of them is all: two texts on one theme seldom have more in common.
    """
    single, many = facing(one, other)
    both = many.remembered("words", single, lambda: _shared_words(single, many))
    shared = both[:, 0 if single is one else 1]
    known = (one.all_idf > 0) & (other.all_idf > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, np.minimum(shared / one.all_idf / ALIKE, 1), np.nan)


def _shared_words(single: Traits, many: Traits) -> Array:
    """For each of the many what the words in common weigh: to the single party, and to them."""
    mine = single.words[0]
    largest = max(int(mine.max()), int(many.words.max(initial=-1)))
    idf = np.zeros(largest + 2, dtype=np.int32)  # the last is for -1: no word
    idf[mine[mine >= 0]] = single.idf[0][mine >= 0]
    # Few of all words are in common: only those are looked up and added.
    rows, places = np.divmod(np.flatnonzero((idf > 0).take(many.words)), MOST_WORDS)
    to_mine = idf[many.words[rows, places]]
    to_theirs = many.take(rows).idf[np.arange(len(rows)), places]
    weighed = [np.bincount(rows, weights, len(many)) for weights in (to_mine, to_theirs)]
    return np.stack(weighed, axis=1)


def skills(one: Traits, other: Traits) -> Array:
    """技能: of what I ask, the share that is covered (the preferred count half); of what I can do,
    the share that is asked for.
    """
    asked, able = one.required | one.preferred, other.skills
    covered = _count(one.required & able) + RELATED * _count(one.preferred & ~one.required & able)
    wanted = _count(one.required) + RELATED * _count(one.preferred & ~one.required)
    useful = _count(one.skills & (other.required | other.preferred))
    with np.errstate(invalid="ignore", divide="ignore"):
        as_asking = np.where(able != 0, covered / wanted, np.nan)
        as_able = np.where(one.skills != 0, useful / _count(one.skills), np.nan)
    is_asked = (other.required | other.preferred) != 0
    return np.where(asked != 0, as_asking, np.where(is_asked, as_able, DOES_NOT_APPLY))


def times(one: Traits, other: Traits) -> Array:
    """日時: the share of the time needed that both have; open to arrangement is at least half."""
    shared = np.minimum(overlap_minutes(one, other) / one.minutes, 1)
    value = np.where(times_known(one, other), shared, np.nan)
    return np.where(one.negotiable | other.negotiable, np.fmax(value, ARRANGED), value)


def closeness(one: Traits, other: Traits) -> Array:
    """近さ: exp(-distance / `CITY_KM`); online is next door.

    Where only the municipality is known, its office stands for the place, and nobody is taken to
    be nearer than `CITY_KM`.
    """
    single, many = facing(one, other)
    return many.remembered("closeness", single, lambda: _nearness(single, many))


def _nearness(one: Traits, other: Traits) -> Array:
    distance = distance_km(one, other)
    guessed = ~(one.placed & other.placed)
    distance = np.where(guessed, np.maximum(distance, CITY_KM), distance)
    return np.where(both_online(one, other), 1.0, np.exp(-distance / CITY_KM))


def quantity(one: Traits, other: Traits) -> Array:
    """数量: the share of mine that the other side can fill or use; unknown where units differ."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.minimum(one.quantity, other.quantity) / one.quantity
    counted = (one.quantity >= 0) & (other.quantity >= 0)
    unknown = np.isnan(one.quantity) | np.isnan(other.quantity) | units_differ(one, other)
    left_out = (one.quantity < 0) | (other.quantity < 0)
    value = np.where(unknown, np.nan, np.where(counted & (one.quantity > 0), share, 0.0))
    return np.where(left_out, DOES_NOT_APPLY, value)


# How much a kind helps a group at a stage, by the stage's place in the city's list (0 = first).
# Early groups need advice, people and a place; grown ones goods, funds and partners.
STAGE_KIND: dict[ListingKind, tuple[float, ...]] = {
    ListingKind.PEOPLE: (0.6, 0.9, 1.0, 0.8, 1.0),
    ListingKind.SKILL: (0.7, 1.0, 0.9, 0.8, 0.8),
    ListingKind.GOODS: (0.5, 0.8, 1.0, 0.8, 0.6),
    ListingKind.FOOD: (0.5, 0.8, 1.0, 1.0, 0.7),
    ListingKind.FUND: (0.4, 0.8, 1.0, 0.8, 0.6),
    ListingKind.PLACE: (0.8, 1.0, 0.9, 0.6, 0.6),
    ListingKind.ADVICE: (1.0, 1.0, 0.7, 0.5, 0.9),
    ListingKind.PARTNER: (0.5, 0.7, 0.9, 1.0, 1.0),
}
_OTHER_STAGE = 0.2
_ANY_STAGE = 0.7  # a stage that a city has added
_STAGES = 31
_STAGE_KIND = np.array(
    [[*STAGE_KIND[kind], *[_ANY_STAGE] * (_STAGES - len(STAGE_KIND[kind]))] for kind in KINDS]
)


def stage(one: Traits, other: Traits) -> Array:
    """ステージ: what is given suits the stage of the taker: as the giver says, or by kind."""
    if one.seeks.all():
        return _suits(one, other)
    if not one.seeks.any():
        return _suits(other, one)
    return np.where(one.seeks, _suits(one, other), _suits(other, one))


def _suits(need: Traits, giver: Traits) -> Array:
    at = np.clip(need.stage, 0, _STAGES - 1)
    said = np.where(giver.suits >> at & 1 == 1, 1.0, _OTHER_STAGE)
    value = np.where(giver.suits != 0, said, _STAGE_KIND[kind_number(need), at])
    return np.where(need.stage >= 0, value, np.nan)


_FREQUENCY = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]])


def burden(one: Traits, other: Traits) -> Array:
    """頻度・負担: once, for a while or regularly, as both wish; a first time needs a welcome."""
    single, many = facing(one, other)
    return many.remembered("burden", single, lambda: _agreement(single, many))


def _agreement(one: Traits, other: Traits) -> Array:
    known = (one.frequency >= 0) & (other.frequency >= 0)
    often = _FREQUENCY[np.clip(one.frequency, 0, 2), np.clip(other.frequency, 0, 2)]
    value = np.where(known, often, np.nan)
    welcome = _welcome(one, other)
    either = np.where(np.isnan(value), welcome, value)
    return np.where(np.isnan(value) | np.isnan(welcome), either, (value + welcome) / 2)


def _welcome(one: Traits, other: Traits) -> Array:
    first = (one.first_time == 1) | (other.first_time == 1)
    beginners = np.maximum(one.beginners, other.beginners)
    return np.where(first & (beginners >= 0), beginners.astype(np.float64), np.nan)


def wish(one: Traits, other: Traits) -> Array:
    """相手の希望: the other is of a kind that one would like to work with."""
    hit = np.where(other.type >= 0, one.wished >> np.clip(other.type, 0, 30) & 1, 0)
    return np.where(one.wished != 0, hit.astype(np.float64), DOES_NOT_APPLY)


CRITERIA: dict[str, Criterion] = {
    "fields": fields,
    "text": text,
    "skills": skills,
    "times": times,
    "closeness": closeness,
    "quantity": quantity,
    "stage": stage,
    "burden": burden,
    "wish": wish,
}
LABELS = {
    "fields": "分野",
    "text": "内容",
    "skills": "技能",
    "times": "日時",
    "closeness": "近さ",
    "quantity": "数量",
    "stage": "ステージ",
    "burden": "頻度・負担",
    "wish": "相手の希望",
    "complement": "求めるものと提供するもの",
}
