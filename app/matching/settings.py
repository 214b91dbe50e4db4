"""What a city sets: which kinds go together, what each criterion counts. Changes are logged."""

import uuid
from dataclasses import dataclass

import numpy as np
from sqlmodel import select

from app.core.db import ReadSession
from app.matching.models import Compatibility, Weight
from app.matching.scores import DEFAULT_WEIGHTS, ENGINE_VERSION, ByKind
from app.matching.traits import KINDS, Array

RULES = "matching"


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
