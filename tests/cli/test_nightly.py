"""`musubi nightly`: the night's counts, now."""

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlmodel import select

from app.core.db import Database
from app.matching.models import Counted
from app.settings import Settings

Musubi = Callable[..., Any]


class TestNightly:
    def test_counts(self, musubi: Musubi, home: Path) -> None:
        done = musubi("nightly")
        assert (done.code, "数え直しました" in done.said) == (0, True)
        database = Database(Settings(data_dir=home, search="embedded"))
        with database.read() as session:
            assert session.exec(select(Counted.counted_at)).one()
        database.close()

    def test_while_another_counts_it_says_so(self, musubi: Musubi, home: Path) -> None:
        musubi("migrate")
        with (home / "nightly.lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            done = musubi("nightly")
        assert done.code != 0
        assert "少し待ってから" in done.said
