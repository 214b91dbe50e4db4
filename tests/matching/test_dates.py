"""The next dates of a listing, and what one time takes."""

from datetime import UTC, datetime, timedelta

import pytest

from app.matching.dates import read_dates, usual_minutes
from app.matching.traits import MOST_WINDOWS, minutes_of
from tests.matching.city import City

SATURDAY = datetime(2027, 6, 5, tzinfo=UTC)  # nine in the morning in Tokyo
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class TestReadDates:
    def test_those_that_overlap_are_one_time_of_two_lengths(self, town: City) -> None:
        need, nine = town.need(), minutes_of(SATURDAY)
        for after, hours in ((0, 3), (2, 4), (6, 0.5)):
            town.shift(need, SATURDAY + after * HOUR, hours=hours)
        with town.database.read() as session:
            dates = read_dates(session, [need])[need]
        assert dates.windows == [(nine, nine + 360), (nine + 360, nine + 390)]
        assert dates.lengths == [180, 240, 30]

    def test_what_is_not_kept_has_no_length(self, town: City) -> None:
        need = town.need()
        for number in range(MOST_WINDOWS + 1):
            town.shift(need, SATURDAY + number * DAY, hours=20 - number)
        with town.database.read() as session:
            dates = read_dates(session, [need])[need]
        assert len(dates.windows) == len(dates.lengths) == MOST_WINDOWS


class TestUsualMinutes:
    @pytest.mark.parametrize(
        ("lengths", "weekly", "minutes"),
        [
            ([], False, 60),
            ([], True, 60),
            ([180, 240], False, 180),
            ([180, 240], True, 60),
            ([30, 240], True, 30),
        ],
    )
    def test_is_the_shortest_of_what_is_named(
        self, lengths: list[int], weekly: bool, minutes: int
    ) -> None:
        assert usual_minutes(lengths, weekly=weekly) == minutes
