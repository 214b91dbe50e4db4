"""How long two parties have time together. Pure."""

import numpy as np

from app.matching.traits import SLOT_MINUTES, Array, Traits, facing


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
    weekly = _in_slots(many.slots, slots)
    if slots and many.exact.any():
        weekly = np.maximum(weekly, many.slot_minutes @ slot_bits(slots))
    if not single.exact[0]:
        return weekly
    dated = _weighed(many.slots, single.slot_minutes[0])
    if many.exact.any():
        dated = np.maximum(dated, _common(single.windows[0], many.windows))
    return np.asarray(np.maximum(weekly, dated))


def slot_bits(slots: int) -> Array:
    """One or nought for each slot of the week."""
    return np.array([slots >> slot & 1 for slot in range(len(SLOT_MINUTES))], dtype=np.int32)


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
