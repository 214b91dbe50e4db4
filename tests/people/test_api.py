"""Profiles over HTTP: their place, their version, who may read them."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import API

PEOPLE = f"{API}/people"
Add = Callable[..., dict[str, Any]]


class TestCreatePerson:
    def test_answers_with_the_profile_its_place_and_its_version(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        answer = client.post(PEOPLE, json={"name": "はな"}, headers=operator)
        assert answer.status_code == 201
        assert answer.headers["location"] == f"{PEOPLE}/{answer.json()['id']}"
        assert answer.headers["etag"] == '"1"'
        assert answer.headers["cache-control"] == "no-store"
        again = client.get(answer.headers["location"], headers=operator)
        assert again.json() == answer.json()


class TestReadPerson:
    def test_a_version_that_is_known_is_not_sent_again(
        self, client: TestClient, operator: dict[str, str], add: Add
    ) -> None:
        path = f"{PEOPLE}/{add()['id']}"
        known = client.get(path, headers={**operator, "If-None-Match": '"1"'})
        assert (known.status_code, known.content) == (304, b"")

    @pytest.mark.parametrize("path", ["", "/{id}"])
    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
    def test_needs_the_token(
        self, client: TestClient, add: Add, full: dict[str, Any], path: str, headers: dict[str, str]
    ) -> None:
        person = add(**full)
        answer = client.get(PEOPLE + path.format(**person), headers=headers)
        assert answer.status_code == 401
        assert "秘密" not in answer.text


class TestListPeople:
    def test_goes_through_all_in_order(
        self, client: TestClient, operator: dict[str, str], add: Add
    ) -> None:
        made = [add(name=f"はな{number}")["id"] for number in range(5)]
        seen: list[str] = []
        params: dict[str, Any] = {"limit": 2}
        while True:
            page = client.get(PEOPLE, params=params, headers=operator).json()
            assert page["total"] == 5
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            params["cursor"] = page["next_cursor"]
        assert seen == made

    @pytest.mark.parametrize("cursor", ["x", "WyJ4Il0", "WzFd"])
    def test_a_cursor_nobody_gave_is_refused(
        self, client: TestClient, operator: dict[str, str], cursor: str
    ) -> None:
        answer = client.get(PEOPLE, params={"cursor": cursor}, headers=operator)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.cursor")


class TestVocabularies:
    def test_name_what_a_profile_is_made_of(self, client: TestClient) -> None:
        lists = client.get(f"{API}/vocabularies").json()
        bands = [(term["code"], term["label"]) for term in lists["age_band"]]
        assert bands[:2] == [("under_15", "15歳未満"), ("15_17", "15〜17歳")]
        assert len(bands) == 5
