"""A record that cannot be made a document, or an engine that goes away, stops nothing else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from app.core import clock
from app.core.changes import Waiting
from app.core.db import Database
from app.discovery import shelves
from app.discovery.drain import Drain
from app.discovery.engines import Engines
from app.discovery.sync import Keeper, bring_up_to_date, needs_rebuild, reconcile
from search import Document, Entry, Index, MeiliIndex, SearchUnavailable, WriteRejected, project
from tests.discovery.conftest import Registry


@pytest.fixture
def one_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No record is known that fails; the next one has to be invented."""

    def failing(document: Document) -> Entry:
        if document.name == "読めない会":
            raise ValueError("cannot be read")
        return project(document)

    monkeypatch.setattr(shelves, "project", failing)


def refused(database: Database, engine: str) -> list[str]:
    """Why records of an engine are to be tried again later."""
    with database.read() as session:
        mine = (col(Waiting.engine) == engine, col(Waiting.attempts) > 0)
        return [row.error or "" for row in session.exec(select(Waiting).where(*mine))]


class TestReadEntries:
    def test_a_record_as_long_as_the_form_allows_is_found(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        text = "子どもと遊ぶ広場を開く。" * 833
        registry.add("長い会", purpose=text, activities=text, message=text, achievements=text)
        registry.add("ひまわりの会")
        assert bring_up_to_date(database, [index]).complete
        assert index.count() == 2


@pytest.mark.usefixtures("one_unreadable")
class TestOneUnreadable:
    def test_waits_alone_with_its_reason(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        bring_up_to_date(database, [index])
        registry.add("ひまわりの会", "読めない会", "すみれの会")
        drain = Drain(database, [index])
        drain.run()
        assert (index.count(), drain.refused, drain.complete) == (2, 1, False)
        assert refused(database, index.name) == ["ValueError('cannot be read')"]
        assert registry.waiting(index.name) == 1

    def test_does_not_hinder_building_nor_comparing(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        registry.add("ひまわりの会", "読めない会", "すみれの会")
        for _ in range(2):
            bring_up_to_date(database, [index])
            assert index.count() == 2
            assert not needs_rebuild(database, index)
            assert reconcile(database, index).total == 0
            assert refused(database, index.name) == ["ValueError('cannot be read')"]

    def test_keeps_the_state_in_which_it_could_be_read(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        (id_,) = registry.add("読める会")
        bring_up_to_date(database, [index])
        registry.rename(id_, "読めない会")
        reconcile(database, index)
        assert set(index.ids()) == {id_}
        registry.suspend(id_)
        reconcile(database, index)
        assert set(index.ids()) == set()

    def test_is_found_once_it_can_be_read(
        self,
        database: Database,
        registry: Registry,
        index: Index,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        registry.add("読めない会")
        bring_up_to_date(database, [index])
        monkeypatch.setattr(shelves, "project", project)
        with database.write() as session:
            session.execute(update(Waiting).values(retry_at=clock.now()))
        Drain(database, [index]).run()
        assert (index.count(), registry.waiting(index.name)) == (1, 0)


class Going(MeiliIndex):
    """Refuses what comes in many, and is gone when it is asked once more."""

    writes = 0

    def write(self, entries: Sequence[Entry], gone: Sequence[str]) -> list[int]:
        self.writes += 1
        if self.writes > 1:
            raise SearchUnavailable("gone")
        return super().write(entries, gone)

    def settle(self, receipt: object) -> None:
        raise WriteRejected("one of them")


class Unbuildable(MeiliIndex):
    """Goes away while it is built."""

    @contextmanager
    def rebuilding(self) -> Iterator[MeiliIndex]:
        yield Going(self.url, self.key, self.kind)


class TestEngineThatGoesAway:
    def test_while_one_by_one_is_tried_leaves_all_waiting(
        self, database: Database, registry: Registry, meilisearch: tuple[str, str], engines: Engines
    ) -> None:
        registry.add("ひまわりの会", "すみれの会")
        embedded = engines.embedded["organisation"]
        drain = Drain(database, [embedded, Going(*meilisearch)])
        drain.run()
        assert (drain.down, drain.complete, embedded.count()) == (True, False, 2)
        assert registry.waiting("meilisearch") == 2

    def test_while_it_is_built_keeps_the_other_not_waiting(
        self, database: Database, registry: Registry, meilisearch: tuple[str, str], engines: Engines
    ) -> None:
        registry.add("ひまわりの会", "すみれの会")
        embedded = engines.embedded["organisation"]
        drain = bring_up_to_date(database, [Unbuildable(*meilisearch), embedded])
        assert (drain.down, drain.complete) == (True, False)
        assert (embedded.count(), registry.waiting("embedded")) == (2, 0)


class TestTidying:
    def test_old_tasks_are_forgotten_once_a_day(self, database: Database, engines: Engines) -> None:
        meili = engines.meili()["organisation"]

        def tidied() -> int:
            return int(meili._client.get_tasks({"types": "taskDeletion"}).total)

        before, keeper = tidied(), Keeper(database, engines)
        for _ in range(2):
            keeper._checked = ("", 0.0)  # a minute later
            keeper.keep()
        assert tidied() == before + 1
        assert keeper._tidied is not None
        keeper._tidied -= 86_401
        keeper._checked = ("", 0.0)
        keeper.keep()
        assert tidied() == before + 2
