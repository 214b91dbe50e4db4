"""A city on each database, and one on SQLite for what does not depend on it."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from app.core.db import Database
from app.main import API
from app.settings import Settings
from tests.matching.asking import Ask, Make
from tests.matching.city import City


@pytest.fixture
def city(database: Database) -> City:
    return City(database)


@pytest.fixture
def town(sqlite_settings: Settings) -> Iterator[City]:
    """A city on SQLite only."""
    database = Database(sqlite_settings)
    yield City(database)
    database.close()


@pytest.fixture
def ask(client: TestClient, operator: dict[str, str]) -> Ask:
    """Call a route as an operator."""

    def ask(method: str, path: str, **body: Any) -> Response:
        return client.request(method, f"{API}{path}", json=body or None, headers=operator)

    return ask


@pytest.fixture
def make_person(ask: Ask) -> Make:
    def make_person(**values: Any) -> dict[str, Any]:
        said = {"name": "秘密花子", "matching_consent": True, **values}
        made: dict[str, Any] = ask("POST", "/people", **said).json()
        return made

    return make_person
