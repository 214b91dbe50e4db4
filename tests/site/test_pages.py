"""The front page and what the site says about itself."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.vocabulary.fields import Interest
from app.vocabulary.times import ActivityTime

Make = Callable[..., dict[str, Any]]


class TestHome:
    def test_offers_a_search_the_interests_and_the_times(self, client: TestClient) -> None:
        answer = client.get("/")
        assert answer.status_code == 200
        page = answer.text
        assert re.search(r'<form[^>]*action="/search"', page)
        assert re.search(r'<input[^>]*name="q"', page)
        for term in (*Interest, *ActivityTime):
            assert f">{term.label}</a>" in page

    def test_every_link_leads_somewhere(self, client: TestClient, make: Make) -> None:
        make(fields=[13], activity_times=["weekend"])
        links = set(re.findall(r'(?:href|src|action)="(/[^"]*)"', client.get("/").text))
        assert len(links) > len(Interest)
        for link in links:
            assert client.get(link.replace("&amp;", "&")).status_code == 200, link

    def test_counts_what_is_public(self, client: TestClient, make: Make) -> None:
        make()
        make(name="二つめの会")
        make(name="下書きの会", publish=False)
        assert "いま2団体を公開しています" in client.get("/").text

    @pytest.mark.parametrize("demo", [True, False])
    def test_says_that_the_demo_is_invented(self, sqlite_settings: Settings, demo: bool) -> None:
        app = create_app(sqlite_settings.model_copy(update={"demo": demo}))
        assert ("架空" in TestClient(app).get("/").text) is demo
        app.state.database.close()


class TestAbout:
    def test_explains_search_contacts_and_which_engine_answers(self, client: TestClient) -> None:
        page = client.get("/about").text
        assert "連絡先は、団体が公開すると決めたものだけ" in page
        assert "簡易検索で動いています" in page
        assert client.get("/api/v1/openapi.json").status_code == 200


class TestEveryPage:
    @pytest.mark.parametrize("path", ["/", "/about", "/search", "/search?q=絵本", "/nothing"])
    def test_is_japanese_with_a_title_one_heading_and_a_way_to_the_text(
        self, client: TestClient, path: str
    ) -> None:
        page = client.get(path, headers={"accept": "text/html"}).text
        assert '<html lang="ja">' in page
        assert re.search(r"<title>[^<]*結び", page)
        assert page.count("<h1") == 1
        assert 'href="#main"' in page
        assert 'id="main"' in page

    def test_has_an_icon(self, client: TestClient) -> None:
        answer = client.get("/favicon.ico")
        assert answer.headers["content-type"].startswith("image/svg+xml")
