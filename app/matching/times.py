"""How long two parties have time together. Pure."""

import numpy as np

from app.matching.traits import SLOT_MINUTES, Array, Traits, facing

_NUMBERS = np.arange(len(SLOT_MINUTES))


def times_known(one: Traits, other: Traits) -> Array:
    """Whether both have said when."""
    return np.asarray(_said(one) & _said(other))


def _said(traits: Traits) -> Array:
    return np.asarray((traits.slots != 0) | traits.exact)


def overlap_minutes(one: Traits, other: Traits) -> Array:
    """Minutes in common: of a week where both name slots of it, else of the exact times.

    One of the two has a single row. Slots and exact times of one party are alternatives: the
    longer overlap counts.
    """
    single, many = facing(one, other)
    return many.remembered("overlap", single, lambda: _overlap(single, many))


def _overlap(single: Traits, many: Traits) -> Array:
    slots = int(single.slots[0])
    minutes = _in_slots(many.slots, slots)
    if single.exact[0]:
        minutes = np.maximum(minutes, _weighed(many.slots, single.slot_minutes[0]))
    rows = np.flatnonzero(many.exact)
    if len(rows):
        dated = many.take(rows)  # few have exact times, which are the widest columns
        of_slots = dated.slot_minutes @ slot_bits(slots)
        of_dates = _common(single.windows[0], dated.windows)
        minutes[rows] = np.maximum(minutes[rows], np.maximum(of_slots, of_dates))
    return minutes


def slot_bits(slots: int) -> Array:
    """One or nought for each slot of the week."""
    return np.asarray((slots >> _NUMBERS & 1).astype(np.int32))


def _in_slots(masks: Array, slots: int) -> Array:
    """Minutes of the slots in both."""
    return _weighed(masks, SLOT_MINUTES * slot_bits(slots))


def _weighed(masks: Array, minutes: Array) -> Array:
    total = np.zeros(len(masks), dtype=np.int32)
    for slot in np.flatnonzero(minutes):
        total += (masks >> int(slot) & 1).astype(np.int32) * int(minutes[slot])
    return total


def _common(windows: Array, many: Array) -> Array:
    """Minutes that exact times share; windows of one party do not overlap each other."""
    total = np.zeros(len(many), dtype=np.int32)
    for begins, ends in windows[windows[:, 1] > 0]:
        shared = np.minimum(many[:, :, 1], ends) - np.maximum(many[:, :, 0], begins)
        total += np.clip(shared, 0, None).sum(axis=1).astype(np.int32)
    return total
