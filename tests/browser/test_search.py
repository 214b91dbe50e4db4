"""From a thought to a group and back: what a search promises to whoever looks at it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

Visit = Callable[..., Page]


def total(page: Page) -> int:
    """How many groups the page says it found."""
    said = page.locator("#count").inner_text()
    match = re.fullmatch(r"([\d,]+)団体", said)
    assert match, said
    return int(match[1].replace(",", ""))


def follow(link: Locator) -> None:
    """Click and wait for the page it leads to."""
    with link.page.expect_navigation():
        link.click()


def search(page: Page, words: str) -> None:
    page.get_by_label("さがす言葉").fill(words)
    follow(page.get_by_role("button", name="さがす"))


def names(page: Page) -> list[str]:
    return page.locator(".card h3").all_inner_texts()


class TestWithoutJavaScript:
    def test_from_the_first_page_to_a_group_and_back(self, visit: Visit) -> None:
        page = visit("/", java_script_enabled=False)
        search(page, "読み聞かせ")
        expect(page).to_have_title("「読み聞かせ」でさがす | 結び")
        found = names(page)
        follow(page.locator(".card h3 a").first)
        expect(page.get_by_role("heading", level=1)).to_contain_text(found[0])
        page.go_back()
        expect(page.get_by_label("さがす言葉")).to_have_value("読み聞かせ")
        assert names(page) == found

    def test_an_interest_and_a_time_lead_to_groups(self, visit: Visit) -> None:
        page = visit("/", java_script_enabled=False)
        follow(page.get_by_role("link", name="文化・芸術"))
        assert total(page) > 0
        page.goto("/")
        follow(page.get_by_role("link", name="平日の夜"))
        assert total(page) > 0
        expect(page.locator(".chip")).to_contain_text(["活動する時：平日の夜"])

    def test_conditions_are_chosen_and_taken_off(self, visit: Visit) -> None:
        page = visit("/search", java_script_enabled=False)
        everything = total(page)
        follow(page.locator("details[open] a", has_text="三鷹市"))
        narrowed = total(page)
        assert 0 < narrowed < everything
        follow(page.get_by_role("link", name="場所：三鷹市 をはずす"))
        assert total(page) == everything
        expect(page.locator(".chip")).to_have_count(0)


class TestConditions:
    @pytest.mark.parametrize("path", ["/search", "/search?area=13", "/search?field=13&q=架空"])
    def test_each_gives_as_many_groups_as_it_says(self, visit: Visit, path: str) -> None:
        page = visit(path)
        offers = page.evaluate(
            """[...document.querySelectorAll(".facets details")].map(facet => {
              const link = facet.querySelector("a");
              return [link.href, link.querySelector(".count").firstChild.data];
            })"""
        )
        assert len(offers) >= 3
        for address, number in offers:
            page.goto(address)
            assert total(page) == int(number), address

    def test_several_hold_together_and_outlive_new_words(self, visit: Visit) -> None:
        page = visit("/search?area=132039")
        page.locator("summary", has_text="新しい人の受け入れ").click()
        follow(page.locator("details a", has_text="受け入れている"))
        search(page, "子ども")
        expect(page.locator(".chip")).to_contain_text(["場所：武蔵野市", "新しい人の受け入れ"])

    def test_those_of_a_prefecture_lead_to_its_towns(self, visit: Visit) -> None:
        page = visit("/search?area=13")
        wide = total(page)
        follow(page.locator("details[open] a", has_text="三鷹市"))
        expect(page.locator(".chip")).to_have_count(1)
        assert total(page) < wide

    def test_the_order_can_be_changed(self, visit: Visit) -> None:
        page = visit("/search?q=子ども")
        follow(page.get_by_role("link", name="新しい順"))
        expect(page.locator(".sorts [aria-current]")).to_have_text("新しい順")


class TestPaging:
    def test_every_group_is_met_once(self, visit: Visit) -> None:
        page = visit("/search?q=架空")
        whole, met = total(page), names(page)
        assert len(met) == 20
        for _ in range(whole // 20):
            follow(page.get_by_role("link", name="次の20件"))
            expect(page.locator(".cards").first).to_have_attribute("start", str(len(met) + 1))
            met += names(page)
        assert len(met) == len(set(met)) == whole
        expect(page.get_by_role("link", name="次の20件")).to_have_count(0)
        follow(page.get_by_role("link", name="前の20件"))
        assert names(page) == met[-20 - whole % 20 : -(whole % 20)]

    def test_a_page_behind_the_last_leads_back(self, visit: Visit) -> None:
        page = visit("/search?q=架空&offset=1000")
        follow(page.get_by_role("link", name="はじめの結果へ戻る"))
        expect(page.locator(".card")).to_have_count(20)


class TestUnderstood:
    def test_is_said_and_can_be_undone_and_done_again(self, visit: Visit) -> None:
        page = visit("/search?q=平日の夜")
        understood = page.locator(".understood")
        expect(understood).to_contain_text("読み取ったこと：平日の夜")
        follow(understood.get_by_role("link", name="書いたままの言葉で"))
        expect(understood).to_contain_text("書いたままの言葉でさがしています")
        expect(page.get_by_label("さがす言葉")).to_have_value("平日の夜")
        follow(understood.get_by_role("link", name="読み取ってさがす"))
        expect(understood).to_contain_text("読み取ったこと：平日の夜")
        assert "interpret" not in page.url

    def test_nothing_is_said_where_nothing_was(self, visit: Visit) -> None:
        expect(visit("/search?q=架空").locator(".understood")).to_have_count(0)


class TestRelaxed:
    def test_says_what_was_given_up_and_sets_the_others_apart(self, visit: Visit) -> None:
        page = visit("/search?q=平日の夜に子ども食堂")
        expect(page.locator(".hits")).to_contain_text("すべてに合う団体が少ないため")
        expect(page.locator(".hits")).to_contain_text("活動する時を問わないもの")
        expect(page.get_by_role("heading", name="近い団体", level=2)).to_be_visible()
        first, others = page.locator(".cards").all()
        expect(first).to_contain_text("こども食堂")
        start = int(others.get_attribute("start") or 0)
        assert start == first.locator(".card").count() + 1


class TestNothingFound:
    def test_offers_ways_on(self, visit: Visit, paths: dict[str, Any]) -> None:
        page = visit(paths["empty"])
        expect(page.locator("#count")).to_have_text("見つかりませんでした")
        expect(page.locator(".ways")).to_contain_text("言葉を短くする")
        expect(page.locator(".sorts")).to_have_count(0)
        follow(page.get_by_role("link", name="選んだ条件をすべてはずす"))
        expect(page.locator(".chip")).to_have_count(0)
        follow(page.get_by_role("link", name="すべての団体を見る"))
        assert total(page) > 0


class TestDegraded:
    def test_the_plain_engine_is_named_on_results_and_about(self, visit: Visit) -> None:
        page = visit("/search?q=子育て")
        expect(page.locator(".notice")).to_contain_text("いまは簡易検索です")
        page.goto("/about")
        expect(page.locator("main")).to_contain_text("いまは簡易検索で動いています")


class TestBack:
    def test_keeps_words_and_conditions(self, visit: Visit) -> None:
        page = visit("/")
        search(page, "子ども")
        follow(page.locator("details[open] a", has_text="土日・祝日"))
        found = names(page)
        follow(page.locator(".card h3 a").first)
        page.go_back()
        expect(page.get_by_label("さがす言葉")).to_have_value("子ども")
        expect(page.locator(".chip")).to_have_count(1)
        assert names(page) == found
        page.go_back()
        expect(page.locator(".chip")).to_have_count(0)
        expect(page.get_by_label("さがす言葉")).to_have_value("子ども")
