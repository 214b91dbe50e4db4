"""The change log, and what each search engine has still to be told.

Both are written in the transaction that makes the change, so neither can be lost nor tell of
something that never happened. `Change` is kept as history; `Waiting` holds at most one row an
entity and engine and empties as the engines catch up (a transactional outbox).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, insert
from sqlmodel import Field, SQLModel, col, func, select

from app.core import clock
from app.core.db import ReadSession, UTCDateTime, WriteSession, json_column, upsert
from app.core.paging import Page, decode_cursor, encode_cursor

ENGINES = ("meilisearch", "embedded")


class Change(SQLModel, table=True):
    """One thing that happened to an entity: who did what when, and which values changed.

    `details` maps a field to `[before, after]`; fields that may hold personal data stand there
    without values.
    """

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_entity", "kind", "entity_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=40)
    entity_id: str = Field(max_length=36)
    action: str = Field(max_length=40)
    actor: str = Field(max_length=100)
    at: datetime = Field(sa_type=UTCDateTime)
    details: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(json_column(), nullable=False)
    )


class Waiting(SQLModel, table=True):
    """An entity whose change an engine has not confirmed yet.

    `change_id` is the newest change; a row leaves only when that very change has been settled.
    """

    __tablename__ = "waiting"
    __table_args__ = (Index("ix_waiting_retry_at", "retry_at", "change_id"),)

    engine: str = Field(primary_key=True, max_length=20)
    kind: str = Field(primary_key=True, max_length=40)
    entity_id: str = Field(primary_key=True, max_length=36)
    change_id: int
    attempts: int = 0
    error: str | None = Field(default=None, max_length=500)
    retry_at: datetime = Field(sa_type=UTCDateTime)


@dataclass(frozen=True)
class Event:
    """What `record` is told of one change; `searched`: a search engine has to hear of it."""

    kind: str
    entity_id: str
    action: str
    actor: str
    details: Mapping[str, Any] = field(default_factory=dict)
    searched: bool = True


def record(session: WriteSession, events: Iterable[Event]) -> None:
    """Log changes and queue their entities for every engine, in the session's transaction."""
    at = clock.now()
    rows = [{**vars(event), "details": dict(event.details), "at": at} for event in events]
    if not rows:
        return
    searched = [row.pop("searched") for row in rows]
    session.flush()
    table = Change.__table__  # type: ignore[attr-defined]
    ids = session.scalars(
        insert(table).returning(table.c.id, sort_by_parameter_order=True), rows
    ).all()
    newest = {
        (row["kind"], row["entity_id"]): id_
        for row, id_, heard in zip(rows, ids, searched, strict=True)
        if heard
    }
    enqueue(session, newest, at)


def enqueue(
    session: WriteSession,
    newest: Mapping[tuple[str, str], int | None],
    at: datetime,
    engines: Sequence[str] = ENGINES,
) -> None:
    """Have every engine, or only these, look at these entities again."""
    upsert(
        session,
        Waiting.__table__,  # type: ignore[attr-defined]
        [
            {
                "engine": engine,
                "kind": kind,
                "entity_id": entity_id,
                "change_id": change_id or 0,
                "attempts": 0,
                "error": None,
                "retry_at": at,
            }
            # In one order everywhere, so that two writers cannot wait for each other.
            for (kind, entity_id), change_id in sorted(newest.items())
            for engine in engines
        ],
        key=("engine", "kind", "entity_id"),
    )


def newest_change(session: WriteSession) -> int:
    """The number of the newest change; every change up to it is committed.

    PostgreSQL numbers a change before it is committed, so whoever is still writing is waited for.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("LOCK TABLE change IN SHARE MODE")
    return session.exec(select(func.max(Change.id))).one() or 0


def list_changes(
    session: ReadSession, *, kind: str, entity_id: str, cursor: str | None, limit: int
) -> Page[Change]:
    """What happened to an entity, newest first."""
    about = (col(Change.kind) == kind, col(Change.entity_id) == entity_id)
    query = select(Change).where(*about).order_by(col(Change.id).desc()).limit(limit + 1)
    if cursor:
        query = query.where(col(Change.id) < decode_cursor(cursor, int)[0])
    rows: Sequence[Change] = session.exec(query).all()
    total = session.exec(select(func.count()).select_from(Change).where(*about)).one()
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, total, encode_cursor(rows[-1].id or 0) if more else None)
