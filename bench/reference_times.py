"""Minutes that two parties have together, for `reference`: interval by interval."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from app.core.clock import TOKYO
from app.vocabulary.times import PERIODS, WEEKDAYS, Period

# From, to; both in Tokyo.
Interval = tuple[datetime, datetime]
_MONDAY = datetime(2026, 1, 5, tzinfo=TOKYO)  # any
_HOURS = {f"{day}-{period}": period.hours for day in WEEKDAYS for period in Period}


def minutes_together(
    my_slots: Collection[str],
    my_windows: Collection[Interval],
    their_slots: Collection[str],
    their_windows: Collection[Interval],
) -> int:
    """Slots and exact times of one party are alternatives: the longest overlap counts."""
    weekly = sum(
        (_HOURS[slot][1] - _HOURS[slot][0]) * 60 for slot in my_slots if slot in their_slots
    )
    return max(
        weekly,
        _dated(my_windows, their_slots),
        _dated(their_windows, my_slots),
        sum(_shared(mine, theirs) for mine in my_windows for theirs in their_windows),
    )


def longest_together(
    my_slots: Collection[str],
    my_windows: Collection[Interval],
    their_slots: Collection[str],
    their_windows: Collection[Interval],
) -> int:
    """Minutes of the longest piece: of an exact time in another, or in slots without a gap."""
    weekly = _longest_in_a_week(frozenset(my_slots) & frozenset(their_slots))
    dated = [_unbroken(window, their_slots) for window in my_windows]
    dated += [_unbroken(window, my_slots) for window in their_windows]
    dated += [_shared(mine, theirs) for mine in my_windows for theirs in their_windows]
    return max([weekly, *dated])


@lru_cache(10_000)
def _longest_in_a_week(slots: frozenset[str]) -> int:
    """Of a week that begins again: Sunday's night is followed by Monday."""
    return _unbroken((_MONDAY, _MONDAY + timedelta(days=14)), slots) if slots else 0


def _unbroken(window: Interval, slots: Collection[str]) -> int:
    """The longest piece of an exact time that lies in slots which follow each other."""
    longest = piece = 0
    for name, slot in _slots_around(window):
        piece = piece + _shared(window, slot) if name in slots else 0
        longest = max(longest, piece)
    return longest


def _dated(windows: Iterable[Interval], slots: Collection[str]) -> int:
    """Minutes of exact times that fall into slots of the week."""
    if not slots:
        return 0
    return sum(
        _shared(window, slot)
        for window in windows
        for name, slot in _slots_around(window)
        if name in slots
    )


def _slots_around(window: Interval) -> Iterable[tuple[str, Interval]]:
    """Every slot of every day it touches; last night's reaches into its first morning."""
    midnight = window[0].replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    while midnight < window[1]:
        weekday = WEEKDAYS[midnight.weekday()]
        for period in PERIODS:
            first, last = (midnight + timedelta(hours=hours) for hours in period.hours)
            yield f"{weekday}-{period}", (first, last)
        midnight += timedelta(days=1)


def _shared(one: Interval, other: Interval) -> int:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, int(shared.total_seconds()) // 60)
