import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from app.core import clock
from app.core.changes import Change, Event, Waiting, record
from app.core.db import Database, WriteSession
from app.discovery import drain, shelves
from app.discovery.drain import Drain
from app.discovery.engines import Engines
from app.discovery.sync import Keeper, bring_up_to_date, needs_rebuild, rebuild, reconcile
from app.organisations.actions import suspend_organisation
from search import Document, EmbeddedIndex, Entry, Index, MeiliIndex, SearchUnavailable, project
from search.index import Ask, Found
from tests.discovery.conftest import Killed, Mortal, Registry

SECRETS = (
    "secret@example.jp",
    "090-1234-5678",
    "秘密太郎",
    "ヒミツタロウ",
    "秘密町9-9-9",
    "秘密荘",
)


class Refusing(MeiliIndex):
    """Sends one group in a form that Meilisearch takes and then refuses."""

    def stored_form(self, entry: Entry) -> Any:
        form = {**super().stored_form(entry)}
        return {**form, "id": "not an id!"} if entry.document.name == "断られる会" else form

    @contextmanager
    def rebuilding(self) -> Iterator[MeiliIndex]:
        with super().rebuilding() as successor:
            yield Refusing(successor.url, successor.key, successor.kind, suffix="_new")


def equal(database: Database, index: Index) -> bool:
    """The index holds exactly what the registry says, and nothing waits."""
    assert Registry(database).waiting(index.name) == 0
    return reconcile(database, index).total == 0


class TestOutbox:
    def test_a_change_waits_for_each_engine(self, registry: Registry) -> None:
        registry.add("ひまわりの会")
        assert (registry.waiting("embedded"), registry.waiting("meilisearch")) == (1, 1)

    def test_what_was_rolled_back_waits_for_nobody(self, database: Database) -> None:
        with pytest.raises(Killed), database.write() as session:
            _die_after_recording(session)
        with database.read() as session:
            assert not session.exec(select(Change)).all() + session.exec(select(Waiting)).all()


def _die_after_recording(session: WriteSession) -> None:
    record(session, [Event("organisation", "1", "create", "test")])
    raise Killed


class TestDrain:
    def test_brings_an_engine_up_to_date_and_empties(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        kept, gone = registry.add("ひまわりの会", "すみれの会")
        registry.add("下書きの会", publish=False)
        Drain(database, [index]).run()
        assert set(index.ids()) == {kept, gone}
        registry.rename(kept, "たんぽぽの会")
        registry.suspend(gone)
        Drain(database, [index]).run()
        assert set(index.ids()) == {kept}
        assert equal(database, index)

    def test_sending_everything_again_changes_nothing(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        registry.add("ひまわりの会", "すみれの会")
        for _ in range(2):
            with database.read() as session:
                waiting = [row.model_dump() for row in session.exec(select(Waiting)).all()]
            Drain(database, [index]).run()
            before = dict(index.stored(list(index.ids())))
            with database.write() as session:
                session.add_all(Waiting(**row) for row in waiting if row["engine"] == index.name)
        Drain(database, [index]).run()
        assert index.stored(list(index.ids())) == before
        assert equal(database, index)

    def test_a_change_made_after_sending_is_sent_too(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        sent = Drain(database, [index])
        sent.step()
        registry.rename(id_, "たんぽぽの会")
        sent.finish()
        assert registry.waiting(index.name) == 1
        Drain(database, [index]).run()
        assert equal(database, index)

    def test_a_change_made_while_its_record_is_in_flight_is_not_left_waiting(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        (id_,) = registry.add("ひまわりの会")
        drain = Drain(database, [index])
        drain.step()
        registry.rename(id_, "たんぽぽの会")
        drain.step()
        drain.run()
        assert registry.waiting(index.name) == 0
        assert equal(database, index)

    @pytest.mark.parametrize("lives", [0, 1, 2, 3, 6, 9])
    def test_whoever_dies_at_any_step_loses_nothing(
        self,
        database: Database,
        registry: Registry,
        index: Index,
        lives: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(drain, "BATCH", 1)
        first, *_ = registry.add("ひまわりの会", "すみれの会", "たんぽぽの会")
        registry.suspend(first)
        with pytest.raises(Killed):
            Drain(database, [Mortal(index, [lives])]).run()
        assert registry.waiting(index.name) > 0
        Drain(database, [index]).run()
        assert index.count() == 2
        assert equal(database, index)

    def test_one_refused_group_keeps_no_other_out_and_is_tried_again(
        self, database: Database, registry: Registry, engines: Engines, meilisearch: tuple[str, str]
    ) -> None:
        registry.add("ひまわりの会", "断られる会", "すみれの会")
        sent = Drain(database, [Refusing(*meilisearch)])
        sent.run()
        healthy = engines.meili()["organisation"]
        assert (sent.refused, sent.complete, healthy.count()) == (1, False, 2)
        with database.write() as session:
            (row,) = session.exec(select(Waiting).where(col(Waiting.engine) == "meilisearch")).all()
            assert row.attempts == 1
            assert "not an id!" in (row.error or "")
            assert row.retry_at > clock.now()
            session.execute(update(Waiting).values(retry_at=clock.now()))
        Drain(database, [healthy]).run()
        assert equal(database, healthy)


class TestRebuild:
    def test_holds_everything_and_nothing_else(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        registry.add("ひまわりの会", "すみれの会")
        index.settle(index.write([project(Document("planted", "organisation", "余計な会"))], []))
        rebuild(database, [index])
        assert index.count() == 2
        assert equal(database, index)
        assert not needs_rebuild(database, index)

    @pytest.mark.parametrize("lives", [0, 2, 4, 8, 12, 14])
    def test_whoever_dies_at_any_step_leaves_a_whole_index(
        self, database: Database, registry: Registry, index: Index, lives: int
    ) -> None:
        first, _ = registry.add("ひまわりの会", "すみれの会")
        rebuild(database, [index])
        registry.add("たんぽぽの会")
        with pytest.raises(Killed):
            rebuild(
                database,
                [Mortal(index, [lives])],
                lambda _: registry.rename(first, "変わった会"),
            )
        assert index.count() >= 2
        bring_up_to_date(database, [index])
        assert index.count() == 3
        assert equal(database, index)

    def test_searches_and_changes_go_on_meanwhile(
        self,
        database: Database,
        registry: Registry,
        engines: Engines,
        index: Index,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(shelves, "BATCH", 5)
        ids = registry.add(*(f"ひまわりの会{n}" for n in range(30)))
        rebuild(database, [index])
        totals: list[int] = []
        ended = threading.Event()
        looking = threading.Thread(target=_look, args=(index, totals, ended))
        looking.start()
        changes = iter(
            [lambda: registry.rename(ids[0], "変わった会"), lambda: registry.add("新しい会")]
        )
        try:
            for _ in range(3):
                rebuild(database, [index], lambda _: _next(changes))
        finally:
            ended.set()
            looking.join(20)
        assert set(totals) <= {30, 31}
        assert len(totals) > 3
        Drain(database, [index]).run()
        assert index.count() == 31
        assert equal(database, index)

    def test_one_refused_group_does_not_hinder_it(
        self, database: Database, registry: Registry, engines: Engines, meilisearch: tuple[str, str]
    ) -> None:
        registry.add("ひまわりの会", "断られる会", "すみれの会")

        rebuild(database, [Refusing(*meilisearch)])
        assert engines.meili()["organisation"].count() == 2
        assert registry.waiting("meilisearch") == 1

    @pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
    def test_a_change_that_is_committed_late_is_not_forgotten(
        self, database: Database, registry: Registry, engines: Engines
    ) -> None:
        """PostgreSQL numbers a change when it is made, not when it becomes visible."""
        embedded = engines.embedded["organisation"]
        (late,) = registry.add("ひまわりの会")
        begun = threading.Event()
        with database.write() as session:
            suspend_organisation(session, id=uuid.UUID(late), version=None, actor="test")
            session.flush()
            registry.add("すみれの会")
            building = threading.Thread(
                target=rebuild, args=(database, [embedded], lambda _: begun.set())
            )
            building.start()
            begun.wait(1)  # it waits for us, or has read what we are about to change
        building.join(20)
        Drain(database, [embedded]).run()
        assert late not in set(embedded.ids())
        assert equal(database, embedded)


def _look(index: Index, totals: list[int], ended: threading.Event) -> None:
    """Count all groups again and again, in a connection of its own."""
    while not ended.is_set():
        if isinstance(index, EmbeddedIndex):
            found: Found | int = index.ask(Ask("organisation")).total
        else:
            assert isinstance(index, MeiliIndex)
            found = (
                MeiliIndex(index.url, index.key)
                ._client.index(index.uid)
                .search("")["estimatedTotalHits"]
            )
        totals.append(int(found))
    if isinstance(index, EmbeddedIndex):
        index._connection().close()


def _next(changes: Any) -> None:
    change: Callable[[], object] | None = next(changes, None)
    if change:
        change()


class TestNeedsRebuild:
    def test_a_new_index_does(self, database: Database, index: Index) -> None:
        assert needs_rebuild(database, index)
        bring_up_to_date(database, [index])
        assert not needs_rebuild(database, index)

    def test_what_only_waits_does_not(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        bring_up_to_date(database, [index])
        registry.add("ひまわりの会")
        assert not needs_rebuild(database, index)

    def test_an_index_that_lost_something_does(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        ids = registry.add("ひまわりの会", "すみれの会")
        bring_up_to_date(database, [index])
        index.settle(index.write([], ids[:1]))
        assert needs_rebuild(database, index)
        bring_up_to_date(database, [index])
        assert equal(database, index)

    def test_another_pipeline_does(
        self, database: Database, index: Index, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bring_up_to_date(database, [index])
        monkeypatch.setattr("app.discovery.sync.fingerprint", lambda: "other")
        assert needs_rebuild(database, index)


class TestReconcile:
    def test_mends_what_is_missing_different_or_too_much(
        self, database: Database, registry: Registry, index: Index
    ) -> None:
        missing, different, _ = registry.add("ひまわりの会", "すみれの会", "たんぽぽの会")
        Drain(database, [index]).run()
        wrong = project(Document(different, "organisation", "違う会"))
        extra = project(Document("planted", "organisation", "余計な会"))
        index.settle(index.write([wrong, extra], [missing]))
        drift = reconcile(database, index)
        assert (drift.missing, drift.different, drift.superfluous) == (1, 1, 1)
        assert equal(database, index)


class TestKeeper:
    def test_keeps_both_engines_in_step(
        self, database: Database, registry: Registry, engines: Engines
    ) -> None:
        keeper = Keeper(database, engines)
        registry.add("ひまわりの会")
        assert keeper.keep()
        registry.add("すみれの会")
        assert keeper.keep()
        assert engines.meili_ready
        assert [i.count() for i in engines.feeders() if i.kind == "organisation"] == [2, 2]

    def test_one_process_at_a_time(self, database: Database, engines: Engines) -> None:
        with database.lock("index"):
            other = Database(database.settings)
            assert not Keeper(other, engines).keep()
            other.close()

    def test_an_engine_out_of_reach_keeps_the_other_not_waiting(
        self, database: Database, registry: Registry, engines: Engines
    ) -> None:
        class Gone(MeiliIndex):
            def __init__(self) -> None:
                super().__init__("http://127.0.0.1:9", "key")

        registry.add("ひまわりの会")
        indexes: Sequence[Index] = [Gone(), engines.embedded["organisation"]]
        sent = bring_up_to_date(database, indexes)
        assert (sent.down, sent.complete) == (True, False)
        assert (indexes[1].count(), registry.waiting("meilisearch")) == (1, 1)
        with pytest.raises(SearchUnavailable):
            Gone().count()

    def test_a_server_that_came_back_empty_is_filled_again(
        self, database: Database, registry: Registry, engines: Engines
    ) -> None:
        keeper = Keeper(database, engines)
        registry.add("ひまわりの会", "すみれの会")
        keeper.keep()
        meili = engines.meili()["organisation"]
        meili.drop()
        registry.add("たんぽぽの会")
        keeper.keep()  # the first write makes an index that holds only what is new
        assert meili.count() < 3
        keeper._checked = ("", 0.0)  # a minute later
        keeper.keep()
        assert meili.count() == 3
        assert equal(database, meili)


class TestContacts:
    def test_are_in_no_index(self, database: Database, registry: Registry, index: Index) -> None:
        mail, phone, person, kana, street, house = SECRETS
        registry.add(
            "ひまわりの会",
            address={"street": street, "building": house, "latitude": 35.7, "longitude": 139.5},
            contacts=[
                {"kind": "email", "value": mail, "is_public": True},
                {"kind": "mobile", "value": phone},
                {"kind": "representative", "value": person, "kana": kana},
            ],
        )
        Drain(database, [index]).run()
        raw = str(index.stored(list(index.ids())))
        if isinstance(index, EmbeddedIndex):
            raw += str(index._connection().execute("SELECT * FROM organisation_words").fetchall())
        assert "ひまわりの会" in raw
        for secret in (*SECRETS, "35.7", "123-4567", "himitsutaro"):
            assert secret not in raw
