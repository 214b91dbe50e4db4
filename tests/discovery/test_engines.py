"""What a visitor notices of an engine that fails: nothing but `degraded`."""

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.discovery.engines import Engines
from app.discovery.sync import Keeper
from app.main import create_app
from app.settings import Settings
from search import EmbeddedIndex, MeiliIndex
from tests.discovery.conftest import SEARCH, register, search, wait_until
from tests.faulty import FaultyServer

FAULTS: list[str | tuple[int, bytes]] = [
    "closed",
    "slow",
    (500, b'{"message": "internal"}'),
    (503, b""),
    (200, b"<html>not what was asked for"),
]


@pytest.fixture
def faulty(meili_settings: Settings) -> Iterator[FaultyServer]:
    server = FaultyServer(meili_settings.meili_url)
    yield server
    server.stop()


@pytest.fixture
def service(meili_settings: Settings, faulty: FaultyServer) -> Iterator[TestClient]:
    """The whole service before a Meilisearch that can be made to fail, with one group."""
    settings = meili_settings.model_copy(update={"meili_url": faulty.url})
    with TestClient(create_app(settings)) as client:
        register(client, name="ひまわりの会")
        wait_until(lambda: names(client) == ["ひまわりの会"] and not search(client)["degraded"])
        yield client


def names(client: TestClient) -> list[str]:
    return [hit["name"] for hit in search(client)["hits"]]


class TestBeginning:
    def test_before_anything_is_indexed_nothing_is_found(
        self, sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Keeper, "start", lambda _: None)
        monkeypatch.setattr(Keeper, "end", lambda _: None)
        with TestClient(create_app(sqlite_settings)) as client:
            answer = search(client, q="合唱")
            assert (answer["total"], answer["degraded"]) == (0, True)
            assert client.get("/search?q=合唱").status_code == 200

    def test_when_neither_engine_can_be_read_it_is_said(self, sqlite_settings: Settings) -> None:
        with TestClient(create_app(sqlite_settings), raise_server_exceptions=False) as client:
            path = sqlite_settings.embedded_path
            client.app.state.engines.embedded["organisation"] = EmbeddedIndex(  # type: ignore[attr-defined]
                path / "not-a-folder"
            )
            answer = client.get(SEARCH)
            assert answer.status_code == 503
            assert answer.json()["code"] == "search_unavailable"
            assert answer.headers["retry-after"] == "5"


class TestOutage:
    @pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f if isinstance(f, str) else str(f[0]))
    def test_is_answered_at_once_by_the_other_engine_and_ends_by_itself(
        self, service: TestClient, faulty: FaultyServer, fault: str | tuple[int, bytes]
    ) -> None:
        faulty.fault = fault
        for _ in range(3):
            started = time.monotonic()
            answer = search(service, q="ひまわり")
            assert time.monotonic() - started < 1
            assert answer["degraded"] is True
            assert [hit["name"] for hit in answer["hits"]] == ["ひまわりの会"]
        page = service.get("/search", params={"q": "ひまわり"})
        assert page.status_code == 200
        assert "簡易検索" in page.text
        register(service, name="すみれの会")  # writing goes on as well
        if fault != "slow":
            wait_until(lambda: len(names(service)) == 2)
        faulty.fault = ""
        wait_until(lambda: len(names(service)) == 2 and not search(service)["degraded"])
        assert service.get("/readyz").json()["search"] == "meilisearch"

    def test_at_the_start_is_no_hindrance(
        self, meili_settings: Settings, faulty: FaultyServer
    ) -> None:
        faulty.fault = "closed"
        settings = meili_settings.model_copy(update={"meili_url": faulty.url})
        with TestClient(create_app(settings)) as client:
            register(client, name="ひまわりの会")
            wait_until(lambda: names(client) == ["ひまわりの会"])
            assert search(client)["degraded"] is True
            faulty.fault = ""
            wait_until(lambda: not search(client)["degraded"])
            assert names(client) == ["ひまわりの会"]

    def test_in_which_everything_was_lost_ends_with_everything_found(
        self, service: TestClient, faulty: FaultyServer, meili_settings: Settings
    ) -> None:
        faulty.fault = "closed"
        register(service, name="すみれの会")
        wait_until(lambda: len(names(service)) == 2)
        key = meili_settings.meili_key.get_secret_value()
        MeiliIndex(meili_settings.meili_url, key).drop()
        faulty.fault = ""
        wait_until(lambda: not search(service)["degraded"] and len(names(service)) == 2)


class TestEngines:
    def test_without_meilisearch_it_is_the_embedded_engine(self, sqlite_settings: Settings) -> None:
        engines = Engines(sqlite_settings)
        assert {index.name for index in engines.feeders()} == {"embedded"}
        assert not engines.uses_meili

    def test_searches_with_a_key_that_can_only_search(self, meili_engines: Engines) -> None:
        meili_engines.feeders()
        assert meili_engines._target
        url, key = meili_engines._target
        assert key != meili_engines._settings.meili_key.get_secret_value()
        assert (
            key
            == MeiliIndex(url, meili_engines._settings.meili_key.get_secret_value()).search_key()
        )
