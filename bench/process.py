"""The service and its commands as processes of their own, in a data directory of their own."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

MUSUBI = Path(sys.executable).with_name("musubi")
_READY_S = 120
_STOP_S = 20


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """The surroundings of a command: no setting but the ones given."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MUSUBI_")}
    return {**inherited, "MUSUBI_DATA_DIR": str(data_dir), "MUSUBI_DEMO": "0", **settings}


@dataclass(frozen=True)
class Imported:
    """What an import took; `peak_mb` is the import's own process, without Meilisearch."""

    seconds: float
    peak_mb: float
    counts: dict[str, Any]


def import_file(data_dir: Path, format_name: str, file: Path) -> Imported:
    """From the command to its return: everything is searchable then."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [MUSUBI, "import", format_name, file],
        env=environment(data_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    watch = _Peak(process.pid)
    watch.start()
    printed, _ = process.communicate()
    seconds = time.perf_counter() - started
    watch.join()
    return Imported(seconds, watch.peak_mb, json.loads(printed.splitlines()[-1]))


class _Peak(threading.Thread):
    """Follows the largest resident size of a process until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self.peak_mb = pid, 0.0

    def run(self) -> None:
        with contextlib.suppress(OSError, KeyError, ProcessLookupError):
            while True:
                self.peak_mb = max(self.peak_mb, memory_mb(self._pid, "VmHWM"))
                time.sleep(0.05)


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """A memory figure of the kernel's; KeyError once the process has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields[what].split()[0]) / 1024


@dataclass(frozen=True)
class Service:
    """A running service: its address, its process and its data."""

    url: str
    process: "subprocess.Popen[bytes]"
    data_dir: Path

    @property
    def token(self) -> str:
        return (self.data_dir / "operator-token").read_text().strip()

    def wait_until_up(self, timeout_s: float = _READY_S) -> None:
        """Until it answers at all. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        with httpx.Client(timeout=5) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    client.get(f"{self.url}/healthz").raise_for_status()
                    return
                time.sleep(0.05)
        raise TimeoutError(f"{self.url} does not answer")

    def wait_until_ready(self, *, meilisearch: bool, timeout_s: float = _READY_S) -> dict[str, Any]:
        """The answer of `/readyz` once nothing waits. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        state: dict[str, Any] = {}
        with httpx.Client(timeout=5) as client:
            while time.monotonic() < deadline and self.process.poll() is None:
                with contextlib.suppress(httpx.HTTPError):
                    state = client.get(f"{self.url}/readyz").json()
                    engine = state["search"] == "meilisearch" or not meilisearch
                    if engine and state["waiting"] == 0:
                        return state
                time.sleep(0.05)
        raise TimeoutError(f"not ready within {timeout_s:.1f} s, last seen: {state or 'nothing'}")


def start(data_dir: Path, *, port: int = 0, log: Path | None = None, **settings: str) -> Service:
    """Start `musubi serve`; the caller ends it."""
    port = port or free_port()
    with open(log or os.devnull, "ab") as output:  # noqa: PTH123 - devnull is no Path
        process = subprocess.Popen(
            [MUSUBI, "serve", "--port", str(port)],
            env=environment(data_dir, **settings),
            stdout=output,
            stderr=output,
        )
    return Service(f"http://127.0.0.1:{port}", process, data_dir)


@contextlib.contextmanager
def serving(data_dir: Path, *, meilisearch: bool = True, **settings: str) -> Iterator[Service]:
    """A service that is ready, ended with the block."""
    engine = "auto" if meilisearch else "embedded"
    service = start(data_dir, MUSUBI_SEARCH=engine, **settings)
    try:
        service.wait_until_ready(meilisearch=meilisearch)
        yield service
    finally:
        end(service.process)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_module(name: str) -> dict[str, Any]:
    """What a measurement in a process of its own prints as JSON."""
    command = [sys.executable, "-m", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def run_tool(script: Path, arguments: Sequence[object]) -> str:
    """The standard output of one of the measuring tools beside the project."""
    command = [sys.executable, script, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout
