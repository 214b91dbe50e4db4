"""Writing the registry. Every action logs its change in the same transaction; none commits."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Table, delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col, select
from uuid_utils.compat import uuid7

from app.core import clock
from app.core.changes import Event, record
from app.core.db import ReadSession, WriteSession
from app.core.errors import AlreadyExists, FieldError, Invalid, StaleVersion
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
from app.organisations.queries import Record, get_organisation
from app.organisations.rules import (
    changed_values,
    check_member_counts,
    check_move,
    check_publication,
    history,
)
from app.vocabulary.organisations import (
    ConfirmationMethod,
    EntryMethod,
    LegalForm,
    OrganisationType,
    Status,
)

KIND = "organisation"
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


# ------------------------------------------------------------------------------------ creating


def create_organisation(session: WriteSession, *, values: Mapping[str, Any], actor: str) -> Record:
    """A new record, as a draft.

    Raises Invalid for codes unknown here, AlreadyExists for its 法人番号.
    """
    _check_codes(session, values)
    draft = Draft(values)
    with _one_per_number():
        create_organisations(session, drafts=[draft], actor=actor)
    return get_organisation(session, draft.id)


def create_organisations(session: WriteSession, *, drafts: Sequence[Draft], actor: str) -> None:
    """Many records at once, in a few statements. Their codes must have been checked."""
    at = clock.now()
    rows: dict[type[SQLModel], list[dict[str, Any]]] = {Organisation: []}
    for draft in drafts:
        rows[Organisation].append(_new_row(draft, at))
        for table, children in _child_rows(draft.id, draft.values, at):
            rows.setdefault(table, []).extend(children)
        rows.setdefault(Source, []).extend(
            {**source, "organisation_id": draft.id, "imported_at": at} for source in draft.sources
        )
        rows.setdefault(StageChange, []).extend(_stage_rows(draft, actor, at))
    for table, some in rows.items():
        if some:
            session.execute(insert(_table(table)), some)
    record(session, (Event(KIND, str(draft.id), draft.action, actor) for draft in drafts))


_DEFAULTS = {
    "organisation_type": OrganisationType.CIVIC_GROUP,
    "legal_form": LegalForm.NONE,
    "entry_method": EntryMethod.SELF,
    "confirm_every_months": 12,
}


def _table(model: type[SQLModel]) -> Table:
    """The plain table: through the ORM, rows with empty values would go one statement each."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def _new_row(draft: Draft, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: None for column in _table(Organisation).columns}
    row |= {name: [] for name in (*_LISTS, "edited_fields")}
    row |= _DEFAULTS
    row |= _columns(draft.values)
    return row | {
        "id": draft.id,
        "version": 1,
        "status": draft.status,
        "created_at": at,
        "updated_at": at,
        "published_at": at if draft.status is Status.PUBLISHED else None,
    }


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _COLUMNS.get(name, name): _as_day(value) if name in _DAYS else value
        for name, value in values.items()
        if name not in _CHILDREN
    }


def _as_day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _stage_rows(draft: Draft, actor: str, at: datetime) -> list[dict[str, Any]]:
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


def _child_rows(
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


# ------------------------------------------------------------------------------------ changing


def update_organisation(
    session: WriteSession, *, id: uuid.UUID, version: int, values: Mapping[str, Any], actor: str
) -> Record:
    """Change what `values` names. Raises StaleVersion, Invalid, AlreadyExists."""
    _check_codes(session, values)
    current = get_organisation(session, id)
    _check_version(current, version)
    before = current.model_dump(mode="json")
    wanted = changed_values(before, values)
    if not wanted:
        return current
    _check_together({**before, **wanted})
    edited = sorted({*current.edited_fields, *wanted})
    with _one_per_number():
        _write(session, current, {**wanted, "edited_fields": edited}, actor)
    record(session, [Event(KIND, str(id), "update", actor, history(before, wanted))])
    return get_organisation(session, id)


def take_import(
    session: WriteSession,
    *,
    current: Record,
    values: Mapping[str, Any],
    status: Status | None,
    action: str,
    actor: str,
) -> None:
    """Overwrite values by imported ones, without marking them as edited by a human."""
    before = current.model_dump(mode="json")
    moved = {"status": status.value} if status and status is not current.status else {}
    wanted = changed_values(before, values)
    if not wanted and not moved:
        return
    _write(session, current, {**wanted, **moved}, actor)
    details = history(before, {**wanted, **moved})
    record(session, [Event(KIND, str(current.id), action, actor, details)])


def publish_organisation(
    session: WriteSession, *, id: uuid.UUID, version: int | None, actor: str
) -> Record:
    """公開する. Raises MoveNotAllowed, ConsentRefused, StaleVersion."""
    current = get_organisation(session, id)
    check_publication(current.consents)
    return _move(session, current, "publish", version, actor)


def suspend_organisation(
    session: WriteSession, *, id: uuid.UUID, version: int | None, actor: str
) -> Record:
    """公開を止める. Raises MoveNotAllowed, StaleVersion."""
    return _move(session, get_organisation(session, id), "suspend", version, actor)


def close_organisation(
    session: WriteSession,
    *,
    id: uuid.UUID,
    version: int | None,
    closed_on: date,
    reason: str | None,
    successor_number: str | None,
    actor: str,
) -> Record:
    """活動終了にする.

    The record is kept and no longer found. Raises MoveNotAllowed, StaleVersion.
    """
    closing = {
        "closed_on": closed_on,
        "closed_reason": reason,
        "successor_number": successor_number,
    }
    return _move(session, get_organisation(session, id), "close", version, actor, closing)


def confirm_organisation(
    session: WriteSession,
    *,
    id: uuid.UUID,
    version: int | None,
    by: str,
    how: ConfirmationMethod,
    on: date,
    actor: str,
) -> Record:
    """Note that a human has looked and found the record right.

    This is not an edit: `updated_at` stays.
    """
    current = get_organisation(session, id)
    _check_version(current, version)
    confirmed = {"confirmed_on": on, "confirmed_by": by, "confirmed_how": how}
    _write(session, current, {**confirmed, "updated_at": current.updated_at}, actor)
    details = history(current.model_dump(mode="json"), confirmed)
    record(session, [Event(KIND, str(id), "confirm", actor, details)])
    return get_organisation(session, id)


def _move(
    session: WriteSession,
    current: Record,
    move: str,
    version: int | None,
    actor: str,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Record:
    _check_version(current, version)
    target = check_move(move, current.status)
    moved = {**values, "status": target}
    published = {"published_at": clock.now()} if target is Status.PUBLISHED else {}
    _write(session, current, {**moved, **published}, actor)
    before = current.model_dump(mode="json")
    moved = changed_values(before, moved)
    record(session, [Event(KIND, str(current.id), move, actor, history(before, moved))])
    return get_organisation(session, current.id)


def _check_version(current: Record, version: int | None) -> None:
    if version is not None and version != current.version:
        raise StaleVersion


def _write(session: WriteSession, current: Record, values: Mapping[str, Any], actor: str) -> None:
    """Write values over a record that still has the version that was read. Raises StaleVersion."""
    at = clock.now()
    done = session.execute(
        update(Organisation)
        .where(col(Organisation.id) == current.id, col(Organisation.version) == current.version)
        .values({"updated_at": at, **_columns(values), "version": current.version + 1})
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleVersion
    for table, rows in _child_rows(current.id, values, at):
        owner = table.organisation_id  # type: ignore[attr-defined]
        session.execute(
            delete(table).where(owner == current.id).execution_options(synchronize_session=False)
        )
        if rows:
            session.execute(insert(_table(table)), rows)
    if values.get("stage") and values["stage"] != current.stage:
        draft = Draft(values, id=current.id)
        session.execute(insert(_table(StageChange)), _stage_rows(draft, actor, at))


# ------------------------------------------------------------------------------------ checking


@contextmanager
def _one_per_number() -> Iterator[None]:
    """Turns the database's refusal of a second record for a number into a sentence."""
    try:
        yield
    except IntegrityError as error:
        reason = str(error.orig)
        if "corporate_number" in reason:
            field, message = "body.corporate_number", "この法人番号の団体はすでに登録されています。"
        elif "registration" in reason:
            field, message = "body.registrations", "この登録番号はすでに使われています。"
        else:
            raise
        raise AlreadyExists(message, [FieldError(field, "already_exists", message)]) from error


def _check_together(values: Mapping[str, Any]) -> None:
    """A change must also fit what it does not name. Raises Invalid at the field."""
    try:
        check_member_counts(values["member_count"], values["local_member_count"])
    except ValueError as error:
        raise Invalid.at("body.local_member_count", "value_error", str(error)) from None


def _check_codes(session: ReadSession, values: Mapping[str, Any]) -> None:
    """Codes of lists that a city keeps as rows must be in them. Raises Invalid at the field."""
    schemes = [r["scheme"] for r in values.get("registrations") or ()]
    for name, column, codes in (
        ("office", Office.code, [values.get("office")]),
        ("stage", Stage.code, [values.get("stage")]),
        ("registrations", RegistrationScheme.code, schemes),
    ):
        wanted = {code for code in codes if code}
        if wanted and len(set(session.exec(select(column).where(col(column).in_(wanted))))) < len(
            wanted
        ):
            raise Invalid.at(f"body.{name}", "unknown_code", "登録されていないコードです。")
