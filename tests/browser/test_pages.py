"""Pages beside the search: a group on paper, what is not there, what cannot be meant."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

Visit = Callable[..., Page]


class TestPrint:
    @pytest.mark.parametrize(
        ("name", "kept", "gone"),
        [
            ("group", ["h1", ".facts"], ["nav", ".crumbs", ".site-footer"]),
            ("filters", [".card", "#count", ".chips"], ["nav", ".search", ".facets", ".sorts"]),
        ],
    )
    def test_keeps_the_text_in_black_and_drops_what_only_a_screen_needs(
        self, visit: Visit, paths: dict[str, str], name: str, kept: list[str], gone: list[str]
    ) -> None:
        page = visit(paths[name], color_scheme="dark")
        for part in (*kept, *gone):
            expect(page.locator(part).first).to_be_visible()
        page.emulate_media(media="print")
        for part in kept:
            expect(page.locator(part).first).to_be_visible()
        for part in gone:
            expect(page.locator(part).first).to_be_hidden()
        expect(page.locator("body")).to_have_css("color", "rgb(0, 0, 0)")
        expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")

    def test_a_group_fits_two_sheets(self, visit: Visit, paths: dict[str, str]) -> None:
        paper = visit(paths["group"]).pdf(format="A4")
        assert paper.startswith(b"%PDF")
        assert 1 <= paper.count(b"/Type /Page\n") <= 2


class TestMatches:
    @pytest.mark.parametrize("name", ["opportunities", "need", "offer", "partners"])
    def test_can_be_read_on_a_phone_without_scripts(
        self, visit: Visit, paths: dict[str, str], name: str
    ) -> None:
        page = visit(paths[name], 390, java_script_enabled=False)
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(".card, .match, .record, form").first).to_be_visible()

    def test_a_need_leads_to_whom_it_suits_and_to_its_group(
        self, visit: Visit, paths: dict[str, str]
    ) -> None:
        page = visit(paths["need"], 390, java_script_enabled=False)
        matches = page.locator(".matches")
        expect(matches).to_be_visible()
        page.locator(".record a[href^='/organisations/']").first.click()
        expect(page.locator("h1")).to_be_visible()
        assert "/organisations/" in page.url


class TestProblem:
    @pytest.mark.parametrize(
        ("path", "status", "sentence"),
        [
            ("/nothing", 404, "アドレスを確かめてください"),
            ("/organisations/01890000-0000-7000-8000-000000000000", 404, "見つかりません"),
            ("/organisations/x", 422, "入力に誤りがあります"),
            ("/search?near=x", 422, "緯度,経度"),
            ("/search?field=99", 422, "20以下の数を入力してください"),
            ("/search?sort=distance", 422, "場所を指定してください"),
            ("/search?q=%00", 422, "使えない文字"),
        ],
    )
    def test_is_said_in_japanese_with_ways_on(
        self, visit: Visit, path: str, status: int, sentence: str
    ) -> None:
        page = visit("/")
        answer = page.goto(path)
        assert answer
        assert answer.status == status
        main = page.locator("main")
        expect(main).to_contain_text(sentence)
        assert not re.search("[a-z]+ [a-z]+", main.inner_text())  # the framework's English
        main.get_by_role("link", name="団体をさがす").click()
        expect(page.locator(".card").first).to_be_visible()
