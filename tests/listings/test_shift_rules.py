"""The dates a rule makes, who may take a place, who is next."""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.core.clock import TOKYO, in_tokyo
from app.listings.rules import ListingOver
from app.listings.shift_rules import (
    MOST_DATES,
    NeedNotOpen,
    NoShifts,
    ShiftOver,
    check_age,
    check_ahead,
    check_date,
    check_kind,
    check_lasting,
    check_open,
    dates,
    is_open,
    next_to_offer,
    normalise_rule,
    offered_until,
    overlaps,
)
from app.vocabulary.listings import ListingKind, ListingStatus
from app.vocabulary.people import AgeBand

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


class TestCheckKind:
    @pytest.mark.parametrize("kind", ListingKind)
    def test_people_and_skills_are_sought_for_a_date(self, kind: ListingKind) -> None:
        if kind in (ListingKind.PEOPLE, ListingKind.SKILL):
            check_kind(kind)
        else:
            with pytest.raises(NoShifts, match=kind.label[:2]):
                check_kind(kind)


class TestCheckOpen:
    @pytest.mark.parametrize("status", ListingStatus)
    def test_seats_are_given_while_it_is_published_or_pauses(self, status: ListingStatus) -> None:
        assert not is_open(status, organisation_findable=False)
        if status in ("published", "paused"):
            check_open(status, organisation_findable=True)
            assert is_open(status, organisation_findable=True)
            with pytest.raises(NeedNotOpen, match="団体"):
                check_open(status, organisation_findable=False)
        else:
            assert not is_open(status, organisation_findable=True)
            with pytest.raises(NeedNotOpen, match=status.label):
                check_open(status, organisation_findable=True)


class TestCheckDate:
    @pytest.mark.parametrize(
        ("cancelled", "ends_at", "said"),
        [
            (True, SATURDAY, "中止"),
            (False, NOW, "終わって"),
        ],
    )
    def test_nobody_joins_what_is_over(self, cancelled: bool, ends_at: datetime, said: str) -> None:
        with pytest.raises(ShiftOver, match=said):
            check_date(cancelled=cancelled, ends_at=ends_at, now=NOW)

    def test_up_to_its_end(self) -> None:
        check_date(cancelled=False, ends_at=NOW + timedelta(seconds=1), now=NOW)


class TestCheckLasting:
    @pytest.mark.parametrize("status", ListingStatus)
    def test_what_has_ended_gets_no_dates(self, status: ListingStatus) -> None:
        if status in ("fulfilled", "closed", "expired"):
            with pytest.raises(ListingOver, match=status.label):
                check_lasting(status)
        else:
            check_lasting(status)


class TestCheckAhead:
    def test_nothing_begins_in_the_past(self) -> None:
        check_ahead(NOW, NOW)
        with pytest.raises(ValueError, match="今より後"):
            check_ahead(NOW - timedelta(seconds=1), NOW)


class TestOverlaps:
    @given(MOMENTS, st.integers(1, 2880), MOMENTS, st.integers(1, 2880))
    def test_is_to_share_a_minute(
        self, one: datetime, lasts: int, other: datetime, too: int
    ) -> None:
        one, other = (m.replace(second=0, microsecond=0) for m in (one, other))
        other = one + (other - one) % timedelta(days=3) - timedelta(days=1)
        ends, other_ends = one + timedelta(minutes=lasts), other + timedelta(minutes=too)
        shared = min(ends, other_ends) - max(one, other)
        found = overlaps(one, ends, other, other_ends)
        assert found is (shared >= timedelta(minutes=1))
        assert found is overlaps(other, other_ends, one, ends)

    def test_one_may_begin_when_the_other_ends(self) -> None:
        late = datetime(2026, 12, 5, 23, tzinfo=TOKYO)
        after = late + HOURS_2  # one o'clock of the next day
        assert not overlaps(late, after, after, after + HOURS_2)
        assert overlaps(late, after, after - timedelta(minutes=1), after)


class TestCheckAge:
    @pytest.mark.parametrize(
        ("limits", "band", "fits"),
        [
            ((None, None), None, True),
            ((None, None), AgeBand.FROM_75, True),
            ((18, None), None, False),
            ((None, 64), None, False),
            ((18, None), AgeBand.FROM_18, True),
            ((18, None), AgeBand.FROM_15, False),
            ((16, None), AgeBand.FROM_15, True),
            ((20, 60), AgeBand.FROM_18, True),
            ((None, 64), AgeBand.FROM_65, False),
            ((None, 64), AgeBand.FROM_18, True),
            ((65, 74), AgeBand.FROM_75, False),
            ((None, 12), AgeBand.UNDER_15, True),
        ],
    )
    def test_a_band_has_to_reach_the_age_asked_for(
        self, limits: tuple[int | None, int | None], band: AgeBand | None, fits: bool
    ) -> None:
        def check() -> None:
            check_age(*limits, band, guardian_consent=True)

        if fits:
            check()
        else:
            with pytest.raises(ValueError, match="年"):
                check()

    @pytest.mark.parametrize("band", [AgeBand.UNDER_15, AgeBand.FROM_15])
    def test_minors_need_a_guardian(self, band: AgeBand) -> None:
        with pytest.raises(ValueError, match="保護者"):
            check_age(None, None, band, guardian_consent=False)
        check_age(None, None, band, guardian_consent=True)


class TestNextToOffer:
    def test_is_whoever_comes_first_and_fits(self) -> None:
        assert next_to_offer(3, [("a", 4), ("b", 2), ("c", 2), ("d", 1)]) == ["b", "d"]
        assert next_to_offer(0, [("a", 1)]) == []

    @given(st.integers(0, 12), st.lists(st.integers(1, 6), max_size=12))
    def test_leaves_nobody_who_fits(self, free: int, sizes: list[int]) -> None:
        waiting: list[tuple[Any, int]] = list(enumerate(sizes))
        offered = set(next_to_offer(free, waiting))
        left = free - sum(sizes[number] for number in offered)
        assert left >= 0
        assert all(size > left for number, size in waiting if number not in offered)


class TestOfferedUntil:
    def test_is_two_days_and_not_beyond_the_beginning(self) -> None:
        assert offered_until(NOW, NOW + timedelta(days=9)) == NOW + timedelta(hours=48)
        assert offered_until(NOW, NOW + timedelta(hours=5)) == NOW + timedelta(hours=5)
