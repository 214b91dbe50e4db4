"""The engine beside the naive reference: the same order, no broken rule, sums that add up."""

import multiprocessing
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy import text
from sqlmodel import col, select

from app.cli.process import migrate_database
from app.core import clock
from app.core.db import Database, ReadSession
from app.listings.models import Listing
from app.matching.gates import sift
from app.matching.market import Market as Pools
from app.matching.queries import Desk, match, open_desk, score_all
from app.matching.scores import Direction, Weights, combine, weights_of
from app.matching.traits import Traits
from app.settings import Settings
from app.vocabulary.listings import ListingStatus, Side
from bench.market import Market, store
from bench.reading import Book, party_of, read_book, read_parties, read_refused, read_rules
from bench.reference import Party, Rules, broken, candidates, passes

POOLS = ("offers", "people")  # where a need looks unless told otherwise
SHOWN = 20


def settings_of(data_dir: Path, url: str = "") -> Settings:
    return Settings(data_dir=data_dir, database_url=url, search="embedded", demo=False)


def fill(settings: Settings, market: Market, now: datetime) -> None:
    """Migrate an empty database and write the market into it."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate_database(settings)
    database = Database(settings)
    store(database, market, now)
    if not database.is_sqlite:
        # As after any bulk load: else the server does it by itself in the middle of a measurement.
        engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    database.close()


@dataclass
class Bench:
    """One database, open, with the engine's tables and the reference's objects."""

    session: ReadSession
    pools: Pools
    book: Book
    rules: Rules
    others: Sequence[Party]
    now: datetime

    def desk(self, id_: uuid.UUID) -> Desk:
        return open_desk(self.session, self.pools, about=id_)

    def rules_for(self, id_: uuid.UUID) -> Rules:
        return replace(self.rules, refused=read_refused(self.session, id_, self.now))


@contextmanager
def opened(settings: Settings, *, reference: bool = True) -> Iterator[Bench]:
    database = Database(settings)
    with database.read() as session:
        now, today = clock.now(), clock.today()
        others = read_parties(session, today) if reference else []
        rules = read_rules(session, today)
        yield Bench(session, Pools(database), read_book(session), rules, others, now)
    database.close()


def needs_of(session: ReadSession) -> list[Listing]:
    """The published needs, in an order that says nothing."""
    wanted = (col(Listing.side) == Side.NEED, col(Listing.status) == ListingStatus.PUBLISHED)
    return list(session.exec(select(Listing).where(*wanted).order_by(col(Listing.id))))


# ------------------------------------------------------------------------------ the same order

# What the processes forked below have in common: too much to be sent to them.
_asked: tuple[Sequence[tuple[Party, Rules]], Sequence[Party]] = ((), ())


def reference_answers(bench: Bench, needs: Sequence[Listing]) -> list[list[str]]:
    """The reference's first twenty for each need."""
    mine = [(party_of(need, bench.book), bench.rules_for(need.id)) for need in needs]
    return [_first(party, bench.others, rules) for party, rules in mine]


def reference_answers_in_parallel(bench: Bench, needs: Sequence[Listing]) -> list[list[str]]:
    """As `reference_answers`, on every core."""
    global _asked  # noqa: PLW0603 - inherited by fork
    mine = [(party_of(need, bench.book), bench.rules_for(need.id)) for need in needs]
    _asked = (mine, bench.others)
    with multiprocessing.get_context("fork").Pool() as pool:
        found = pool.map(_answer, range(len(mine)), chunksize=4)
    _asked = ((), ())
    return found


def _answer(number: int) -> list[str]:
    mine, rules = _asked[0][number]
    return _first(mine, _asked[1], rules)


def _first(mine: Party, others: Sequence[Party], rules: Rules) -> list[str]:
    return [party.id for party, _ in candidates(mine, others, rules, SHOWN)]


def engine_answer(bench: Bench, id_: uuid.UUID, limit: int = SHOWN) -> list[str]:
    desk = bench.desk(id_)
    mine = bench.pools.listing(bench.session, id_)
    return [candidate.id for candidate in match(desk, mine, POOLS, limit).candidates]


# ------------------------------------------------------------------------------- broken rules


@dataclass
class Judged:
    """What the reference says of the engine's proposals; `missed`: what it should have made."""

    pairs: int = 0
    proposals: int = 0
    breaks: int = 0
    missed: int = 0


def judge(bench: Bench, needs: Sequence[Listing]) -> Judged:
    """Every need with everybody: whoever is proposed must pass every gate."""
    judged, by_id = Judged(), {party.id: party for party in bench.others}
    for need in needs:
        rules, mine = bench.rules_for(need.id), party_of(need, bench.book)
        proposed = engine_answer(bench, need.id, limit=len(by_id))
        judged.pairs += len(by_id)
        judged.proposals += len(proposed)
        judged.breaks += sum(any(broken(mine, by_id[id_], rules)) for id_ in proposed)
        possible = {id_ for id_, party in by_id.items() if passes(mine, party, rules)}
        judged.missed += len(possible - set(proposed))
    return judged


# ------------------------------------------------------------------------- sums that add up


def explanation_error(bench: Bench, needs: Sequence[Listing]) -> float:
    """The largest error in points: of the sums, of R, and of what one criterion less would make."""
    worst = 0.0
    for need in needs:
        desk, mine = bench.desk(need.id), bench.pools.listing(bench.session, need.id)
        for name in POOLS:
            pool = bench.pools.pool(name)
            others, _ = sift(mine, pool, desk.question, asking=True)
            if len(others):
                worst = max(worst, _error(desk, mine, others))
    return worst


def _error(desk: Desk, mine: Traits, others: Traits) -> float:
    scores = score_all(desk, mine, others)
    weights = weights_of(mine, desk.rules.weights)
    both = np.sqrt(scores.forward.score * scores.backward.score)
    errors = [np.abs(both - scores.reciprocal).max()]
    for direction in (scores.forward, scores.backward):
        errors += _errors(direction, weights)
    return float(max(errors))


def _errors(direction: Direction, weights: Weights) -> Iterator[float]:
    whole = sum(direction.contributions.values()) + direction.unknown
    yield float(np.abs(whole - direction.score).max())
    for name, values in direction.values.items():
        less = dict(direction.values) | {name: np.where(values > 0, 0.0, values)}
        fallen = direction.score - combine(less, weights, values.shape).score
        yield float(np.abs(fallen - direction.contributions[name]).max())
