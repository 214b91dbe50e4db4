"""Keeping the indexes in step with the registry, whatever dies when.

All writes are idempotent. One process at a time feeds the engines (`database.lock`), so an older
state can never overwrite a newer one.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy import delete
from sqlmodel import col, func, select

from app.core import clock
from app.core.changes import Waiting, enqueue, newest_change
from app.core.db import Database, ReadSession, WriteSession, upsert
from app.core.errors import DatabaseUnavailable
from app.discovery.drain import IN_FLIGHT, Drain, Progress, key_of, no_progress, pass_on
from app.discovery.engines import MEILISEARCH, Engines
from app.discovery.models import IndexState
from app.discovery.shelves import SHELVES, Shelf, all_ids, list_followers, read_entries
from search import (
    Entry,
    Index,
    MeiliIndex,
    SearchError,
    SearchUnavailable,
    WriteRejected,
    fingerprint,
)

LOCK = "index"
_POLL_S = 1.0
_CHECK_S = 60.0
_TIDY_S = 86_400.0

log = structlog.get_logger()


# ------------------------------------------------------------------------------------ rebuilding


def rebuild(database: Database, indexes: Sequence[Index], progress: Progress = no_progress) -> None:
    """Build each index anew beside the one that answers, and let it take that one's place.

    Use under the lock. Changes made meanwhile go to both, so no search misses an answer or a
    change.
    """
    with database.write() as session:
        newest = newest_change(session)
    refused: set[tuple[str, str]] = set()
    with ExitStack() as stack:
        successors = {key_of(index): stack.enter_context(index.rebuilding()) for index in indexes}
        drain = Drain(database, indexes, mirror=successors, after_change=newest)
        for kind, shelf in SHELVES.items():
            mine = [successor for key, successor in successors.items() if key[1] == kind]
            if mine:
                found = _fill(database, shelf, mine, drain, progress)
                refused.update((shelf.entity, id_) for id_ in found)
        drain.run()
    _remember(database, indexes, newest)
    with database.write() as session:  # to be tried again, and seen
        enqueue(session, dict.fromkeys(refused, newest), clock.now())


def _fill(
    database: Database,
    shelf: Shelf,
    successors: Sequence[Index],
    drain: Drain,
    progress: Progress,
) -> set[str]:
    """Everything of one kind into new indexes; the ids that were refused."""
    refused: set[str] = set()
    flying: deque[_Filling] = deque()
    for ids in all_ids(database, shelf):
        reading = read_entries(database, shelf, ids)
        refused.update(reading.refused)
        entries = list(reading.entries.values())
        for successor in successors:
            flying.append((successor, successor.write(entries, []), entries))
        while len(flying) > IN_FLIGHT:
            refused.update(_settle(*flying.popleft()))
        drain.step()
        progress(len(ids))
    for filling in flying:
        refused.update(_settle(*filling))
    return refused


_Filling = tuple[Index, object, Sequence[Entry]]


def _settle(index: Index, receipt: object, entries: Sequence[Entry]) -> Iterator[str]:
    """The ids that were refused: one bad document must not keep the others out."""
    try:
        index.settle(receipt)
    except WriteRejected as error:
        if len(entries) == 1:
            log.warning("document refused", engine=index.name, reason=error.reason)
            yield entries[0].document.id
            return
        for entry in entries:
            yield from _settle(index, index.write([entry], []), [entry])


def _remember(database: Database, indexes: Sequence[Index], newest: int) -> None:
    """The indexes hold every change up to `newest`; what shows something of one may not yet."""
    built = {"fingerprint": fingerprint(), "built_at": clock.now()}
    with database.write() as session:
        upsert(
            session,
            IndexState.__table__,  # type: ignore[attr-defined]
            [{"engine": index.name, "kind": index.kind, **built} for index in indexes],
            key=("engine", "kind"),
        )
        for shelf in SHELVES.values():  # in their order: what is passed on may be known already
            for index in indexes:
                if index.kind == shelf.kind:
                    _forget_up_to(session, index.name, shelf, newest)


def _forget_up_to(session: WriteSession, engine: str, shelf: Shelf, newest: int) -> None:
    known = (
        col(Waiting.engine) == engine,
        col(Waiting.kind) == shelf.entity,
        col(Waiting.change_id) <= newest,
    )
    ids = session.exec(select(Waiting.entity_id).where(*known)).all()
    pass_on(session, engine, shelf, dict.fromkeys(ids, newest))
    session.execute(delete(Waiting).where(*known))


def needs_rebuild(database: Database, index: Index) -> bool:
    """Built by another pipeline, never built, or holding less than it was told of."""
    shelf = SHELVES[index.kind]
    with database.read() as session:
        state = session.get(IndexState, key_of(index))
        if state is None or state.fingerprint != fingerprint():
            return True
        untold = shelf.count(session) - _count_waiting(session, index.name, shelf)
    return index.count() < untold


def _count_waiting(session: ReadSession, engine: str, shelf: Shelf) -> int:
    """How many documents of a kind an engine has still to hear of, at most."""
    mine = col(Waiting.engine) == engine
    own = select(func.count()).where(mine, col(Waiting.kind) == shelf.entity)
    waiting = session.exec(own).one()
    for entity in shelf.follows:
        theirs = select(Waiting.entity_id).where(mine, col(Waiting.kind) == entity)
        followers = list_followers(session, entity, session.exec(theirs).all())
        waiting += sum(len(ids) for follower, ids in followers if follower is shelf)
    return waiting


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


def reconcile(database: Database, index: Index, progress: Progress = no_progress) -> Drift:
    """Compare every document with the registry and mend what differs. Use under the lock.

    What is refused is left as it was, and waits.
    """
    Drain(database, [index]).run()
    drift, shelf = Drift(), SHELVES[index.kind]
    expected_ids: set[str] = set()
    refused: set[str] = set()
    for ids in all_ids(database, shelf):
        reading = read_entries(database, shelf, ids)
        refused.update(reading.refused)
        expected_ids.update(reading.entries, reading.refused)
        stored = index.stored(list(reading.entries))
        wrong = {
            id_: entry
            for id_, entry in reading.entries.items()
            if stored.get(id_) != index.stored_form(entry)
        }
        drift.missing += len(wrong.keys() - stored.keys())
        drift.different += len(wrong.keys() & stored.keys())
        if wrong:
            mended = list(wrong.values())
            refused.update(_settle(index, index.write(mended, []), mended))
        progress(len(ids))
    superfluous = [id_ for id_ in index.ids() if id_ not in expected_ids]
    drift.superfluous = len(superfluous)
    if superfluous:
        index.settle(index.write([], superfluous))
    if refused:
        with database.write() as session:
            newest = newest_change(session)
            enqueue(session, {(shelf.entity, id_): newest for id_ in refused}, clock.now())
        Drain(database, [index]).run()  # which says why
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
        self._tidied: float | None = None
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

    def keep(self, progress: Progress = no_progress) -> bool:
        """One round: engines up, indexes built, nothing waiting.

        False when somebody else is at it.
        """
        indexes = self._engines.feeders()
        with self._database.lock(LOCK) as mine:
            if mine and self._due(indexes):
                self._catch_up([i for i in indexes if _is_whole(self._database, i)], progress)
                drain = bring_up_to_date(self._database, indexes, progress)
                self._tidy(indexes)
            elif mine:
                drain = Drain(self._database, indexes, progress)
                drain.run()
        if mine and drain.sent:
            self._engines.changed()
        if mine and drain.down:
            self._checked = ("", 0.0)  # it may come back with nothing
        self._tell_engines([index for index in indexes if is_built(self._database, index)])
        return mine

    def _catch_up(self, indexes: Sequence[Index], progress: Progress) -> None:
        """What was written before a restart, before the settings are compared (0.7 s)."""
        drain = Drain(self._database, indexes, progress)
        drain.run()
        if not drain.down:
            self._tell_engines(indexes)

    def _tell_engines(self, built: Sequence[Index]) -> None:
        self._engines.meili_holds = frozenset(
            index.kind for index in built if index.name == MEILISEARCH
        )

    def _tidy(self, indexes: Sequence[Index]) -> None:
        """Once a day: what Meilisearch would else remember for ever."""
        now = time.monotonic()
        if self._tidied is not None and now - self._tidied < _TIDY_S:
            return
        meili = next((index for index in indexes if isinstance(index, MeiliIndex)), None)
        if meili:  # the tasks of one are the tasks of all
            self._tidied = now
            try:
                meili.forget_finished_tasks()
            except SearchUnavailable as error:
                log.warning("old tasks not forgotten", reason=str(error))

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


def _is_whole(database: Database, index: Index) -> bool:
    """Whether an index is there, built as it has to be, with all that it was told of."""
    try:
        return not needs_rebuild(database, index)
    except SearchUnavailable:
        return False


def is_built(database: Database, index: Index) -> bool:
    with database.read() as session:
        state = session.get(IndexState, key_of(index))
    return state is not None and state.fingerprint == fingerprint()


def bring_up_to_date(
    database: Database, indexes: Sequence[Index], progress: Progress = no_progress
) -> Drain:
    """Prepare, rebuild where needed, and send what waits. Use under the lock.

    An engine that is out of reach keeps none of the others waiting.
    """
    drain = Drain(database, indexes, progress)
    stale = []
    for index in indexes:
        with _leaving_out(drain, index):
            index.prepare()
            if needs_rebuild(database, index):
                stale.append(index)
    _rebuild_each(database, stale, drain)
    drain.run()
    return drain


def _rebuild_each(database: Database, stale: Sequence[Index], drain: Drain) -> None:
    """All in one go; where one falls out of reach meanwhile, one by one."""
    if len(stale) > 1:
        try:
            rebuild(database, stale, drain.progress)
        except SearchUnavailable as error:
            log.warning("rebuilding one engine after the other", reason=str(error))
        else:
            return
    for index in stale:
        with _leaving_out(drain, index):
            rebuild(database, [index], drain.progress)


@contextmanager
def _leaving_out(drain: Drain, index: Index) -> Iterator[None]:
    """An engine that is out of reach is left out of what follows."""
    try:
        yield
    except SearchUnavailable as error:
        log.warning("engine unavailable", engine=index.name, reason=str(error))
        drain.leave_out([index])


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
