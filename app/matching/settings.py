"""What a city sets: which kinds go together, what each criterion counts. Changes are logged."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import col, select

from app.core.db import ReadSession
from app.matching.models import Compatibility, Counted, Proposal, Weight
from app.matching.scores import DEFAULT_WEIGHTS, ENGINE_VERSION, ByKind
from app.matching.traits import KINDS, Array
from app.organisations.queries import list_stages
from app.vocabulary.listings import ListingKind

RULES = "matching"
# As the migration sets them.
_FIRST_PAIRS = {(kind, kind) for kind in KINDS} | {
    (ListingKind.ADVICE, ListingKind.SKILL),
    (ListingKind.SKILL, ListingKind.ADVICE),
    (ListingKind.PLACE, ListingKind.PARTNER),
    (ListingKind.PARTNER, ListingKind.PLACE),
    (ListingKind.GOODS, ListingKind.FOOD),
}
_MOST_PROPOSALS = 100


@dataclass(frozen=True)
class Rules:
    """What a city has set: which kinds go together, what criteria count; and a name for it.

    `stages` are its names for them, in order.
    """

    compatible: Array
    weights: ByKind
    version: str
    stages: tuple[str, ...] = ()


def read_rules(session: ReadSession) -> Rules:
    """The rules as they stand."""
    compatible = np.zeros((len(KINDS), len(KINDS)), dtype=np.bool_)
    rows = session.exec(select(Compatibility.need_kind, Compatibility.offer_kind))
    pairs = {(ListingKind(need), ListingKind(offer)) for need, offer in rows}
    for need, offer in pairs:
        compatible[KINDS.index(need), KINDS.index(offer)] = True
    weights = {kind: dict(defaults) for kind, defaults in DEFAULT_WEIGHTS.items()}
    for row in session.exec(select(Weight).order_by(Weight.kind, Weight.criterion)):
        weights[row.kind][row.criterion] = row.weight
    stages = tuple(stage.label for stage in list_stages(session))
    return Rules(compatible, weights, _version(weights, pairs), stages)


def _version(weights: ByKind, pairs: set[tuple[ListingKind, ListingKind]]) -> str:
    """The engine's, and what the city has set otherwise: the same rules have the same name."""
    changed = [
        f"{kind}.{name}={weight!r}"
        for kind, of_kind in weights.items()
        for name, weight in of_kind.items()
        if weight != DEFAULT_WEIGHTS[kind].get(name)
    ]
    changed += [f"{need}-{offer}" for need, offer in sorted(pairs ^ _FIRST_PAIRS)]
    if not changed:
        return ENGINE_VERSION
    return f"{ENGINE_VERSION}+{uuid.uuid5(uuid.NAMESPACE_OID, ';'.join(changed)).hex[:8]}"


def as_plain(rules: Rules, counted_at: datetime | None) -> dict[str, Any]:
    """The rules as the API shows them."""
    return {
        "engine_version": rules.version,
        "weights": {kind: dict(weights) for kind, weights in rules.weights.items()},
        "compatible": {
            need: [offer for o, offer in enumerate(KINDS) if rules.compatible[n, o]]
            for n, need in enumerate(KINDS)
        },
        "counted_at": counted_at,
    }


def last_counted(session: ReadSession) -> datetime | None:
    """When the nightly counts were last made."""
    return session.exec(select(Counted.counted_at)).first()


def list_proposals(session: ReadSession, listing_id: uuid.UUID) -> list[Proposal]:
    """What was kept for a listing, the newest first."""
    query = select(Proposal).where(col(Proposal.listing_id) == listing_id)
    return list(session.exec(query.order_by(col(Proposal.id).desc()).limit(_MOST_PROPOSALS)))
