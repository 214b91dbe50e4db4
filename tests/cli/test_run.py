"""`musubi run` and its fellows: from nothing to a page, and to an end without remains."""

import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

Musubi = Callable[..., Any]
Start = Callable[..., Any]


def total(service: Any) -> int:
    number: int = service.get("/api/v1/organisations")["total"]
    return number


class TestRun:
    def test_loads_the_demo_once_and_starts_again_quickly(self, start: Start, home: Path) -> None:
        first = start("run", MUSUBI_DEMO="1")
        assert "架空の団体と募集を登録しました" in first.said
        loaded = total(first)
        assert loaded >= 40
        assert first.get("/api/v1/search?q=子育て")["total"] > 0
        assert str(home / "operator-token") in first.said
        assert stat.S_IMODE((home / "operator-token").stat().st_mode) == 0o600
        assert first.stop() == 0
        began = time.monotonic()
        second = start("run", MUSUBI_DEMO="1")
        assert time.monotonic() - began < 15
        assert total(second) == loaded
        assert "架空の団体と募集を登録しました" not in second.said

    def test_without_the_demo_the_registry_is_empty(self, start: Start) -> None:
        assert total(start("run", MUSUBI_DEMO="0")) == 0

    def test_the_token_lets_write(self, start: Start, home: Path) -> None:
        service = start("run")
        token = (home / "operator-token").read_text()
        answer = httpx.post(
            f"{service.address}/api/v1/organisations",
            json={"name": "ひまわりの会"},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 201

    @pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
    def test_ctrl_c_ends_every_child(self, start: Start, meilisearch: tuple[str, str]) -> None:
        service = start("run", MUSUBI_SEARCH="auto")
        pid = service.process.pid
        children = _children(pid)
        assert any("meilisearch" in _command(child) for child in children)
        assert service.stop() == 0
        deadline = time.monotonic() + 10
        while any(_alive(child) for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(_alive(child) for child in children)
        assert "終わりました。" in service.said

    def test_a_port_in_use_is_one_sentence(self, musubi: Musubi) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            done = musubi("run", "--port", port)
        assert done.code != 0
        assert done.said.strip() == (
            f"ポート {port} はほかで使われています。PORT=8123 のように変えてください。"
        )

    @pytest.mark.parametrize("port", ["0", "70000"])
    def test_an_impossible_port(self, musubi: Musubi, port: str) -> None:
        done = musubi("run", "--port", port)
        assert done.code != 0
        assert "1 から 65535" in done.said

    def test_two_services_share_one_data_directory(self, start: Start, home: Path) -> None:
        """What is written through one is found through the other."""
        one, two = start("run"), start("run")
        token = {"Authorization": f"Bearer {(home / 'operator-token').read_text()}"}
        organisations = f"{one.address}/api/v1/organisations"
        made = httpx.post(organisations, json={"name": "ひまわりの会"}, headers=token).json()
        httpx.post(f"{organisations}/{made['id']}/publish", headers=token)
        for service in (one, two):
            service.wait(
                lambda service=service: service.get("/api/v1/search?q=ひまわり")["total"] == 1
            )
        assert one.stop() == 0
        assert two.get("/api/v1/search?q=ひまわり")["total"] == 1


class TestCommands:
    def test_migrate_reindex_reconcile(self, musubi: Musubi, tmp_path: Path) -> None:
        assert musubi("migrate").code == 0
        assert musubi("migrate").code == 0
        path = tmp_path / "groups.csv"
        path.write_text("団体名\nひまわりの会\n")
        musubi("import", "groups-csv", path)
        assert musubi("reindex").counts == {"embedded": {"organisation": 1, "opportunity": 0}}
        drift = musubi("reconcile").counts["embedded"]["organisation"]
        assert drift == {"missing": 0, "different": 0, "superfluous": 0}

    def test_help_is_in_japanese(self, musubi: Musubi) -> None:
        done = musubi("--help")
        assert done.code == 0
        for sentence in ("まちの団体の登録と検索", "取り込み", "データベースを最新の形にする"):
            assert sentence in done.out
        assert "何も取り込まない" in musubi("import", "--help").out

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"MUSUBI_DATA_DIR": "/proc/nowhere"}, "書き込めません"),
            ({"MUSUBI_DATA_DIR": "/dev/null/var"}, "書き込めません"),
            ({"MUSUBI_SEARCH": "magic"}, "MUSUBI_SEARCH"),
            ({"MUSUBI_ALLOWED_HOSTS": '["a'}, "設定 MUSUBI_ALLOWED_HOSTS の値"),
            ({"MUSUBI_ALLOWED_HOSTS": "a b,c d"}, "設定 MUSUBI_ALLOWED_HOSTS の値"),
            ({"MUSUBI_DATABASE_URL": "oracle9://nowhere"}, "データベースに接続できません"),
            ({"MUSUBI_DATABASE_URL": "postgresql+psycopg://127.0.0.1:1/x"}, "データベース"),
        ],
    )
    def test_what_cannot_be_is_one_sentence(
        self, musubi: Musubi, settings: dict[str, str], sentence: str
    ) -> None:
        done = musubi("migrate", **settings)
        assert done.code == 2
        assert sentence in done.said
        assert len(done.said.strip().splitlines()) == 1

    @pytest.mark.parametrize("command", ["run", "serve"])
    def test_an_empty_operator_token(
        self, musubi: Musubi, home: Path, port: int, command: str
    ) -> None:
        assert musubi("migrate").code == 0
        (home / "operator-token").write_text("")
        done = musubi(command, "--port", port)
        assert done.code == 2
        assert "合鍵（トークン）のファイルを使えません" in done.said.splitlines()[-1]

    def test_a_broken_database_file(self, musubi: Musubi, home: Path) -> None:
        home.mkdir()
        (home / "musubi.sqlite3").write_bytes(b"not a database " * 1000)
        for command in ("migrate", "reindex"):
            done = musubi(command)
            assert done.code == 2
            assert "データベース" in done.said


def _children(pid: int) -> list[int]:
    """All processes that descend from one."""
    own = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return own + [grandchild for child in own for grandchild in _children(child)]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
