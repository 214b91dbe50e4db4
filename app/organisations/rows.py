"""The values of a record → the rows of its tables."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table
from sqlmodel import SQLModel
from uuid_utils.compat import uuid7

from app.core import clock
from app.organisations.models import (
    Address,
    Consent,
    Contact,
    Organisation,
    OrganisationArea,
    OrganisationField,
    Registration,
)
from app.vocabulary.organisations import EntryMethod, LegalForm, OrganisationType, Status

# Names in a record → columns, where they differ.
_COLUMNS = {"office": "office_code", "municipality": "municipality_code", "stage": "stage_code"}
_CHILDREN = ("fields", "areas", "address", "contacts", "registrations", "consents")
_LISTS = ("other_names", "activity_times", "keywords", "goals", "links", "photos")
_DAYS = ("confirmed_on", "closed_on")


@dataclass(frozen=True)
class Draft:
    """A record to be made: its values as `Record` names them, and where it came from."""

    values: Mapping[str, Any]
    status: Status = Status.DRAFT
    action: str = "create"
    sources: Sequence[Mapping[str, Any]] = ()
    id: uuid.UUID = field(default_factory=uuid7)


_DEFAULTS = {
    "organisation_type": OrganisationType.CIVIC_GROUP,
    "legal_form": LegalForm.NONE,
    "entry_method": EntryMethod.SELF,
    "confirm_every_months": 12,
}


def table_of(model: type[SQLModel]) -> Table:
    """The plain table: through the ORM, rows with empty values would go one statement each."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def new_row(draft: Draft, at: datetime) -> dict[str, Any]:
    """The row of a new organisation itself."""
    row: dict[str, Any] = {column.name: None for column in table_of(Organisation).columns}
    row |= {name: [] for name in (*_LISTS, "edited_fields")}
    row |= _DEFAULTS
    row |= columns(draft.values)
    return row | {
        "id": draft.id,
        "version": 1,
        "status": draft.status,
        "created_at": at,
        "updated_at": at,
        "published_at": at if draft.status is Status.PUBLISHED else None,
    }


def columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that stand in the organisation's own row."""
    return {
        _COLUMNS.get(name, name): _as_day(value) if name in _DAYS else value
        for name, value in values.items()
        if name not in _CHILDREN
    }


def _as_day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def stage_rows(draft: Draft, actor: str, at: datetime) -> list[dict[str, Any]]:
    """The step of the stage's history that the values make."""
    stage = draft.values.get("stage")
    if not stage:
        return []
    return [
        {
            "organisation_id": draft.id,
            "stage_code": stage,
            "since": clock.in_tokyo(at).date(),
            "actor": actor,
            "recorded_at": at,
        }
    ]


def child_rows(
    id_: uuid.UUID, values: Mapping[str, Any], at: datetime
) -> Iterable[tuple[type[SQLModel], list[dict[str, Any]]]]:
    """The rows that the values of child tables make, for those that are given."""
    of = {"organisation_id": id_}
    if "fields" in values:
        yield OrganisationField, [{**of, "field": number} for number in values["fields"]]
    if "areas" in values:
        yield OrganisationArea, [{**of, "municipality_code": code} for code in values["areas"]]
    if "address" in values:
        yield Address, [{**of, **_EMPTY_ADDRESS, **values["address"]}] if values["address"] else []
    if "contacts" in values:
        yield (
            Contact,
            [
                {**of, **_EMPTY_CONTACT, **contact, "position": position}
                for position, contact in enumerate(values["contacts"])
            ],
        )
    if "registrations" in values:
        yield (
            Registration,
            [_registration_row(id_, r, p) for p, r in enumerate(values["registrations"])],
        )
    if "consents" in values:
        yield (
            Consent,
            [
                {**of, "use": use, "granted": granted, "recorded_at": at}
                for use, granted in values["consents"].items()
            ],
        )


_ADDRESS_PARTS = ("postcode", "street", "building", "latitude", "longitude")
_EMPTY_ADDRESS = {**dict.fromkeys(_ADDRESS_PARTS), "is_public": False}
_EMPTY_CONTACT = {"kana": None, "note": None, "is_public": False}


def _registration_row(id_: uuid.UUID, values: Mapping[str, Any], position: int) -> dict[str, Any]:
    return {
        "organisation_id": id_,
        "position": position,
        "scheme_code": values["scheme"],
        "number": values.get("number"),
        "valid_from": _as_day(values.get("valid_from")),
        "valid_until": _as_day(values.get("valid_until")),
    }
