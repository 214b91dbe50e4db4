"""How long two parties have time together. Pure.

Slots of the week and exact times of one party are alternatives: what two parties have in common is
the most of what slots with slots, dates with slots, slots with dates and dates with dates give.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from app.matching.traits import (
    MOST_WINDOWS,
    SLOT_BOUNDS,
    SLOT_MINUTES,
    WEEKS,
    Array,
    Traits,
    facing,
    in_week,
)
from app.vocabulary.times import PERIODS

_NUMBERS = np.arange(len(SLOT_MINUTES))
# An exact time that begins in this week lies in slots of this one and of those next to it.
_SPANS = np.array([(first + week, last + week) for week in WEEKS for first, last in SLOT_BOUNDS])
_DAY = len(PERIODS)  # slots
_ONE_DAY, _TWO_DAYS = (1 << _DAY) - 1, (1 << 2 * _DAY) - 1  # all of their slots, as sets


def times_known(one: Traits, other: Traits) -> Array:
    """Whether both have said when."""
    return np.asarray(_said(one) & _said(other))


def _said(traits: Traits) -> Array:
    return np.asarray((traits.slots != 0) | traits.exact)


def overlap_minutes(one: Traits, other: Traits) -> Array:
    """Minutes in common, all together: of one week for slots with slots, else of all the dates.

    One of the two has a single row.
    """
    return np.asarray(_measured(one, other)[:, 0])


def longest_minutes(one: Traits, other: Traits) -> Array:
    """Minutes in common in one piece: of one date with one date, or in slots that follow each other
    without a gap, overnight too; of slots with slots at most a day.

    One of the two has a single row.
    """
    return np.asarray(_measured(one, other)[:, 1])


def _measured(one: Traits, other: Traits) -> Array:
    single, many = facing(one, other)
    return many.remembered("overlap", single, lambda: _overlap(single, many))


def _overlap(single: Traits, many: Traits) -> Array:
    """For each of the many, the sum of the minutes in common and the longest piece."""
    slots = int(single.slots[0])
    found = _in_slots(many.slots, slots)
    if single.exact[0]:
        found = np.maximum(found, _dates_in_slots(single, many.slots))
    rows = np.flatnonzero(many.exact)
    if len(rows):
        dated = many.take(rows)  # few have exact times, which are the widest columns
        found[rows] = np.maximum(found.take(rows, axis=0), _in_dates(dated, single))
    return found


def slot_bits(slots: int) -> Array:
    """One or nought for each slot of the week."""
    return np.asarray((slots >> _NUMBERS & 1).astype(np.int32))


# ------------------------------------------------------------------------------ slots and slots


def _sums() -> Array:
    """What each set of the slots of a day adds up to, in minutes."""
    named = np.arange(_ONE_DAY + 1)[:, None] >> _NUMBERS[:_DAY] & 1
    return np.asarray(named @ SLOT_MINUTES[:_DAY], dtype=np.int32)


def _runs() -> Array:
    """The longest piece in each set of the slots of two days, in minutes, a day at most."""
    sets = np.arange(_TWO_DAYS + 1)
    piece = longest = np.zeros(len(sets), dtype=np.int32)
    for slot in range(2 * _DAY):
        piece = (piece + SLOT_MINUTES[slot]) * (sets >> slot & 1)
        longest = np.maximum(longest, piece)
    return np.minimum(longest, 1440).astype(np.int32)


_SUMS, _RUNS = _sums(), _runs()


def _in_slots(masks: Array, slots: int) -> Array:
    """Minutes of the slots in both: the sum, and the longest piece.

    A piece of at most a day lies in the day it begins on and the next.
    """
    both = masks & slots
    both |= (both & _ONE_DAY) << len(_NUMBERS)  # after Sunday comes Monday
    total, longest = np.zeros((2, len(masks)), dtype=np.int32)
    for first in range(0, len(_NUMBERS), _DAY):
        if slots >> first & _ONE_DAY:
            days = both >> first & _TWO_DAYS
            total += _SUMS[days & _ONE_DAY]
            np.maximum(longest, _RUNS[days], out=longest)
    return np.stack([total, longest], axis=1)


# ------------------------------------------------------------------------------ dates and slots


def _dates_in_slots(single: Traits, masks: Array) -> Array:
    """Minutes of exact times that lie in the slots of each set: the sum, and the longest piece."""
    begins, ends = in_week(*_exact(single))
    shared = np.minimum(ends, _SPANS[:, 1]) - np.maximum(begins, _SPANS[:, 0])
    total, longest = np.zeros((2, len(masks)), dtype=np.int32)
    # The same hours of another week are looked at once.
    for minutes, times in Counter(map(tuple, shared.clip(0).tolist())).items():
        piece = np.zeros(len(masks), dtype=np.int32)
        for span in np.flatnonzero(minutes).tolist():
            named = (masks >> span % len(_NUMBERS) & 1).astype(np.int32)
            total += named * (minutes[span] * times)
            piece = (piece + minutes[span]) * named
            np.maximum(longest, piece, out=longest)
    return np.stack([total, longest], axis=1)


def _in_dates(dated: Traits, single: Traits) -> Array:
    """Minutes of each one's exact times in those of the single party, or in its slots: the more of
    the two sums, and the longest piece.
    """
    begins, ends = _exact(dated)
    of_dates = _shared(begins, ends, _exact(single)[:, :, 0].T.tolist())
    of_slots = _shared(*in_week(begins, ends), _pieces(int(single.slots[0])))
    return np.maximum(of_dates, of_slots)


def _exact(traits: Traits) -> Array:
    """First and last minutes of the exact times: 2 × the most that one has × rows."""
    most = 0
    while most < MOST_WINDOWS and traits.windows[:, most, 1].any():
        most += 1
    return np.ascontiguousarray(traits.windows[:, :most].T)


def _shared(begins: Array, ends: Array, others: Iterable[Sequence[int]]) -> Array:
    """Minutes of each one's times that lie in these others: the sum, and the longest piece."""
    total, longest = np.zeros((2, *begins.shape), dtype=np.int32)
    latest = ends.max(initial=0)
    for first, last in others:
        if last <= 0 or first >= latest:
            continue  # a piece of a week in which none of these lies
        shared = np.minimum(ends, last) - np.maximum(begins, first)
        np.maximum(shared, 0, out=shared)
        total += shared
        np.maximum(longest, shared, out=longest)
    return np.stack([total.sum(axis=0), longest.max(axis=0, initial=0)], axis=1)


@lru_cache(4096)
def _pieces(slots: int) -> list[list[int]]:
    """Slots as first and last minutes, in three weeks; those that touch are one."""
    pieces: list[list[int]] = []
    for span, (first, last) in enumerate(_SPANS.tolist()):
        if slots >> span % len(_NUMBERS) & 1:
            if pieces and pieces[-1][1] == first:
                pieces[-1][1] = last
            else:
                pieces.append([first, last])
    return pieces
