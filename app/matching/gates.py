"""What must hold before a pair is looked at: H1 to H11, each with a reason code. Pure.

A gate is `(need, offer, question) -> one truth value a pair`. What is unknown passes, and lowers
the score, except where somebody's safety or the law depends on it (H6, H7).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from app.matching.times import longest_minutes, times_known
from app.matching.traits import KINDS, Array, Traits, facing, hash_of, kind_number
from app.vocabulary.listings import Condition
from search.geo import EARTH_KM

REFUSED_DAYS = 180


@dataclass(frozen=True)
class Question:
    """For which day it is asked, and what the rows themselves do not tell.

    `compatible[need kind, offer kind]`; `refused`: ids of parties, and `refused_groups` numbers of
    organisations, this one must not be paired with; `notifying`: whether people would be written
    to (H11).
    """

    today: date
    compatible: Array
    refused: frozenset[str] = field(default=frozenset())
    refused_groups: frozenset[int] = field(default=frozenset())
    notifying: bool = False


Gate = Callable[[Traits, Traits, Question], Array]


def _kind(need: Traits, offer: Traits, question: Question) -> Array:
    """H1: an offer of this kind can answer a need of that kind."""
    answers = (question.compatible * (1 << np.arange(len(KINDS)))).sum(axis=1).astype(np.int16)
    return np.asarray(answers[kind_number(need)] & offer.kinds != 0)


def _open(need: Traits, offer: Traits, question: Question) -> Array:
    """H2: both are published, not over, can still be answered, and their periods meet."""
    today = question.today.toordinal()
    begins = np.maximum(need.starts, offer.starts)
    ends = np.minimum(need.ends, offer.ends)
    in_time = (ends >= today) & (np.minimum(need.answer_by, offer.answer_by) >= today)
    return np.asarray(need.open & offer.open & in_time & (begins <= ends))


def _strangers(need: Traits, offer: Traits, question: Question) -> Array:
    """H3: not one's own, not blocked, not refused within `REFUSED_DAYS`."""
    refused = np.array([hash_of(id_) for id_ in question.refused], dtype=np.uint64)
    strangers = (need.organisation != offer.organisation) | (need.organisation < 0)
    for side in (need, offer):
        if len(refused):
            strangers = strangers & ~np.isin(side.hash, refused)
        if question.refused_groups:
            strangers = strangers & ~np.isin(side.organisation, list(question.refused_groups))
    return np.asarray(strangers)


def _times(need: Traits, offer: Traits, _: Question) -> Array:
    """H4: the times meet for what one time takes, in one piece, or are open to arrangement."""
    enough = longest_minutes(need, offer) >= need.minutes
    arranged = need.negotiable | offer.negotiable
    return np.asarray(enough | arranged | ~times_known(need, offer))


def _near(need: Traits, offer: Traits, _: Question) -> Array:
    """H5: within the way either side makes, or online."""
    reach = np.fmax(need.reach_km, offer.reach_km)
    too_far = distance_km(need, offer) > reach  # false where either is unknown
    return np.asarray(~too_far | both_online(need, offer))


def _able(need: Traits, offer: Traits, _: Question) -> Array:
    """H6: required skills and licences are there, and an age that law or insurance asks for."""
    skilled = need.required & ~offer.skills == 0
    asks_age = (need.youngest > 0) | (need.oldest < 200)
    of_age = (offer.age_from >= need.youngest) & (offer.age_to <= need.oldest)
    is_person = offer.age_to != -2  # an organisation's offer has no age
    return np.asarray(skilled & (~asks_age | of_age | ~is_person))


def _amount(need: Traits, offer: Traits, question: Question) -> Array:
    """H7: neither the least useful quantity nor the smallest lot is missed, as far as both count
    alike; food keeps and fits.
    """
    alike = ~units_differ(need, offer)
    few = alike & (offer.quantity < need.least) & (offer.quantity >= 0)
    small = alike & (need.quantity < offer.least) & (need.quantity >= 0)
    begins = np.maximum(np.maximum(need.starts, offer.starts), question.today.toordinal())
    day = np.maximum(need.use_by, begins)
    spoilt = (offer.best_before > 0) & (offer.best_before < day)
    warm = (offer.coldness > 0) & (need.coldness < offer.coldness)
    return np.asarray(~few & ~small & ~spoilt & ~warm)


def _room(need: Traits, offer: Traits, _: Question) -> Array:
    """H8: something is left on both sides."""
    left = (need.quantity != 0) & (offer.quantity != 0)
    return np.asarray(left & (need.engaged < need.limit) & (offer.engaged < offer.limit))


def _conditions(need: Traits, offer: Traits, _: Question) -> Array:
    """H9: whoever takes meets what the giver or the city asks."""
    asked = offer.conditions & ~Condition.LOCAL.bit
    same_place = (need.municipality == offer.municipality) & (need.municipality >= 0)
    local = (offer.conditions & Condition.LOCAL.bit == 0) | same_place
    return np.asarray((asked & ~need.meets == 0) & local)


def _consent(need: Traits, offer: Traits, _: Question) -> Array:
    """H10: has agreed to be matched; for minors, a guardian has."""
    return np.asarray(need.consents & offer.consents)


def _budget(need: Traits, offer: Traits, question: Question) -> Array:
    """H11: nobody is written to more often than they wish."""
    if not question.notifying:
        return np.ones(np.broadcast_shapes(need.limit.shape, offer.limit.shape), dtype=np.bool_)
    return np.asarray((need.exposure < need.limit) & (offer.exposure < offer.limit))


GATES: dict[str, Gate] = {
    "H1": _kind,
    "H2": _open,
    "H3": _strangers,
    "H10": _consent,
    "H8": _room,
    "H9": _conditions,
    "H6": _able,
    "H7": _amount,
    "H5": _near,
    "H4": _times,
    "H11": _budget,
}
# Each round sees only what the one before has left: what looks at much comes last.
ROUNDS = (("H1",), ("H2", "H3", "H10", "H8", "H9"), ("H6", "H7", "H5", "H4", "H11"))
# What a person can do something about: a pair that fails only one of these is worth naming. As
# above, what looks at much comes last.
MENDABLE = ("H8", "H9", "H6", "H7", "H5", "H4")
# The others.
FIRM = (("H1",), ("H2", "H3", "H10", "H11"))


def units_differ(one: Traits, other: Traits) -> Array:
    """Whether they count in different units: nobody knows how many 本 a 箱 holds."""
    return np.asarray((one.unit != other.unit) & (one.unit >= 0) & (other.unit >= 0))


def both_online(need: Traits, offer: Traits) -> Array:
    return np.asarray((need.online == 1) & (offer.online == 1))


def distance_km(one: Traits, other: Traits) -> Array:
    """Great-circle distance; NaN where a place is unknown."""
    single, many = facing(one, other)
    return many.remembered("distance", single, lambda: _distance_km(single, many))


def _distance_km(one: Traits, other: Traits) -> Array:
    lat1, lng1, lat2, lng2 = map(
        np.radians, (one.latitude, one.longitude, other.latitude, other.longitude)
    )
    half = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lng2 - lng1) / 2) ** 2
    )
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def passed(need: Traits, offer: Traits, question: Question) -> dict[str, Array]:
    """Every gate for every pair."""
    shape = np.broadcast_shapes(need.kinds.shape, offer.kinds.shape)
    return {
        code: np.broadcast_to(gate(need, offer, question), shape) for code, gate in GATES.items()
    }


def sift(
    mine: Traits,
    others: Traits,
    question: Question,
    *,
    asking: bool,
    rounds: Sequence[Sequence[str]] = ROUNDS,
) -> tuple[Traits, dict[str, int]]:
    """Those of `others` that pass every gate, and how many each gate kept out first.

    `asking`: whether `mine` is the need.
    """
    kept_out: dict[str, int] = {}
    left = others
    for codes in rounds:
        need, offer = (mine, left) if asking else (left, mine)
        good = np.ones(len(left), dtype=np.bool_)
        for code in codes:
            before = int(np.count_nonzero(good))
            good &= GATES[code](need, offer, question)
            if missed := before - int(np.count_nonzero(good)):
                kept_out[code] = missed
        left = left.take(good)
    return left, kept_out
