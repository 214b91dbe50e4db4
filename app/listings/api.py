"""Needs and offers over HTTP. Everybody reads what is public; writing needs the operator token.

One set of routes under two names: a need is not found under /offers, nor an offer under /needs.
"""

import uuid
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from app.core.clock import today
from app.core.db import ReadSession, WriteSession, get_read_session, get_write_session
from app.core.errors import Unauthorised
from app.core.http import (
    API,
    JSON,
    etag,
    example,
    is_operator,
    optional_version,
    require_operator,
    required_version,
)
from app.core.paging import DEFAULT, MOST
from app.listings import actions, queries
from app.listings.forms import EXAMPLE, ListingForm, ListingPatch
from app.listings.queries import ListingFilter
from app.listings.records import ListingRecord
from app.listings.rules import PUBLIC
from app.organisations.forms import Area
from app.vocabulary.listings import ListingKind, ListingStatus, Side
from app.vocabulary.skills import Skill

needs = APIRouter(prefix="/needs", tags=["needs"])
offers = APIRouter(prefix="/offers", tags=["offers"])
_ROUTERS = ((needs, Side.NEED), (offers, Side.OFFER))
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


async def side_of(request: Request) -> Side:
    """Which of the two a request is about, by its address. `async`: else in another thread."""
    return Side.NEED if request.url.path.startswith(f"{API}/needs") else Side.OFFER


Reading = Annotated[ReadSession, Depends(get_read_session, scope="function")]
Writing = Annotated[WriteSession, Depends(get_write_session, scope="function")]
Operator = Annotated[str, Depends(require_operator)]
SeenVersion = Annotated[int | None, Depends(required_version)]
MaybeVersion = Annotated[int | None, Depends(optional_version)]
OfSide = Annotated[Side, Depends(side_of)]

_READ_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "合鍵が違う"},
    404: {"description": "ない、または公開されていない"},
}
_LIST_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "合鍵が違う、または公開していない募集には合鍵が必要"},
}
_WRITE_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "JSON として読み取れない"},
    401: {"description": "合鍵がない、または違う"},
    413: {"description": "大きすぎる"},
}
_VERSION_ERRORS: dict[int | str, dict[str, Any]] = {
    **_WRITE_ERRORS,
    404: {"description": "ない"},
    409: {"description": "今の状態ではできない"},
    412: {"description": "ほかの人が先に更新した"},
}


def _record_example(side: Side) -> dict[str, Any]:
    """The example of the form, as it is read once it has been published."""
    said = ListingForm.model_validate(EXAMPLE).model_dump(mode="json")
    organisation = {"id": said.pop("organisation_id"), "name": "みどり町おはなしの会（架空）"}
    return (
        dict.fromkeys(ListingRecord.model_fields)
        | said
        | {
            "id": "01936f00-0000-7000-8000-000000000002",
            "version": 2,
            "side": side.value,
            "status": "published",
            "organisation": organisation,
            "details": {},
            "words": {},
            "open_quantity": 3,
            "engaged": 0,
            "exposure": 0,
            "created_at": "2026-04-01T01:00:00Z",
            "updated_at": "2026-04-01T01:05:00Z",
            "published_at": "2026-04-01T01:05:00Z",
        }
    )


EXAMPLES = {side: _record_example(side) for side in Side}


def _both(
    method: str,
    path: str,
    *,
    summary: str,
    responses: dict[int | str, dict[str, Any]],
    status: int = 200,
    shown: Callable[[dict[str, Any]], dict[str, Any]] = lambda record: record,
    model: type[BaseModel] = ListingRecord,
) -> Callable[[Endpoint], Endpoint]:
    """The route under /needs and under /offers; `shown` makes its example of a record's."""

    def add(endpoint: Endpoint) -> Endpoint:
        for router, side in _ROUTERS:
            router.add_api_route(
                path,
                endpoint,
                methods=[method],
                response_model=model,
                status_code=status,
                summary=f"{side.label}: {summary}",
                responses=responses | example(shown(EXAMPLES[side]), status),
            )
        return endpoint

    return add


class ListingList(BaseModel):
    """A page of listings, the number there are in all, and where the next page begins."""

    items: list[ListingRecord]
    total: int
    next_cursor: str | None


class ListingListForm(BaseModel):
    """Which listings to list; a parameter given several times means "one of"."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[list[ListingKind], Field(max_length=len(ListingKind))] = []
    field: Annotated[list[Annotated[int, Field(ge=1, le=20)]], Field(max_length=20)] = []
    skill: Annotated[list[Skill], Field(max_length=len(Skill))] = []
    area: Annotated[
        list[Area], Field(max_length=100, description="市区町村または都道府県コード")
    ] = []
    organisation: Annotated[list[uuid.UUID], Field(max_length=100)] = []
    status: Annotated[
        list[ListingStatus], Field(max_length=6, description="下書きと休止中は合鍵が必要")
    ] = []
    cursor: Annotated[str | None, Field(max_length=200)] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = DEFAULT

    def filter(self, side: Side, *, operator: bool) -> ListingFilter:
        """Raises Unauthorised when listings are asked for that are not public."""
        statuses = tuple(self.status) or (ListingStatus.PUBLISHED,)
        if not operator and set(statuses) - PUBLIC:
            raise Unauthorised("公開していない募集を見るには合鍵（トークン）が必要です。")
        return ListingFilter(
            side=side,
            kinds=tuple(self.kind),
            statuses=statuses,
            organisations=tuple(self.organisation),
            fields=tuple(self.field),
            skills=tuple(self.skill),
            areas=tuple(self.area),
            public=not operator,
        )


@_both(
    "GET",
    "",
    summary="一覧",
    responses=_LIST_ERRORS,
    shown=lambda record: {"items": [record], "total": 1, "next_cursor": None},
    model=ListingList,
)
def list_listings(
    request: Request, session: Reading, side: OfSide, form: Annotated[ListingListForm, Query()]
) -> JSON:
    operator = is_operator(request)
    page = queries.page_listings(
        session, form.filter(side, operator=operator), cursor=form.cursor, limit=form.limit
    )
    items = [_shown(record, operator=operator) for record in page.rows]
    return JSON({"items": items, "total": page.total, "next_cursor": page.next_cursor})


@_both(
    "POST",
    "",
    summary="登録する（下書き）",
    responses=_WRITE_ERRORS,
    status=201,
    shown=lambda record: {**record, "version": 1, "status": "draft", "published_at": None},
)
def create_listing(
    request: Request, session: Writing, actor: Operator, side: OfSide, form: ListingForm
) -> JSON:
    record = actions.create_listing(session, side=side, values=form.values(), actor=actor)
    answer = _answer(record)
    answer.status_code = 201
    answer.headers["location"] = f"{request.url.path}/{record.id}"
    return answer


@_both(
    "GET",
    "/{listing_id}",
    summary="一件を見る",
    responses=_READ_ERRORS,
)
def read_listing(request: Request, side: OfSide, listing_id: uuid.UUID) -> JSON:
    """Always whole: what is still open changes without the version that editors see."""
    operator = is_operator(request)
    # Opened here: as a dependency the session would cost two more changes of thread.
    with request.app.state.database.read() as session:
        record = queries.get_shown(session, listing_id, side=side, operator=operator)
    return JSON(_shown(record, operator=operator), headers=_headers(record))


@_both(
    "PATCH",
    "/{listing_id}",
    summary="直す",
    responses={**_VERSION_ERRORS, 428: {"description": "If-Match がない"}},
)
def update_listing(
    session: Writing,
    actor: Operator,
    side: OfSide,
    version: SeenVersion,
    listing_id: uuid.UUID,
    form: ListingPatch,
) -> JSON:
    return _answer(
        actions.update_listing(
            session, id=listing_id, side=side, version=version, values=form.values(), actor=actor
        )
    )


@_both("POST", "/{listing_id}/publish", summary="公開する", responses=_VERSION_ERRORS)
def publish_listing(
    session: Writing, actor: Operator, side: OfSide, version: MaybeVersion, listing_id: uuid.UUID
) -> JSON:
    return _answer(
        actions.publish_listing(
            session, id=listing_id, side=side, version=version, actor=actor, today=today()
        )
    )


def _add_move(move: str, summary: str) -> None:
    @_both("POST", f"/{{listing_id}}/{move}", summary=summary, responses=_VERSION_ERRORS)
    def move_listing(
        session: Writing,
        actor: Operator,
        side: OfSide,
        version: MaybeVersion,
        listing_id: uuid.UUID,
    ) -> JSON:
        return _answer(
            actions.move_listing(
                session, id=listing_id, side=side, move=move, version=version, actor=actor
            )
        )


_add_move("pause", "募集を休む")
_add_move("fulfil", "充足にする")
_add_move("close", "終了する")


def _shown(record: ListingRecord, *, operator: bool) -> ListingRecord:
    return record if operator else record.for_public()


def _answer(record: ListingRecord) -> JSON:
    return JSON(record, headers=_headers(record))


def _headers(record: ListingRecord) -> dict[str, str]:
    return {"etag": etag(record.version), "vary": "authorization"}
