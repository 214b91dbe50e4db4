"""The dates a rule makes."""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.core.clock import TOKYO, in_tokyo
from app.listings.shift_rules import (
    MOST_DATES,
    dates,
    normalise_rule,
)

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
SATURDAY = datetime(2026, 12, 5, 10, tzinfo=TOKYO)
HOURS_2 = timedelta(hours=2)
MOMENTS = st.datetimes(datetime(2026, 11, 22), datetime(2028, 11, 1), timezones=st.just(TOKYO))  # noqa: DTZ001

_WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def _some(most: int) -> st.SearchStrategy[list[int]]:
    numbers = st.integers(1, 5) | st.integers(-most, most)
    return st.lists(numbers.filter(bool), min_size=1, max_size=3)


PARTS: dict[str, st.SearchStrategy[list[Any]]] = {
    "BYDAY": st.lists(
        st.builds(
            "{}{}".format,
            st.sampled_from(["", "1", "-1", "5", "-5", "6", "20", "53", "-53", "99"]),
            st.sampled_from(_WEEKDAYS),
        ),
        min_size=1,
        max_size=3,
    ),
    "BYMONTHDAY": _some(31),
    "BYYEARDAY": _some(999),
    "BYWEEKNO": _some(99),
    "BYMONTH": st.lists(st.integers(1, 12), min_size=1, max_size=2),
    "BYSETPOS": _some(999),
    "WKST": st.lists(st.sampled_from(_WEEKDAYS), min_size=1, max_size=1),
    "COUNT": st.lists(st.integers(1, 5), min_size=1, max_size=1),
    "INTERVAL": st.lists(st.integers(1, 9), min_size=1, max_size=1),
}


def days(rule: str, first: datetime = SATURDAY) -> list[date]:
    return [in_tokyo(begins).date() for begins, _ in dates(first, first + HOURS_2, rule, NOW)]


class TestDates:
    def test_without_a_rule_there_is_one(self) -> None:
        assert dates(SATURDAY, SATURDAY + HOURS_2, None, NOW) == [(SATURDAY, SATURDAY + HOURS_2)]

    @pytest.mark.parametrize(
        ("rule", "wanted"),
        [
            ("FREQ=WEEKLY;COUNT=3", ["12-05", "12-12", "12-19"]),
            ("FREQ=WEEKLY;BYDAY=SA,SU;COUNT=3", ["12-05", "12-06", "12-12"]),
            ("FREQ=WEEKLY;INTERVAL=2;UNTIL=20261220", ["12-05", "12-19"]),
            ("FREQ=DAILY;UNTIL=20261207", ["12-05", "12-06", "12-07"]),
            ("FREQ=DAILY;UNTIL=20261206T235959", ["12-05", "12-06"]),
            ("FREQ=DAILY;UNTIL=20261206T005959Z", ["12-05"]),
            ("FREQ=DAILY;UNTIL=20261206T010000Z", ["12-05", "12-06"]),
            ("FREQ=MONTHLY;BYDAY=1SA;UNTIL=20270131", ["12-05", "01-02"]),
            ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=2", ["12-31", "01-31"]),
            ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=1", ["12-31"]),
            ("FREQ=YEARLY;BYMONTH=1;BYDAY=2MO;COUNT=1", ["01-11"]),
            ("RRULE:freq=weekly;count=1", ["12-05"]),
        ],
    )
    def test_are_those_of_the_rule(self, rule: str, wanted: list[str]) -> None:
        assert [f"{day:%m-%d}" for day in days(rule)] == wanted

    def test_a_leap_day_comes_when_it_comes(self) -> None:
        first = datetime(2028, 2, 29, 10, tzinfo=TOKYO)
        assert days("FREQ=YEARLY;COUNT=1", first) == [date(2028, 2, 29)]
        assert days("FREQ=DAILY;COUNT=2", first) == [date(2028, 2, 29), date(2028, 3, 1)]

    @pytest.mark.parametrize(
        ("rule", "count"),
        [("FREQ=DAILY", 365), ("FREQ=WEEKLY", 53), ("FREQ=MONTHLY", 12), ("FREQ=YEARLY", 1)],
    )
    def test_a_rule_without_an_end_holds_for_a_year(self, rule: str, count: int) -> None:
        found = days(rule)
        assert len(found) == count
        assert found[-1] < date(2027, 12, 5)

    def test_a_rule_without_an_end_stops_at_three_years(self) -> None:
        found = days("FREQ=MONTHLY", datetime(2029, 9, 1, 10, tzinfo=TOKYO))
        assert found == [date(2029, 9, 1), date(2029, 10, 1), date(2029, 11, 1)]

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            ("FREQ=DAILY;COUNT=401", "400回まで"),
            ("FREQ=DAILY;UNTIL=20280131", "400回まで"),
            ("FREQ=YEARLY;COUNT=9999", "3年より先"),
            ("FREQ=MONTHLY;UNTIL=50261205", "3年より先"),
            ("FREQ=MONTHLY;INTERVAL=999;COUNT=2", "3年より先"),
            ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "合う日がありません"),
            ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5", "合う日がありません"),
            ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "合う日がありません"),
            ("FREQ=YEARLY;BYDAY=53SA;BYWEEKNO=1", "合う日がありません"),
            ("FREQ=WEEKLY;UNTIL=20200101", "合う日がありません"),
        ],
    )
    def test_what_goes_too_far_is_refused_and_soon(self, rule: str, said: str) -> None:
        begun = time.process_time()
        with pytest.raises(ValueError, match=said):
            days(rule)
        assert time.process_time() - begun < 3

    def test_nothing_is_planned_beyond_three_years(self) -> None:
        late = NOW.replace(year=2029) + timedelta(seconds=1)
        with pytest.raises(ValueError, match="3年より先"):
            dates(late, late + HOURS_2, None, NOW)
        assert dates(NOW.replace(year=2029), late, None, NOW)

    @given(
        first=MOMENTS,
        minutes=st.integers(1, 1440),
        offset=st.integers(-12, 14),
        frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
        interval=st.integers(1, 4),
        count=st.integers(1, 12),
    )
    def test_show_the_same_wall_clock_in_tokyo(
        self,
        first: datetime,
        minutes: int,
        offset: int,
        frequency: str,
        interval: int,
        count: int,
    ) -> None:
        """Whatever time zone a moment is written in, midnight crossed or not."""
        abroad = first.astimezone(timezone(timedelta(hours=offset)))
        lasts = timedelta(minutes=minutes)
        rule = f"FREQ={frequency};INTERVAL={interval};COUNT={count}"
        try:
            found = dates(abroad, abroad + lasts, rule, NOW)
        except ValueError as error:
            assume("3年より先" not in str(error))
            raise
        assert len(found) == count
        assert found[0][0] == first
        assert found == sorted(found)
        for begins, ends in found:
            assert in_tokyo(begins).time() == first.time()
            assert ends - begins == lasts
            assert begins.tzinfo is UTC
        if frequency != "MONTHLY":
            step = timedelta(days=interval * {"DAILY": 1, "WEEKLY": 7}[frequency])
            assert found[-1][0] == first.astimezone(UTC) + step * (count - 1)

    @given(
        first=MOMENTS,
        frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        interval=st.integers(1, 30),
        weekdays=st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), max_size=3),
        until=st.none() | st.dates(date(2026, 1, 1), date(2032, 1, 1)),
    )
    def test_are_bounded_whatever_the_rule(
        self,
        first: datetime,
        frequency: str,
        interval: int,
        weekdays: list[str],
        until: date | None,
    ) -> None:
        rule = f"FREQ={frequency};INTERVAL={interval}"
        rule += f";BYDAY={','.join(weekdays)}" if weekdays else ""
        rule += f";UNTIL={until:%Y%m%d}" if until else ""
        try:
            found = days(rule, first)
        except ValueError as error:
            assert str(error).endswith("。")  # noqa: PT017
            return
        assert 0 < len(found) <= MOST_DATES
        assert found[-1] <= (until or date(2029, 11, 21))

    @given(
        first=MOMENTS,
        frequency=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        parts=st.fixed_dictionaries({}, optional=PARTS),
    )
    @hypothesis_settings(max_examples=300, deadline=None)
    def test_answer_any_rule_with_dates_or_a_sentence(
        self, first: datetime, frequency: str, parts: dict[str, list[Any]]
    ) -> None:
        rule = f"FREQ={frequency}" + "".join(
            f";{name}={','.join(map(str, values))}" for name, values in parts.items()
        )
        try:
            found = days(rule, first)
        except ValueError as error:
            assert str(error).endswith("。")  # noqa: PT017
        else:
            assert found == sorted(found)


class TestNormaliseRule:
    @pytest.mark.parametrize(
        "written",
        [
            "",
            "WEEKLY",
            "FREQ",
            "FREQ=",
            "COUNT=3",
            "FREQ=WEEKLY;FREQ=DAILY",
            "FREQ=FORTNIGHTLY",
            "FREQ=WEEKLY;COUNT=0",
            "FREQ=WEEKLY;COUNT=-1",
            "FREQ=WEEKLY;COUNT=٣",
            "FREQ=WEEKLY;COUNT=10000",
            "FREQ=WEEKLY;COUNT=3;UNTIL=20270101",
            "FREQ=WEEKLY;INTERVAL=0",
            "FREQ=WEEKLY;UNTIL=2027-01-01",
            "FREQ=WEEKLY;UNTIL=20270230",
            "FREQ=WEEKLY;UNTIL=00000101",
            "FREQ=WEEKLY;UNTIL=99991231T235959Z",
            "FREQ=WEEKLY;BYDAY=XX",
            "FREQ=WEEKLY;BYDAY=2SA",
            "FREQ=WEEKLY;BYMONTHDAY=1",
            "FREQ=MONTHLY;BYMONTHDAY=32",
            "FREQ=MONTHLY;BYYEARDAY=100",
            "FREQ=MONTHLY;BYSETPOS=1",
            "FREQ=DAILY;BYMONTH=1;BYSETPOS=2",
            "FREQ=YEARLY;BYDAY=99WE",
            "FREQ=YEARLY;BYDAY=-54WE",
            "FREQ=MONTHLY;BYDAY=20SA",
            "FREQ=MONTHLY;BYDAY=SA,+6SU",
            "FREQ=YEARLY;BYDAY=53MO;BYMONTH=2",
            "FREQ=YEARLY;BYMONTH=13",
            "FREQ=YEARLY;BYEASTER=0",
            "FREQ=WEEKLY;X=1",
            "FREQ=WEEKLY;;COUNT=3",
            "FREQ=WEEKLY\nDTSTART:20261205T100000",
            "DTSTART:20261205T100000\nRRULE:FREQ=WEEKLY",
        ],
    )
    def test_refuses_what_is_no_rule(self, written: str) -> None:
        with pytest.raises(ValueError, match="RRULE"):
            normalise_rule(written)

    @pytest.mark.parametrize(
        "written",
        [
            "FREQ=HOURLY",
            "FREQ=MINUTELY;INTERVAL=5",
            "FREQ=SECONDLY;COUNT=3",
            "FREQ=DAILY;BYHOUR=9,10",
            "FREQ=DAILY;BYMINUTE=0,30",
        ],
    )
    def test_refuses_more_than_one_date_a_day(self, written: str) -> None:
        with pytest.raises(ValueError, match="一日に一回まで"):
            normalise_rule(written)

    @given(
        st.text(max_size=80) | st.from_regex(r"FREQ=[A-Z]{5,7}(;[A-Z]{2,8}=[0-9A-Z,+-]{1,8}){0,3}")
    )
    def test_answers_anything_with_a_rule_or_a_sentence(self, written: str) -> None:
        try:
            rule = normalise_rule(written)
        except ValueError as error:
            assert str(error).endswith("。")  # noqa: PT017
        else:
            assert normalise_rule(rule) == rule
