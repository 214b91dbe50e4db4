"""Time together: against a week that is counted minute by minute."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from app.core.bits import numbers_of
from app.core.clock import TOKYO
from app.matching.times import longest_minutes, overlap_minutes, times_known
from app.matching.traits import Traits, minutes_of, moment_of
from app.vocabulary.times import PERIODS, SLOTS, WEEKDAYS
from tests.matching.parties import many, need, need_rows, offer, offer_rows, slots, window

_HOURS = [period.hours for period in PERIODS]
_MONDAY = minutes_of(datetime(2026, 11, 23, tzinfo=TOKYO))


def slot_at(minute: int) -> int:
    """The slot of the week that a minute lies in, by the clock on the wall in Tokyo."""
    at = moment_of(minute)
    hour, weekday = at.hour, at.weekday()
    if hour < 6:  # still last night
        hour, weekday = hour + 24, (weekday - 1) % 7
    period = next(n for n, (first, last) in enumerate(_HOURS) if first <= hour < last)
    return weekday * len(PERIODS) + period


def minutes_of_slots(mask: int) -> int:
    return sum((_HOURS[s % 6][1] - _HOURS[s % 6][0]) * 60 for s in numbers_of(mask))


def by_hand(one: Traits, other: Traits) -> int:
    """The longest of the ways in which two parties can meet, minute by minute."""
    slots = [int(party.slots[0]) for party in (one, other)]
    exact = [
        {m for begins, ends in party.windows[0].tolist() for m in range(begins, ends)}
        for party in (one, other)
    ]
    dated = [
        sum(1 for minute in exact[a] if slots[b] >> slot_at(minute) & 1)
        for a, b in ((0, 1), (1, 0))
    ]
    return max(minutes_of_slots(slots[0] & slots[1]), len(exact[0] & exact[1]), *dated)


class TestOverlapMinutes:
    @given(mine=need_rows, theirs=offer_rows)
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_is_what_one_counts_minute_by_minute(self, mine: dict, theirs: dict) -> None:
        one, other = many([mine]), many([theirs])
        assert overlap_minutes(one, other).tolist() == [by_hand(one, other)]
        assert overlap_minutes(other, one).tolist() == [by_hand(one, other)]

    @given(mine=need_rows, theirs=offer_rows, more=offer_rows)
    @hypothesis_settings(max_examples=30, deadline=None)
    def test_is_the_same_for_one_and_among_many(self, mine: dict, theirs: dict, more: dict) -> None:
        one, others = many([mine]), many([theirs, more])
        single = [overlap_minutes(one, others.row(n).settled())[0] for n in (0, 1)]
        assert overlap_minutes(one, others).tolist() == single
        assert overlap_minutes(others, one).tolist() == single

    @pytest.mark.parametrize(
        ("begins", "ends", "slot", "minutes"),
        [
            # 2026-12-05 is a Saturday.
            ("2026-12-05T09:00", "2026-12-05T12:00", "sat-morning", 180),
            ("2026-12-05T08:30", "2026-12-05T09:30", "sat-morning", 30),
            ("2026-12-05T08:30", "2026-12-05T09:30", "sat-early", 30),
            ("2026-12-05T22:00", "2026-12-06T02:00", "sat-night", 240),
            ("2026-12-05T22:00", "2026-12-06T02:00", "sun-night", 0),
            ("2026-12-06T01:00", "2026-12-06T05:00", "sat-night", 240),
            # The night of Sunday reaches into Monday, and into the next week.
            ("2026-12-06T23:00", "2026-12-07T05:00", "sun-night", 360),
            ("2026-12-07T05:00", "2026-12-07T07:00", "sun-night", 60),
            ("2026-12-07T05:00", "2026-12-07T07:00", "mon-early", 60),
            ("2026-12-07T00:00", "2026-12-07T06:00", "mon-night", 0),
            # Over the turn of the year.
            ("2026-12-31T23:00", "2027-01-01T01:00", "thu-night", 120),
        ],
    )
    def test_of_exact_times_and_a_slot(
        self, begins: str, ends: str, slot: str, minutes: int
    ) -> None:
        dated, weekly = need(windows=[window(begins, ends)]), offer(slots=slots(slot))
        assert overlap_minutes(dated, weekly).tolist() == [minutes]

    def test_of_exact_times(self) -> None:
        mine = need(
            windows=[
                window("2026-12-05T10:00", "2026-12-05T12:00"),
                window("2026-12-12T23:00", "2026-12-13T01:00"),
            ]
        )
        theirs = offer(
            windows=[
                window("2026-12-05T11:30", "2026-12-05T15:00"),
                window("2026-12-13T00:00", "2026-12-13T09:00"),
            ]
        )
        assert overlap_minutes(mine, theirs).tolist() == [90]

    def test_touching_is_not_meeting(self) -> None:
        mine = need(windows=[window("2026-12-05T10:00", "2026-12-05T12:00")])
        theirs = offer(windows=[window("2026-12-05T12:00", "2026-12-05T15:00")])
        assert overlap_minutes(mine, theirs).tolist() == [0]

    def test_slots_and_exact_times_are_alternatives(self) -> None:
        said = {
            "slots": slots("sat-morning"),
            "windows": [window("2026-12-06T10:00", "2026-12-06T11:00")],
        }
        assert overlap_minutes(need(**said), offer(**said)).tolist() == [180]


def in_a_row(minutes: Iterable[int]) -> int:
    """How many of these minutes follow each other without a gap, at most."""
    longest = piece = 0
    last: int | None = None
    for minute in sorted(minutes):
        piece = piece + 1 if last is not None and minute == last + 1 else 1
        longest, last = max(longest, piece), minute
    return longest


def longest_by_hand(one: Traits, other: Traits) -> int:
    """The longest piece of any of the ways in which two parties can meet, minute by minute."""
    slots = [int(party.slots[0]) for party in (one, other)]
    exact = [
        [range(begins, ends) for begins, ends in party.windows[0].tolist() if ends]
        for party in (one, other)
    ]
    both, fortnight = slots[0] & slots[1], range(_MONDAY, _MONDAY + 14 * 1440)
    weekly = in_a_row(m for m in fortnight if both >> slot_at(m) & 1) if both else 0
    dated = [
        in_a_row(minute for minute in time if slots[b] >> slot_at(minute) & 1)
        for a, b in ((0, 1), (1, 0))
        for time in exact[a]
    ]
    dates = [len(set(mine) & set(theirs)) for mine in exact[0] for theirs in exact[1]]
    return max([min(weekly, 1440), *dated, *dates])


class TestLongestMinutes:
    @given(mine=need_rows, theirs=offer_rows)
    @hypothesis_settings(max_examples=60, deadline=None)
    def test_is_what_one_counts_minute_by_minute(self, mine: dict, theirs: dict) -> None:
        one, other = many([mine]), many([theirs])
        assert longest_minutes(one, other).tolist() == [longest_by_hand(one, other)]
        assert longest_minutes(other, one).tolist() == [longest_by_hand(one, other)]

    @pytest.mark.parametrize(
        ("mine", "theirs", "minutes"),
        [
            (("sat-morning", "sat-noon"), ("sat-morning", "sat-noon"), 360),
            (("sat-morning", "sat-afternoon"), ("sat-morning", "sat-afternoon"), 180),
            (("sat-morning", "sat-noon"), ("sat-morning", "sun-noon"), 180),
            (("sat-early",), ("sun-early",), 0),
            # The night ends where the next day begins, on Sunday as well.
            (("sat-night", "sun-early"), ("sat-night", "sun-early"), 720),
            (("sun-night", "mon-early"), ("sun-night", "mon-early"), 720),
            (SLOTS, SLOTS, 1440),
        ],
    )
    def test_of_slots_that_follow_each_other(
        self, mine: tuple[str, ...], theirs: tuple[str, ...], minutes: int
    ) -> None:
        one, other = need(slots=slots(*mine)), offer(slots=slots(*theirs))
        assert longest_minutes(one, other).tolist() == [minutes]

    @pytest.mark.parametrize(
        ("named", "minutes"),
        [
            (("sun-night", "mon-early"), 240),
            (("sun-night",), 120),
            (("sun-evening", "mon-early"), 120),
            (("sun-morning", "mon-night"), 0),
        ],
    )
    def test_of_exact_times_and_slots(self, named: tuple[str, ...], minutes: int) -> None:
        """Two nights from Sunday to Monday, of which each counts by itself."""
        nights = [
            window("2026-12-07T04:00", "2026-12-07T08:00"),
            window("2026-12-14T04:00", "2026-12-14T08:00"),
        ]
        dated, weekly = need(windows=nights), offer(slots=slots(*named))
        assert longest_minutes(dated, weekly).tolist() == [minutes]
        assert longest_minutes(weekly, dated).tolist() == [minutes]
        assert overlap_minutes(dated, weekly).tolist() == [2 * minutes]

    def test_of_exact_times_is_that_of_one_with_one(self) -> None:
        mine = need(
            windows=[
                window("2026-12-05T10:00", "2026-12-05T12:00"),
                window("2026-12-12T10:00", "2026-12-12T12:00"),
            ]
        )
        theirs = offer(
            windows=[
                window("2026-12-05T11:30", "2026-12-05T15:00"),
                window("2026-12-12T09:00", "2026-12-12T10:45"),
            ]
        )
        assert longest_minutes(mine, theirs).tolist() == [45]


class TestTimesKnown:
    def test_both_have_to_say(self) -> None:
        silent, weekly = need(), need(slots=slots("mon-night"))
        dated = offer(windows=[window("2026-12-05T10:00", "2026-12-05T12:00")])
        assert times_known(silent, dated).tolist() == [False]
        assert times_known(weekly, dated).tolist() == [True]
        assert times_known(weekly, offer()).tolist() == [False]


class TestSlots:
    def test_every_minute_of_a_week_lies_in_one(self) -> None:
        monday = datetime(2026, 11, 23, tzinfo=TOKYO)
        for hour in range(7 * 24):
            begins = monday + timedelta(hours=hour)
            dated = need(
                windows=[
                    window(
                        *(f"{at:%Y-%m-%dT%H:%M}" for at in (begins, begins + timedelta(hours=1)))
                    )
                ]
            )
            found = np.flatnonzero(dated.slot_minutes[0]).tolist()
            assert [SLOTS[slot].partition("-")[0] for slot in found] == [
                WEEKDAYS[(begins - timedelta(hours=6)).weekday()]
            ]
            assert dated.slot_minutes[0].sum() == 60
