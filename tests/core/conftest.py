"""A database that can be taken away and given back while the service runs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from app.settings import Settings

Outage = Callable[[], AbstractContextManager[None]]


@contextmanager
def _file_away(file: Path) -> Iterator[None]:
    away = file.rename(file.with_name("away"))
    yield
    away.rename(file)


@contextmanager
def _server_refuses(address: str, name: str) -> Iterator[None]:
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        connection.execute(text(ended), {"name": name})
        yield
        connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    engine.dispose()


@pytest.fixture
def outage(settings: Settings, request: pytest.FixtureRequest) -> Outage:
    """The database is gone within the block, for open connections too, and back after it."""
    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite":
        return lambda: _file_away(Path(url.database or ""))
    address = request.getfixturevalue("postgres")
    return lambda: _server_refuses(address, url.database or "")
