"""Parts for the tests of finding: groups, engines that die, a Meilisearch that misbehaves."""

import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import col, func, select

from app.core.changes import Waiting
from app.core.clock import today
from app.core.db import Database
from app.discovery.engines import Engines
from app.listings.actions import create_listing, move_listing, publish_listing
from app.main import API, create_app
from app.organisations import actions
from app.organisations.forms import OrganisationForm
from app.organisations.queries import get_organisation
from app.settings import Settings
from app.vocabulary.listings import Side
from search import Entry, Index
from tests.conftest import empty_meilisearch

SEARCH = f"{API}/search"


class Killed(BaseException):
    """The process dies here: nothing of it may catch this."""


@dataclass
class Mortal:
    """An index whose process dies at its `lives`th step; a step is the begin or end of a call."""

    index: Index
    lives: list[int]
    name: str = field(init=False)
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.name, self.kind = self.index.name, self.index.kind

    def _step(self) -> None:
        self.lives[0] -= 1
        if self.lives[0] < 0:
            raise Killed

    def prepare(self) -> None:
        self.index.prepare()

    def count(self) -> int:
        return self.index.count()

    def write(self, entries: Sequence[Entry], gone: Sequence[str]) -> object:
        self._step()
        receipt = self.index.write(entries, gone)
        self._step()
        return receipt

    def settle(self, receipt: object) -> None:
        self._step()
        self.index.settle(receipt)
        self._step()

    @contextmanager
    def rebuilding(self) -> Iterator[Index]:
        self._step()
        with self.index.rebuilding() as successor:
            yield Mortal(successor, self.lives)
            self._step()
        self._step()

    def stored(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        return self.index.stored(ids)

    def stored_form(self, entry: Entry) -> Mapping[str, Any]:
        return self.index.stored_form(entry)

    def ids(self) -> Iterable[str]:
        return self.index.ids()


class Registry:
    """Groups in the database, written without a service."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, *names: str, publish: bool = True, **values: Any) -> list[str]:
        with self.database.write() as session:
            ids = []
            for name in names:
                form = OrganisationForm(name=name, **values)
                record = actions.create_organisation(session, values=form.values(), actor="test")
                if publish:
                    actions.publish_organisation(session, id=record.id, version=None, actor="test")
                ids.append(str(record.id))
            return ids

    def need(self, organisation_id: str, title: str = "お手伝い", **values: Any) -> str:
        """A published need."""
        said = {"kind": "people", "quantity": 20, "title": title, **values}
        whole = {"organisation_id": organisation_id, **said}
        with self.database.write() as session:
            made = create_listing(session, side=Side.NEED, values=whole, actor="test")
            publish_listing(session, id=made.id, version=None, actor="test", today=today())
            return str(made.id)

    def pause(self, id_: str) -> None:
        with self.database.write() as session:
            move_listing(session, id=uuid.UUID(id_), move="pause", version=None, actor="test")

    def rename(self, id_: str, name: str) -> None:
        with self.database.write() as session:
            version = get_organisation(session, uuid.UUID(id_)).version
            actions.update_organisation(
                session,
                id=uuid.UUID(id_),
                version=version,
                values={"name": name},
                actor="test",
            )

    def suspend(self, id_: str) -> None:
        with self.database.write() as session:
            actions.suspend_organisation(session, id=uuid.UUID(id_), version=None, actor="test")

    def republish(self, id_: str) -> None:
        with self.database.write() as session:
            actions.publish_organisation(session, id=uuid.UUID(id_), version=None, actor="test")

    def waiting(self, engine: str) -> int:
        with self.database.read() as session:
            mine = col(Waiting.engine) == engine
            return session.exec(select(func.count()).select_from(Waiting).where(mine)).one()


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Return as soon as `condition` holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry(database)


@pytest.fixture
def engines(
    request: pytest.FixtureRequest, meilisearch: tuple[str, str], database: Database
) -> Iterator[Engines]:
    """Both engines, empty, for the database of this test."""
    engines = Engines(with_meilisearch(database.settings, meilisearch))
    for index in engines.feeders():
        index.prepare()
    yield engines
    engines.stop()
    for index in engines.embedded.values():
        index._connection().close()


@pytest.fixture(params=["embedded", "meilisearch"])
def index(request: pytest.FixtureRequest, engines: Engines) -> Index:
    """One engine after the other: its index of organisations."""
    return index_of(engines, request.param, "organisation")


def index_of(engines: Engines, engine: str, kind: str) -> Index:
    return next(i for i in engines.feeders() if (i.name, i.kind) == (engine, kind))


MITAKA, MUSASHINO, FUJI = (35.6835, 139.5595), (35.7178, 139.5661), (35.1614, 138.6763)


def _address(position: tuple[float, float]) -> dict[str, Any]:
    return {"latitude": position[0], "longitude": position[1], "is_public": True}


GROUPS: list[dict[str, Any]] = [
    {
        "name": "NPO法人こそだてひろば結",
        "kana": "エヌピーオーホウジンコソダテヒロバユイ",
        "legal_form": "npo",
        "fields": [2, 13],
        "stage": "growth",
        "municipality": "132039",
        "address": _address(MUSASHINO),
        "purpose": "赤ちゃんと親が集まる子育て支援の広場を開く。",
        "activity_times": ["weekday"],
        "accepting_members": True,
    },
    {
        "name": "合唱団みたか",
        "kana": "ガッショウダンミタカ",
        "fields": [6],
        "stage": "maturity",
        "municipality": "132047",
        "address": _address(MITAKA),
        "purpose": "平日の夜に合唱を楽しむ。",
        "activity_times": ["evening"],
        "accepting_members": False,
    },
    {
        "name": "京都認知症の人と家族の会",
        "kana": "キョウトニンチショウノヒトトカゾクノカイ",
        "fields": [1],
        "municipality": "261009",
        "purpose": "認知症の人と家族が語り合う認知症カフェを開く。",
        "activity_times": ["weekend"],
    },
    {
        "name": "東京都民の消費生活を考える会",
        "organisation_type": "intermediary",
        "fields": [18],
        "municipality": "131041",
        "purpose": "くらしの学習会を開く。",
    },
    {
        "name": "ふじ子ども食堂",
        "kana": "フジコドモショクドウ",
        "fields": [1, 13],
        "stage": "growth",
        "municipality": "222101",
        "address": _address(FUJI),
        "purpose": "障がいのある子どももない子どもも食卓を囲む子ども食堂を開く。",
        "activity_times": ["evening", "weekend"],
        "accepting_members": True,
    },
]


@pytest.fixture(scope="module", params=["embedded", "meilisearch"])
def town(
    request: pytest.FixtureRequest,
    migrated_sqlite: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TestClient]:
    """The whole service with `GROUPS`, first registered first, answered by either engine."""
    data_dir = tmp_path_factory.mktemp("town")
    shutil.copy(migrated_sqlite, data_dir / "musubi.sqlite3")
    settings = Settings(data_dir=data_dir, search="embedded", demo=False)
    if request.param == "meilisearch":
        settings = with_meilisearch(settings, request.getfixturevalue("meilisearch"))
    with TestClient(create_app(settings)) as client:
        for group in GROUPS:
            register(client, **group)
        degraded = request.param == "embedded"
        wait_until(lambda: answered(client, total=len(GROUPS), degraded=degraded))
        yield client


def with_meilisearch(settings: Settings, server: tuple[str, str]) -> Settings:
    """These settings with an empty index on this server."""
    url, key = server
    empty_meilisearch(url, key)
    return settings.model_copy(
        update={"search": "auto", "meili_url": url, "meili_key": SecretStr(key)}
    )


def register(client: TestClient, **values: Any) -> str:
    """Register and publish; the new id."""
    headers = {"Authorization": f"Bearer {client.app.state.operator_token}"}  # type: ignore[attr-defined]
    path = f"{API}/organisations"
    created = client.post(path, json=values, headers=headers)
    assert created.status_code == 201, created.text
    id_: str = created.json()["id"]
    assert client.post(f"{path}/{id_}/publish", headers=headers).status_code == 200
    return id_


def search(client: TestClient, query: str = "", **parameters: Any) -> dict[str, Any]:
    """The answer of `GET /search` to a query string, or to a question and parameters."""
    address = f"{SEARCH}?{query}" if "=" in query else SEARCH
    answer = client.get(address, params=parameters or None)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def answered(client: TestClient, *, total: int, degraded: bool) -> bool:
    answer = search(client)
    return (answer["total"], answer["degraded"]) == (total, degraded)
