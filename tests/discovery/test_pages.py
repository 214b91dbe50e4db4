import re
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.discovery.conftest import GROUPS

YUI, GASSHO, KYOTO, TOKYO, SHOKUDO = (group["name"] for group in GROUPS)


def page(client: TestClient, **parameters: Any) -> str:
    answer = client.get("/search", params=parameters)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    return unescape(answer.text)


class TestSearchPage:
    def test_shows_what_is_found_marked(self, town: TestClient) -> None:
        text = page(town, q="合唱")
        assert "<mark>合唱</mark>" in text
        assert "三鷹市" in text

    def test_says_what_was_understood_and_how_to_undo_it(self, town: TestClient) -> None:
        text = page(town, q="平日の夜")
        assert "読み取ったこと" in text
        assert "interpret=off" in text
        assert "読み取ったこと" not in page(town, q="平日の夜", interpret="off")

    def test_says_what_was_given_up(self, town: TestClient) -> None:
        assert "活動する時を問わないもの" in page(town, q="平日の夜に認知症の人と話す")

    def test_says_when_nothing_is_found(self, town: TestClient) -> None:
        assert "見つかりませんでした" in page(town, q="zzzzzzzz", field=20)

    def test_every_next_step_is_a_link(self, town: TestClient) -> None:
        text = page(town, q="の会", when="weekend", limit=1)
        assert "土日・祝日" in text
        assert 'rel="next"' in page(town, limit=1)
        assert 'rel="prev"' in page(town, limit=1, offset=1)

    @pytest.mark.parametrize("typed", ['"><script>alert(1)</script>', "<b>合唱</b>"])
    def test_shows_what_was_typed_as_text(self, town: TestClient, typed: str) -> None:
        raw = town.get("/search", params={"q": typed}).text
        assert "<script>alert" not in raw
        assert "<b>合唱" not in raw

    @pytest.mark.parametrize("added", ["utm_source=mail", "fbclid=x&utm_source=", "sort=best"])
    def test_what_others_add_to_a_link_is_not_read_and_not_handed_on(
        self, town: TestClient, added: str
    ) -> None:
        text = town.get(f"/search?q=合唱&limit=1&{added}")
        assert text.status_code == 200
        assert "三鷹市" in text.text
        assert not re.search("utm_source|fbclid|sort=best", text.text)
        assert town.get(f"/api/v1/search?q=合唱&{added}").status_code == 422

    def test_what_cannot_be_asked_is_a_page_too(self, town: TestClient) -> None:
        answer = town.get("/search?limit=0", headers={"accept": "text/html"})
        assert answer.status_code == 422
        assert answer.headers["content-type"].startswith("text/html")
