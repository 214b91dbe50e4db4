"""Everybody can use every page: WCAG 2.2 AA, small phones, large letters, no mouse, own colours."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.conftest import missing

Visit = Callable[..., Page]
PHONE, DESK = 320, 1280
PAGES = (
    *("home", "results", "all", "filters", "literal"),
    *("empty", "group", "about", "not found", "mistaken"),
    *("opportunities", "need", "offer", "partners"),
)
_AXE = Path(__file__).resolve().parent.parent.parent / "node_modules/axe-core/axe.min.js"
# What can be clicked or typed into, in the order of the document.
_TARGETS = """[...document.querySelectorAll("a, button, input:not([type=hidden]), summary")]
  .filter(target => target.checkVisibility())"""
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def axe() -> str:
    if not _AXE.exists():
        missing("axe-core")
    return _AXE.read_text()


@pytest.fixture
def violations(axe: str) -> Callable[[Page], list[str]]:
    """What axe finds wrong with a page: rule and place."""

    def violations(page: Page) -> list[str]:
        page.evaluate(axe)
        found: list[dict[str, Any]] = page.evaluate(
            "tags => axe.run({runOnly: tags}).then(result => result.violations)", _RULES
        )
        return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]

    return violations


def sideways(page: Page) -> int:
    """How many CSS pixels one must scroll sideways to see all."""
    pixels: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return pixels


class TestRules:
    @pytest.mark.parametrize("name", PAGES)
    @pytest.mark.parametrize("width", [PHONE, DESK])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing(
        self,
        visit: Visit,
        paths: dict[str, str],
        violations: Callable[[Page], list[str]],
        name: str,
        width: int,
        scheme: str,
    ) -> None:
        assert violations(visit(paths[name], width, color_scheme=scheme)) == []

    def test_axe_finds_nothing_while_suggestions_are_open(
        self, visit: Visit, violations: Callable[[Page], list[str]]
    ) -> None:
        page = visit("/", PHONE)
        page.get_by_role("combobox").press_sequentially("こども")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.press("ArrowDown")
        assert violations(page) == []

    @pytest.mark.parametrize("name", PAGES)
    def test_headings_are_in_order_and_the_page_is_japanese(
        self, visit: Visit, paths: dict[str, str], name: str
    ) -> None:
        page = visit(paths[name])
        expect(page.locator("html")).to_have_attribute("lang", "ja")
        levels: list[int] = page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
        )
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


class TestSmallAndLarge:
    @pytest.mark.parametrize("name", PAGES)
    def test_a_phone_scrolls_one_way_and_every_target_can_be_hit(
        self, visit: Visit, paths: dict[str, str], name: str
    ) -> None:
        page = visit(paths[name], PHONE)
        assert sideways(page) <= 0
        small: list[str] = page.evaluate(
            f"""{_TARGETS}.filter(target => {{
              const {{width, height}} = target.getBoundingClientRect();
              return width < 24 || height < 24;
            }}).map(target => target.outerHTML)"""
        )
        assert small == []

    @pytest.mark.parametrize("name", PAGES)
    def test_no_letters_are_small(self, visit: Visit, paths: dict[str, str], name: str) -> None:
        page = visit(paths[name], PHONE)
        small: list[str] = page.evaluate(
            """[...document.querySelectorAll("body *")].filter(part =>
              parseFloat(getComputedStyle(part).fontSize) < 16).map(part => part.outerHTML)"""
        )
        assert small == []

    def test_letters_of_four_times_the_size_fit(
        self,
        playwright: Playwright,
        chromium: str,
        site: str,
        paths: dict[str, str],
        tmp_path: Path,
    ) -> None:
        """The visitor's own setting: larger letters, not a larger page."""
        preferences = tmp_path / "Default" / "Preferences"
        preferences.parent.mkdir()
        preferences.write_text(json.dumps({"webkit": {"webprefs": {"default_font_size": 64}}}))
        context = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=chromium, viewport={"width": DESK, "height": 800}
        )
        page = context.new_page()
        for name in PAGES:
            page.goto(site + paths[name])
            size: str = page.evaluate("getComputedStyle(document.body).fontSize")
            assert float(size.removesuffix("px")) >= 64
            assert sideways(page) <= 0, name
        context.close()


class TestKeyboard:
    @pytest.mark.parametrize("name", ["home", "filters", "group"])
    @pytest.mark.parametrize("width", [PHONE, DESK])
    def test_everything_is_reached_in_reading_order_and_seen(
        self, visit: Visit, paths: dict[str, str], name: str, width: int
    ) -> None:
        page = visit(paths[name], width)
        number: int = page.evaluate(f"{_TARGETS}.length")
        for at in range(number):
            page.keyboard.press("Tab")
            focused: dict[str, Any] = page.evaluate(
                f"""() => {{
                  const target = document.activeElement, style = getComputedStyle(target);
                  const box = target.getBoundingClientRect();
                  return {{
                    at: {_TARGETS}.indexOf(target),
                    style: style.outlineStyle,
                    width: parseFloat(style.outlineWidth),
                    seen: box.left >= 0 && box.bottom > 0 && box.top < innerHeight,
                  }};
                }}"""
            )
            assert (focused["at"], focused["style"], focused["seen"]) == (at, "solid", True)
            assert focused["width"] >= 2

    def test_one_step_leads_to_the_text(self, visit: Visit) -> None:
        page = visit("/search")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="本文へ進む")).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()

    def test_a_phone_has_a_way_to_the_conditions(self, visit: Visit) -> None:
        page = visit("/search?q=子ども", PHONE)
        page.get_by_role("link", name="場所や時でしぼりこむ").click()
        expect(page.get_by_role("heading", name="しぼりこむ")).to_be_in_viewport()
        page.set_viewport_size({"width": DESK, "height": 800})
        expect(page.get_by_role("link", name="場所や時でしぼりこむ")).to_be_hidden()


class TestOwnColours:
    def test_forced_colours_keep_what_is_a_button_and_what_is_chosen(
        self, visit: Visit, paths: dict[str, str]
    ) -> None:
        page = visit(paths["filters"], forced_colors="active")
        for part in ("button", ".chip", ".notice", ".card"):
            edge: str = page.locator(part).first.evaluate(
                "part => getComputedStyle(part).borderTopWidth"
            )
            assert float(edge.removesuffix("px")) >= 1, part
        page.get_by_role("combobox").fill("こども")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.press("ArrowDown")
        chosen = page.locator("[aria-selected=true]")
        assert chosen.evaluate("option => getComputedStyle(option).outlineStyle") == "solid"

    @pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
    def test_the_page_follows_the_wish_for_dark(
        self, visit: Visit, scheme: str, dark: bool
    ) -> None:
        page = visit("/", color_scheme=scheme)
        colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red = int(colour.removeprefix("rgb(").partition(",")[0])
        assert (red < 128) is dark
