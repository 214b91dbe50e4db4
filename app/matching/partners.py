"""Groups for groups (協働相手): the same themes, and needs that the other's offers answer.

No pair of listings is asked for twice: every need of the one group is matched with all offers, and
every offer with all needs, by the same gates and scores as any other.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlmodel import col, select

from app.core.db import ReadSession
from app.listings.models import Listing
from app.matching.criteria import CRITERIA, DOES_NOT_APPLY
from app.matching.gates import GATES, sift
from app.matching.queries import Candidate, Desk, Matches, named, score_all, words_of
from app.matching.reasons import caution, reasons
from app.matching.scores import Direction, Scores, both_ways, combine, label, ranked
from app.matching.traits import Array, Traits

COMPLEMENT = "complement"
WEIGHTS: Mapping[str, float] = {"fields": 35.0, "closeness": 15.0, COMPLEMENT: 50.0}
_ASKED = ("H2", "H3")
_MOST_LISTINGS = 50


@dataclass
class _Answers:
    """Organisation number → the best R of its listings for mine, and which two they are."""

    best: dict[int, float] = field(default_factory=dict)
    pair: dict[int, tuple[str, str]] = field(default_factory=dict)
    asked: bool = False

    def add(self, mine: Traits, others: Traits, scores: Scores) -> None:
        for row in np.argsort(-scores.reciprocal, kind="stable").tolist():
            group, value = int(others.organisation[row]), float(scores.reciprocal[row])
            if value > self.best.get(group, -1):
                self.best[group] = value
                self.pair[group] = (str(mine.id[0]), str(others.id[row]))

    def values(self, groups: Traits, heard: Array) -> Array:
        """0 to 1; unknown where a group has said nothing, left out where nothing was asked."""
        if not self.asked:
            return np.full(len(groups), DOES_NOT_APPLY)
        value = np.array([self.best.get(int(number), 0.0) for number in groups.organisation])
        return np.where(heard | (value > 0), value / 100, np.nan)


def match_partners(desk: Desk, organisation_id: uuid.UUID, mine: Traits, limit: int) -> Matches:
    """The groups that suit one best, each with reasons from both sides."""
    pool = desk.market.pool("organisations")
    kept_out: dict[str, int] = {}
    good = np.ones(len(pool), dtype=np.bool_)
    for code in _ASKED:
        before = int(np.count_nonzero(good))
        good &= GATES[code](mine, pool, desk.question)
        if missed := before - int(np.count_nonzero(good)):
            kept_out[code] = missed
    groups = pool.take(good)
    received = _answers(desk, organisation_id, seeks=True)
    given = _answers(desk, organisation_id, seeks=False)
    scores = _scores(desk, mine, groups, received, given)
    shown, _ = ranked(mine, groups, scores, limit)
    best = groups.take(shown).settled()
    scores = scores.take(shown)
    names = named(desk.session, best)
    titles = _titles(desk.session, best, received, given)
    found = [
        _partner(desk, mine, best.row(place), scores, place, names, titles)
        for place in range(len(best))
        if str(best.id[place]) in names
    ]
    return Matches(desk.rules.version, desk.degraded, found, len(pool), kept_out)


def _answers(desk: Desk, organisation_id: uuid.UUID, *, seeks: bool) -> _Answers:
    """What the others' listings are to mine, of one side."""
    number = desk.market.loader.organisations.of(organisation_id)
    own, others = (
        desk.market.pool("needs" if seeks else "offers"),
        desk.market.pool("offers" if seeks else "needs"),
    )
    mine = own.take((own.organisation == number) & own.open)
    answers = _Answers(asked=len(mine) > 0)
    for row in range(min(len(mine), _MOST_LISTINGS)):
        one = mine.row(row)
        left, _ = sift(one, others, desk.question, asking=seeks)
        if len(left):
            answers.add(one, left, score_all(desk, one, left))
    return answers


def _scores(
    desk: Desk, mine: Traits, groups: Traits, received: _Answers, given: _Answers
) -> Scores:
    heard_offers = np.isin(groups.organisation, desk.market.pool("offers").organisation)
    heard_needs = np.isin(groups.organisation, desk.market.pool("needs").organisation)
    forward = _direction(mine, groups, received.values(groups, heard_offers), len(groups))
    backward = _direction(groups, mine, given.values(groups, heard_needs), len(groups))
    return both_ways(forward, backward, groups)


def _direction(one: Traits, other: Traits, complement: Array, length: int) -> Direction:
    values = {name: CRITERIA[name](one, other) for name in WEIGHTS if name != COMPLEMENT}
    weights = {name: np.full(length, weight) for name, weight in WEIGHTS.items()}
    return combine({**values, COMPLEMENT: complement}, weights, (length,))


Titles = Mapping[int, tuple[str, str]]


def _titles(
    session: ReadSession, best: Traits, received: _Answers, given: _Answers
) -> tuple[Titles, Titles]:
    """Organisation number → sentences: what it gives, and what it is given."""
    numbers = best.organisation.tolist()
    known = [answers.pair[n] for answers in (received, given) for n in numbers if n in answers.pair]
    ids = {uuid.UUID(id_) for pair in known for id_ in pair}
    query = select(Listing.id, Listing.title).where(col(Listing.id).in_(ids))
    title = {str(id_): text for id_, text in session.exec(query)}

    def of(answers: _Answers) -> Titles:
        pairs = ((n, pair) for n, pair in answers.pair.items() if n in numbers)
        return {n: (title[a], title[b]) for n, (a, b) in pairs if {a, b} <= title.keys()}

    return of(received), of(given)


def _partner(
    desk: Desk,
    mine: Traits,
    other: Traits,
    scores: Scores,
    row: int,
    names: Mapping[str, tuple[str, str | None]],
    titles: tuple[Titles, Titles],
) -> Candidate:
    words = words_of(desk, mine, other)
    number, id_ = int(other.organisation[0]), str(other.id[0])
    received, given = (side.get(number) for side in titles)
    forward = {
        COMPLEMENT: f"こちらの「{received[0]}」に、相手の「{received[1]}」が応えます"
        if received
        else ""
    }
    backward = {
        COMPLEMENT: f"相手の「{given[1]}」に、こちらの「{given[0]}」が応えます" if given else ""
    }
    reciprocal = float(scores.reciprocal[row])
    return Candidate(
        id=id_,
        kind="organisation",
        name=names[id_][0],
        organisation=None,
        score=round(reciprocal, 1),
        label=label(reciprocal),
        order=round(float(scores.order[row]), 3),
        reasons=reasons(mine, other, scores.forward, row, words, forward),
        caution=caution(mine, other, scores.forward, row, words),
        reverse_reasons=reasons(other, mine, scores.backward, row, words, backward),
    )
