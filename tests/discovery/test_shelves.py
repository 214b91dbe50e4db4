"""A second kind of documents, which follows the first: needs show whose they are."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import col, select

from app.core.changes import Waiting
from app.core.db import Database
from app.discovery import drain
from app.discovery.drain import Drain
from app.discovery.engines import Engines
from app.discovery.sync import Keeper, bring_up_to_date, needs_rebuild, rebuild, reconcile
from search import Document, Index, project
from tests.discovery.conftest import Killed, Mortal, Registry, index_of


@pytest.fixture(params=["embedded", "meilisearch"])
def shelves(request: pytest.FixtureRequest, engines: Engines) -> list[Index]:
    """One engine's index of organisations and its index of opportunities."""
    return [index_of(engines, request.param, kind) for kind in ("organisation", "opportunity")]


@pytest.fixture
def opportunities(shelves: list[Index]) -> Index:
    return shelves[1]


def told(index: Index) -> dict[str, str]:
    """The organisation that each opportunity is shown with."""
    found = {}
    for id_, stored in index.stored(list(index.ids())).items():
        text = str(stored)
        found[id_] = next(name for name in ("たんぽぽの会", "ひまわりの会") if name in text)
    return found


def waiting(database: Database, engine: str) -> list[tuple[str, str]]:
    with database.read() as session:
        mine = col(Waiting.engine) == engine
        rows = session.exec(select(Waiting.kind, Waiting.entity_id).where(mine)).all()
    return sorted((kind, id_) for kind, id_ in rows)


def in_step(database: Database, shelves: list[Index]) -> bool:
    """Both hold exactly what the registry says, and nothing waits."""
    assert waiting(database, shelves[0].name) == []
    return [reconcile(database, index).total for index in shelves] == [0, 0]


class TestDrain:
    def test_only_published_needs_of_published_organisations(
        self, database: Database, registry: Registry, shelves: list[Index], opportunities: Index
    ) -> None:
        (shown,) = registry.add("ひまわりの会")
        (hidden,) = registry.add("下書きの会", publish=False)
        need, paused = registry.need(shown), registry.need(shown)
        registry.pause(paused)
        with pytest.raises(Exception, match="先に団体を公開"):
            registry.need(hidden)
        Drain(database, shelves).run()
        assert set(opportunities.ids()) == {need}
        assert in_step(database, shelves)

    def test_a_renamed_organisation_renames_its_opportunities(
        self, database: Database, registry: Registry, shelves: list[Index], opportunities: Index
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        need = registry.need(id_)
        Drain(database, shelves).run()
        assert told(opportunities) == {need: "ひまわりの会"}
        registry.rename(id_, "たんぽぽの会")
        Drain(database, shelves).run()
        assert told(opportunities) == {need: "たんぽぽの会"}
        assert in_step(database, shelves)

    def test_a_suspended_organisation_takes_its_opportunities_with_it(
        self, database: Database, registry: Registry, shelves: list[Index], opportunities: Index
    ) -> None:
        kept, gone = registry.add("ひまわりの会", "たんぽぽの会")
        need, _ = registry.need(kept), registry.need(gone)
        Drain(database, shelves).run()
        assert opportunities.count() == 2
        registry.suspend(gone)
        Drain(database, shelves).run()
        assert set(opportunities.ids()) == {need}
        assert in_step(database, shelves)

    def test_what_follows_waits_where_its_index_is_not_fed(
        self, database: Database, registry: Registry, shelves: list[Index]
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        need = registry.need(id_)
        Drain(database, shelves).run()
        registry.rename(id_, "たんぽぽの会")
        Drain(database, shelves[:1]).run()
        assert waiting(database, shelves[0].name) == [("listing", need)]
        Drain(database, shelves[1:]).run()
        assert told(shelves[1]) == {need: "たんぽぽの会"}

    @pytest.mark.parametrize("lives", [0, 1, 2, 3, 5, 7, 9, 11])
    def test_whoever_dies_at_any_step_loses_nothing(
        self,
        database: Database,
        registry: Registry,
        shelves: list[Index],
        lives: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(drain, "BATCH", 1)
        renamed, gone = registry.add("ひまわりの会", "ひまわりの会")
        need, _ = registry.need(renamed), registry.need(gone)
        Drain(database, shelves).run()
        registry.rename(renamed, "たんぽぽの会")
        registry.suspend(gone)
        steps = [lives]
        with pytest.raises(Killed):
            Drain(database, [Mortal(index, steps) for index in shelves]).run()
        assert waiting(database, shelves[0].name)
        Drain(database, shelves).run()
        assert told(shelves[1]) == {need: "たんぽぽの会"}
        assert in_step(database, shelves)


class TestRebuild:
    def test_of_the_first_alone_passes_on_what_waited(
        self, database: Database, registry: Registry, shelves: list[Index]
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        need = registry.need(id_)
        Drain(database, shelves).run()
        registry.rename(id_, "たんぽぽの会")
        rebuild(database, shelves[:1])
        assert waiting(database, shelves[0].name) == [("listing", need)]
        Drain(database, shelves).run()
        assert told(shelves[1]) == {need: "たんぽぽの会"}
        assert in_step(database, shelves)

    def test_of_the_second_alone_forgets_nothing_of_the_first(
        self, database: Database, registry: Registry, shelves: list[Index]
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        need = registry.need(id_)
        rebuild(database, shelves[1:])
        assert told(shelves[1]) == {need: "ひまわりの会"}
        assert waiting(database, shelves[0].name) == [("organisation", id_)]
        Drain(database, shelves).run()
        assert in_step(database, shelves)

    def test_takes_over_what_happens_meanwhile(
        self, database: Database, registry: Registry, shelves: list[Index]
    ) -> None:
        renamed, gone = registry.add("ひまわりの会", "ひまわりの会")
        need, _ = registry.need(renamed), registry.need(gone)
        changes: Iterator[Any] = iter(
            [lambda: registry.rename(renamed, "たんぽぽの会"), lambda: registry.suspend(gone)]
        )
        rebuild(database, shelves, lambda _: next(changes, lambda: None)())
        Drain(database, shelves).run()
        assert told(shelves[1]) == {need: "たんぽぽの会"}
        assert in_step(database, shelves)

    @pytest.mark.parametrize("lives", [0, 2, 4, 6, 8])
    def test_whoever_dies_while_building_leaves_the_old_one(
        self, database: Database, registry: Registry, shelves: list[Index], lives: int
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        need = registry.need(id_)
        bring_up_to_date(database, shelves)
        steps = [lives]
        with pytest.raises(Killed):
            rebuild(database, [Mortal(index, steps) for index in shelves])
        registry.rename(id_, "たんぽぽの会")
        bring_up_to_date(database, shelves)
        assert told(shelves[1]) == {need: "たんぽぽの会"}
        assert in_step(database, shelves)


class TestNeedsRebuild:
    def test_each_index_for_itself(
        self, database: Database, registry: Registry, shelves: list[Index]
    ) -> None:
        assert [needs_rebuild(database, index) for index in shelves] == [True, True]
        rebuild(database, shelves[:1])
        assert [needs_rebuild(database, index) for index in shelves] == [False, True]
        bring_up_to_date(database, shelves)
        (id_,) = registry.add("ひまわりの会")
        need = registry.need(id_)
        assert [needs_rebuild(database, index) for index in shelves] == [False, False]
        bring_up_to_date(database, shelves)
        shelves[1].settle(shelves[1].write([], [need]))
        assert [needs_rebuild(database, index) for index in shelves] == [False, True]

    def test_needs_of_an_organisation_that_waits_wait_too(
        self, database: Database, registry: Registry, shelves: list[Index]
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        registry.need(id_)
        registry.suspend(id_)
        bring_up_to_date(database, shelves)
        registry.republish(id_)
        assert [needs_rebuild(database, index) for index in shelves] == [False, False]
        bring_up_to_date(database, shelves)
        assert shelves[1].count() == 1


class TestReconcile:
    def test_mends_the_second_kind(
        self, database: Database, registry: Registry, shelves: list[Index], opportunities: Index
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        missing, different = registry.need(id_), registry.need(id_)
        Drain(database, shelves).run()
        wrong = project(Document(different, "opportunity", "違う"))
        extra = project(Document("planted", "opportunity", "余計"))
        opportunities.settle(opportunities.write([wrong, extra], [missing]))
        drift = reconcile(database, opportunities)
        assert (drift.missing, drift.different, drift.superfluous) == (1, 1, 1)
        assert in_step(database, shelves)


class TestKeeper:
    def test_keeps_all_indexes_in_step(
        self, database: Database, registry: Registry, engines: Engines
    ) -> None:
        keeper = Keeper(database, engines)
        (id_,) = registry.add("ひまわりの会")
        registry.need(id_)
        assert keeper.keep()
        assert engines.meili_ready
        held = {(index.name, index.kind): index.count() for index in engines.feeders()}
        assert set(held.values()) == {1}
        assert len(held) == 4
