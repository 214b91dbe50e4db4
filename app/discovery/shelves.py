"""The kinds of documents, and which records of the registry each of them shows."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.core.clock import today
from app.core.db import Database, ReadSession
from app.discovery import documents, opportunities
from app.listings import queries as listings
from app.organisations import queries as organisations
from search import Document, Entry, project

BATCH = 500

log = structlog.get_logger()
_Ids = Sequence[uuid.UUID]


@dataclass(frozen=True)
class Shelf:
    """One kind of documents; there is an index of each in every engine.

    `entity` is what the change log calls its records. `follows`: other entities that its documents
    show something of, and how to find the records that show one of them.
    """

    kind: str
    entity: str
    document: Callable[[Any], Document]
    list_records: Callable[[ReadSession, _Ids], Sequence[Any]]
    list_ids: Callable[[ReadSession, uuid.UUID | None, int], list[uuid.UUID]]
    count: Callable[[ReadSession], int]
    follows: Mapping[str, Callable[[ReadSession, _Ids], _Ids]] = field(default_factory=dict)


ORGANISATIONS = Shelf(
    kind=documents.KIND,
    entity="organisation",
    document=documents.organisation_document,
    list_records=organisations.list_records,
    list_ids=lambda session, after, limit: organisations.list_ids(
        session, after=after, limit=limit
    ),
    count=organisations.count_findable,
)
OPPORTUNITIES = Shelf(
    kind=opportunities.KIND,
    entity="listing",
    document=opportunities.opportunity_document,
    list_records=opportunities.list_opportunities,
    list_ids=lambda session, after, limit: listings.list_ids(session, after=after, limit=limit),
    count=lambda session: listings.count_findable(session, today()),
    follows={"organisation": listings.list_ids_of},
)
# What is followed stands before what follows it.
SHELVES = {shelf.kind: shelf for shelf in (ORGANISATIONS, OPPORTUNITIES)}


@dataclass(frozen=True)
class Reading:
    """What an index should hold, and why some of it could not be made: id → reason."""

    entries: dict[str, Entry] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def read_entries(database: Database, shelf: Shelf, ids: Sequence[str]) -> Reading:
    """The documents of these records by id; what is not public is left out."""
    with database.read() as session:
        records = shelf.list_records(session, [uuid.UUID(id_) for id_ in ids])
    reading = Reading()
    for record in records:
        if not record.findable:
            continue
        id_ = str(record.id)
        try:
            reading.entries[id_] = project(shelf.document(record))
        except Exception as error:  # one record, whatever is wrong with it, stops no other
            log.exception("record unreadable for the index", id=id_)
            reading.refused[id_] = repr(error)
    return reading


def all_ids(database: Database, shelf: Shelf) -> Iterator[list[str]]:
    """The ids of all records of a shelf, a batch at a time."""
    after = None
    while True:
        with database.read() as session:
            ids = shelf.list_ids(session, after, BATCH)
        if not ids:
            return
        yield [str(id_) for id_ in ids]
        after = ids[-1]


def list_followers(
    session: ReadSession, entity: str, ids: Sequence[str]
) -> Iterator[tuple[Shelf, list[str]]]:
    """Which documents of which shelf show something of these entities, a batch at a time."""
    for shelf in SHELVES.values():
        if find := shelf.follows.get(entity):
            for start in range(0, len(ids), BATCH):
                some = [uuid.UUID(id_) for id_ in ids[start : start + BATCH]]
                yield shelf, [str(id_) for id_ in find(session, some)]
