"""A real browser before the real service with the demo city; loopback only, all bounded."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Playwright, Request, Response, sync_playwright

from tests.conftest import missing

Visit = Callable[..., Page]
_START_S = 60
_WAIT_MS = 10_000


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `musubi run` on SQLite with the embedded engine and the demo."""
    folder = tmp_path_factory.mktemp("site")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MUSUBI_")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("musubi"), "run", "--port", str(port)],
            env={**inherited, "MUSUBI_DATA_DIR": str(folder), "MUSUBI_SEARCH": "embedded"},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(process, address, folder / "log")
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{address}/readyz", timeout=5)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text())


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's browser: none is fetched."""
    path = shutil.which("chromium")
    if path is None:
        missing("chromium")
    assert path
    return path


# One per file: its event loop must have ended before tests of other rooms start theirs.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium)
    yield browser
    browser.close()


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    """Open a path as a new visitor; `width` in CSS pixels, the rest as Playwright's new_context.

    Whatever the test is about, no page may make the console complain (the strict
    Content-Security-Policy would), lack a part, or ask another host.
    """
    complaints: list[str] = []
    contexts = []

    def visit(path: str, width: int = 1280, **options: Any) -> Page:
        viewport = {"width": width, "height": 800}
        context = browser.new_context(base_url=site, viewport=viewport, locale="ja", **options)
        context.set_default_timeout(_WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        listen(page, site, complaints)
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def listen(page: Page, site: str, complaints: list[str]) -> None:
    def asked(request: Request) -> None:
        if not request.url.startswith((site, "data:")):
            complaints.append(f"asked {request.url}")

    def answered(response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            complaints.append(f"{response.status} {response.url}")

    page.on("request", asked)
    page.on("response", answered)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            # A page that is an error is said by the browser too; parts are seen above.
            message.type in {"error", "warning"}
            and "Failed to load resource" not in message.text
            and complaints.append(message.text)
        ),
    )


@pytest.fixture(scope="session")
def paths(site: str) -> dict[str, str]:
    """An address for each kind of page."""
    hits = httpx.get(f"{site}/api/v1/search", params={"q": "子育て"}, timeout=10).json()["hits"]
    need, offer = (
        httpx.get(f"{site}/api/v1/{side}", timeout=10).json()["items"][0]["id"]
        for side in ("needs", "offers")
    )
    return {
        "home": "/",
        "results": "/search?q=子育て",
        "all": "/search",
        "filters": "/search?q=平日の夜に子ども食堂&field=13&area=13203",
        "literal": "/search?q=平日の夜&interpret=off",
        "empty": "/search?q=ぬぬぬぬぬ&area=13",
        "group": f"/organisations/{hits[0]['id']}",
        "opportunities": "/opportunities",
        "need": f"/needs/{need}",
        "offer": f"/offers/{offer}",
        "partners": f"/organisations/{hits[0]['id']}/partners",
        "about": "/about",
        "not found": "/nothing",
        "mistaken": "/search?near=x",
    }
