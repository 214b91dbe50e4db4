"""Dates as Japan writes them."""

from datetime import UTC, date, datetime

import pytest

from app.core import clock


class TestParseDate:
    @pytest.mark.parametrize(
        ("written", "day"),
        [
            ("2024-02-29", date(2024, 2, 29)),
            ("2024/2/29", date(2024, 2, 29)),
            ("2024.02.29", date(2024, 2, 29)),
            ("2024年2月29日", date(2024, 2, 29)),
            ("２０２４年２月２９日", date(2024, 2, 29)),
            ("令和6年2月29日", date(2024, 2, 29)),
            ("令和 ６ 年 ２ 月 ２９ 日", date(2024, 2, 29)),
            ("R6.2.29", date(2024, 2, 29)),
            ("r6/2/29", date(2024, 2, 29)),
            ("令和元年5月1日", date(2019, 5, 1)),
            ("平成31年4月30日", date(2019, 4, 30)),
            ("H1.1.8", date(1989, 1, 8)),
            ("昭和64年1月7日", date(1989, 1, 7)),
            ("S元.12.25", date(1926, 12, 25)),
            ("大正15年12月24日", date(1926, 12, 24)),
            ("明治45年7月29日", date(1912, 7, 29)),
        ],
    )
    def test_reads_every_usual_way(self, written: str, day: date) -> None:
        assert clock.parse_date(written) == day

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "きのう",
            "2023-02-29",
            "2024-13-01",
            "2024年",
            "2024-02",
            "令和6年",
            "令和6年2月30日",
            "令和元年4月30日",
            "平成31年5月1日",
            "昭和64年1月8日",
            "令和0年1月1日",
            "明治元年1月1日",
            "20240229",
            "2024-02-29T00:00",
            "0000-01-01",
            "=2024-02-29",
        ],
    )
    def test_refuses_the_rest_and_days_outside_their_era(self, written: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            clock.parse_date(written)


class TestParseYear:
    @pytest.mark.parametrize(
        ("written", "year"),
        [
            ("1985", 1985),
            ("１９８５年", 1985),
            ("昭和60年", 1985),
            ("S60", 1985),
            ("平成元年", 1989),
            ("令和8年4月1日", 2026),
            ("1985/4/1", 1985),
        ],
    )
    def test_reads_every_usual_way(self, written: str, year: int) -> None:
        assert clock.parse_year(written) == year

    @pytest.mark.parametrize(
        "written",
        ["", "85", "昭和", "昭和0年", "12345", "未定", "昭和99", "昭和65", "平成32年", "١٩٨٥"],
    )
    def test_refuses_the_rest(self, written: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            clock.parse_year(written)


class TestWareki:
    @pytest.mark.parametrize(
        ("day", "written"),
        [
            (date(2024, 2, 29), "令和6年2月29日"),
            (date(2019, 5, 1), "令和元年5月1日"),
            (date(2019, 4, 30), "平成31年4月30日"),
            (date(1868, 10, 23), "明治元年10月23日"),
        ],
    )
    def test_writes_what_parse_date_reads(self, day: date, written: str) -> None:
        assert clock.wareki(day) == written
        assert clock.parse_date(written) == day

    def test_every_first_day_of_an_era_is_year_one(self) -> None:
        firsts = [date(1912, 7, 30), date(1926, 12, 25), date(1989, 1, 8), date(2019, 5, 1)]
        names = ["大正", "昭和", "平成", "令和"]
        assert [clock.era_of(day) for day in firsts] == [(name, 1) for name in names]

    def test_before_the_eras_there_is_none(self) -> None:
        with pytest.raises(ValueError, match="1868"):
            clock.wareki(date(1868, 10, 22))

    @pytest.mark.parametrize(
        ("year", "written"), [(2019, "令和元年"), (1988, "昭和63年"), (1600, "")]
    )
    def test_names_the_year(self, year: int, written: str) -> None:
        assert clock.wareki_year(year) == written


class TestInTokyo:
    def test_late_in_the_day_in_utc_it_is_tomorrow(self) -> None:
        evening = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)
        assert clock.in_tokyo(evening).date() == date(2026, 4, 1)

    def test_now_says_its_time_zone_and_today_is_its_date_in_tokyo(self) -> None:
        before = clock.now()
        today = clock.today()
        after = clock.now()
        assert before.tzinfo is UTC
        assert clock.in_tokyo(before).date() <= today <= clock.in_tokyo(after).date()


class TestYearsAfter:
    @pytest.mark.parametrize(
        ("day", "years", "wanted"),
        [
            (date(2026, 11, 21), 3, date(2029, 11, 21)),
            (date(2026, 11, 21), -3, date(2023, 11, 21)),
            (date(2024, 2, 29), 4, date(2028, 2, 29)),
            (date(2024, 2, 29), 1, date(2025, 3, 1)),
            (date(2024, 2, 29), -1, date(2023, 3, 1)),
        ],
    )
    def test_is_the_same_day_of_another_year(self, day: date, years: int, wanted: date) -> None:
        assert clock.years_after(day, years) == wanted
