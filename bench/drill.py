"""The kill drill: `kill -9` the service or Meilisearch amid a burst of writes or an import.

After each kill the service comes back by itself or is started again; then every acknowledged write
must be in the registry and both indexes must equal it: within 5 s of answering again, after an
import 5 s plus the backlog at the measured indexing rate (`make drill`).
"""

import contextlib
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from app.core.db import Database
from app.discovery.shelves import SHELVES
from app.discovery.sync import reconcile, waiting_lock
from app.main import API
from app.settings import Settings
from bench.process import MUSUBI, Service, end, environment, free_port, import_file, start
from search import EmbeddedIndex, MeiliIndex
from search.local import LocalMeilisearch

KILLS = 32
# Every eighth kill of each victim falls into an import.
_AMID_IMPORT = {3, 6}
_ROUND = 8
_WRITERS = 4
_ROWS = 1_000
_BACK_S = 5.0
_IMPORT_S = 120

Victim = Literal["service", "meilisearch"]


class Lost(Exception):
    """The drill found something that must never happen."""


@dataclass
class Ledger:
    """What the service acknowledged: path → the record as last answered."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)

    def check(self, api: httpx.Client) -> None:
        """Raises Lost. A write without an answer may have happened or not."""
        for path, acknowledged in self.records.items():
            answer = api.get(path)
            if answer.status_code != httpx.codes.OK:
                raise Lost(f"{path}: acknowledged, now {answer.status_code}")
            found = answer.json()
            allowed = acknowledged["version"] + (path in self.unanswered)
            if not acknowledged["version"] <= found["version"] <= allowed:
                raise Lost(f"{path}: version {acknowledged['version']}, now {found['version']}")
            if found["version"] == acknowledged["version"] and _said(found) != _said(acknowledged):
                raise Lost(f"{path}: not what was acknowledged")
            acknowledged.update(found)
        self.unanswered.clear()


@dataclass
class Drill:
    """One installation that is killed again and again."""

    data_dir: Path
    rng: random.Random
    port: int = field(default_factory=free_port)
    ledger: Ledger = field(default_factory=Ledger)
    imported: int = 0
    per_row_s: float = 0.0
    service: Service = field(init=False)

    def run(self, kills: int) -> None:
        """Raises Lost or TimeoutError."""
        self.per_row_s = self._import_in_peace() / _ROWS
        self._start()
        try:
            self.service.wait_until_ready(meilisearch=True)
            for number in range(kills):
                victim: Victim = "service" if number % 2 else "meilisearch"
                imports = number % _ROUND in _AMID_IMPORT
                up_s, back_s = self._round(victim, imports=imports)
                what = "import" if imports else "writes"
                seconds = f"answers after {up_s:.1f} s, in step {back_s:.1f} s later"
                print(f"{number + 1:3} {victim:12}{what:8}{seconds}", flush=True)
        finally:
            end(self.service.process)

    def _start(self) -> None:
        self.service = start(self.data_dir, port=self.port, log=self.data_dir / "log")

    def _round(self, victim: Victim, *, imports: bool) -> tuple[float, float]:
        """One kill; seconds until the service answered again, and from then until in step."""
        with self._importing() if imports else self._writing():
            time.sleep(self.rng.uniform(0.3, 6 if imports else 2.5))
            self._kill(victim)
        killed = time.monotonic()
        self.service.wait_until_up()
        since = time.monotonic()
        backlog_s = _ROWS * self.per_row_s if imports else 0
        self.service.wait_until_ready(meilisearch=True, timeout_s=_BACK_S + backlog_s)
        back_s = time.monotonic() - since
        self._check()
        return since - killed, back_s

    def _kill(self, victim: Victim) -> None:
        """`kill -9`; a killed service is started again, Meilisearch is the service's to restart."""
        if victim == "meilisearch":
            for pid in _children(self.service.process.pid):
                os.kill(pid, signal.SIGKILL)
        else:
            self.service.process.kill()
            self.service.process.wait()
            self._start()

    # ---------------------------------------------------------------------------- what goes on

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Several people write groups and their needs until the block ends."""
        stop = threading.Event()
        writers = [threading.Thread(target=self._write, args=(stop,)) for _ in range(_WRITERS)]
        for writer in writers:
            writer.start()
        try:
            yield
        finally:
            stop.set()
            for writer in writers:
                writer.join()

    def _write(self, stop: threading.Event) -> None:
        with _client(self.service) as api:
            while not stop.is_set():
                try:
                    made = self._write_one(api, "organisations", "name", {})
                    need = {"organisation_id": made["id"], "kind": "people", "quantity": 3}
                    self._write_one(api, "needs", "title", need)
                except httpx.TransportError:
                    return  # the service is gone, and with it the burst

    def _write_one(
        self, api: httpx.Client, what: str, called: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Create, publish and correct one record; each answer is written down."""
        created = api.post(f"{API}/{what}", json={called: _name(), **body})
        record: dict[str, Any] = created.raise_for_status().json()
        path = f"{API}/{what}/{record['id']}"
        self.ledger.records[path] = record
        self.ledger.unanswered.add(path)
        record = api.post(f"{path}/publish").raise_for_status().json()
        self.ledger.records[path] = record
        seen = {"If-Match": f'"{record["version"]}"'}
        record = api.patch(path, json={called: _name()}, headers=seen).raise_for_status().json()
        self.ledger.records[path] = record
        self.ledger.unanswered.discard(path)
        return record

    def _import_in_peace(self) -> float:
        return import_file(self.data_dir, "groups-csv", self._next_file()).seconds

    @contextlib.contextmanager
    def _importing(self) -> Iterator[None]:
        """A file of new groups is imported until it is done."""
        command = [MUSUBI, "import", "groups-csv", self._next_file()]
        with subprocess.Popen(
            command,
            env=environment(self.data_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield
                printed, _ = process.communicate(timeout=_IMPORT_S)
            finally:
                process.kill()
        if process.returncode != 0:
            raise Lost(f"the import ended with {process.returncode}")
        if json.loads(printed.splitlines()[-1])["created"] != _ROWS:
            raise Lost(f"the import did not keep every row: {printed.decode()}")

    def _next_file(self) -> Path:
        path = self.data_dir / "groups.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["外部ID", "団体名", "活動内容"])
            for number in range(self.imported, self.imported + _ROWS):
                writer.writerow(
                    [f"drill-{number}", f"訓練の会{number}", "ごみ拾いと緑を育てる活動"]
                )
        self.imported += _ROWS
        return path

    # ------------------------------------------------------------------------- what must hold

    def _check(self) -> None:
        with _client(self.service) as api:
            self.ledger.check(api)
            total = api.get(f"{API}/organisations?limit=1").json()["total"]
        if total < self.imported:
            raise Lost(f"{self.imported} groups imported, {total} there")
        local = LocalMeilisearch(self.data_dir)
        settings = Settings(data_dir=self.data_dir)
        database = Database(settings)
        for kind in SHELVES:
            for index in (
                EmbeddedIndex(settings.embedded_path, kind),
                MeiliIndex(local.ensure() or "", local.key, kind),
            ):
                with waiting_lock(database, 30):
                    if (drift := reconcile(database, index)).total:
                        raise Lost(f"{index.name} {kind} does not equal the registry: {drift}")
        database.close()


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _client(service: Service) -> httpx.Client:
    headers = {"Authorization": f"Bearer {service.token}"}
    return httpx.Client(base_url=service.url, headers=headers, timeout=30)


def _said(record: dict[str, Any]) -> dict[str, Any]:
    """Without what the night counts."""
    return {name: value for name, value in record.items() if name not in ("words", "exposure")}


def _name() -> str:
    return f"訓練の会 {random.randrange(10**9)}"


def main() -> None:
    """Exit code 1 when anything was lost."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(10**6)
    print(f"{KILLS} kills, seed {seed}")
    with tempfile.TemporaryDirectory(prefix="musubi-drill-") as folder:
        drill = Drill(Path(folder), random.Random(seed))
        try:
            drill.run(KILLS)
        except (Lost, TimeoutError) as error:
            print((drill.data_dir / "log").read_text()[-4000:])
            sys.exit(f"FAILED: {error}")
    print(f"nothing lost: {len(drill.ledger.records)} written, {drill.imported} imported")


if __name__ == "__main__":
    main()
