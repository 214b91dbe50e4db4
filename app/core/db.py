"""The database: one engine, two kinds of session, and the column types that both databases share.

`.commit(` appears in this file alone: one request, one transaction, committed before the answer
leaves (polar ADR-0003). A `ReadSession` is for queries, a `WriteSession` for actions.
"""

import fcntl
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog
from fastapi import Request
from pydantic_core import from_json, to_json
from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Select,
    Table,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

from app.core.errors import DatabaseUnavailable
from app.settings import Settings

log = structlog.get_logger()

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_BUSY_TIMEOUT_S = 5
_CONNECT_TIMEOUT_S = 5
_STATEMENT_TIMEOUT_MS = 30_000
_POOL_SIZE = 12  # eight threads, the keeper of the index, the night watch
_WRITE = "musubi_write"


# ------------------------------------------------------------------------------------- columns


class UTCDateTime(TypeDecorator[datetime]):
    """A moment, always with a time zone: SQLite would drop it silently."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def choice(kind: type[StrEnum]) -> Enum:
    """A column of an enum's values (not its names), checked on the way in."""
    return Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        validate_strings=True,
        length=40,
    )


def json_column() -> JSON:
    return JSON().with_variant(JSONB(), "postgresql")


class json_rows(FunctionElement[Any]):  # noqa: N801 - reads as a SQL function
    """The rows of a select as a JSON array of objects: children in their parent's statement."""

    type = JSON()
    inherit_cache = True

    def __init__(self, rows: Select[Any]) -> None:
        self.names = tuple(rows.selected_columns.keys())
        super().__init__(rows.scalar_subquery())


@compiles(json_rows, "sqlite")
def _sqlite_json_rows(element: json_rows, compiler: SQLCompiler, **options: Any) -> str:
    pairs = ", ".join(f"'{name}', s.\"{name}\"" for name in element.names)
    rows = compiler.process(element.clauses, **options)
    return f"(SELECT json_group_array(json_object({pairs})) FROM {rows} AS s)"


@compiles(json_rows, "postgresql")
def _postgresql_json_rows(element: json_rows, compiler: SQLCompiler, **options: Any) -> str:
    rows = compiler.process(element.clauses, **options)
    return f"(SELECT coalesce(json_agg(row_to_json(s)), '[]'::json) FROM {rows} AS s)"


# ------------------------------------------------------------------------------------ sessions


class ReadSession(Session):
    """For queries. Nothing done in it is kept; PostgreSQL refuses to write in it."""


class WriteSession(ReadSession):
    """For actions. Committed by whoever opened it, when everything has gone well."""


class Database:
    """The engine and what is done after each commit."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = _engine(settings.url)
        self.reader = self.engine if self.is_sqlite else _reader(settings.url)
        self._piecewise = self.engine.execution_options(postgresql_readonly=True)
        self._writer = self.engine.execution_options(**{_WRITE: True})
        self._autocommitting = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.after_commit: list[Callable[[], None]] = []

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self, *, piecewise: bool = False) -> Iterator[ReadSession]:
        """`piecewise`: for rows that come piece by piece (`yield_per`), within a transaction."""
        with _outages(), ReadSession(self._piecewise if piecewise else self.reader) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[WriteSession]:
        """A transaction: kept as a whole when the block ends, dropped as a whole when it raises."""
        with _outages(), WriteSession(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()
        for told in self.after_commit:
            told()

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Whether this process may do what only one may do at a time; never waits.

        Held by the operating system or the database server, so a killed holder lets go.
        """
        with (
            _file_lock(self.settings.data_dir, name)
            if self.is_sqlite
            else self._advisory(name) as held
        ):
            yield held

    @contextmanager
    def _advisory(self, name: str) -> Iterator[bool]:
        key = zlib.crc32(f"musubi {name}".encode())
        with _outages(), self._autocommitting.connect() as connection:
            held = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key})
            try:
                yield bool(held)
            finally:
                if held:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})

    def close(self) -> None:
        self.engine.dispose()
        self.reader.dispose()


@contextmanager
def _file_lock(folder: Path, name: str) -> Iterator[bool]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


@contextmanager
def _outages() -> Iterator[None]:
    """A database that is gone, full or locked is one error of ours: 503, try again."""
    try:
        yield
    except DBAPIError as error:
        # A bare DatabaseError is SQLite's word for a file that is not (or no longer) a database.
        gone = error.connection_invalidated or type(error) is DatabaseError
        if not gone and not isinstance(error, (OperationalError, InterfaceError)):
            raise
        log.warning("database unavailable", cause=type(error.orig).__name__, said=str(error.orig))
        raise DatabaseUnavailable from error


def _reader(url: str) -> Engine:
    """For PostgreSQL's read sessions: no way there and back to begin and to end.

    Each statement sees what is committed then, as it would in a transaction READ COMMITTED.
    """
    return _postgresql(url, "-c default_transaction_read_only=on", isolation_level="AUTOCOMMIT")


def _postgresql(url: str, *options: str, **more: Any) -> Engine:
    settings = ("-c timezone=utc", f"-c statement_timeout={_STATEMENT_TIMEOUT_MS}", *options)
    return create_engine(
        url,
        pool_size=_POOL_SIZE,
        pool_pre_ping=True,
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=from_json,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "options": " ".join(settings)},
        **more,
    )


def _engine(url: str) -> Engine:
    # Parameters are hidden: what goes wrong is logged, and what somebody wrote must not be.
    if not url.startswith("sqlite"):
        return _postgresql(url)
    engine = create_engine(
        url,
        pool_size=_POOL_SIZE,
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=from_json,
        connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    file = _File(Path(engine.url.database or ""))
    event.listen(engine, "do_connect", file.before_connect)
    event.listen(engine, "checkout", file.before_use)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "reset", _end_sqlite)
    return engine


def _end_sqlite(connection: sqlite3.Connection, *_: object) -> None:
    # A COMMIT that failed leaves SQLite in its transaction, lock and all; SQLAlchemy does not know.
    connection.rollback()


class _File:
    """SQLite's file, held to its path.

    What is written to a file that was moved away or replaced is never read again, and SQLite would
    make an empty one in its place.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found = False

    def before_connect(self, *_: object) -> None:
        if self._found and not self._path.exists():
            raise sqlite3.OperationalError("the database file is gone")

    def before_use(self, _: object, record: ConnectionPoolEntry, __: object) -> None:
        try:
            inode = self._path.stat().st_ino
        except OSError as error:
            raise sqlite3.OperationalError("the database file is gone") from error
        self._found = True
        if record.info.setdefault("inode", inode) != inode:
            raise DisconnectionError


def _json(value: object) -> str:
    return to_json(value).decode()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction handling begins too late; `_begin_sqlite` takes over.
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: two readers that both turn writers could never finish.
    writes = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def upsert(
    session: WriteSession, table: Table, rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Insert rows, or where `key` is taken overwrite all other columns given."""
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table)
    others = {name: insert.excluded[name] for name in rows[0] if name not in key}
    session.execute(insert.on_conflict_do_update(index_elements=list(key), set_=others), list(rows))


# -------------------------------------------------------------------------------- dependencies


def get_read_session(request: Request) -> Iterator[ReadSession]:
    database: Database = request.app.state.database
    with database.read() as session:
        yield session


def get_write_session(request: Request) -> Iterator[WriteSession]:
    """Depend on it with `scope="function"`: else a failed commit still answers 200."""
    database: Database = request.app.state.database
    with database.write() as session:
        yield session
