"""What waits for an engine, sent: the outbox of the change log.

What waits (`core.changes.Waiting`) is sent, settled, and only then forgotten, and only in the
version that was sent.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import bindparam, delete, tuple_, update
from sqlmodel import col, select

from app.core import clock
from app.core.changes import Waiting, enqueue
from app.core.db import Database, WriteSession
from app.discovery.shelves import BATCH, SHELVES, Shelf, list_followers, read_entries
from search import Entry, Index, SearchError, SearchUnavailable, WriteRejected

# Meilisearch indexes tasks that wait together in one go; many in flight make it twice as quick.
IN_FLIGHT = 40
_RETRY_FIRST_S, _RETRY_LAST_S = 1, 300
_REASON = 500

log = structlog.get_logger()
Progress = Callable[[int], None]
# An engine's index of one kind of documents.
IndexKey = tuple[str, str]


def no_progress(_: int) -> None:
    pass


def key_of(index: Index) -> IndexKey:
    return index.name, index.kind


@dataclass(frozen=True)
class _Batch:
    """Documents on their way to one index (and its successor), and the changes they carry."""

    indexes: Sequence[Index]
    receipts: Sequence[object]
    changes: Mapping[str, int]

    @property
    def engine(self) -> str:
        return self.indexes[0].name

    @property
    def shelf(self) -> Shelf:
        return SHELVES[self.indexes[0].kind]


@dataclass
class Drain:
    """Sends what waits to the engines. Use under the lock, in one thread."""

    database: Database
    indexes: Sequence[Index]
    progress: Progress = no_progress
    # While an index is rebuilt: what goes to it goes to its successor too, and only what is new
    # does.
    mirror: Mapping[IndexKey, Index] = field(default_factory=dict)
    after_change: int = -1
    refused: int = 0
    sent: int = 0
    _flying: deque[_Batch] = field(default_factory=deque)
    _read: int = -1  # up to which change what waits has been read
    _down: set[str] = field(default_factory=set)

    @property
    def down(self) -> bool:
        """An engine could not be reached; what waits for it goes on waiting."""
        return bool(self._down)

    def leave_out(self, indexes: Iterable[Index]) -> None:
        """Do not even try these: they are known to be out of reach."""
        self._down.update(index.name for index in indexes)

    @property
    def complete(self) -> bool:
        """Every engine has everything it was to be told."""
        return not self._down and not self.refused

    def run(self) -> None:
        """Until nothing waits that can be sent now."""
        self._read = self.after_change
        while self.step() or self._flying:
            self.finish()
            self._read = self.after_change  # what changed while in flight waits again

    def step(self) -> bool:
        """Send what waits since the last step; leave the last few batches in flight.

        True if there was any. What changes while in flight is for `run`, which begins anew.
        """
        flying = {(b.engine, b.shelf.entity, id_) for b in self._flying for id_ in b.changes}
        sent = self.sent
        for shelf, waiting in self._waiting(flying).items():
            entities = list(waiting)
            for start in range(0, len(entities), BATCH):
                some = entities[start : start + BATCH]
                self._send(SHELVES[shelf], {entity: waiting[entity] for entity in some})
                self.progress(len(some))
            self.sent += len(entities)
        return self.sent > sent

    def finish(self) -> None:
        """Settle what is in flight."""
        while self._flying:
            self._settle(self._flying.popleft())

    def _waiting(self, flying: set[tuple[str, str, str]]) -> dict[str, dict[str, dict[str, int]]]:
        """Kind of document → entity → engine → newest change, oldest first."""
        kinds = {
            (index.name, SHELVES[index.kind].entity): index.kind
            for index in self.indexes
            if index.name not in self._down
        }
        with self.database.read() as session:
            rows = session.exec(
                select(Waiting.entity_id, Waiting.engine, Waiting.kind, Waiting.change_id)
                .where(
                    tuple_(col(Waiting.engine), col(Waiting.kind)).in_(kinds),
                    col(Waiting.retry_at) <= clock.now(),
                    col(Waiting.change_id) > max(self._read, self.after_change),
                )
                .order_by(col(Waiting.change_id), col(Waiting.entity_id), col(Waiting.engine))
            ).all()
        waiting: dict[str, dict[str, dict[str, int]]] = {}
        for entity, engine, kind, change in rows:
            self._read = change
            if (engine, kind, entity) not in flying:
                shelf = waiting.setdefault(kinds[engine, kind], {})
                shelf.setdefault(entity, {})[engine] = change
        return waiting

    def _send(self, shelf: Shelf, waiting: Mapping[str, Mapping[str, int]]) -> None:
        reading = read_entries(self.database, shelf, list(waiting))
        for entity, reason in reading.refused.items():
            for engine, change in waiting[entity].items():
                self._refuse(engine, shelf, {entity: change}, reason)
        for index in self.indexes:
            if index.kind != shelf.kind:
                continue
            changes = {
                entity: newest[index.name]
                for entity, newest in waiting.items()
                if index.name in newest and entity not in reading.refused
            }
            if not changes or index.name in self._down:
                continue
            indexes = [index, *filter(None, [self.mirror.get(key_of(index))])]
            if batch := self._written(indexes, changes, reading.entries):
                self._flying.append(batch)
            if len(self._flying) > IN_FLIGHT:
                self._settle(self._flying.popleft())

    def _written(
        self, indexes: Sequence[Index], changes: Mapping[str, int], entries: Mapping[str, Entry]
    ) -> _Batch | None:
        """The changes on their way; None when the engine is out of reach."""
        found = [entries[entity] for entity in changes if entity in entries]
        gone = [entity for entity in changes if entity not in entries]
        try:
            receipts = [index.write(found, gone) for index in indexes]
        except SearchUnavailable as error:
            self._postpone(indexes[0].name, changes, error)
            return None
        return _Batch(indexes, receipts, changes)

    def _settle(self, batch: _Batch) -> None:
        try:
            for index, receipt in zip(batch.indexes, batch.receipts, strict=True):
                index.settle(receipt)
        except SearchUnavailable as error:
            self._postpone(batch.engine, batch.changes, error)
        except WriteRejected as error:
            if len(batch.changes) == 1:
                self._refuse(batch.engine, batch.shelf, batch.changes, error.reason)
            else:
                self._one_by_one(batch)
        else:
            self._forget(batch.engine, batch.shelf, batch.changes)

    def _one_by_one(self, batch: _Batch) -> None:
        """One bad document must not keep the others out."""
        reading = read_entries(self.database, batch.shelf, list(batch.changes))
        for entity, change in batch.changes.items():
            if batch.engine in self._down:
                return
            if reason := reading.refused.get(entity):
                self._refuse(batch.engine, batch.shelf, {entity: change}, reason)
            elif one := self._written(batch.indexes, {entity: change}, reading.entries):
                self._settle(one)

    def _refuse(self, engine: str, shelf: Shelf, changes: Mapping[str, int], reason: str) -> None:
        self.refused += len(changes)
        log.warning("document refused", engine=engine, reason=reason)
        self._retry_later(engine, shelf, changes, reason)

    def _forget(self, engine: str, shelf: Shelf, changes: Mapping[str, int]) -> None:
        table = Waiting.__table__  # type: ignore[attr-defined]
        settled = delete(table).where(
            table.c.engine == engine,
            table.c.kind == shelf.entity,
            table.c.entity_id == bindparam("entity"),
            table.c.change_id == bindparam("change"),
        )
        with self.database.write() as session:
            rows = [{"entity": entity, "change": change} for entity, change in changes.items()]
            pass_on(session, engine, shelf, changes)
            session.connection().execute(settled, rows)

    def _postpone(self, engine: str, changes: Mapping[str, int], error: SearchError) -> None:
        self._down.add(engine)
        log.warning("engine unavailable", engine=engine, waiting=len(changes), reason=str(error))

    def _retry_later(
        self, engine: str, shelf: Shelf, changes: Mapping[str, int], reason: str
    ) -> None:
        with self.database.write() as session:
            for entity in changes:
                mine = (
                    col(Waiting.engine) == engine,
                    col(Waiting.kind) == shelf.entity,
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


def pass_on(session: WriteSession, engine: str, shelf: Shelf, changes: Mapping[str, int]) -> None:
    """Queue for an engine what shows something of the changed entities.

    In the transaction that forgets the changes themselves, so that nothing is lost between them.
    """
    for follower, ids in list_followers(session, shelf.entity, list(changes)):
        newest = dict.fromkeys(((follower.entity, id_) for id_ in ids), max(changes.values()))
        enqueue(session, newest, clock.now(), [engine])
