"""Everything that can be matched, in memory, and in step with the registry.

A pool is a table of `Traits`. It is read once, and then follows the change log: whatever has been
committed when a question is asked is in the answer (docs/decisions/0009). After a night another
market takes this one's place.
"""

import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import bindparam
from sqlmodel import col, func, or_, select

from app.core import clock
from app.core.changes import Change
from app.core.db import Database, ReadSession
from app.listings.models import Engagement, Listing
from app.listings.records import ListingRecord
from app.matching.loading import Loader
from app.matching.models import Counted
from app.matching.settings import RULES, Rules, read_rules
from app.matching.traits import Traits, table
from app.organisations.models import Organisation
from app.vocabulary.listings import ListingStatus, PartyKind
from app.vocabulary.organisations import Status

_MOST_AT_ONCE = 500
# Changes are numbered before they are committed: this many before the newest may yet appear.
_MARGIN = 5_000
_GAPS_S = 600.0
POOLS = ("needs", "offers", "people", "organisations")
_BATCH = 2_000
_AT_DESK = (ListingStatus.DRAFT, ListingStatus.PAUSED, ListingStatus.PUBLISHED)
# Changes whose entity is a listing.
_OF_LISTINGS = ("listing", "shift", "engagement")


_NEWS = (
    select(Change.id, Change.kind, Change.entity_id)
    .where(
        or_(
            col(Change.id) > bindparam("newest"),
            col(Change.id).in_(bindparam("missing", expanding=True)),
        )
    )
    .order_by(col(Change.id))
)


@dataclass
class _Follower:
    """Reads the change log without missing what is committed out of order."""

    newest: int = -1
    gaps: dict[int, float] = field(default_factory=dict)

    def begin(self, session: ReadSession) -> None:
        last = session.exec(select(func.max(Change.id))).one() or 0
        self.newest, self.gaps = max(0, last - _MARGIN), {}

    def news(self, session: ReadSession) -> dict[str, set[str]]:
        """Kind → ids of what has changed since the last time."""
        missing = list(self.gaps)
        rows = session.connection().execute(_NEWS, {"newest": self.newest, "missing": missing})
        now = time.monotonic()
        changed: dict[str, set[str]] = {}
        for number, kind, entity in rows:
            id_ = number or 0
            changed.setdefault(kind, set()).add(entity)
            if self.gaps.pop(id_, None) is None:
                self.gaps.update(dict.fromkeys(range(self.newest + 1, id_), now))
                self.newest = id_
        self.gaps = {id_: seen for id_, seen in self.gaps.items() if now - seen < _GAPS_S}
        return changed


class Market:
    """The pools `needs`, `offers`, `people` and `organisations`, each read when first asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.loader = Loader()
        self._lock = threading.Lock()
        self._pools: dict[str, Traits] = {}
        self._follower = _Follower()
        self._of: tuple[date, datetime | None] | None = None
        self._rules: Rules | None = None

    @property
    def counted_at(self) -> datetime | None:
        """When the nightly counts were made that the pools hold."""
        return self._of[1] if self._of else None

    def pool(self, name: str) -> Traits:
        """The table of that name, as it was when `refresh` was last called, or now."""
        with self._lock:
            if name not in self._pools:
                with self._database.read(piecewise=True) as session:
                    self._pools[name] = self._whole(session, name)
            return self._pools[name]

    def refresh(self, session: ReadSession) -> None:
        """Take in whatever has been committed."""
        with self._lock:
            if self._of is None:
                self._of = self._current(session)
                self._rules = read_rules(session)
                self._follower.begin(session)
            self._catch_up(session)

    def is_old(self, session: ReadSession) -> bool:
        """Whether a night has passed: what is counted then changes every row."""
        return self._of != self._current(session)

    def _current(self, session: ReadSession) -> tuple[date, datetime | None]:
        return clock.today(), session.exec(select(Counted.counted_at)).first()

    def load(self) -> bool:
        """Read every pool now rather than at the first question; whether any was left to read."""
        if self._pools.keys() >= set(POOLS):
            return False
        with self._database.read() as session:
            self.refresh(session)
        for name in POOLS:
            self.pool(name)
        return True

    def rules(self, session: ReadSession) -> Rules:
        """What the city has set, as it was when `refresh` was last called, or now."""
        return self._rules or read_rules(session)

    # ------------------------------------------------------------------------------- reading

    def _whole(self, session: ReadSession, name: str) -> Traits:
        parts = map(table, batched(self.loader.rows(session, name, None)))
        return Traits.join(list(parts) or [table([])]).settled()

    def _catch_up(self, session: ReadSession) -> None:
        changed = self._follower.news(session)
        if changed.get(RULES):
            self._rules = read_rules(session)
        engaged = set(_parties(session, changed.get("engagement", set())))
        listings = {
            *(id_ for kind in _OF_LISTINGS for id_ in changed.get(kind, ())),
            *(id_ for kind, id_ in engaged if kind is PartyKind.LISTING),
            *self._listings_of(session, changed),
        }
        people = {id_ for kind, id_ in engaged if kind is PartyKind.PERSON}
        for names, ids in (
            (("needs", "offers"), listings),
            (("people",), people | changed.get("person", set())),
            (("organisations",), changed.get("organisation", set())),
        ):
            for name in names:
                if ids and name in self._pools:
                    self._replace(session, name, sorted(ids))

    def _listings_of(self, session: ReadSession, changed: dict[str, set[str]]) -> Iterable[str]:
        """A group's name, stage and state count for each of its listings."""
        groups = sorted(map(uuid.UUID, changed.get("organisation", ())))
        for start in range(0, len(groups), _MOST_AT_ONCE):
            some = groups[start : start + _MOST_AT_ONCE]
            query = select(Listing.id).where(col(Listing.organisation_id).in_(some))
            yield from map(str, session.exec(query))

    def _replace(self, session: ReadSession, name: str, ids: Sequence[str]) -> None:
        pool = self._pools[name]
        fresh: list[dict[str, Any]] = []
        for start in range(0, len(ids), _MOST_AT_ONCE):
            some = [uuid.UUID(id_) for id_ in ids[start : start + _MOST_AT_ONCE]]
            fresh += self.loader.rows(session, name, some)
        kept = pool.take(~np.isin(pool.id, ids))
        self._pools[name] = Traits.join([kept, table(fresh)]).settled()

    # -------------------------------------------------------------------------------- one only

    def listing(self, session: ReadSession, id_: uuid.UUID, *, at_desk: bool = False) -> Traits:
        """One listing, in whatever state it is.

        `at_desk`: what is only being prepared, paused or not for the web is looked at as if it were
        published.
        """
        for pool in (self._pools.get("needs"), self._pools.get("offers")):
            if pool is not None and (row := pool.find(str(id_))) is not None:
                found = pool.row(row).settled()
                break
        else:
            found = table(list(self.loader.listings(session, [id_], every_state=True)))
        if at_desk and len(found) and not found.open[0] and _may_be_published(session, id_):
            return found.replaced(open=np.ones(1, np.bool_))
        return found

    def unsaved(self, session: ReadSession, record: ListingRecord) -> Traits:
        """A listing that nobody has saved."""
        return table([self.loader.unsaved(session, record)])

    def anybody(self, session: ReadSession, id_: uuid.UUID) -> Traits | None:
        """Whoever has this id: a listing, a resident or a group."""
        for find in (self.listing, self.person, self.organisation):
            if len(found := find(session, id_)):
                return found
        return None

    def person(self, session: ReadSession, id_: uuid.UUID) -> Traits:
        return table(list(self.loader.rows(session, "people", [id_])))

    def organisation(self, session: ReadSession, id_: uuid.UUID) -> Traits:
        return table(list(self.loader.rows(session, "organisations", [id_])))


def _may_be_published(session: ReadSession, id_: uuid.UUID) -> bool:
    states = select(Listing.status, Organisation.status).join(Organisation)
    listing, organisation = session.exec(states.where(col(Listing.id) == id_)).one()
    return listing in _AT_DESK and organisation in (Status.DRAFT, Status.PUBLISHED)


def _parties(session: ReadSession, listings: set[str]) -> Iterator[tuple[PartyKind, str]]:
    """Who stands in a pair with these listings: what they have left has changed as well."""
    ids = sorted(map(uuid.UUID, listings))
    for start in range(0, len(ids), _MOST_AT_ONCE):
        pairs = select(Engagement.party_kind, Engagement.party_id)
        some = col(Engagement.listing_id).in_(ids[start : start + _MOST_AT_ONCE])
        for kind, id_ in session.exec(pairs.where(some)):
            yield PartyKind(kind), str(id_)


def batched(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows by the thousand: as dictionaries they are twenty times as large as in columns."""
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        yield batch
