"""Values that imports brought for fields a human has edited: read, accept, dismiss.

For operators.
"""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from app.core.db import ReadSession, WriteSession, get_read_session, get_write_session
from app.core.http import JSON, etag, example, require_operator
from app.intake import actions, queries
from app.organisations.api import RECORD_EXAMPLE
from app.organisations.queries import get_organisation
from app.organisations.records import Record

router = APIRouter(prefix="/organisations/{organisation_id}/suggestions", tags=["intake"])

Reading = Annotated[ReadSession, Depends(get_read_session, scope="function")]
Writing = Annotated[WriteSession, Depends(get_write_session, scope="function")]
Operator = Annotated[str, Depends(require_operator)]
_ERRORS: dict[int | str, dict[str, Any]] = {401: {}, 404: {}, 413: {}}


class SuggestionRead(BaseModel):
    """取り込みの提案: `field` was edited by a human, `source` says `value`."""

    field: str
    source: str
    source_id: str
    value: Any
    suggested_at: datetime


_SUGGESTION = {
    "field": "schedule",
    "source": "groups-csv",
    "source_id": "12",
    "value": "毎週土曜 10時から",
    "suggested_at": "2026-04-01T01:00:00Z",
}


@router.get(
    "",
    response_model=list[SuggestionRead],
    summary="取り込みの提案",
    responses=_ERRORS | example([_SUGGESTION]),
)
def list_suggestions(session: Reading, _: Operator, organisation_id: uuid.UUID) -> JSON:
    get_organisation(session, organisation_id)
    rows = queries.list_suggestions(session, organisation_id)
    return JSON([{**row.model_dump(), "value": row.value["value"]} for row in rows])


@router.post(
    "/{source}/{field}/accept",
    response_model=Record,
    summary="提案を受け入れる",
    responses=_ERRORS | example(RECORD_EXAMPLE),
)
def accept_suggestion(
    session: Writing, actor: Operator, organisation_id: uuid.UUID, source: str, field: str
) -> JSON:
    record = actions.accept_suggestion(
        session, organisation_id=organisation_id, field=field, source=source, actor=actor
    )
    return JSON(record, headers={"etag": etag(record.version)})


@router.post(
    "/{source}/{field}/dismiss", status_code=204, summary="提案を退ける", responses=_ERRORS
)
def dismiss_suggestion(
    session: Writing, actor: Operator, organisation_id: uuid.UUID, source: str, field: str
) -> Response:
    actions.dismiss_suggestion(
        session, organisation_id=organisation_id, field=field, source=source, actor=actor
    )
    return Response(status_code=204)
