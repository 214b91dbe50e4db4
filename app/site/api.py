"""Vocabularies for programs; health and metrics for whoever watches the service."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlmodel import col, func, select

from app.core.changes import Waiting
from app.core.db import Database, ReadSession, get_read_session
from app.core.errors import DatabaseUnavailable
from app.core.http import JSON, example
from app.organisations import queries
from app.vocabulary import Choice
from app.vocabulary.fields import Field, Interest
from app.vocabulary.goals import Goal
from app.vocabulary.listings import (
    Condition,
    ContactRoute,
    EngagementState,
    Frequency,
    ListingKind,
    ListingStatus,
    PartyKind,
    PlaceState,
    Side,
    Temperature,
    Urgency,
)
from app.vocabulary.organisations import (
    ConfirmationMethod,
    ContactKind,
    EntryMethod,
    LegalForm,
    LinkKind,
    OrganisationType,
    PublicationUse,
    Status,
)
from app.vocabulary.people import AgeBand
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS, ActivityTime, Period, Weekday, slot_label

router = APIRouter(tags=["vocabularies"])
health = APIRouter(tags=["health"])

_LISTS: dict[str, type[Choice]] = {
    "organisation_type": OrganisationType,
    "legal_form": LegalForm,
    "status": Status,
    "when": ActivityTime,
    "contact_kind": ContactKind,
    "link_kind": LinkKind,
    "entry_method": EntryMethod,
    "confirmation_method": ConfirmationMethod,
    "publication_use": PublicationUse,
    "goal": Goal,
    "side": Side,
    "listing_kind": ListingKind,
    "listing_status": ListingStatus,
    "frequency": Frequency,
    "urgency": Urgency,
    "contact_route": ContactRoute,
    "temperature": Temperature,
    "condition": Condition,
    "skill": Skill,
    "engagement_state": EngagementState,
    "party_kind": PartyKind,
    "place_state": PlaceState,
    "weekday": Weekday,
    "period": Period,
    "age_band": AgeBand,
}


class Term(BaseModel):
    code: str
    label: str
    description: str = ""


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """`search` says which engine answers; `waiting` how many changes it has still to be told."""

    status: Literal["ready", "unavailable"]
    database: Literal["ok", "unavailable"]
    search: Literal["meilisearch", "embedded"]
    degraded: bool
    waiting: int
    refused: int


_READY = {
    "status": "ready",
    "database": "ok",
    "search": "meilisearch",
    "degraded": False,
    "waiting": 0,
    "refused": 0,
}


@router.get(
    "/vocabularies",
    response_model=dict[str, list[dict[str, Any]]],
    summary="コードと日本語の名前の一覧",
    responses=example({"when": [{"code": "evening", "label": "平日の夜", "description": ""}]}),
)
def vocabularies(
    session: Annotated[ReadSession, Depends(get_read_session, scope="function")],
) -> JSON:
    lists: dict[str, list[dict[str, Any]]] = {
        name: [Term(**_term(choice)).model_dump() for choice in choices]
        for name, choices in _LISTS.items()
    }
    lists["slot"] = [{"code": slot, "label": slot_label(slot)} for slot in SLOTS]
    lists["field"] = [{"code": f.value, "label": f.label, "short": f.short} for f in Field]
    lists["interest"] = [
        {"code": i.value, "label": i.label, "fields": [int(f.value) for f in i.fields]}
        for i in Interest
    ]
    lists["stage"] = [row.model_dump() for row in queries.list_stages(session)]
    lists["office"] = [row.model_dump() for row in queries.list_offices(session)]
    lists["registration_scheme"] = [row.model_dump() for row in queries.list_schemes(session)]
    return JSON(lists)


def _term(choice: Choice) -> dict[str, str]:
    return {"code": choice.value, "label": choice.label, "description": choice.description}


@health.get(
    "/healthz", response_model=Health, summary="動いているか", responses=example({"status": "ok"})
)
async def healthz() -> JSON:
    return JSON({"status": "ok"})


@health.get(
    "/readyz",
    response_model=Readiness,
    summary="使えるか",
    responses={
        503: {"model": Readiness, "description": "データベースが使えない"},
        **example(_READY),
    },
)
def readyz(request: Request) -> JSON:
    database: Database = request.app.state.database
    meili = request.app.state.engines.meili_ready
    engine = "meilisearch" if meili else "embedded"
    body: dict[str, Any] = {"search": engine, "degraded": not meili}
    try:
        with database.read() as session:
            mine = col(Waiting.engine) == engine
            body["waiting"] = session.exec(select(func.count()).where(mine)).one()
            refused = select(func.count()).where(mine, col(Waiting.attempts) > 0)
            body["refused"] = session.exec(refused).one()
    except DatabaseUnavailable:
        down = {"status": "unavailable", "database": "unavailable", "waiting": 0, "refused": 0}
        return JSON({**body, **down}, 503, {"retry-after": "5"})
    return JSON({**body, "status": "ready", "database": "ok"})


_METRICS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"example": 'http_requests_total{status="200"} 12.0'}}}
}


@health.get("/metrics", summary="Prometheus の計測値", response_class=Response, responses=_METRICS)
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
