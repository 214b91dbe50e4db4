"""Keeping a proposal, and changing what a city sets; each logged in the same transaction."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert
from sqlmodel import col, select
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.changes import Event, record
from app.core.db import WriteSession, upsert
from app.core.errors import Invalid
from app.matching.models import Compatibility, Proposal, Weight
from app.matching.scores import DEFAULT_WEIGHTS
from app.matching.settings import RULES
from app.vocabulary.listings import ListingKind

_PROPOSAL = "proposal"


def keep_proposal(
    session: WriteSession,
    *,
    listing_id: uuid.UUID,
    inputs: Mapping[str, Any],
    explanation: Mapping[str, Any],
    actor: str,
) -> Proposal:
    """Keep what the engine said of a pair, with what it knew: it can be checked years later."""
    shown = explanation["candidate"]
    proposal = Proposal(
        id=uuid7(),
        listing_id=listing_id,
        candidate_kind=shown.kind,
        candidate_id=uuid.UUID(shown.id),
        engine_version=explanation["engine_version"],
        score=shown.score,
        # A resident's name stands in one place only.
        explanation={**explanation, "candidate": {**asdict(shown), "name": ""}},
        inputs=dict(inputs),
        actor=actor,
        created_at=clock.now(),
    )
    session.add(proposal)
    session.flush()
    details = {"listing": [None, str(listing_id)]}
    record(session, [Event(_PROPOSAL, str(proposal.id), "keep", actor, details, searched=False)])
    return proposal


def set_weights(
    session: WriteSession, *, kind: ListingKind, weights: Mapping[str, float], actor: str
) -> None:
    """Change what criteria count for needs of a kind. Raises Invalid when nothing would count."""
    set_ = session.exec(select(Weight).where(col(Weight.kind) == kind)).all()
    before = {**DEFAULT_WEIGHTS[kind], **{row.criterion: row.weight for row in set_}}
    after = {**before, **weights}
    if not any(after.values()):
        raise Invalid.at("body.weights", "value_error", "すべての重みを0にはできません。")
    changed = {name: w for name, w in weights.items() if before.get(name) != w}
    if not changed:
        return
    rows = [{"kind": kind, "criterion": name, "weight": w} for name, w in changed.items()]
    table = Weight.__table__  # type: ignore[attr-defined]
    upsert(session, table, rows, key=("kind", "criterion"))
    details = {name: [before.get(name), weight] for name, weight in changed.items()}
    record(session, [Event(RULES, kind.value, "weigh", actor, details, searched=False)])


def set_compatibility(
    session: WriteSession, *, need_kind: ListingKind, offers: Sequence[ListingKind], actor: str
) -> None:
    """Say which kinds of offers may answer needs of a kind (H1)."""
    mine = col(Compatibility.need_kind) == need_kind
    before = set(session.exec(select(Compatibility.offer_kind).where(mine)))
    if before == set(offers):
        return
    session.execute(delete(Compatibility).where(mine))
    rows = [{"need_kind": need_kind, "offer_kind": kind} for kind in dict.fromkeys(offers)]
    session.execute(insert(Compatibility), rows)
    details = {"offers": [sorted(before), sorted(set(offers))]}
    record(session, [Event(RULES, need_kind.value, "pair", actor, details, searched=False)])
