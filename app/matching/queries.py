"""A question of matching from its two sides to what is answered."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import bindparam
from sqlmodel import col, select

from app.core import clock
from app.core.db import ReadSession
from app.core.errors import NotFound
from app.listings.models import Listing
from app.matching.gates import (
    FIRM,
    GATES,
    MENDABLE,
    Question,
    distance_km,
    passed,
    sift,
)
from app.matching.market import Market
from app.matching.reasons import (
    EQUITY,
    WHY_NOT,
    Reason,
    Words,
    caution,
    reasons,
)
from app.matching.refusals import refused_pairs
from app.matching.scores import (
    Scores,
    label,
    ranked,
    score,
    weights_of,
)
from app.matching.settings import Rules
from app.matching.times import overlap_minutes
from app.matching.traits import PARTIES, Array, Traits, kinds_of
from app.organisations.models import Organisation
from app.people.models import Person
from app.vocabulary.listings import PartyKind

UNKNOWN_CANDIDATE = "この候補は登録されていません。"
NEAREST = 3
_MOST_NEAR = 10_000
_NOTHING = -1  # missed
_COUNTS_KEEP = timedelta(days=2)


@dataclass(frozen=True)
class Candidate:
    """Somebody who fits, and why, from both sides."""

    id: str
    kind: str
    name: str
    organisation: str | None
    score: float
    label: str
    order: float
    reasons: list[Reason]
    caution: Reason | None
    reverse_reasons: list[Reason]
    reserved: bool = False


@dataclass(frozen=True)
class Near:
    """Somebody whom one thing keeps out, and what would have to change."""

    id: str
    kind: str
    name: str
    organisation: str | None
    score: float
    failed: list[Reason]


@dataclass(frozen=True)
class Matches:
    """The answer to a question, with what was looked at and what kept the others out."""

    engine_version: str
    degraded: bool
    candidates: list[Candidate]
    considered: int
    excluded_by: Mapping[str, int]
    nearest: list[Near] = field(default_factory=list)


# ------------------------------------------------------------------------------------ matching


@dataclass(frozen=True)
class Desk:
    """All that a question needs besides the two sides."""

    session: ReadSession
    market: Market
    rules: Rules
    question: Question
    degraded: bool = False


def counts_are_old(counted_at: datetime | None, now: datetime) -> bool:
    """Whether the nightly counts, which keep the order fair, have stopped."""
    return counted_at is not None and now - counted_at > _COUNTS_KEEP


def open_desk(
    session: ReadSession,
    market: Market,
    *,
    about: uuid.UUID | None = None,
    notifying: bool = False,
) -> Desk:
    """For questions about one party; without it nothing private (a refusal) is looked at."""
    market.refresh(session)
    rules, now = market.rules(session), clock.now()
    ids, groups = refused_pairs(session, about, now) if about else (frozenset(), frozenset())
    numbers = frozenset(map(market.loader.organisations.of, groups))
    question = Question(clock.today(), rules.compatible, ids, numbers, notifying)
    return Desk(session, market, rules, question, counts_are_old(market.counted_at, now))


def match(
    desk: Desk, mine: Traits, pools: Sequence[str], limit: int, *, otherwise: Sequence[str] = ()
) -> Matches:
    """The best of the pools for one party; for a need offers, people, groups; else needs.

    `otherwise`: the pools to look in where there is nobody at all in those.
    """
    if otherwise and not any(len(desk.market.pool(name)) for name in pools):
        pools = otherwise
    asking = bool(mine.seeks[0])
    excluded: dict[str, int] = {}
    considered, left = 0, []
    for name in pools:
        pool = desk.market.pool(name)
        kept, kept_out = sift(mine, pool, desk.question, asking=asking)
        considered += len(pool)
        for code, number in kept_out.items():
            excluded[code] = excluded.get(code, 0) + number
        left.append(kept)
    others = Traits.join(left)
    candidates = _best(desk, mine, others, limit) if len(others) else []
    nearest = [] if candidates else _nearest(desk, mine, pools)
    counted = {code: excluded[code] for code in GATES if code in excluded}
    return Matches(desk.rules.version, desk.degraded, candidates, considered, counted, nearest)


def score_all(desk: Desk, mine: Traits, others: Traits) -> Scores:
    """Scores by the weights of each need's kind."""
    need = mine if mine.seeks[0] else others
    return score(mine, others, weights_of(need, desk.rules.weights))


def _best(desk: Desk, mine: Traits, others: Traits, limit: int) -> list[Candidate]:
    scores = score_all(desk, mine, others)
    shown, reserved = ranked(mine, others, scores, limit)
    best = _settled(mine, others.take(shown))
    scores = scores.take(shown)
    names = named(desk.session, best)
    return [
        candidate(desk, mine, best.row(place), scores, place, names, reserved=bool(reserved[place]))
        for place in range(len(best))
        if str(best.id[place]) in names
    ]


def _settled(mine: Traits, others: Traits) -> Traits:
    """The few that are shown, with what was measured of them."""
    overlap_minutes(mine, others)
    distance_km(mine, others)
    return others.settled()


def candidate(
    desk: Desk,
    mine: Traits,
    other: Traits,
    scores: Scores,
    row: int,
    names: Mapping[str, tuple[str, str | None]],
    *,
    reserved: bool = False,
) -> Candidate:
    """One party, whose scores stand in `row`, with its reasons."""
    words = words_of(desk, mine, other)
    id_ = str(other.id[0])
    name, organisation = names[id_]
    reciprocal = float(scores.reciprocal[row])
    forward = reasons(mine, other, scores.forward, row, words)
    if reserved:
        forward = [*forward[:2], Reason("equity", EQUITY, 0.0)]
    return Candidate(
        id=id_,
        kind=kind_of(other),
        name=name,
        organisation=organisation,
        score=round(reciprocal, 1),
        label=label(reciprocal),
        order=round(float(scores.order[row]), 3),
        reasons=forward,
        caution=caution(mine, other, scores.forward, row, words),
        reverse_reasons=reasons(other, mine, scores.backward, row, words),
        reserved=reserved,
    )


def kind_of(traits: Traits) -> str:
    """What a row is, in the API's words."""
    party = PARTIES[int(traits.party[0])]
    if party is PartyKind.LISTING:
        return "need" if traits.seeks[0] else "offer"
    return party.value


def words_of(desk: Desk, mine: Traits, other: Traits) -> Words:
    """What numbers stand for in sentences about this pair."""
    need = mine if mine.seeks[0] else other
    kinds = kinds_of(int(need.kinds[0]))
    unit = kinds[0].unit if len(kinds) == 1 else ""
    return Words(desk.market.loader.words.value, unit, desk.rules.stages)


def named(session: ReadSession, others: Traits) -> dict[str, tuple[str, str | None]]:
    """Id → what it is called, and whose it is.

    The market may know of somebody whom this session does not see yet, or no longer.
    """
    by_party: dict[PartyKind, list[uuid.UUID]] = {}
    for id_, party in zip(others.id, others.party.tolist(), strict=True):
        by_party.setdefault(PARTIES[party], []).append(uuid.UUID(id_))
    return {
        str(id_): (name, next(iter(owner), None))
        for party, ids in by_party.items()
        for id_, name, *owner in session.connection().execute(_names(party), {"ids": ids})
    }


@cache
def _names(party: PartyKind) -> Any:
    ids: Any = bindparam("ids", expanding=True)
    if party is PartyKind.LISTING:
        owned = select(Listing.id, Listing.title, Organisation.name).join(Organisation)
        return owned.where(col(Listing.id).in_(ids))
    table = Person if party is PartyKind.PERSON else Organisation
    return select(table.id, table.name).where(col(table.id).in_(ids))


# ---------------------------------------------------------------------- when nothing is found


def _nearest(desk: Desk, mine: Traits, pools: Sequence[str]) -> list[Near]:
    """The best of those whom exactly one thing keeps out, and what that is."""
    asking = bool(mine.seeks[0])
    found: list[tuple[Traits, Array]] = []
    for name in pools:
        pool = desk.market.pool(name)
        left, _ = sift(mine, pool, desk.question, asking=asking, rounds=FIRM)
        missed = np.full(len(left), _NOTHING)
        for number, code in enumerate(MENDABLE):
            need, offer = (mine, left) if asking else (left, mine)
            good = GATES[code](need, offer, desk.question)
            once = good | (missed == _NOTHING)
            missed = np.where(good, missed, number)[once]
            left = left.take(once)
        rows = np.flatnonzero(missed != _NOTHING)
        if len(rows) > _MOST_NEAR:  # some, and neither the oldest nor the newest
            rows = rows[np.argsort(left.hash[rows] ^ mine.hash[0])[:_MOST_NEAR]]
        found.append((left.take(rows), missed[rows]))
    others = Traits.join([traits for traits, _ in found])
    if not len(others):
        return []
    numbers = np.concatenate([some for _, some in found])
    scores = score_all(desk, mine, others)
    best, _ = ranked(mine, others, scores, NEAREST)
    shown = others.take(best).settled()
    names = named(desk.session, shown)
    return [
        _near(mine, shown.row(place), float(scores.reciprocal[row]), MENDABLE[numbers[row]], names)
        for place, row in enumerate(best.tolist())
        if str(shown.id[place]) in names
    ]


def _near(
    mine: Traits,
    other: Traits,
    reciprocal: float,
    code: str,
    names: Mapping[str, tuple[str, str | None]],
) -> Near:
    name, organisation = names[str(other.id[0])]
    need, offer = (mine, other) if mine.seeks[0] else (other, mine)
    failed = [Reason(code, WHY_NOT[code](need, offer), 0.0)]
    return Near(str(other.id[0]), kind_of(other), name, organisation, round(reciprocal, 1), failed)


# ------------------------------------------------------------------------------- one pair only


def explain(desk: Desk, mine: Traits, other: Traits) -> dict[str, Any]:
    """Every criterion of both directions and every gate of one pair: 「なぜ出ないか」 too.

    Raises NotFound for somebody whom this session does not see, or no longer.
    """
    need, offer = (mine, other) if mine.seeks[0] else (other, mine)
    gates = passed(need, offer, desk.question)
    scores, names = score_all(desk, mine, other), named(desk.session, other)
    if str(other.id[0]) not in names:
        raise NotFound(UNKNOWN_CANDIDATE)
    shown = candidate(desk, mine, other, scores, 0, names)
    return {
        "engine_version": desk.rules.version,
        "candidate": shown,
        "passes": all(bool(good[0]) for good in gates.values()),
        "gates": [
            {
                "code": code,
                "passed": bool(good[0]),
                "text": "" if good[0] else WHY_NOT[code](need, offer),
            }
            for code, good in gates.items()
        ],
        "forward": _breakdown(scores.forward),
        "backward": _breakdown(scores.backward),
    }


def _breakdown(view: Any) -> dict[str, Any]:
    criteria = []
    for name, values in view.values.items():
        value = float(values[0])
        criteria.append(
            {
                "code": name,
                "value": None if np.isnan(value) or value < 0 else round(value, 4),
                "state": "unknown" if np.isnan(value) else "known" if value >= 0 else "not_asked",
                "weight": float(np.broadcast_to(view.weights[name], values.shape)[0]),
                "contribution": round(float(view.contributions[name][0]), 4),
            }
        )
    return {
        "score": round(float(view.score[0]), 4),
        "unknown": round(float(view.unknown[0]), 4),
        "criteria": criteria,
    }
