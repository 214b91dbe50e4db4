"""The command line as people use it: real processes, bounded in time and always ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings

MUSUBI = str(Path(sys.executable).with_name("musubi"))
_LONGEST_S = 60


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    code: int
    out: str
    said: str

    @property
    def counts(self) -> dict[str, Any]:
        """The last line on standard output."""
        counts: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return counts


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The data directory of this test."""
    return tmp_path / "var"


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """An installation of its own: SQLite, the embedded engine, no demo."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MUSUBI_")}
    own = {"MUSUBI_DATA_DIR": str(home), "MUSUBI_SEARCH": "embedded", "MUSUBI_DEMO": "0"}
    return {**inherited, **own, "COLUMNS": "200"}


@pytest.fixture
def musubi(environment: dict[str, str]) -> Callable[..., Done]:
    """Run a command to its end."""

    def musubi(*arguments: object, **settings: str) -> Done:
        done = subprocess.run(
            [MUSUBI, *map(str, arguments)],
            env={**environment, **settings},
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return musubi


@dataclass
class Service:
    """A running `musubi run` or `serve`."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def get(self, path: str) -> Any:
        return httpx.get(self.address + path, timeout=5).json()

    def wait(self, holds: Callable[[], bool], limit_s: float = _LONGEST_S) -> None:
        """Until something holds, or fail with what the service said."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.said
            try:
                if holds():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        pytest.fail(self.said)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@pytest.fixture
def port() -> int:
    return free_port()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start a service and wait until it answers; all are ended with the test."""
    services: list[Service] = []

    def start(command: str = "run", **settings: str) -> Service:
        number = free_port()
        log = tmp_path / f"log{len(services)}"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [MUSUBI, command, "--port", str(number)],
                env={**environment, **settings},
                stdout=file,
                stderr=file,
            )
        service = Service(process, f"http://127.0.0.1:{number}", log)
        services.append(service)
        service.wait(lambda: httpx.get(f"{service.address}/readyz", timeout=5).is_success)
        return service

    yield start
    for service in services:
        if service.process.poll() is None:
            service.process.kill()
        service.process.wait(20)


@pytest.fixture
def meili_environment(meili_settings: Settings) -> dict[str, str]:
    """Settings for the tests' Meilisearch, emptied."""
    key = meili_settings.meili_key.get_secret_value()
    address = {"MUSUBI_MEILI_URL": meili_settings.meili_url, "MUSUBI_MEILI_KEY": key}
    return {"MUSUBI_SEARCH": "auto", **address}
