"""How well groups are found, measured on real names with the tool that lies beside the data."""

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from app.core.db import Database
from app.discovery.engines import Engines
from app.discovery.sync import bring_up_to_date
from app.intake.run import keep, open_import
from app.main import create_app
from app.settings import Settings
from tests.discovery.conftest import wait_until, with_meilisearch

SIZE = 3000


@pytest.fixture(scope="module")
def corpus(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Groups whose truth is known: real names, generated texts."""
    out = tmp_path_factory.mktemp("corpus")
    tool = shared / "search" / "make_corpus.py"
    subprocess.run([sys.executable, "-B", tool, "--size", str(SIZE), "--out", out], check=True)
    return out


@pytest.fixture(scope="module")
def installation(
    corpus: Path,
    migrated_sqlite: Path,
    meilisearch: tuple[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Settings:
    """The corpus imported and held by both engines."""
    data_dir = tmp_path_factory.mktemp("quality")
    shutil.copy(migrated_sqlite, data_dir / "musubi.sqlite3")
    settings = with_meilisearch(Settings(data_dir=data_dir, demo=False), meilisearch)
    database, engines = Database(settings), Engines(settings)
    for name in ("groups", "opportunities"):
        format_, table = open_import(f"{name}-csv", corpus / f"{name}.csv")
        report = keep(database, format_, table, progress=lambda _: None)
        assert (report.refused, report.outcome.kept) == (0, report.rows)
    indexes = engines.feeders()
    assert bring_up_to_date(database, indexes).complete
    assert [i.count() for i in indexes if i.kind == "organisation"] == [SIZE, SIZE]
    for index in engines.embedded.values():
        index._connection().close()
    database.close()
    return settings


@pytest.fixture(scope="module", params=["embedded", "auto"])
def address(request: pytest.FixtureRequest, installation: Settings) -> Iterator[str]:
    """Where the service listens, answered by either engine."""
    settings = installation.model_copy(update={"search": request.param})
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    if request.param == "auto":
        wait_until(lambda: app.state.engines.meili_ready)
    (listening,) = server.servers[0].sockets
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.mark.real_data
class TestQuality:
    def test_what_residents_type_is_found(self, shared: Path, corpus: Path, address: str) -> None:
        tool = [sys.executable, "-B", str(shared / "search" / "evaluate.py"), "--url", address]
        about = ["--corpus", str(corpus), "--kind", "organisation", "--misses"]
        done = subprocess.run([*tool, *about], check=True, capture_output=True, text=True)
        measured = dict(re.findall(r"(R@10|MRR|zero)=([\d.]+)", done.stdout.splitlines()[-1]))
        assert float(measured["R@10"]) >= 0.93, done.stdout
        assert float(measured["MRR"]) >= 0.93, done.stdout
        assert float(measured["zero"]) <= 0.005, done.stdout

    def test_what_one_can_take_part_in_is_found(
        self, shared: Path, corpus: Path, address: str
    ) -> None:
        tool = [sys.executable, "-B", str(shared / "search" / "evaluate.py"), "--url", address]
        about = ["--corpus", str(corpus), "--kind", "opportunity", "--seed", "-1", "--misses"]
        done = subprocess.run([*tool, *about], check=True, capture_output=True, text=True)
        measured = dict(re.findall(r"(R@10|MRR|zero)=([\d.]+)", done.stdout.splitlines()[-1]))
        assert float(measured["R@10"]) >= 0.93, done.stdout
        assert float(measured["zero"]) == 0, done.stdout
