"""The registry over HTTP. Everybody reads what is public; writing needs the operator token."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.core import changes
from app.core.clock import today
from app.core.db import ReadSession, WriteSession, get_read_session, get_write_session
from app.core.errors import NotFound, Unauthorised
from app.core.http import (
    JSON,
    etag,
    example,
    is_known,
    is_operator,
    optional_version,
    require_operator,
    required_version,
)
from app.core.paging import DEFAULT, MOST, Page
from app.core.routes import RecordRoute
from app.organisations import actions, queries
from app.organisations.forms import (
    EXAMPLE,
    Area,
    CloseForm,
    Code,
    ConfirmForm,
    CorporateNumber,
    OrganisationForm,
    OrganisationPatch,
)
from app.organisations.queries import OrganisationFilter
from app.organisations.records import Record
from app.vocabulary.organisations import LegalForm, OrganisationType, Status

router = APIRouter(prefix="/organisations", tags=["organisations"])
one = APIRouter(prefix="/organisations", tags=["organisations"], route_class=RecordRoute)
Row = TypeVar("Row")

Reading = Annotated[ReadSession, Depends(get_read_session, scope="function")]
Writing = Annotated[WriteSession, Depends(get_write_session, scope="function")]
Operator = Annotated[str, Depends(require_operator)]
SeenVersion = Annotated[int | None, Depends(required_version)]
MaybeVersion = Annotated[int | None, Depends(optional_version)]

_READ_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "合鍵が違う"},
    404: {"description": "ない、または公開されていない"},
}
# The example of the form, as it is read once it has been published.
RECORD_EXAMPLE: dict[str, Any] = (
    dict.fromkeys(Record.model_fields)
    | OrganisationForm.model_validate(EXAMPLE).model_dump(mode="json")
    | {
        "id": "01936f00-0000-7000-8000-000000000001",
        "version": 2,
        "status": "published",
        "stage_history": [],
        "sources": [],
        "edited_fields": [],
        "created_at": "2026-04-01T01:00:00Z",
        "updated_at": "2026-04-01T01:05:00Z",
        "published_at": "2026-04-01T01:05:00Z",
    }
)
_CHANGE_EXAMPLE = {
    "id": 2,
    "action": "publish",
    "at": "2026-04-01T01:05:00+00:00",
    "fields": ["status"],
}
_LIST_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "合鍵が違う、または公開していない記録には合鍵が必要"},
}
_WRITE_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "JSON として読み取れない"},
    401: {"description": "合鍵がない、または違う"},
    409: {"description": "今の状態ではできない、またはすでにある"},
    413: {"description": "大きすぎる"},
}
_VERSION_ERRORS: dict[int | str, dict[str, Any]] = {
    **_WRITE_ERRORS,
    404: {"description": "ない"},
    412: {"description": "ほかの人が先に更新した"},
}


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "total": 1, "next_cursor": None}


class OrganisationList(BaseModel):
    """A page of records, the number there are in all, and where the next page begins."""

    items: list[Record]
    total: int
    next_cursor: str | None


class HistoryEntry(BaseModel):
    """Something that happened.

    Who did it and the values are for operators; everyone sees which fields.
    """

    id: int
    action: str
    at: str
    fields: list[str]
    actor: str | None = None
    details: dict[str, Any] | None = None


class History(BaseModel):
    items: list[HistoryEntry]
    total: int
    next_cursor: str | None


class OrganisationListForm(BaseModel):
    """Which records to list; a parameter given several times means "one of"."""

    model_config = ConfigDict(extra="forbid")

    field: Annotated[list[Annotated[int, Field(ge=1, le=20)]], Field(max_length=20)] = []
    stage: Annotated[list[Code], Field(max_length=50)] = []
    area: Annotated[
        list[Area], Field(max_length=100, description="市区町村または都道府県コード")
    ] = []
    legal_form: Annotated[list[LegalForm], Field(max_length=30)] = []
    organisation_type: Annotated[list[OrganisationType], Field(max_length=20)] = []
    office: Annotated[list[Code], Field(max_length=50)] = []
    corporate_number: CorporateNumber | None = None
    status: Annotated[list[Status], Field(max_length=4, description="公開中以外は合鍵が必要")] = []
    cursor: Annotated[str | None, Field(max_length=200)] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = DEFAULT

    def filter(self, *, operator: bool) -> OrganisationFilter:
        """Raises Unauthorised when records are asked for that are not public."""
        statuses = tuple(self.status) or (Status.PUBLISHED,)
        if not operator and set(statuses) - {Status.PUBLISHED, Status.CLOSED}:
            raise Unauthorised("公開していない記録を見るには合鍵（トークン）が必要です。")
        return OrganisationFilter(
            statuses=statuses,
            fields=tuple(self.field),
            stages=tuple(self.stage),
            areas=tuple(self.area),
            legal_forms=tuple(self.legal_form),
            organisation_types=tuple(self.organisation_type),
            offices=tuple(self.office),
            corporate_number=self.corporate_number,
            public=not operator,
        )


@router.get(
    "",
    response_model=OrganisationList,
    summary="団体の一覧",
    responses=_LIST_ERRORS | example(_list_of(RECORD_EXAMPLE)),
)
def list_organisations(
    request: Request, session: Reading, form: Annotated[OrganisationListForm, Query()]
) -> JSON:
    operator = is_operator(request)
    page = queries.list_organisations(
        session, form.filter(operator=operator), cursor=form.cursor, limit=form.limit
    )
    return _page(page, lambda record: _shown(record, operator=operator))


@router.post(
    "",
    response_model=Record,
    status_code=201,
    summary="団体を登録する（下書き）",
    responses=_WRITE_ERRORS | example({**RECORD_EXAMPLE, "version": 1, "status": "draft"}, 201),
)
def create_organisation(
    request: Request, session: Writing, actor: Operator, form: OrganisationForm
) -> JSON:
    record = actions.create_organisation(session, values=form.values(), actor=actor)
    answer = _answer(record)
    answer.status_code = 201
    answer.headers["location"] = f"{request.url.path}/{record.id}"
    return answer


@one.get(
    "/{organisation_id}",
    response_model=Record,
    summary="団体の記録",
    responses={
        304: {"description": "If-None-Match の版から変わっていない"},
        **_READ_ERRORS,
        **example(RECORD_EXAMPLE),
    },
)
def read_organisation(request: Request, organisation_id: uuid.UUID) -> Response:
    operator = is_operator(request)
    # Opened here: as a dependency the session would cost two more changes of thread.
    with request.app.state.database.read() as session:
        record = get_shown(session, organisation_id, operator=operator)
    if is_known(request, record.version):
        return Response(status_code=304, headers=_headers(record))
    return JSON(_shown(record, operator=operator), headers=_headers(record))


@router.patch(
    "/{organisation_id}",
    response_model=Record,
    summary="団体の記録を直す",
    responses={
        **_VERSION_ERRORS,
        428: {"description": "If-Match がない"},
        **example(RECORD_EXAMPLE),
    },
)
def update_organisation(
    session: Writing,
    actor: Operator,
    version: SeenVersion,
    organisation_id: uuid.UUID,
    form: OrganisationPatch,
) -> JSON:
    return _answer(
        actions.update_organisation(
            session, id=organisation_id, version=version, values=form.values(), actor=actor
        )
    )


@router.post(
    "/{organisation_id}/publish",
    response_model=Record,
    summary="公開する",
    responses=_VERSION_ERRORS | example(RECORD_EXAMPLE),
)
def publish_organisation(
    session: Writing, actor: Operator, version: MaybeVersion, organisation_id: uuid.UUID
) -> JSON:
    return _answer(
        actions.publish_organisation(session, id=organisation_id, version=version, actor=actor)
    )


@router.post(
    "/{organisation_id}/suspend",
    response_model=Record,
    summary="公開を止める",
    responses=_VERSION_ERRORS | example(RECORD_EXAMPLE),
)
def suspend_organisation(
    session: Writing, actor: Operator, version: MaybeVersion, organisation_id: uuid.UUID
) -> JSON:
    return _answer(
        actions.suspend_organisation(session, id=organisation_id, version=version, actor=actor)
    )


@router.post(
    "/{organisation_id}/close",
    response_model=Record,
    summary="活動終了にする",
    responses=_VERSION_ERRORS | example(RECORD_EXAMPLE),
)
def close_organisation(
    session: Writing,
    actor: Operator,
    version: MaybeVersion,
    organisation_id: uuid.UUID,
    form: Annotated[CloseForm | None, Body()] = None,
) -> JSON:
    form = form or CloseForm()
    return _answer(
        actions.close_organisation(
            session,
            id=organisation_id,
            version=version,
            closed_on=form.closed_on or today(),
            reason=form.reason,
            successor_number=form.successor_number,
            actor=actor,
        )
    )


@router.post(
    "/{organisation_id}/confirm",
    response_model=Record,
    summary="内容を確認したことを記録する",
    responses=_VERSION_ERRORS | example(RECORD_EXAMPLE),
)
def confirm_organisation(
    session: Writing,
    actor: Operator,
    version: MaybeVersion,
    organisation_id: uuid.UUID,
    form: ConfirmForm,
) -> JSON:
    return _answer(
        actions.confirm_organisation(
            session,
            id=organisation_id,
            version=version,
            by=form.by,
            how=form.how,
            on=form.on or today(),
            actor=actor,
        )
    )


@router.get(
    "/{organisation_id}/history",
    response_model=History,
    summary="団体の記録の履歴",
    responses=_READ_ERRORS | example(_list_of(_CHANGE_EXAMPLE)),
)
def read_history(
    request: Request,
    session: Reading,
    organisation_id: uuid.UUID,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = DEFAULT,
) -> JSON:
    operator = is_operator(request)
    get_shown(session, organisation_id, operator=operator)
    page = changes.list_changes(
        session, kind=actions.KIND, entity_id=str(organisation_id), cursor=cursor, limit=limit
    )
    return _page(page, lambda change: _history_entry(change, operator=operator))


def get_shown(session: ReadSession, organisation_id: uuid.UUID, *, operator: bool) -> Record:
    """The record, if this reader may know of it. Raises NotFound otherwise."""
    record = queries.get_organisation(session, organisation_id)
    if not operator and not record.visible:
        raise NotFound("この団体は登録されていません。")
    return record


def _shown(record: Record, *, operator: bool) -> Record:
    return record if operator else record.for_public()


def _history_entry(change: changes.Change, *, operator: bool) -> dict[str, Any]:
    entry = {
        "id": change.id,
        "action": change.action,
        "at": change.at.isoformat(),
        "fields": sorted(change.details),
    }
    return {**entry, "actor": change.actor, "details": change.details} if operator else entry


def _page(page: Page[Row], shown: Callable[[Row], Any]) -> JSON:
    items = [shown(row) for row in page.rows]
    return JSON({"items": items, "total": page.total, "next_cursor": page.next_cursor})


def _answer(record: Record) -> JSON:
    return JSON(record, headers=_headers(record))


def _headers(record: Record) -> dict[str, str]:
    return {"etag": etag(record.version), "vary": "authorization"}
