from datetime import date, timedelta

import pytest

from app.discovery.lexicon import LEXICON
from search import understand
from search.days import MOST_DAYS, day_codes, read_days

TODAY = date(2026, 11, 21)  # a Saturday


def span(first: str, last: str) -> tuple[date, ...]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return tuple(start + timedelta(n) for n in range((end - start).days + 1))


class TestReadDays:
    @pytest.mark.parametrize(
        ("text", "days", "rest"),
        [
            ("今日できること", span("2026-11-21", "2026-11-21"), "できること"),
            ("明日、手伝える", span("2026-11-22", "2026-11-22"), "手伝える"),
            ("あさって 花", span("2026-11-23", "2026-11-23"), "花"),
            ("明後日の花", span("2026-11-23", "2026-11-23"), "花"),
            ("今週末に花", span("2026-11-21", "2026-11-22"), "花"),
            ("来週末に花", span("2026-11-28", "2026-11-29"), "花"),
            ("来週の週末 花", span("2026-11-28", "2026-11-29"), "花"),
            ("今週の日曜に花", span("2026-11-22", "2026-11-22"), "花"),
            ("来週の土曜の午前に花", span("2026-11-28", "2026-11-28"), "花"),
            ("来週土曜日 花", span("2026-11-28", "2026-11-28"), "花"),
            ("来週、花", span("2026-11-23", "2026-11-29"), "花"),
            ("12月5日に花", span("2026-12-05", "2026-12-05"), "花"),
            ("花 12月5日(土)", span("2026-12-05", "2026-12-05"), "花"),
            ("12/5 花", span("2026-12-05", "2026-12-05"), "花"),
            ("2026/12/5の花", span("2026-12-05", "2026-12-05"), "花"),
            ("2026-12-05 花", span("2026-12-05", "2026-12-05"), "花"),
            ("令和8年12月5日の花", span("2026-12-05", "2026-12-05"), "花"),
            ("2027年1月9日に花", span("2027-01-09", "2027-01-09"), "花"),
            ("来年の4月に花", span("2027-04-01", "2027-04-30"), "花"),
            ("12月に花", span("2026-12-01", "2026-12-31"), "花"),
            ("12月中に花", span("2026-12-01", "2026-12-31"), "花"),
            ("今月 花", span("2026-11-21", "2026-11-30"), "花"),
            ("来月の花", span("2026-12-01", "2026-12-31"), "花"),
            ("11月 花", span("2026-11-21", "2026-11-30"), "花"),
            ("10月に花", span("2027-10-01", "2027-10-31"), "花"),
            ("11月20日に花", span("2027-11-20", "2027-11-20"), "花"),
            ("11月21日に花", span("2026-11-21", "2026-11-21"), "花"),
            ("2月29日に花", span("2028-02-29", "2028-02-29"), "花"),
            ("12月5日から12月7日まで花", span("2026-12-05", "2026-12-07"), "花"),
            ("12月30日から1月3日の花", span("2026-12-30", "2027-01-03"), "花"),
            ("11月20日から11月25日まで花", span("2026-11-21", "2026-11-25"), "花"),
            ("明日から2020-12-05まで花", span("2020-12-05", "2020-12-05"), "花"),
            ("12/5-12/7の花", span("2026-12-05", "2026-12-07"), "花"),
            (
                "12月5日か12月8日に花",
                (date(2026, 12, 5), date(2026, 12, 8)),
                "花",
            ),
        ],
    )
    def test_days_are_read_out_of_the_words(
        self, text: str, days: tuple[date, ...], rest: str
    ) -> None:
        assert read_days(text, TODAY) == (days, rest)

    def test_no_more_days_than_can_be_asked_for(self) -> None:
        days, _ = read_days("12月から5月まで", TODAY)
        assert days == span("2026-12-01", "2027-03-02")
        assert len(days) == MOST_DAYS

    @pytest.mark.parametrize(
        "text", "明日香村の花 明日葉を植える 2月30日 13/5 12月0日 24/7 今日的な課題 令和8年".split()
    )
    def test_what_is_no_day_stays_a_word(self, text: str) -> None:
        assert read_days(text, TODAY) == ((), text)

    @pytest.mark.parametrize("text", ["明日はだめ 花", "12月5日は無理 花", "来週末以外で花"])
    def test_a_day_that_does_not_do_is_not_asked_for(self, text: str) -> None:
        assert read_days(text, TODAY) == ((), "花")


class TestDayCodes:
    def test_a_day_is_met_by_its_date_and_by_its_weekday(self) -> None:
        assert day_codes([date(2026, 12, 5), date(2026, 12, 12)]) == (
            "2026-12-05",
            "sat",
            "2026-12-12",
        )


class TestUnderstand:
    def test_a_day_is_a_condition_of_what_one_can_take_part_in(self) -> None:
        question = understand("明日 落ち葉", LEXICON, kind="opportunity", today=TODAY)
        assert question.understood == {"day": ("2026-11-22", "sun")}
        assert question.words == ("落ち葉",)

    def test_a_day_alone_is_all_that_is_asked(self) -> None:
        question = understand("12月にできる活動", LEXICON, kind="opportunity", today=TODAY)
        assert len(question.understood["day"]) == 31 + 7
        assert (question.words, question.themes) == ((), ())

    @pytest.mark.parametrize("kind", ["organisation", "opportunity"])
    def test_organisations_and_questions_without_a_today_have_none(self, kind: str) -> None:
        today = TODAY if kind == "organisation" else None
        question = understand("12月5日 落ち葉", LEXICON, kind=kind, today=today)
        assert dict(question.understood) == {}

    def test_a_day_that_was_chosen_is_not_read_again(self) -> None:
        given = frozenset({"day"})
        question = understand(
            "12月5日 落ち葉", LEXICON, kind="opportunity", given=given, today=TODAY
        )
        assert dict(question.understood) == {}
        assert "science" not in question.themes

    @pytest.mark.parametrize("typed", ["2月30日", "2月30日の落ち葉", "13月5日"])
    def test_a_day_that_does_not_exist_is_no_theme(self, typed: str) -> None:
        question = understand(typed, LEXICON, kind="opportunity", today=TODAY)
        assert "day" not in question.understood
        assert "science" not in question.themes
        assert "30" in question.words or "13" in question.words

    def test_the_moon_is_still_one(self) -> None:
        assert "science" in understand("月", LEXICON, kind="opportunity", today=TODAY).themes

    @pytest.mark.parametrize(
        "typed",
        ["夜はだめ 落ち葉", "平日は無理です。落ち葉", "土日以外で落ち葉", "週末はできない 落ち葉"],
    )
    def test_a_time_that_does_not_do_is_no_wish(self, typed: str) -> None:
        question = understand(typed, LEXICON, kind="opportunity", today=TODAY)
        assert dict(question.understood) == {}
        assert question.words == ("落ち葉",)

    def test_part_of_a_day_is_read_with_it(self) -> None:
        question = understand("土曜の午前に落ち葉", LEXICON, kind="opportunity", today=TODAY)
        assert question.understood == {"when": ("weekend",)}
        assert question.words == ("落ち葉",)
