"""What matching answers, as OpenAPI tells it."""

from typing import Any

from pydantic import BaseModel, Field

from app.matching.forms import CandidateKind

ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "合鍵がない、または違う"},
    404: {"description": "ない"},
}
WRITE_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "JSON として読み取れない"},
    413: {"description": "大きすぎる"},
    **ERRORS,
}


class ReasonRead(BaseModel):
    """A criterion's part of a score, in points, and the sentence for it."""

    code: str
    text: str
    contribution: float


class CandidateRead(BaseModel):
    """Somebody who fits. `order` is what the list is sorted by: the score and fair exposure."""

    id: str
    kind: CandidateKind
    name: str
    organisation: str | None
    score: float
    label: str = Field(description="◎ ○ △")
    order: float
    reasons: list[ReasonRead]
    caution: ReasonRead | None
    reverse_reasons: list[ReasonRead] = Field(description="相手から見た理由")
    reserved: bool = Field(description="あまり見られていないため、席を取ってある")


class NearRead(BaseModel):
    """Somebody whom one thing keeps out, and what would have to change."""

    id: str
    kind: CandidateKind
    name: str
    organisation: str | None
    score: float
    failed: list[ReasonRead]


class MatchesRead(BaseModel):
    """`excluded_by`: how many each gate kept out; `degraded`: the nightly counts have stopped."""

    engine_version: str
    degraded: bool
    candidates: list[CandidateRead]
    considered: int
    excluded_by: dict[str, int]
    nearest: list[NearRead]


CANDIDATE = {
    "id": "01936f00-0000-7000-8000-000000000005",
    "kind": "offer",
    "name": "経理の経験をいかした会計の手伝い（架空）",
    "organisation": "みどり町の会計事務所（架空）",
    "score": 78.2,
    "label": "◎",
    "order": 78.2,
    "reasons": [
        {"code": "skills", "text": "求める技能に合います：会計・経理", "contribution": 24.1},
        {"code": "times", "text": "土曜の午前が重なります（週に3時間）", "contribution": 15.0},
    ],
    "caution": {
        "code": "stage",
        "text": "ステージは未記入です（確認してください）",
        "contribution": 0,
    },
    "reverse_reasons": [
        {"code": "fields", "text": "分野が一致：子どもの健全育成", "contribution": 20.0}
    ],
    "reserved": False,
}
MATCHES: dict[str, Any] = {
    "engine_version": "musubi-1",
    "degraded": False,
    "candidates": [CANDIDATE],
    "considered": 63,
    "excluded_by": {"H1": 41, "H4": 9},
    "nearest": [],
}


class GateRead(BaseModel):
    code: str
    passed: bool
    text: str


class CriterionRead(BaseModel):
    """`state`: known, unknown (counts half its weight at one half) or not_asked."""

    code: str
    value: float | None
    state: str
    weight: float
    contribution: float


class DirectionRead(BaseModel):
    """Contributions and `unknown` add up to `score`."""

    score: float
    unknown: float
    criteria: list[CriterionRead]


class Explanation(BaseModel):
    """Everything about one pair, fit or not: 「なぜ出ないか」."""

    engine_version: str
    candidate: CandidateRead
    passes: bool
    gates: list[GateRead]
    forward: DirectionRead
    backward: DirectionRead


_DIRECTION = {
    "score": 85.1,
    "unknown": 0.0,
    "criteria": [
        {"code": "skills", "value": 1.0, "state": "known", "weight": 30.0, "contribution": 24.1}
    ],
}
EXPLANATION: dict[str, Any] = {
    "engine_version": "musubi-1",
    "candidate": CANDIDATE,
    "passes": True,
    "gates": [{"code": "H1", "passed": True, "text": ""}],
    "forward": _DIRECTION,
    "backward": _DIRECTION,
}
