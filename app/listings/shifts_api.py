"""Dates of an opportunity and places on them, over HTTP.

Everybody sees the dates of a public need; who comes is for operators.
"""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from app.core.clock import now
from app.core.db import ReadSession, WriteSession, get_read_session, get_write_session
from app.core.http import JSON, Problem, example, is_operator, require_operator
from app.core.paging import DEFAULT, MOST
from app.listings import seats, shifts
from app.listings.queries import get_shown
from app.listings.shift_forms import EXAMPLE, PlaceForm, ShiftForm, ShiftPatch
from app.listings.shift_rules import OfferOver
from app.listings.shifts import PlaceRecord, ShiftRecord
from app.vocabulary.listings import PlaceState, Side

router = APIRouter(tags=["shifts"])


def _upcoming(
    *, upcoming: Annotated[bool, Query(description="まだ終わっていないものだけか")] = False
) -> bool:
    return upcoming


Reading = Annotated[ReadSession, Depends(get_read_session, scope="function")]
Writing = Annotated[WriteSession, Depends(get_write_session, scope="function")]
Operator = Annotated[str, Depends(require_operator)]
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Upcoming = Annotated[bool, Depends(_upcoming)]
PlaceId = Annotated[int, Path(ge=1, lt=2**31)]

_SHIFT_EXAMPLE: dict[str, Any] = {
    **EXAMPLE,
    "id": "01936f00-0000-7000-8000-000000000003",
    "need_id": "01936f00-0000-7000-8000-000000000002",
    "series_id": "01936f00-0000-7000-8000-000000000004",
    "taken": 2,
    "cancelled": False,
    "free": 3,
}
_PLACE_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "shift_id": _SHIFT_EXAMPLE["id"],
    "person": None,
    "organisation": "01936f00-0000-7000-8000-000000000001",
    "size": 12,
    "state": "waiting",
    "position": 1,
    "offered_until": None,
    "at": "2026-11-21T01:00:00Z",
}
_READ_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "合鍵がない、または違う"},
    404: {"description": "ない、または公開されていない"},
}
_WRITE_ERRORS: dict[int | str, dict[str, Any]] = {
    **_READ_ERRORS,
    400: {"description": "JSON として読み取れない"},
    409: {"description": "今の状態ではできない、またはすでにある"},
    413: {"description": "大きすぎる"},
}


class ShiftList(BaseModel):
    """A page of dates, the number there are in all, and where the next page begins."""

    items: list[ShiftRecord]
    total: int
    next_cursor: str | None


class PlaceList(BaseModel):
    """A page of places, as they came."""

    items: list[PlaceRecord]
    total: int
    next_cursor: str | None


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "total": 1, "next_cursor": None}


# --------------------------------------------------------------------------------------- dates


@router.get(
    "/needs/{listing_id}/shifts",
    response_model=ShiftList,
    summary="募集の日程",
    responses=_READ_ERRORS | example(_list_of(_SHIFT_EXAMPLE)),
)
def list_shifts(
    request: Request,
    session: Reading,
    listing_id: uuid.UUID,
    upcoming: Upcoming,
    cursor: Cursor = None,
    limit: Limit = DEFAULT,
) -> JSON:
    get_shown(session, listing_id, side=Side.NEED, operator=is_operator(request))
    after = now() if upcoming else None
    page = shifts.list_shifts(session, listing_id, ends_after=after, cursor=cursor, limit=limit)
    return JSON({"items": page.rows, "total": page.total, "next_cursor": page.next_cursor})


@router.post(
    "/needs/{listing_id}/shifts",
    response_model=ShiftList,
    status_code=201,
    summary="募集に日程を加える（繰り返しもできる）",
    responses=_WRITE_ERRORS | example(_list_of({**_SHIFT_EXAMPLE, "taken": 0, "free": 5}), 201),
)
def create_shifts(
    session: Writing, actor: Operator, listing_id: uuid.UUID, form: ShiftForm
) -> JSON:
    made = shifts.create_shifts(
        session,
        listing_id=listing_id,
        starts_at=form.starts_at,
        ends_at=form.ends_at,
        capacity=form.capacity,
        rule=form.rrule,
        note=form.note,
        now=now(),
        actor=actor,
    )
    return JSON({"items": made, "total": len(made), "next_cursor": None}, 201)


@router.patch(
    "/shifts/{shift_id}",
    response_model=ShiftRecord,
    summary="日程を直す・中止にする",
    responses=_WRITE_ERRORS | example(_SHIFT_EXAMPLE),
)
def update_shift(session: Writing, actor: Operator, shift_id: uuid.UUID, form: ShiftPatch) -> JSON:
    return JSON(
        seats.update_shift(session, id=shift_id, values=form.values(), now=now(), actor=actor)
    )


# -------------------------------------------------------------------------------------- places


@router.get(
    "/shifts/{shift_id}/places",
    response_model=PlaceList,
    summary="日程への参加と空き待ち",
    responses=_READ_ERRORS | example(_list_of(_PLACE_EXAMPLE)),
)
def list_places(
    session: Reading,
    _: Operator,
    shift_id: uuid.UUID,
    cursor: Cursor = None,
    limit: Limit = DEFAULT,
) -> JSON:
    shifts.get_shift(session, shift_id)
    page = shifts.list_places(session, shift_id, cursor=cursor, limit=limit)
    return JSON({"items": page.rows, "total": page.total, "next_cursor": page.next_cursor})


@router.post(
    "/shifts/{shift_id}/places",
    response_model=PlaceRecord,
    status_code=201,
    summary="日程に参加する（空きがなければ、空き待ち）",
    responses=_WRITE_ERRORS | example(_PLACE_EXAMPLE, 201),
)
def take_place(session: Writing, actor: Operator, shift_id: uuid.UUID, form: PlaceForm) -> JSON:
    place = seats.take_place(
        session,
        shift_id=shift_id,
        person_id=form.person,
        organisation_id=form.organisation,
        size=form.size,
        now=now(),
        actor=actor,
    )
    return JSON(place, 201)


@router.post(
    "/places/{place_id}/confirm",
    response_model=PlaceRecord,
    summary="案内された空きに参加する",
    responses=_WRITE_ERRORS | example({**_PLACE_EXAMPLE, "state": "confirmed", "position": None}),
)
def confirm_place(session: Writing, actor: Operator, place_id: PlaceId) -> Response:
    place = seats.confirm_place(session, id=place_id, now=now(), actor=actor)
    if place.state is PlaceState.CANCELLED:
        # Not raised: that the offer has moved on is to be kept.
        return Problem(OfferOver().problem(), OfferOver.status)
    return JSON(place)


@router.post(
    "/places/{place_id}/cancel",
    response_model=PlaceRecord,
    summary="参加または空き待ちを取り消す",
    responses=_WRITE_ERRORS | example({**_PLACE_EXAMPLE, "state": "cancelled", "position": None}),
)
def cancel_place(session: Writing, actor: Operator, place_id: PlaceId) -> JSON:
    return JSON(seats.cancel_place(session, id=place_id, now=now(), actor=actor))
