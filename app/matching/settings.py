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

RULES = "matching"
_MOST_PROPOSALS = 100


@dataclass(frozen=True)
class Rules:
    """What a city has set: which kinds go together, what criteria count; and a name for it."""

    compatible: Array
    weights: ByKind
    version: str


def read_rules(session: ReadSession) -> Rules:
    """The rules as they stand."""
    compatible = np.zeros((len(KINDS), len(KINDS)), dtype=np.bool_)
    for need, offer in session.exec(select(Compatibility.need_kind, Compatibility.offer_kind)):
        compatible[KINDS.index(need), KINDS.index(offer)] = True
    weights = {kind: dict(defaults) for kind, defaults in DEFAULT_WEIGHTS.items()}
    set_ = session.exec(select(Weight).order_by(Weight.kind, Weight.criterion)).all()
    for row in set_:
        weights[row.kind][row.criterion] = row.weight
    changed = ";".join(f"{row.kind}.{row.criterion}={row.weight:g}" for row in set_)
    return Rules(compatible, weights, _version(changed))


def _version(changed: str) -> str:
    if not changed:
        return ENGINE_VERSION
    return f"{ENGINE_VERSION}+{uuid.uuid5(uuid.NAMESPACE_OID, changed).hex[:8]}"


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
