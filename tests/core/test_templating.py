"""What templates are given: escaping, dates with their era, marked texts."""

from datetime import UTC, date, datetime

import pytest
from fastapi import Request
from jinja2 import UndefinedError

from app.core import templating
from app.core.templating import page


def render(source: str, **context: object) -> str:
    return templating._templates.env.from_string(source).render(**context)


class TestEnvironment:
    @pytest.mark.parametrize(
        ("source", "written"),
        [
            ("{{ day|day }}", "2026年4月1日（令和8年）"),
            ("{{ '2019-05-01'|day }}", "2019年5月1日（令和元年）"),
            ("{{ '1867-01-02'|day }}", "1867年1月2日"),
            ("{{ moment|moment }}", "2026年4月1日 08:05"),
            ("{{ 1989|year }}", "1989年（平成元年）"),
            ("{{ 1600|year }}", "1600年"),
            ("{{ evil }}", "&lt;script&gt;"),
            ("{{ _('「%(q)s」でさがす', q=evil) }}", "「&lt;script&gt;」でさがす"),
            ("{{ _('結び') }}", "結び"),
        ],
    )
    def test_writes(self, source: str, written: str) -> None:
        context = {
            "day": date(2026, 4, 1),
            "moment": datetime(2026, 3, 31, 23, 5, tzinfo=UTC),
            "evil": "<script>",
        }
        assert render(source, **context) == written

    def test_a_forgotten_value_is_an_error_not_a_gap(self) -> None:
        with pytest.raises(UndefinedError):
            render("{{ forgotten }}")

    @pytest.mark.parametrize(
        ("ranges", "pieces"),
        [
            ([], [(False, "子ども食堂の会")]),
            ([[0, 3]], [(True, "子ども"), (False, "食堂の会")]),
            ([[3, 5], [6, 7]], [(False, "子ども"), (True, "食堂"), (False, "の"), (True, "会")]),
            ([[0, 7]], [(True, "子ども食堂の会")]),
        ],
    )
    def test_marks_ranges_and_loses_nothing(
        self, ranges: list[list[int]], pieces: list[tuple[bool, str]]
    ) -> None:
        marked = templating._templates.env.filters["marked"]("子ども食堂の会", ranges)
        assert marked == pieces


class TestPage:
    def test_is_a_whole_page_in_japanese(self) -> None:
        request = Request({"type": "http", "headers": [], "method": "GET", "path": "/"})
        problem = {"title": "<見つかりません>", "detail": ""}
        answer = page(request, "core/problem.html", problem=problem)
        text = bytes(answer.body).decode()
        assert text.startswith('<!doctype html>\n<html lang="ja">')
        assert "<h1>&lt;見つかりません&gt;</h1>" in text
