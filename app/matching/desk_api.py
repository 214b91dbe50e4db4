"""What operators keep and set: proposals, drafts of shifts, weights and compatible kinds."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel

from app.core.db import ReadSession, WriteSession, get_read_session, get_write_session
from app.core.errors import Conflict
from app.core.http import JSON, example, require_operator
from app.listings.queries import get_listing
from app.matching.answers import ERRORS, EXPLANATION, WRITE_ERRORS, Explanation
from app.matching.api import OfSide, both, desk_of, explain, market_of, private, router
from app.matching.forms import CompatibilityForm, CriterionName, DraftForm, WeightsForm
from app.vocabulary.listings import ListingKind, Side

Reading = Annotated[ReadSession, Depends(get_read_session, scope="function")]
Writing = Annotated[WriteSession, Depends(get_write_session, scope="function")]
Operator = Annotated[str, Depends(require_operator)]


class DoesNotFit(Conflict):
    code = "does_not_fit"
    title = "欠かせない条件を満たしていません"


class ProposalRead(BaseModel):
    """A match that was kept: what the engine said, which engine, and what it knew."""

    id: uuid.UUID
    listing_id: uuid.UUID
    candidate_kind: str
    candidate_id: uuid.UUID
    engine_version: str
    score: float
    explanation: Explanation
    inputs: dict[str, Any]
    actor: str
    created_at: datetime


_PROPOSAL = {
    "id": "01936f00-0000-7000-8000-000000000006",
    "listing_id": "01936f00-0000-7000-8000-000000000002",
    "candidate_kind": "offer",
    "candidate_id": "01936f00-0000-7000-8000-000000000005",
    "engine_version": "musubi-1",
    "score": 78.2,
    "explanation": EXPLANATION,
    "inputs": {"mine": {"fields": 8196}, "other": {"fields": 8196}},
    "actor": "operator",
    "created_at": "2026-04-01T01:05:00Z",
}


class ProposalList(BaseModel):
    items: list[ProposalRead]


class SeatRead(BaseModel):
    id: str
    name: str
    score: float
    label: str


class ShiftDraftRead(BaseModel):
    shift_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    free: int
    people: list[SeatRead]


class AssignmentDraft(BaseModel):
    """A draft: nobody is told and nothing is written until a person takes it over.

    `filled` of `free` seats, `covered` shifts with somebody new; `value` is what was maximised.
    """

    engine_version: str
    shifts: list[ShiftDraftRead]
    considered: int
    filled: int
    free: int
    covered: int
    value: float


_DRAFT = {
    "engine_version": "musubi-1",
    "shifts": [
        {
            "shift_id": "01936f00-0000-7000-8000-000000000003",
            "starts_at": "2026-12-05T09:00:00+09:00",
            "ends_at": "2026-12-05T12:00:00+09:00",
            "free": 2,
            "people": [
                {
                    "id": "01936f00-0000-7000-8000-000000000007",
                    "name": "はなこ（架空）",
                    "score": 71.5,
                    "label": "○",
                }
            ],
        }
    ],
    "considered": 12,
    "filled": 1,
    "free": 2,
    "covered": 1,
    "value": 1071.5,
}


class RulesRead(BaseModel):
    """How matching counts now. `counted_at`: when exposure was last counted."""

    engine_version: str
    weights: dict[ListingKind, dict[CriterionName, float]]
    compatible: dict[ListingKind, list[ListingKind]]
    counted_at: datetime | None


_RULES = {
    "engine_version": "musubi-1",
    "weights": {"people": {"fields": 20.0, "times": 15.0}},
    "compatible": {"people": ["people"]},
    "counted_at": "2026-03-31T15:00:30Z",
}


@both(
    "POST",
    "/{listing_id}/matches/{candidate_id}",
    response_model=ProposalRead,
    status_code=201,
    summary="一組を提案として残す",
    responses={
        **WRITE_ERRORS,
        409: {"description": "欠かせない条件を満たしていない"},
        **example(_PROPOSAL, 201),
    },
)
def keep_proposal(
    request: Request,
    session: Writing,
    actor: Operator,
    side: OfSide,
    listing_id: uuid.UUID,
    candidate_id: uuid.UUID,
) -> JSON:
    from app.matching.actions import keep_proposal as keep

    get_listing(session, listing_id, side=side)
    mine, other, explanation = explain(request, session, listing_id, candidate_id)
    if failed := [gate for gate in explanation["gates"] if not gate["passed"]]:
        raise DoesNotFit("".join(f"{gate['text']}。" for gate in failed))
    written = market_of(request).loader.written
    proposal = keep(
        session,
        listing_id=listing_id,
        inputs={"mine": written(mine), "other": written(other)},
        explanation=explanation,
        actor=actor,
    )
    return private(proposal.model_dump(), 201)


@both(
    "GET",
    "/{listing_id}/proposals",
    response_model=ProposalList,
    summary="残した提案",
    responses=ERRORS | example({"items": [_PROPOSAL]}),
)
def list_proposals(session: Reading, side: OfSide, listing_id: uuid.UUID) -> JSON:
    from app.matching.settings import list_proposals as listed

    get_listing(session, listing_id, side=side)
    return private({"items": [row.model_dump() for row in listed(session, listing_id)]})


@router.post(
    "/needs/{listing_id}/shifts/assignments/draft",
    response_model=AssignmentDraft,
    summary="日程への割り当ての下書き",
    responses=WRITE_ERRORS | example(_DRAFT),
)
def draft_assignments(
    request: Request,
    session: Reading,
    listing_id: uuid.UUID,
    form: DraftForm,
) -> JSON:
    from app.matching.volunteers import draft_assignments as draft

    get_listing(session, listing_id, side=Side.NEED)
    desk = desk_of(request, session, about=listing_id)
    mine = desk.market.listing(session, listing_id)
    return private(
        draft(desk, listing_id, mine, most_each=form.most_per_person, people=form.people)
    )


@router.get(
    "/matching",
    response_model=RulesRead,
    summary="マッチングの決まり",
    responses={**ERRORS, **example(_RULES)},
)
def read_rules(session: Reading) -> JSON:
    return _rules(session)


@router.put(
    "/matching/weights/{kind}",
    response_model=RulesRead,
    summary="条件の重みを変える",
    responses=WRITE_ERRORS | example(_RULES),
)
def set_weights(session: Writing, actor: Operator, kind: ListingKind, form: WeightsForm) -> JSON:
    from app.matching import actions

    weights: dict[str, float] = {name: float(w) for name, w in form.weights.items()}
    actions.set_weights(session, kind=kind, weights=weights, actor=actor)
    return _rules(session)


@router.put(
    "/matching/compatibility/{kind}",
    response_model=RulesRead,
    summary="どの種別の提供が応えられるかを変える",
    responses=WRITE_ERRORS | example(_RULES),
)
def set_compatibility(
    session: Writing, actor: Operator, kind: ListingKind, form: CompatibilityForm
) -> JSON:
    from app.matching import actions

    actions.set_compatibility(session, need_kind=kind, offers=form.offers, actor=actor)
    return _rules(session)


def _rules(session: ReadSession) -> JSON:
    from app.matching import settings

    session.flush()
    rules = settings.read_rules(session)
    return private(settings.as_plain(rules, settings.last_counted(session)))
