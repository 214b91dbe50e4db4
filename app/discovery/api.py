"""GET /search and GET /search/suggest."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from app.core.http import JSON, example
from app.core.routes import QueryRoute
from app.discovery import queries
from app.discovery.forms import SearchForm, SuggestForm
from app.vocabulary.listings import Frequency, ListingKind, Urgency

router = APIRouter(tags=["search"], route_class=QueryRoute)


class Position(BaseModel):
    lat: float
    lng: float


class _Hit(BaseModel):
    """One result. `highlights` maps a text of the hit to `[start, end)` ranges in code points."""

    id: str
    source: str | None
    source_id: str | None
    name: str
    summary: str
    highlights: dict[str, list[tuple[int, int]]]
    match: Literal["full", "near"] = Field(description="near: 条件の一部だけに合う")
    place: str | None
    prefecture: str | None
    municipality: str | None
    fields: list[int]
    when: list[str]
    position: Position | None
    distance_km: float | None


class OrganisationHit(_Hit):
    kind: Literal["organisation"]
    kana: str | None
    organisation_type: str
    legal_form: str
    stage: str | None
    schedule: str | None
    accepting: bool | None
    visits_welcome: bool | None
    confirmed_on: str | None


class Organiser(BaseModel):
    id: str
    name: str


class OpportunityHit(_Hit):
    """A need of a published organisation. `days` are the next exact dates, in Tokyo."""

    kind: Literal["opportunity"]
    organisation: Organiser
    venue: str | None
    listing_kind: ListingKind
    days: list[str]
    slots: list[str]
    frequency: Frequency | None
    minutes: int | None
    beginners: bool | None
    family: bool | None
    students: bool | None
    online: bool | None
    travel_paid: bool | None
    open_quantity: int | None
    unit: str | None
    deadline: str | None
    urgency: Urgency


Hit = Annotated[OrganisationHit | OpportunityHit, Field(discriminator="kind")]


class SearchAnswer(BaseModel):
    """`degraded`: Meilisearch did not answer; the built-in search did."""

    query: str
    total: int
    degraded: bool
    took_ms: float
    hits: list[Hit]
    facets: dict[str, dict[str, int]]
    interpreted: dict[str, list[str] | str] = Field(description="言葉から読み取ったこと")
    relaxed: list[str] = Field(description="見つけるためにゆるめた条件")


class Suggestion(BaseModel):
    kind: Literal["theme", "place", "organisation"]
    text: str
    id: str


class SuggestAnswer(BaseModel):
    query: str
    suggestions: list[Suggestion]


_HIT = {
    "kind": "organisation",
    "id": "01936f00-0000-7000-8000-000000000001",
    "source": "groups-csv",
    "source_id": "132039-001",
    "name": "みどり町おはなしの会（架空）",
    "kana": "ミドリチョウオハナシノカイ",
    "summary": "絵本の読み聞かせを通して、子どもたちに本の楽しさを伝える。",
    "highlights": {"summary": [[3, 8]]},
    "match": "full",
    "place": "武蔵野市",
    "prefecture": "東京都",
    "municipality": "132039",
    "organisation_type": "civic_group",
    "legal_form": "none",
    "fields": [2, 13],
    "stage": "growth",
    "when": ["weekend"],
    "schedule": "毎月第2土曜 10時〜12時",
    "accepting": True,
    "visits_welcome": True,
    "confirmed_on": "2026-04-18",
    "position": {"lat": 35.7178, "lng": 139.5661},
    "distance_km": 1.2,
}
_ANSWER = {
    "query": "週末 読み聞かせ",
    "total": 1,
    "degraded": False,
    "took_ms": 4.2,
    "hits": [_HIT],
    "facets": {"field": {"2": 1, "13": 1}},
    "interpreted": {"when": ["weekend"]},
    "relaxed": [],
}
_SUGGESTIONS = {
    "query": "こそ",
    "suggestions": [{"kind": "theme", "text": "子育て支援", "id": "childcare"}],
}


@router.get(
    "/search",
    response_model=SearchAnswer,
    summary="団体と募集をさがす",
    responses=example(_ANSWER),
)
async def search(request: Request, form: Annotated[SearchForm, Query()]) -> JSON:
    return JSON(await queries.search(request.app.state.engines, form))


@router.get(
    "/search/suggest",
    response_model=SuggestAnswer,
    summary="入力の続きを提案する",
    responses=example(_SUGGESTIONS),
)
async def suggest(request: Request, form: Annotated[SuggestForm, Query()]) -> JSON:
    return JSON(await queries.suggest(request.app.state.engines, form))
