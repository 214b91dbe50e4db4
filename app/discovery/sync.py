"""Keeping the indexes in step with the registry, whatever dies when.

What waits (`core.changes.Waiting`) is sent, settled, and only then forgotten, and only in the
version that was sent. All writes are idempotent. One process at a time feeds the engines
(`database.lock`), so an older state can never overwrite a newer one.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import bindparam, delete, update
from sqlmodel import col, func, select

from app.core import clock
from app.core.changes import Waiting, newest_change
from app.core.db import Database, upsert
from app.core.errors import DatabaseUnavailable
from app.discovery.documents import BATCH, KIND, all_ids, read_entries
from app.discovery.engines import Engines
from app.discovery.models import IndexState
from app.organisations.queries import count_findable
from search import Index, SearchError, SearchUnavailable, WriteRejected, fingerprint

LOCK = "index"
# Meilisearch indexes tasks that wait together in one go; many in flight make it twice as quick.
_IN_FLIGHT = 40
_RETRY_FIRST_S, _RETRY_LAST_S = 1, 300
_POLL_S = 1.0
_CHECK_S = 60.0
_REASON = 500

log = structlog.get_logger()
Progress = Callable[[int], None]


def _no_progress(_: int) -> None:
    pass


@dataclass(frozen=True)
class _Batch:
    """Documents on their way to one engine, and the changes they carry."""

    indexes: Sequence[Index]
    receipts: Sequence[object]
    changes: Mapping[str, int]


@dataclass
class Drain:
    """Sends what waits to the engines. Use under the lock, in one thread."""

    database: Database
    indexes: Sequence[Index]
    progress: Progress = _no_progress
    # While an index is rebuilt: what goes to it goes to its successor too, and only what is new
    # does.
    mirror: Mapping[str, Index] = field(default_factory=dict)
    after_change: int = -1
    refused: int = 0
    sent: int = 0
    _flying: deque[_Batch] = field(default_factory=deque)
    _down: set[str] = field(default_factory=set)

    @property
    def complete(self) -> bool:
        """Every engine has everything it was to be told."""
        return not self._down and not self.refused

    def run(self) -> None:
        """Until nothing waits that can be sent now."""
        while self.step():
            pass
        self.finish()

    def step(self) -> bool:
        """Send everything that waits now; leave the last few batches in flight.

        True if there was any.
        """
        flying = {(b.indexes[0].name, id_) for b in self._flying for id_ in b.changes}
        waiting = self._waiting(flying)
        entities = list(waiting)
        for start in range(0, len(entities), BATCH):
            some = entities[start : start + BATCH]
            self._send({entity: waiting[entity] for entity in some})
            self.progress(len(some))
        self.sent += len(entities)
        return bool(entities)

    def finish(self) -> None:
        """Settle what is in flight."""
        while self._flying:
            self._settle(self._flying.popleft())

    def _waiting(self, flying: set[tuple[str, str]]) -> dict[str, dict[str, int]]:
        """Entity → engine → newest change, oldest first."""
        names = [index.name for index in self.indexes if index.name not in self._down]
        with self.database.read() as session:
            rows = session.exec(
                select(Waiting.entity_id, Waiting.engine, Waiting.change_id)
                .where(
                    col(Waiting.engine).in_(names),
                    col(Waiting.retry_at) <= clock.now(),
                    col(Waiting.change_id) > self.after_change,
                )
                .order_by(col(Waiting.change_id), col(Waiting.entity_id), col(Waiting.engine))
            ).all()
        waiting: dict[str, dict[str, int]] = defaultdict(dict)
        for entity, engine, change in rows:
            if (engine, entity) not in flying:
                waiting[entity][engine] = change
        return waiting

    def _send(self, waiting: Mapping[str, Mapping[str, int]]) -> None:
        entries = {entry.document.id: entry for entry in read_entries(self.database, list(waiting))}
        for index in self.indexes:
            changes = {e: c[index.name] for e, c in waiting.items() if index.name in c}
            if not changes or index.name in self._down:
                continue
            found = [entries[entity] for entity in changes if entity in entries]
            gone = [entity for entity in changes if entity not in entries]
            indexes = [index, *filter(None, [self.mirror.get(index.name)])]
            try:
                receipts = [each.write(found, gone) for each in indexes]
            except SearchUnavailable as error:
                self._postpone(index.name, changes, error)
                continue
            self._flying.append(_Batch(indexes, receipts, changes))
            if len(self._flying) > _IN_FLIGHT:
                self._settle(self._flying.popleft())

    def _settle(self, batch: _Batch) -> None:
        name = batch.indexes[0].name
        try:
            for index, receipt in zip(batch.indexes, batch.receipts, strict=True):
                index.settle(receipt)
        except SearchUnavailable as error:
            self._postpone(name, batch.changes, error)
        except WriteRejected as error:
            if len(batch.changes) == 1:
                self.refused += 1
                log.warning("document refused", engine=name, reason=error.reason)
                self._retry_later(name, batch.changes, error.reason)
            else:
                self._one_by_one(batch)
        else:
            self._forget(name, batch.changes)

    def _one_by_one(self, batch: _Batch) -> None:
        """One bad document must not keep the others out."""
        for entity, change in batch.changes.items():
            found = list(read_entries(self.database, [entity]))
            gone = [] if found else [entity]
            receipts = [index.write(found, gone) for index in batch.indexes]
            self._settle(_Batch(batch.indexes, receipts, {entity: change}))

    def _forget(self, engine: str, changes: Mapping[str, int]) -> None:
        table = Waiting.__table__  # type: ignore[attr-defined]
        settled = delete(table).where(
            table.c.engine == engine,
            table.c.kind == KIND,
            table.c.entity_id == bindparam("entity"),
            table.c.change_id == bindparam("change"),
        )
        with self.database.write() as session:
            rows = [{"entity": entity, "change": change} for entity, change in changes.items()]
            session.connection().execute(settled, rows)

    def _postpone(self, engine: str, changes: Mapping[str, int], error: SearchError) -> None:
        self._down.add(engine)
        log.warning("engine unavailable", engine=engine, waiting=len(changes), reason=str(error))

    def _retry_later(self, engine: str, changes: Mapping[str, int], reason: str) -> None:
        with self.database.write() as session:
            for entity in changes:
                mine = (
                    col(Waiting.engine) == engine,
                    col(Waiting.kind) == KIND,
                    col(Waiting.entity_id) == entity,
                )
                attempts = session.exec(select(Waiting.attempts).where(*mine)).first()
                if attempts is None:
                    continue
                pause = min(_RETRY_LAST_S, _RETRY_FIRST_S * 2 ** min(attempts, 10))
                session.execute(
                    update(Waiting)
                    .where(*mine)
                    .values(
                        attempts=attempts + 1,
                        error=reason[:_REASON],
                        retry_at=clock.now() + timedelta(seconds=pause),
                    )
                )


# ------------------------------------------------------------------------------------ rebuilding


def rebuild(
    database: Database, indexes: Sequence[Index], progress: Progress = _no_progress
) -> None:
    """Build each index anew beside the one that answers, and let it take that one's place.

    Use under the lock. Changes made meanwhile go to both, so no search misses an answer or a
    change.
    """
    with database.write() as session:
        newest = newest_change(session)
    with ExitStack() as stack:
        successors = {index.name: stack.enter_context(index.rebuilding()) for index in indexes}
        drain = Drain(database, indexes, mirror=successors, after_change=newest)
        flying: deque[tuple[Index, object]] = deque()
        for ids in all_ids(database):
            entries = list(read_entries(database, ids))
            for successor in successors.values():
                flying.append((successor, successor.write(entries, [])))
            while len(flying) > _IN_FLIGHT:
                _settle(flying)
            drain.step()
            progress(len(ids))
        while flying:
            _settle(flying)
        drain.run()
    _remember(database, indexes, newest)


def _settle(flying: deque[tuple[Index, object]]) -> None:
    index, receipt = flying.popleft()
    index.settle(receipt)


def _remember(database: Database, indexes: Sequence[Index], newest: int) -> None:
    names = [index.name for index in indexes]
    at = clock.now()
    with database.write() as session:
        upsert(
            session,
            IndexState.__table__,  # type: ignore[attr-defined]
            [{"engine": name, "fingerprint": fingerprint(), "built_at": at} for name in names],
            key=("engine",),
        )
        session.execute(
            delete(Waiting).where(col(Waiting.engine).in_(names), col(Waiting.change_id) <= newest)
        )


def needs_rebuild(database: Database, index: Index) -> bool:
    """Built by another pipeline, never built, or holding less than it was told of."""
    with database.read() as session:
        state = session.get(IndexState, index.name)
        if state is None or state.fingerprint != fingerprint():
            return True
        findable = count_findable(session)
        waiting = session.exec(select(func.count()).where(col(Waiting.engine) == index.name)).one()
    return index.count() < findable - waiting


# ----------------------------------------------------------------------------------- reconciling


@dataclass
class Drift:
    """What an index held wrongly, and was mended."""

    missing: int = 0
    different: int = 0
    superfluous: int = 0

    @property
    def total(self) -> int:
        return self.missing + self.different + self.superfluous


def reconcile(database: Database, index: Index, progress: Progress = _no_progress) -> Drift:
    """Compare every document with the registry and mend what differs. Use under the lock."""
    Drain(database, [index]).run()
    drift = Drift()
    expected_ids: set[str] = set()
    for ids in all_ids(database):
        entries = list(read_entries(database, ids))
        expected_ids.update(entry.document.id for entry in entries)
        stored = index.stored([entry.document.id for entry in entries])
        wrong = [e for e in entries if stored.get(e.document.id) != index.stored_form(e)]
        drift.missing += sum(entry.document.id not in stored for entry in wrong)
        drift.different += sum(entry.document.id in stored for entry in wrong)
        if wrong:
            index.settle(index.write(wrong, []))
        progress(len(ids))
    superfluous = [id_ for id_ in index.ids() if id_ not in expected_ids]
    drift.superfluous = len(superfluous)
    if superfluous:
        index.settle(index.write([], superfluous))
    return drift


# -------------------------------------------------------------------------------------- keeping


class Keeper(threading.Thread):
    """Keeps the engines alive and fed: at once after a commit here, else every second."""

    def __init__(self, database: Database, engines: Engines) -> None:
        super().__init__(name="index keeper", daemon=True)
        self._database, self._engines = database, engines
        self._wake = threading.Event()
        self._ending = False
        self._checked = ("", 0.0)
        database.after_commit.append(self._wake.set)

    def run(self) -> None:
        while not self._ending:
            self._wake.clear()
            try:
                self.keep()
            except (SearchError, DatabaseUnavailable) as error:
                self._checked = ("", 0.0)
                log.warning("indexing postponed", reason=str(error))
            except Exception:
                log.exception("indexing failed")
            self._wake.wait(_POLL_S)

    def end(self) -> None:
        self._ending = True
        self._wake.set()
        self.join(10)

    def keep(self, progress: Progress = _no_progress) -> bool:
        """One round: engines up, indexes built, nothing waiting.

        False when somebody else is at it.
        """
        indexes = self._engines.feeders()
        with self._database.lock(LOCK) as mine:
            if mine and self._due(indexes):
                drain = bring_up_to_date(self._database, indexes, progress)
            elif mine:
                drain = Drain(self._database, indexes, progress)
                drain.run()
        if mine and drain.sent:
            self._engines.changed()
        ready = "meilisearch" in (index.name for index in indexes)
        if ready and is_built(self._database, "meilisearch"):
            self._engines.meili_ready.set()
        else:
            self._engines.meili_ready.clear()
        return mine

    def _due(self, indexes: Sequence[Index]) -> bool:
        """Whether to look at the indexes: at first, when an engine came back, each minute."""
        names, checked = self._checked
        now = time.monotonic()
        # A new address is a server that was started anew.
        current = " ".join(f"{index.name} {getattr(index, 'url', '')}" for index in indexes)
        if names == current and now - checked < _CHECK_S:
            return False
        self._checked = (current, now)
        return True


def is_built(database: Database, engine: str) -> bool:
    with database.read() as session:
        state = session.get(IndexState, engine)
    return state is not None and state.fingerprint == fingerprint()


def bring_up_to_date(
    database: Database, indexes: Sequence[Index], progress: Progress = _no_progress
) -> Drain:
    """Prepare, rebuild where needed, and send what waits. Use under the lock."""
    for index in indexes:
        index.prepare()
    stale = [index for index in indexes if needs_rebuild(database, index)]
    if stale:
        rebuild(database, stale, progress)
    drain = Drain(database, indexes, progress)
    drain.run()
    return drain


@contextmanager
def waiting_lock(database: Database, give_up_s: float) -> Iterator[None]:
    """The lock, once whoever holds it is done. Raises SearchUnavailable after `give_up_s`."""
    pause = threading.Event()
    waited = 0.0
    while True:
        with database.lock(LOCK) as mine:
            if mine:
                yield
                return
        if waited >= give_up_s:
            raise SearchUnavailable("another process is still indexing")
        pause.wait(0.1)
        waited += 0.1
