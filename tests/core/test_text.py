"""What a form takes as text: as written, without what cannot be seen and misleads."""

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.core.text import Day, Line, Name, Text, WebAddress, shortened

NAME, LINE, TEXT = TypeAdapter(Name), TypeAdapter(Line), TypeAdapter(Text)
WEB, DAY = TypeAdapter(WebAddress), TypeAdapter(Day)


class TestText:
    @pytest.mark.parametrize(
        "written",
        [
            "ひまわりの会",
            "ｶﾅと㈱と①",  # widths are kept; search folds them
            "髙橋さんと𠮷野さん",
            "👩‍👩‍👧 と 🇯🇵",
            "🏳️‍🌈と👩🏽‍⚕️と❤️‍🔥",
            "葛\U000e0100城",
            "がくげい",
            "a<script>alert(1)</script>",
            "=SUM(A1)",
        ],
    )
    @pytest.mark.parametrize("kind", [NAME, LINE, TEXT])
    def test_stays_as_it_was_written(self, kind: TypeAdapter[str], written: str) -> None:
        assert kind.validate_python(written) == written

    @pytest.mark.parametrize("kind", [NAME, LINE, TEXT])
    def test_loses_the_spaces_around_it(self, kind: TypeAdapter[str]) -> None:
        assert kind.validate_python("\u3000 結び の会 \u3000") == "結び の会"

    @pytest.mark.parametrize(
        "character",
        [
            "\0",
            "\x07",
            "\x1b",
            "\x7f",
            "\x85",
            "\u200e",
            "\u202e",
            "\u2066",
            "\u061c",
            "\ufeff",
            "\ud800",
            "\u00ad",
            "\u180e",
            "\u200b",
            "\u200d",
            "\u2060",
            "\u2064",
            "\U000e0001",
            "\U000e007f",
        ],
    )
    @pytest.mark.parametrize("kind", [NAME, LINE, TEXT, WEB])
    def test_refuses_what_cannot_be_seen(self, kind: TypeAdapter[str], character: str) -> None:
        with pytest.raises(ValidationError):
            kind.validate_python(f"https://example.jp/a{character}b")

    @pytest.mark.parametrize("value", [None, 1, 1.5, True, b"bytes", ["a"], {}])
    @pytest.mark.parametrize("kind", [NAME, LINE, TEXT, WEB])
    def test_refuses_what_is_no_text(self, kind: TypeAdapter[str], value: Any) -> None:
        with pytest.raises(ValidationError):
            kind.validate_python(value)

    @pytest.mark.parametrize(("kind", "longest"), [(NAME, 200), (LINE, 200), (TEXT, 10_000)])
    def test_has_a_length(self, kind: TypeAdapter[str], longest: int) -> None:
        assert kind.validate_python("結" * longest) == "結" * longest
        with pytest.raises(ValidationError, match=str(longest)):
            kind.validate_python("結" * (longest + 1))


class TestLine:
    @pytest.mark.parametrize("character", ["\n", "\r\n", "\t", "\u2028", "\u2029"])
    def test_is_one_line_where_a_text_may_be_many(self, character: str) -> None:
        written = f"一行目{character}二行目"
        assert TEXT.validate_python(written) == written
        for kind in (NAME, LINE):
            with pytest.raises(ValidationError, match="改行"):
                kind.validate_python(written)


class TestName:
    @pytest.mark.parametrize("written", ["", " ", "\u3000\u3000"])
    def test_is_not_empty_where_a_line_may_be(self, written: str) -> None:
        assert LINE.validate_python(written) == ""
        with pytest.raises(ValidationError, match="必ず"):
            NAME.validate_python(written)


class TestWebAddress:
    @pytest.mark.parametrize(
        "written",
        [
            "https://example.jp",
            "http://example.jp:8080/a?b=c#d",
            "HTTPS://EXAMPLE.JP/",
            "https://例え.jp/団体",
        ],
    )
    def test_takes_addresses_on_the_web(self, written: str) -> None:
        assert WEB.validate_python(written) == written

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "example.jp",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.jp",
            "//example.jp",
            "https://",
            "https:///a",
            "https://user@example.jp/",
            "https://example.jp\\@other.jp",
            "https://example.jp/a b",
            " https://example.jp/\nhttps://other.jp/",
        ],
    )
    def test_refuses_what_a_browser_would_not_open_as_such(self, written: str) -> None:
        with pytest.raises(ValidationError):
            WEB.validate_python(written)


class TestDay:
    @pytest.mark.parametrize("written", ["2026-04-01", "令和8年4月1日", date(2026, 4, 1)])
    def test_is_read_in_any_way(self, written: Any) -> None:
        assert DAY.validate_python(written) == date(2026, 4, 1)

    @pytest.mark.parametrize("written", ["", "2026-02-30", 20260401, None, True, 1.0, []])
    def test_is_a_day_or_a_sentence_about_days(self, written: Any) -> None:
        with pytest.raises(ValidationError, match="日付"):
            DAY.validate_python(written)


class TestShortened:
    @pytest.mark.parametrize(
        ("text", "length", "short"),
        [
            ("短い", 10, "短い"),
            ("ちょうど五", 5, "ちょうど五"),
            ("一二三四五六", 5, "一二三四…"),
            ("一行目\n  二行目", 20, "一行目 二行目"),
            ("", 5, ""),
        ],
    )
    def test_fits_on_one_line(self, text: str, length: int, short: str) -> None:
        assert shortened(text, length) == short
