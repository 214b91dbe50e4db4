"""The engine that is always there: the same words, readings and themes in an SQLite FTS5 file.

It answers when no Meilisearch can be had and when it is down. The file is a projection like any
index: written by whoever holds the drain lock, read by everybody, and rebuilt when lost. It lacks
Meilisearch's tolerance for typing errors outside the thesaurus; the rest is the same pipeline.
"""

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from search.documents import OWN_WORD, Entry
from search.errors import SearchUnavailable
from search.geo import box, distance_km
from search.index import Ask, Found
from search.queries import Answer, Request, Steps, steps
from search.settings import GROUPS, NAMES, SOUNDS, TEXTS

_COLUMNS = (*NAMES, *TEXTS, *SOUNDS)
# bm25 weights, one per column: a theme or a name says more than a word somewhere in the activities.
_WEIGHTS = {"name_words": 8.0, "bare": 4.0, "tags": 6.0, "theme": 8.0, "theme_more": 5.0}
_WEIGHTS |= {"purpose": 3.0, "theme_wider": 0.5, "place_code": 6.0, "name_sound": 6.0, "codes": 0.0}
_BUSY_TIMEOUT_S = 5
_SLICE = 500  # SQLite takes 32,766 parameters at most; this many ids at a time is as quick
_NOT_A_TOKEN = re.compile(r"\W", re.ASCII)


class EmbeddedIndex:
    """Feeds and asks one FTS5 file. Each thread has a connection of its own.

    `generation` names the tables, so that a rebuilt set can take the old one's place in one
    transaction.
    """

    name = "embedded"

    def __init__(self, path: Path, kind: str = "organisation", *, suffix: str = "") -> None:
        self.path, self.kind = path, kind
        self._table = f"{kind}{suffix}"
        self._local = threading.local()

    # ------------------------------------------------------------------------------- feeding

    def prepare(self) -> None:
        with self._writing() as db:
            self._create(db)

    def _create(self, db: sqlite3.Connection) -> None:
        columns = ", ".join((*_COLUMNS, "codes"))
        for statement in (
            f"CREATE TABLE IF NOT EXISTS {self._table} (rowid INTEGER PRIMARY KEY, "
            "id TEXT UNIQUE NOT NULL, hit TEXT NOT NULL, latitude REAL, longitude REAL, "
            "updated_at INTEGER NOT NULL)",
            f"CREATE TABLE IF NOT EXISTS {self._table}_code (list TEXT NOT NULL, "
            "code TEXT NOT NULL, document INTEGER NOT NULL, "
            "PRIMARY KEY (document, list, code)) WITHOUT ROWID",
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {self._table}_words USING fts5({columns}, "
            "tokenize = \"unicode61 remove_diacritics 0 tokenchars '_'\")",
        ):
            db.execute(statement)

    def count(self) -> int:
        with self._reading() as db:
            return int(db.execute(f"SELECT count(*) FROM {self._table}").fetchone()[0])

    def write(self, entries: Sequence[Entry], gone: Sequence[str]) -> None:
        with self._writing() as db:
            self._remove(db, [*gone, *(entry.document.id for entry in entries)])
            for entry in entries:
                self._insert(db, entry)

    def settle(self, receipt: object) -> None:
        """Nothing to wait for: a write is searchable when it returns."""

    def _remove(self, db: sqlite3.Connection, ids: Sequence[str]) -> None:
        for rowid in [row[0] for row in self._rows_of(db, "rowid", ids)]:
            db.execute(f"DELETE FROM {self._table}_words WHERE rowid = ?", (rowid,))
            db.execute(f"DELETE FROM {self._table}_code WHERE document = ?", (rowid,))
            db.execute(f"DELETE FROM {self._table} WHERE rowid = ?", (rowid,))

    def _rows_of(
        self, db: sqlite3.Connection, columns: str, ids: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(ids), _SLICE):
            some = ids[start : start + _SLICE]
            marks = ",".join("?" * len(some))
            yield from db.execute(
                f"SELECT {columns} FROM {self._table} WHERE id IN ({marks})", some
            ).fetchall()

    def _insert(self, db: sqlite3.Connection, entry: Entry) -> None:
        document = entry.document
        latitude, longitude = document.position or (None, None)
        rowid = db.execute(
            f"INSERT INTO {self._table} (id, hit, latitude, longitude, updated_at) "
            "VALUES (?, ?, ?, ?, ?)",
            (
                document.id,
                entry.hit,
                latitude,
                longitude,
                document.updated_at,
            ),
        ).lastrowid
        codes = sorted({(n, c, rowid) for n, values in document.codes.items() for c in values})
        db.executemany(f"INSERT INTO {self._table}_code VALUES (?, ?, ?)", codes)
        words = [entry.words[column] for column in _COLUMNS]
        words.append(" ".join(_code_word(name, code) for name, code, _ in codes))
        marks = ",".join("?" * (len(words) + 1))
        db.execute(
            f"INSERT INTO {self._table}_words (rowid, {', '.join((*_COLUMNS, 'codes'))}) "
            f"VALUES ({marks})",
            (rowid, *words),
        )

    @contextmanager
    def rebuilding(self) -> Iterator["EmbeddedIndex"]:
        successor = EmbeddedIndex(self.path, self.kind, suffix="_new")
        successor.drop()
        successor.prepare()
        yield successor
        with self._writing() as db:
            for end in ("", "_code", "_words"):
                db.execute(f"DROP TABLE IF EXISTS {self._table}{end}")
                db.execute(f"ALTER TABLE {successor._table}{end} RENAME TO {self._table}{end}")

    def drop(self) -> None:
        with self._writing() as db:
            for end in ("_words", "_code", ""):
                db.execute(f"DROP TABLE IF EXISTS {self._table}{end}")

    def stored(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        with self._reading() as db:
            return {row[0]: from_json(row[1]) for row in self._rows_of(db, "id, hit", ids)}

    def stored_form(self, entry: Entry) -> Mapping[str, Any]:
        hit: dict[str, Any] = from_json(entry.hit)
        return hit

    def ids(self) -> Iterable[str]:
        with self._reading() as db:
            return [row[0] for row in db.execute(f"SELECT id FROM {self._table} ORDER BY id")]

    # -------------------------------------------------------------------------------- asking

    def answer(self, request: Request) -> Answer:
        """Raises SearchUnavailable when the file cannot be read."""
        with self._reading() as db:
            return self._conduct(db, steps(request))

    def _conduct(self, db: sqlite3.Connection, conductor: Steps) -> Answer:
        try:
            ask = next(conductor)
            while True:
                ask = conductor.send(self._ask(db, ask))
        except StopIteration as finished:
            answer: Answer = finished.value
            return answer

    def ask(self, ask: Ask) -> Found:
        with self._reading() as db:
            return self._ask(db, ask)

    def _ask(self, db: sqlite3.Connection, ask: Ask) -> Found:
        matching, parameters = self._matching(ask)
        order = self._order(ask)
        page = db.execute(
            f"SELECT d.hit FROM {matching} ORDER BY {order} LIMIT ? OFFSET ?",
            (*parameters, ask.limit, ask.offset),
        ).fetchall()
        total = db.execute(f"SELECT count(*) FROM {matching}", parameters).fetchone()[0]
        facets: dict[str, dict[str, int]] = {name: {} for name in ask.facets}
        if ask.facets:
            marks = ",".join("?" * len(ask.facets))
            for name, code, number in db.execute(
                f"SELECT list, code, count(*) FROM {self._table}_code WHERE list IN ({marks}) "
                f"AND document IN (SELECT d.rowid FROM {matching}) GROUP BY list, code "
                "ORDER BY list, code",
                (*ask.facets, *parameters),
            ):
                facets[name][code] = number
        return Found(total, [from_json(row[0]) for row in page], facets)

    def _matching(self, ask: Ask) -> tuple[str, list[Any]]:
        """FROM and WHERE of everything that satisfies `ask`, and its parameters."""
        source, words = f"{self._table} AS d", f"{self._table}_words"
        conditions: list[str] = []
        parameters: list[Any] = []
        if expression := _expression(ask):
            source = f"{words} JOIN {source} ON d.rowid = {words}.rowid"
            conditions.append(f"{words} MATCH ?")
            parameters.append(expression)
        if ask.filters.near and ask.filters.radius_km is not None:
            south, north, west, east = box(ask.filters.near, ask.filters.radius_km)
            conditions.append("d.latitude BETWEEN ? AND ? AND d.longitude BETWEEN ? AND ?")
            conditions.append("distance_km(d.latitude, d.longitude, ?, ?) <= ?")
            parameters += [south, north, west, east, *ask.filters.near, ask.filters.radius_km]
        if ask.without:
            conditions.append(f"d.id NOT IN ({','.join('?' * len(ask.without))})")
            parameters += ask.without
        return f"{source} WHERE {' AND '.join(conditions) or '1'}", parameters

    def _order(self, ask: Ask) -> str:
        if ask.sort == "updated" or (ask.sort == "relevance" and not ask.words):
            return "d.updated_at DESC, d.id"
        if ask.sort == "distance" and ask.filters.near:
            latitude, longitude = map(float, ask.filters.near)
            return (
                "d.latitude IS NULL, "
                f"distance_km(d.latitude, d.longitude, {latitude!r}, {longitude!r}), d.id"
            )
        weights = ", ".join(str(_WEIGHTS.get(column, 1.0)) for column in (*_COLUMNS, "codes"))
        return f"bm25({self._table}_words, {weights}), d.id"

    # --------------------------------------------------------------------------- connections

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.create_function("distance_km", 4, _distance_km, deterministic=True)
            self._local.db = db
        return db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection()
        except (sqlite3.Error, OSError) as error:
            self._local.db = None
            raise SearchUnavailable(str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


def _expression(ask: Ask) -> str:
    """The FTS5 question: words in their columns, every code list as one more condition."""
    parts = [_words_expression(ask)] if ask.words else []
    for name, codes in ask.filters.codes.items():
        if codes:
            words = " OR ".join(_quoted(_code_word(name, code)) for code in codes)
            parts.append(f"{{codes}} : ({words})")
    return " AND ".join(f"({part})" for part in parts if part)


def _words_expression(ask: Ask) -> str:
    columns = f"{{{' '.join(GROUPS[ask.group])}}} : "
    words = [_quoted(word) for word in ask.words]
    if not OWN_WORD.fullmatch(ask.words[-1]):  # a word may be half-typed
        words[-1] += " *"
    if ask.every:
        return columns + f"({' AND '.join(words)})"
    if len(words) == 1:
        return columns + words[0]
    return columns + f"({words[0]} AND ({' OR '.join(words)}))"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _code_word(name: str, code: str) -> str:
    return _NOT_A_TOKEN.sub("_", f"{name}_{code}").lower()


def _distance_km(
    latitude: float | None, longitude: float | None, to_latitude: float, to_longitude: float
) -> float | None:
    """For SQL: None where a position is unknown."""
    if latitude is None or longitude is None:
        return None
    return distance_km((latitude, longitude), (to_latitude, to_longitude))
