"""Writing the registry. Every action logs its change in the same transaction; none commits."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col, select

from app.core import clock
from app.core.changes import Event, record
from app.core.db import ReadSession, WriteSession, upsert
from app.core.errors import AlreadyExists, FieldError, Invalid, StaleVersion
from app.organisations.models import (
    Office,
    Organisation,
    RegistrationScheme,
    Source,
    Stage,
    StageChange,
)
from app.organisations.queries import get_organisation
from app.organisations.records import Record
from app.organisations.rows import Draft, child_rows, columns, new_row, stage_rows, table_of
from app.organisations.rules import (
    changed_values,
    check_confirmation,
    check_member_counts,
    check_move,
    check_publication,
    history,
)
from app.vocabulary.organisations import (
    ConfirmationMethod,
    Status,
)

KIND = "organisation"
# ------------------------------------------------------------------------------------ creating


def create_organisation(session: WriteSession, *, values: Mapping[str, Any], actor: str) -> Record:
    """A new record, as a draft.

    Raises Invalid for codes unknown here, AlreadyExists for its 法人番号.
    """
    _check_codes(session, values)
    draft = Draft(values)
    with one_per_number():
        create_organisations(session, drafts=[draft], actor=actor)
    return get_organisation(session, draft.id)


def create_organisations(session: WriteSession, *, drafts: Sequence[Draft], actor: str) -> None:
    """Many records at once, in a few statements. Their codes must have been checked."""
    at = clock.now()
    rows: dict[type[SQLModel], list[dict[str, Any]]] = {Organisation: []}
    for draft in drafts:
        rows[Organisation].append(new_row(draft, at))
        for table, children in child_rows(draft.id, draft.values, at):
            rows.setdefault(table, []).extend(children)
        rows.setdefault(Source, []).extend(
            {**source, "organisation_id": draft.id, "imported_at": at} for source in draft.sources
        )
        rows.setdefault(StageChange, []).extend(stage_rows(draft, actor, at))
    for table, some in rows.items():
        if some:
            session.execute(insert(table_of(table)), some)
    record(session, (Event(KIND, str(draft.id), draft.action, actor) for draft in drafts))


# ------------------------------------------------------------------------------------ changing


def update_organisation(
    session: WriteSession,
    *,
    id: uuid.UUID,
    version: int | None,
    values: Mapping[str, Any],
    actor: str,
) -> Record:
    """Change what `values` names. Raises StaleVersion, Invalid, AlreadyExists."""
    _check_codes(session, values)
    current = get_organisation(session, id)
    _check_version(current, version)
    before = current.model_dump(mode="json")
    if "consents" in values:  # each use was asked by itself: one answer does not undo another
        values = {**values, "consents": {**before["consents"], **values["consents"]}}
    wanted = changed_values(before, values)
    if not wanted:
        return current
    _check_together({**before, **wanted})
    edited = sorted({*current.edited_fields, *wanted})
    with one_per_number():
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
    """Overwrite values by imported ones, without marking them as edited by a human.

    Recorded even when no value is new: the source is, and the search shows it.
    """
    before = current.model_dump(mode="json")
    moved = {"status": status.value} if status and status is not current.status else {}
    wanted = changed_values(before, values)
    if wanted or moved:
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

    This is not an edit: `updated_at` stays. Raises MoveNotAllowed, StaleVersion.
    """
    current = get_organisation(session, id)
    _check_version(current, version)
    check_confirmation(current.status)
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
        .values({"updated_at": at, **columns(values), "version": current.version + 1})
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleVersion
    others = {name: value for name, value in values.items() if name != "consents"}
    for table, rows in child_rows(current.id, others, at):
        owner = table.organisation_id  # type: ignore[attr-defined]
        session.execute(
            delete(table).where(owner == current.id).execution_options(synchronize_session=False)
        )
        if rows:
            session.execute(insert(table_of(table)), rows)
    answered = dict(values.get("consents", {}).items() - current.consents.items())
    for table, rows in child_rows(current.id, {"consents": answered}, at):
        upsert(session, table_of(table), rows, key=("organisation_id", "use"))
    if values.get("stage") and values["stage"] != current.stage:
        draft = Draft(values, id=current.id)
        session.execute(insert(table_of(StageChange)), stage_rows(draft, actor, at))


# ------------------------------------------------------------------------------------ checking


@contextmanager
def one_per_number() -> Iterator[None]:
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
