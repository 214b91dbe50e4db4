"""Residents' profiles over HTTP. Until accounts exist, all of it needs the operator token."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import BaseModel

from app.core.db import ReadSession, WriteSession, get_read_session, get_write_session
from app.core.http import (
    JSON,
    etag,
    example,
    is_known,
    optional_version,
    require_operator,
    required_version,
)
from app.core.paging import DEFAULT, MOST
from app.people import actions, queries
from app.people.forms import EXAMPLE, PauseForm, PersonForm, PersonPatch
from app.people.records import PersonRecord

router = APIRouter(prefix="/people", tags=["people"])

Reading = Annotated[ReadSession, Depends(get_read_session, scope="function")]
Writing = Annotated[WriteSession, Depends(get_write_session, scope="function")]
Operator = Annotated[str, Depends(require_operator)]
SeenVersion = Annotated[int | None, Depends(required_version)]
MaybeVersion = Annotated[int | None, Depends(optional_version)]

# The example of the form, as it is read.
RECORD_EXAMPLE: dict[str, Any] = (
    dict.fromkeys(PersonRecord.model_fields)
    | PersonForm.model_validate(EXAMPLE).model_dump(mode="json")
    | {
        "id": "01936f00-0000-7000-8000-000000000002",
        "version": 1,
        "words": {},
        "consented_at": "2026-04-01T01:00:00Z",
        "paused": False,
        "paused_until": None,
        "created_at": "2026-04-01T01:00:00Z",
        "updated_at": "2026-04-01T01:00:00Z",
    }
)
_READ_ERRORS: dict[int | str, dict[str, Any]] = {401: {"description": "合鍵がない、または違う"}}
_WRITE_ERRORS: dict[int | str, dict[str, Any]] = {
    **_READ_ERRORS,
    400: {"description": "JSON として読み取れない"},
    413: {"description": "大きすぎる"},
}
_ONE_ERRORS: dict[int | str, dict[str, Any]] = {**_READ_ERRORS, 404: {"description": "ない"}}
_VERSION_ERRORS: dict[int | str, dict[str, Any]] = {
    **_WRITE_ERRORS,
    **_ONE_ERRORS,
    412: {"description": "ほかの人が先に更新した"},
}


class PersonList(BaseModel):
    """A page of profiles, the number there are in all, and where the next page begins."""

    items: list[PersonRecord]
    total: int
    next_cursor: str | None


@router.get(
    "",
    response_model=PersonList,
    summary="参加したい人の一覧",
    responses=_READ_ERRORS | example({"items": [RECORD_EXAMPLE], "total": 1, "next_cursor": None}),
)
def list_people(
    session: Reading,
    _: Operator,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = DEFAULT,
) -> JSON:
    page = queries.list_people(session, cursor=cursor, limit=limit)
    return JSON({"items": page.rows, "total": page.total, "next_cursor": page.next_cursor})


@router.post(
    "",
    response_model=PersonRecord,
    status_code=201,
    summary="参加したい人を登録する",
    responses=_WRITE_ERRORS | example(RECORD_EXAMPLE, 201),
)
def create_person(request: Request, session: Writing, actor: Operator, form: PersonForm) -> JSON:
    person = actions.create_person(session, values=form.values(), actor=actor)
    answer = _answer(person)
    answer.status_code = 201
    answer.headers["location"] = f"{request.url.path}/{person.id}"
    return answer


@router.get(
    "/{person_id}",
    response_model=PersonRecord,
    summary="参加したい人の記録",
    responses={
        304: {"description": "If-None-Match の版から変わっていない"},
        **_ONE_ERRORS,
        **example(RECORD_EXAMPLE),
    },
)
def read_person(request: Request, session: Reading, _: Operator, person_id: uuid.UUID) -> Response:
    person = queries.get_person(session, person_id)
    if is_known(request, person.version):
        return Response(status_code=304, headers=_headers(person))
    return _answer(person)


@router.patch(
    "/{person_id}",
    response_model=PersonRecord,
    summary="参加したい人の記録を直す",
    responses={
        **_VERSION_ERRORS,
        428: {"description": "If-Match がない"},
        **example(RECORD_EXAMPLE),
    },
)
def update_person(
    session: Writing,
    actor: Operator,
    version: SeenVersion,
    person_id: uuid.UUID,
    form: PersonPatch,
) -> JSON:
    return _answer(
        actions.update_person(
            session, id=person_id, version=version, values=form.values(), actor=actor
        )
    )


@router.delete(
    "/{person_id}",
    status_code=204,
    summary="参加したい人の記録を消去する（元に戻せない）",
    responses=_VERSION_ERRORS,
)
def erase_person(
    session: Writing, actor: Operator, version: MaybeVersion, person_id: uuid.UUID
) -> None:
    actions.erase_person(session, id=person_id, version=version, actor=actor)


@router.post(
    "/{person_id}/pause",
    response_model=PersonRecord,
    summary="お休みにする",
    responses=_VERSION_ERRORS
    | example({**RECORD_EXAMPLE, "version": 2, "paused_until": "2027-03-31"}),
)
def pause_person(
    session: Writing,
    actor: Operator,
    version: MaybeVersion,
    person_id: uuid.UUID,
    form: Annotated[PauseForm | None, Body()] = None,
) -> JSON:
    until = form.until if form else None
    return _answer(
        actions.pause_person(session, id=person_id, version=version, until=until, actor=actor)
    )


@router.post(
    "/{person_id}/resume",
    response_model=PersonRecord,
    summary="再開する",
    responses=_VERSION_ERRORS | example({**RECORD_EXAMPLE, "version": 3}),
)
def resume_person(
    session: Writing, actor: Operator, version: MaybeVersion, person_id: uuid.UUID
) -> JSON:
    return _answer(actions.resume_person(session, id=person_id, version=version, actor=actor))


def _answer(person: PersonRecord) -> JSON:
    return JSON(person, headers=_headers(person))


def _headers(person: PersonRecord) -> dict[str, str]:
    return {"etag": etag(person.version), "vary": "authorization", "cache-control": "no-store"}
