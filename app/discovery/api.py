"""GET /search and GET /search/suggest."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from app.core.http import JSON
from app.discovery import queries
from app.discovery.forms import SearchForm, SuggestForm

router = APIRouter(tags=["search"])


class Position(BaseModel):
    lat: float
    lng: float


class Hit(BaseModel):
    """One result. `highlights` maps a text of the hit to `[start, end)` ranges in code points."""

    kind: Literal["organisation"]
    id: str
    source: str | None
    source_id: str | None
    name: str
    kana: str | None
    summary: str
    highlights: dict[str, list[tuple[int, int]]]
    match: Literal["full", "near"] = Field(description="near: 条件の一部だけに合う")
    place: str | None
    prefecture: str | None
    municipality: str | None
    organisation_type: str
    legal_form: str
    fields: list[int]
    stage: str | None
    when: list[str]
    schedule: str | None
    accepting: bool | None
    visits_welcome: bool | None
    confirmed_on: str | None
    position: Position | None
    distance_km: float | None


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


def _example(**body: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": body}}}}


@router.get("/search", response_model=SearchAnswer, summary="団体をさがす")
async def search(request: Request, form: Annotated[SearchForm, Query()]) -> JSON:
    return JSON(await queries.search(request.app.state.engines, form))


@router.get(
    "/search/suggest",
    response_model=SuggestAnswer,
    summary="入力の続きを提案する",
    responses=_example(
        query="こそ",
        suggestions=[{"kind": "theme", "text": "子育て支援", "id": "childcare"}],
    ),
)
async def suggest(request: Request, form: Annotated[SuggestForm, Query()]) -> JSON:
    return JSON(await queries.suggest(request.app.state.engines, form))
