import os
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from search.local import LocalMeilisearch

Start = Callable[[], LocalMeilisearch]


@pytest.fixture
def server(meilisearch: tuple[str, str], tmp_path: Path) -> Iterator[Start]:
    """Opens the server of one data directory, as one more process would."""
    opened: list[LocalMeilisearch] = []

    def open_() -> LocalMeilisearch:
        opened.append(LocalMeilisearch(tmp_path / "var"))
        return opened[-1]

    yield open_
    for one in reversed(opened):
        one.stop()
        one._http.close()


class TestLocalMeilisearch:
    def test_there_is_one_server_for_a_data_directory(self, server: Start) -> None:
        first, second = server(), server()
        assert first.ensure() == second.ensure() is not None
        assert first.key == second.key
        second.stop()  # not its own: it goes on
        assert first.ensure() == second.ensure()

    def test_what_only_makes_it_quicker_never_fails(self, server: Start) -> None:
        local = server()
        local.read_dictionary()  # none yet
        assert not local.has_run
        url, key = local.ensure(), local.key
        assert local.has_run
        local.read_dictionary()  # without an index
        headers = {"Authorization": f"Bearer {key}"}
        httpx.post(f"{url}/indexes", headers=headers, json={"uid": "organisations"})
        local.read_dictionary()
        assert local.ensure() == url

    def test_a_server_that_died_is_brought_back(self, server: Start) -> None:
        local = server()
        assert local.ensure()
        assert local._process
        local._process.kill()
        local._process.wait()
        assert local.ensure()
        assert local._process.poll() is None

    def test_the_next_one_takes_over_when_the_owner_ends(self, server: Start) -> None:
        first, second = server(), server()
        first.ensure()
        first.stop()
        assert second.ensure()
        assert second._process

    def test_the_server_of_a_killed_owner_is_ended_first(self, server: Start) -> None:
        """Two servers must never write one data directory."""
        first, second = server(), server()
        orphaned = first.ensure()
        assert first._lock
        assert first._process
        first._lock.close()  # as the kernel does for a process that was killed
        first._lock = None
        assert second.ensure() not in (None, orphaned)
        assert first._process.wait(5) == -signal.SIGKILL

    def test_a_broken_data_directory_is_made_anew(self, server: Start) -> None:
        local = server()
        local.ensure()
        local.stop()
        (local.home / "data" / "VERSION").write_text("0.0.1")
        assert local.ensure()

    def test_the_key_is_its_owners_alone(self, server: Start) -> None:
        local = server()
        assert len(local.key) > 30
        assert stat.S_IMODE((local.home / "master-key").stat().st_mode) == 0o600

    def test_an_address_that_others_took_is_not_believed(self, server: Start) -> None:
        local = server()
        local.home.mkdir(parents=True)
        (local.home / "address").write_text('{"url": "http://127.0.0.1:9"}')
        assert local.ensure() not in (None, "http://127.0.0.1:9")

    def test_without_a_binary_there_is_none(
        self, server: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("search.local.ROOT", tmp_path)
        monkeypatch.setattr("search.local._NPM_BINARY", tmp_path / "none")
        monkeypatch.setenv("PATH", os.devnull)
        assert shutil.which("meilisearch") is None
        assert server().ensure() is None
