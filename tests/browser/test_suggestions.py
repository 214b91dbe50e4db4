"""Suggestions as one types: a combobox that helps, and never stands in the way."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

Visit = Callable[..., Page]


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit("/")


@pytest.fixture
def box(page: Page) -> Locator:
    box = page.get_by_role("combobox", name="さがす言葉")
    box.focus()
    return box


@pytest.fixture
def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="入力の候補").get_by_role("option")


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The words suggestions were asked for."""
    words: list[str] = []

    def note(url: str) -> None:
        address = urlsplit(url)
        if address.path.endswith("/suggest"):
            words.extend(parse_qs(address.query)["q"])

    page.on("request", lambda request: note(request.url))
    return words


class TestTyping:
    def test_shows_themes_places_and_groups(
        self, page: Page, box: Locator, options: Locator
    ) -> None:
        expect(box).to_have_attribute("aria-expanded", "false")
        box.press_sequentially("こども")
        expect(options.first).to_be_visible()
        expect(box).to_have_attribute("aria-expanded", "true")
        expect(options.filter(has_text="子ども食堂").first).to_contain_text("テーマ")
        expect(options.filter(has_text="つばき坂")).to_contain_text("団体")
        expect(page.get_by_role("status")).to_have_text(f"候補が{options.count()}件あります")
        box.fill("三鷹")
        expect(options.filter(has_text="三鷹市")).to_contain_text("場所")

    def test_an_emptied_box_shows_none(self, box: Locator, options: Locator) -> None:
        box.press_sequentially("こども")
        expect(options.first).to_be_visible()
        box.fill("")
        expect(options).to_have_count(0)
        expect(box).to_have_attribute("aria-expanded", "false")

    def test_asks_once_for_words_typed_in_one_go(
        self, box: Locator, options: Locator, asked: list[str]
    ) -> None:
        box.evaluate(
            "box => { for (const text of ['こ', 'こど', 'こども']) {"
            " box.value = text; box.dispatchEvent(new Event('input', {bubbles: true})); } }"
        )
        expect(options.first).to_be_visible()
        assert asked == ["こども"]

    def test_leaving_the_box_closes_them(self, box: Locator, options: Locator) -> None:
        box.press_sequentially("こども")
        expect(options.first).to_be_visible()
        box.press("Tab")
        expect(options).to_have_count(0)


class TestKeys:
    @pytest.fixture(autouse=True)
    def open_list(self, box: Locator, options: Locator) -> None:
        box.press_sequentially("こども")
        expect(options.first).to_be_visible()

    def test_arrows_walk_in_a_circle_and_are_told(
        self, page: Page, box: Locator, options: Locator
    ) -> None:
        chosen = page.locator("[role=option][aria-selected=true]")
        expect(chosen).to_have_count(0)
        box.press("ArrowDown")
        first = options.first.get_attribute("id") or ""
        expect(box).to_have_attribute("aria-activedescendant", first)
        expect(chosen).to_have_attribute("id", first)
        box.press("ArrowUp")
        expect(chosen).to_have_attribute("id", options.last.get_attribute("id") or "")
        box.press("ArrowDown")
        expect(chosen).to_have_attribute("id", first)
        expect(chosen).to_have_count(1)

    def test_enter_searches_for_the_theme(self, page: Page, box: Locator, options: Locator) -> None:
        theme = options.filter(has_text="テーマ").first.inner_text().removesuffix("テーマ").strip()
        box.press("ArrowDown")
        box.press("Enter")
        page.wait_for_url("**/search?**")
        expect(box).to_have_value(theme)

    def test_enter_opens_the_group(self, page: Page, box: Locator, options: Locator) -> None:
        group = options.filter(has_text="つばき坂")
        for _ in range(options.count()):
            box.press("ArrowDown")
            if group.get_attribute("aria-selected") == "true":
                break
        box.press("Enter")
        page.wait_for_url("**/organisations/**")
        expect(page.get_by_role("heading", level=1)).to_contain_text("つばき坂")

    def test_enter_without_a_choice_searches_what_was_typed(self, page: Page, box: Locator) -> None:
        box.press("Enter")
        page.wait_for_url("**/search?**")
        expect(box).to_have_value("こども")

    def test_escape_closes_and_keeps_what_was_typed(self, box: Locator, options: Locator) -> None:
        box.press("ArrowDown")
        box.press("Escape")
        expect(options).to_have_count(0)
        expect(box).to_have_value("こども")
        expect(box).to_be_focused()
        assert box.get_attribute("aria-activedescendant") is None

    def test_a_click_chooses(self, page: Page, options: Locator) -> None:
        options.filter(has_text="つばき坂").click()
        page.wait_for_url("**/organisations/**")


class TestInputMethod:
    @pytest.fixture
    def keyboard(self, page: Page, box: Locator) -> CDPSession:
        """Composes as a Japanese input method does; the page's timers wait for the test."""
        page.clock.install()
        page.reload()
        box.focus()
        return page.context.new_cdp_session(page)

    def compose(self, page: Page, keyboard: CDPSession, *states: str) -> None:
        for state in states:
            keyboard.send(
                "Input.imeSetComposition",
                {"text": state, "selectionStart": len(state), "selectionEnd": len(state)},
            )
            page.clock.run_for(1000)

    def test_half_made_letters_ask_for_nothing(
        self,
        page: Page,
        box: Locator,
        options: Locator,
        asked: list[str],
        keyboard: CDPSession,
    ) -> None:
        self.compose(page, keyboard, "k", "こ", "こd", "こど", "こども")
        expect(box).to_have_value("こども")
        assert asked == []
        expect(options).to_have_count(0)
        keyboard.send("Input.insertText", {"text": "子ども"})
        page.clock.run_for(1000)
        expect(options.first).to_be_visible()
        assert asked == ["子ども"]

    def test_keys_that_choose_a_writing_choose_no_suggestion(
        self, page: Page, box: Locator, options: Locator, keyboard: CDPSession
    ) -> None:
        keyboard.send("Input.insertText", {"text": "子ども"})
        page.clock.run_for(1000)
        expect(options.first).to_be_visible()
        self.compose(page, keyboard, "しょくどう")
        expect(options).to_have_count(0)
        box.press("ArrowDown")
        assert box.get_attribute("aria-activedescendant") is None


class TestFaults:
    def test_search_works_when_suggestions_fail(self, page: Page, box: Locator) -> None:
        page.route("**/suggest?**", lambda route: route.abort())
        with page.expect_event("requestfailed"):
            box.press_sequentially("こども")
        expect(box).to_have_attribute("aria-expanded", "false")
        box.press("Enter")
        page.wait_for_url("**/search?**")
        expect(page.locator(".card").first).to_be_visible()

    def test_a_late_answer_does_not_show_old_words(
        self, page: Page, box: Locator, options: Locator, asked: list[str]
    ) -> None:
        held = []
        page.route(
            "**/suggest?**",
            lambda route: route.continue_() if held else held.append(route),
        )
        with page.expect_request("**/suggest?**"):
            box.fill("三鷹")
        box.fill("こども")
        expect(options.filter(has_text="つばき坂")).to_be_visible()
        held[0].continue_()
        expect(options.filter(has_text="三鷹市")).to_have_count(0)
        assert asked == ["三鷹", "こども"]
