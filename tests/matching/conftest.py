"""A city on each database, and one on SQLite for what does not depend on it."""

from collections.abc import Iterator

import pytest

from app.core.db import Database
from app.settings import Settings
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
