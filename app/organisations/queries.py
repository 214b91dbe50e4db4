"""Reading the registry.

A record is read whole in one statement, whatever table its parts stand in.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, exists
from sqlmodel import col, func, select

from app.core.db import ReadSession, json_rows
from app.core.errors import InvalidCursor, NotFound
from app.core.paging import Page, decode_cursor, encode_cursor
from app.organisations.models import (
    Address,
    Consent,
    Contact,
    Office,
    Organisation,
    OrganisationArea,
    OrganisationField,
    Registration,
    RegistrationScheme,
    Source,
    Stage,
    StageChange,
)
from app.organisations.records import Record
from app.places.rules import within
from app.vocabulary.organisations import (
    LegalForm,
    OrganisationType,
    PublicationUse,
    Status,
)


@dataclass(frozen=True)
class OrganisationFilter:
    """Which records a list shows; every list of codes means "one of"."""

    statuses: tuple[Status, ...] = (Status.PUBLISHED,)
    fields: tuple[int, ...] = ()
    stages: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    legal_forms: tuple[LegalForm, ...] = ()
    organisation_types: tuple[OrganisationType, ...] = ()
    offices: tuple[str, ...] = ()
    corporate_number: str | None = None
    public: bool = True


def get_organisation(session: ReadSession, organisation_id: uuid.UUID) -> Record:
    """The record. Raises NotFound."""
    # Not by the session: that looks for mapped objects in every column, at twice the cost.
    row = session.connection().execute(_one(), {"wanted": organisation_id}).one_or_none()
    if row is None:
        raise NotFound("この団体は登録されていません。")
    return _record(row)


def list_records(session: ReadSession, ids: Sequence[uuid.UUID]) -> list[Record]:
    """The records of these ids that exist, by id."""
    rows = session.execute(
        _whole().where(col(Organisation.id).in_(ids)).order_by(col(Organisation.id))
    )
    return [_record(row) for row in rows]


def list_ids(session: ReadSession, *, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Ids of all organisations in order, the next `limit` after one."""
    query = select(Organisation.id).order_by(col(Organisation.id)).limit(limit)
    if after:
        query = query.where(col(Organisation.id) > after)
    return list(session.exec(query))


def list_organisations(
    session: ReadSession, wanted: OrganisationFilter, *, cursor: str | None, limit: int
) -> Page[Record]:
    """Records by id, which is the order they were made in."""
    conditions = _conditions(wanted)
    query = _whole().where(*conditions).order_by(col(Organisation.id)).limit(limit + 1)
    if cursor:
        query = query.where(col(Organisation.id) > _after(cursor))
    rows = session.execute(query).all()
    total = session.exec(select(func.count()).select_from(Organisation).where(*conditions)).one()
    records = [_record(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(records, total, encode_cursor(str(records[-1].id)) if more else None)


def count_organisations(session: ReadSession) -> int:
    return session.exec(select(func.count()).select_from(Organisation)).one()


def count_findable(session: ReadSession) -> int:
    """How many organisations the public can find."""
    wanted = OrganisationFilter(statuses=(Status.PUBLISHED,), public=True)
    found = select(func.count()).select_from(Organisation).where(*_conditions(wanted))
    return session.exec(found).one()


def list_offices(session: ReadSession) -> list[Office]:
    return list(session.exec(select(Office).order_by(col(Office.position), col(Office.code))))


def list_stages(session: ReadSession) -> list[Stage]:
    return list(session.exec(select(Stage).order_by(col(Stage.position), col(Stage.code))))


def list_schemes(session: ReadSession) -> list[RegistrationScheme]:
    return list(
        session.exec(
            select(RegistrationScheme).order_by(
                col(RegistrationScheme.position), col(RegistrationScheme.code)
            )
        )
    )


def _after(cursor: str) -> uuid.UUID:
    (position,) = decode_cursor(cursor, str)
    try:
        return uuid.UUID(str(position))
    except ValueError:
        raise InvalidCursor from None


def _conditions(wanted: OrganisationFilter) -> list[ColumnElement[bool]]:
    o = Organisation
    conditions: list[ColumnElement[bool]] = [col(o.status).in_(wanted.statuses)]
    if wanted.public:
        conditions.append(~refuses_web())
    for column, codes in (
        (o.stage_code, wanted.stages),
        (o.legal_form, wanted.legal_forms),
        (o.organisation_type, wanted.organisation_types),
        (o.office_code, wanted.offices),
    ):
        if codes:
            conditions.append(col(column).in_(codes))
    if wanted.fields:
        conditions.append(
            exists().where(
                col(OrganisationField.organisation_id) == col(o.id),
                col(OrganisationField.field).in_(wanted.fields),
            )
        )
    if wanted.areas:
        places = [code for area in wanted.areas for code in within(area)]
        active = exists().where(
            col(OrganisationArea.organisation_id) == col(o.id),
            col(OrganisationArea.municipality_code).in_(places),
        )
        conditions.append(col(o.municipality_code).in_(places) | active)
    if wanted.corporate_number:
        conditions.append(col(o.corporate_number) == wanted.corporate_number)
    return conditions


def refuses_web() -> ColumnElement[bool]:
    """Whether the organisation of the outer statement has said no to being on the web."""
    return exists().where(
        col(Consent.organisation_id) == col(Organisation.id),
        col(Consent.use) == PublicationUse.WEB,
        col(Consent.granted).is_(False),
    )


def _of(table: Any, *columns: Any, order: Sequence[Any]) -> Any:
    """The rows of a child table as JSON, for the organisation of the outer statement."""
    return json_rows(
        select(*columns)
        .where(col(table.organisation_id) == col(Organisation.id))
        .order_by(*order)
        .correlate(Organisation)
    )


@cache
def _whole() -> Select[Any]:
    """Every column of the organisation, and its children as JSON.

    Built once: to build it costs ten times what the database needs to answer it.
    """
    return select(  # type: ignore[call-overload, no-any-return]
        *Organisation.__table__.columns,  # type: ignore[attr-defined]
        _of(OrganisationField, OrganisationField.field, order=[OrganisationField.field]).label(
            "fields"
        ),
        _of(
            OrganisationArea,
            OrganisationArea.municipality_code,
            order=[OrganisationArea.municipality_code],
        ).label("areas"),
        _of(
            Address,
            Address.postcode,
            Address.street,
            Address.building,
            Address.latitude,
            Address.longitude,
            Address.is_public,
            order=[Address.organisation_id],
        ).label("address"),
        _of(
            Contact,
            Contact.kind,
            Contact.value,
            Contact.kana,
            Contact.note,
            Contact.is_public,
            order=[Contact.position],
        ).label("contacts"),
        _of(
            Registration,
            col(Registration.scheme_code).label("scheme"),
            Registration.number,
            Registration.valid_from,
            Registration.valid_until,
            order=[Registration.position],
        ).label("registrations"),
        _of(Consent, Consent.use, Consent.granted, order=[Consent.use]).label("consents"),
        _of(
            Source,
            Source.source,
            Source.source_id,
            Source.imported_at,
            order=[col(Source.imported_at).desc(), Source.source, Source.source_id],
        ).label("sources"),
        _of(
            StageChange,
            col(StageChange.stage_code).label("stage"),
            StageChange.since,
            order=[StageChange.id],
        ).label("stage_history"),
    )


@cache
def _one() -> Select[Any]:
    return _whole().where(col(Organisation.id) == bindparam("wanted"))


_RENAMED = {
    "office_code": "office",
    "municipality_code": "municipality",
    "stage_code": "stage",
}


def _record(row: Row[Any]) -> Record:
    values = {_RENAMED.get(name, name): value for name, value in row._mapping.items()}
    values["fields"] = [child["field"] for child in values["fields"]]
    values["areas"] = [child["municipality_code"] for child in values["areas"]]
    values["address"] = next(iter(values["address"]), None)
    values["consents"] = {child["use"]: child["granted"] for child in values["consents"]}
    for source in values["sources"]:
        source["imported_at"] = _utc(source["imported_at"])
    return Record.model_validate(values)


def _utc(moment: str) -> str:
    """SQLite's JSON holds the moment as stored, in UTC without saying so."""
    return moment if "+" in moment or moment.endswith("Z") else f"{moment}Z"
