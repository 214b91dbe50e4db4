"""What is counted at night, off every request's path: exposure, words, what has run out.

So a question writes nothing, and answers the same all day.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta

import structlog
from sqlmodel import col, select, update

from app.core import clock
from app.core.db import Database, ReadSession, WriteSession, upsert
from app.core.errors import DatabaseUnavailable
from app.listings.actions import expire_listings
from app.listings.engagements import end_past
from app.listings.models import Engagement, Listing
from app.listings.seats import expire_offers
from app.listings.words import recount_words
from app.matching.models import Counted
from app.people.models import Person
from app.vocabulary.listings import EngagementState, PartyKind

LOCK = "nightly"
EXPOSURE_DAYS = 28
_FIRST_S = 10.0  # what a new start has to catch up with comes first
_ROUND_S = 60.0
_BATCH = 500
_TAKING = tuple(state for state in EngagementState if state.is_live)

log = structlog.get_logger()


def run_nightly(database: Database, now: datetime) -> None:
    """Count everything anew, up to last midnight in Tokyo. Safe to repeat, safe to break off."""
    midnight = last_midnight(now)
    with database.write() as session:
        expire_listings(session, clock.in_tokyo(now).date(), now)
        end_past(session, now)
    recount_words(database)
    with database.write() as session:
        count_exposure(session, midnight)
        row = {"id": 1, "counted_at": now}
        upsert(session, Counted.__table__, [row], key=("id",))  # type: ignore[attr-defined]


def last_midnight(now: datetime) -> datetime:
    """When today began in Tokyo."""
    return datetime.combine(clock.in_tokyo(now).date(), time(), clock.TOKYO)


def is_due(session: ReadSession, now: datetime) -> bool:
    """Whether nothing has been counted since midnight."""
    counted = session.exec(select(Counted.counted_at)).first()
    return counted is None or counted < last_midnight(now)


def count_exposure(session: WriteSession, midnight: datetime) -> None:
    """Set `exposure` of every listing and person to what was engaged in the 28 days before."""
    listings: Counter[uuid.UUID] = Counter()
    people: Counter[uuid.UUID] = Counter()
    rows = session.exec(
        select(
            Engagement.listing_id, Engagement.party_kind, Engagement.party_id, Engagement.quantity
        ).where(
            col(Engagement.state).in_(_TAKING),
            col(Engagement.at) >= midnight - timedelta(days=EXPOSURE_DAYS),
            col(Engagement.at) < midnight,
        )
    )
    for listing, kind, party, quantity in rows:
        listings[listing] += quantity
        if kind is PartyKind.LISTING:
            listings[party] += quantity
        elif kind is PartyKind.PERSON:
            people[party] += 1
    _set_exposure(session, Listing, listings)
    _set_exposure(session, Person, people)


def _set_exposure(
    session: WriteSession, table: type[Listing] | type[Person], counts: Mapping[uuid.UUID, int]
) -> None:
    """Writes only what differs: a night with no news writes nothing."""
    exposed = select(table.id, table.exposure).where(col(table.exposure) != 0)
    before = dict(session.exec(exposed).all())
    for number, ids in _changed(before, counts):
        session.execute(
            update(table)
            .where(col(table.id).in_(ids))
            .values(exposure=number)
            .execution_options(synchronize_session=False)
        )


def _changed(
    before: Mapping[uuid.UUID, int], after: Mapping[uuid.UUID, int]
) -> Iterator[tuple[int, list[uuid.UUID]]]:
    by_number: dict[int, list[uuid.UUID]] = {}
    for id_ in sorted({*before, *after}):
        number = after.get(id_, 0)
        if before.get(id_, 0) != number:
            by_number.setdefault(number, []).append(id_)
    for number, ids in sorted(by_number.items()):
        for start in range(0, len(ids), _BATCH):
            yield number, ids[start : start + _BATCH]


class NightWatch(threading.Thread):
    """Looks every minute whether a night has passed, and whether offered seats have lapsed.

    `after` is called at the end of each round.
    """

    def __init__(self, database: Database, after: Callable[[], None] = lambda: None) -> None:
        super().__init__(name="night watch", daemon=True)
        self._database, self._after = database, after
        self._end = threading.Event()

    def run(self) -> None:
        self._end.wait(_FIRST_S)
        while not self._end.is_set():
            try:
                self.look()
                self._after()
            except DatabaseUnavailable as error:
                log.warning("night watch postponed", reason=str(error))
            except Exception:
                log.exception("night watch failed")
            self._end.wait(_ROUND_S)

    def look(self) -> None:
        """One round; only one process at a time does it."""
        now = clock.now()
        with self._database.lock(LOCK) as mine:
            if not mine:
                return
            with self._database.write() as session:
                expire_offers(session, now)
            with self._database.read() as session:
                due = is_due(session, now)
            if due:
                run_nightly(self._database, now)

    def end(self) -> None:
        self._end.set()
        self.join(10)
