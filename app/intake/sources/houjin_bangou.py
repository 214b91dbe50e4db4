"""`houjin-bangou`: the National Tax Agency's corporations (国税庁法人番号公表サイト).

Two layouts: the Agency's 30 columns, with or without a leading `diff_date` and `seq`, and with or
without headings (its own files have none), where a row is an event; and a summary with one row a
corporation. Process 21 closes, 22 reopens, 71 (合併) closes only where a close date is given. Of
the versions of a corporation only the newest counts, in whatever order they come.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints, ValidationError

from app.intake.rules import Incoming
from app.intake.sources import Reading, SourceFormat, refusal
from app.intake.tables import Row, RowError
from app.organisations.forms import CloseForm, OrganisationForm
from app.organisations.rules import legal_form_of, organisation_type_of
from app.places.rules import check_digit, find_by_name, normalise_code
from app.vocabulary.organisations import EntryMethod, LegalForm, Status

NAME = "houjin-bangou"
EVENTS = ("corporate_number", "process", "update_date", "change_date", "name", "latest", "kana")
SUMMARY = (
    "corporate_number",
    "name",
    "kana",
    "prefecture",
    "city",
    "street",
    "lg_code",
    "update_date",
)
# リソース定義書: the Agency's columns in its order; `diff_date` is what collections of them add.
LAYOUT = (
    "diff_date", "seq", "corporate_number", "process", "correct", "update_date", "change_date",
    "name", "name_image_id", "kind", "prefecture", "city", "street", "address_image_id",
    "pref_code", "city_code", "postcode", "address_outside", "address_outside_image_id",
    "close_date", "close_cause", "successor_corporate_number", "change_cause", "assignment_date",
    "latest", "en_name", "en_prefecture", "en_city_street", "en_address_outside", "kana", "hihyoji",
)  # fmt: skip
_NUMBER = re.compile("[0-9]{13}")
_CLOSED, _REOPENED = "21", "22"
# 法人種別 of the Agency, for corporations whose name does not say it.
_KINDS = {
    "101": LegalForm.GOVERNMENT,
    "201": LegalForm.GOVERNMENT,
    "301": LegalForm.STOCK_COMPANY,
    "302": LegalForm.LIMITED_COMPANY,
    "303": LegalForm.PARTNERSHIP,
    "304": LegalForm.PARTNERSHIP,
    "305": LegalForm.LLC,
}
_CAUSES = {
    "01": "清算の結了等",
    "11": "合併による解散等",
    "21": "登記官による閉鎖",
    "31": "その他の清算の結了等",
}
_COLUMNS = {
    "corporate_number": "corporate_number",
    "name": "name",
    "kana": "kana",
    "postcode": "postcode",
    "street": "street",
    "update_date": "update_date",
    "change_date": "change_date",
    "latest": "latest",
    "seq": "seq",
    "closed_on": "close_date",
    "reason": "close_cause",
    "successor_number": "successor_corporate_number",
}


def read(rows: Iterable[Row | RowError]) -> Reading:
    """What each row says."""
    for row in rows:
        yield row if isinstance(row, RowError) else _read_row(row)


def understood(first: Sequence[str]) -> tuple[str, ...]:
    """The headings of a file that begins with data: 13 digits stand where the number belongs."""
    names = LAYOUT[max(0, len(LAYOUT) - len(first)) :]
    if len(names) != len(first) or "corporate_number" not in names:
        return ()
    return names if _NUMBER.fullmatch(first[names.index("corporate_number")].strip()) else ()


def _read_row(row: Row) -> Incoming | RowError:
    cells = row.cells
    try:
        form = OrganisationForm.model_validate(_values(cells))
        revision = _revision(cells)
        closing = _closing(cells)
    except ValidationError as error:
        return refusal(row, error, _COLUMNS)
    hidden = "1" in (cells.get("hihyoji"), cells.get("hidden"))
    status = Status.CLOSED if closing else Status.SUSPENDED if hidden else None
    return Incoming(
        row.number,
        NAME,
        form.corporate_number or "",
        form.values(),
        status=status,
        reopens=not closing and cells.get("process", cells.get("last_process")) == _REOPENED,
        lives=not closing,
        closing=closing,
        revision=revision,
    )


class _Version(BaseModel):
    """What orders the versions of a corporation."""

    update_date: date
    latest: Literal["0", "1", ""] = ""
    change_date: date | Literal[""] = ""
    seq: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,8}$")] = ""


def _revision(cells: Mapping[str, str]) -> str:
    """By the day told, former ones before the current. Raises ValidationError."""
    version = _Version.model_validate(cells)
    parts = (version.update_date, version.latest or "1", version.change_date, version.seq.zfill(8))
    return "|".join(str(part) for part in parts)


def _closing(cells: Mapping[str, str]) -> dict[str, Any]:
    """When and why it was closed; empty where it is open. Raises ValidationError."""
    process = cells.get("process", "")
    closed_on = cells.get("close_date", "")
    if process == _CLOSED:
        closed_on = closed_on or cells["change_date"] or cells["update_date"]
    if not closed_on or process == _REOPENED:
        return {}
    cause = cells.get("close_cause", "")
    form = CloseForm.model_validate(
        {
            "closed_on": closed_on,
            "reason": _CAUSES.get(cause, cause) or None,
            "successor_number": cells.get("successor_corporate_number") or None,
        }
    )
    return {
        "closed_on": form.closed_on.isoformat() if form.closed_on else None,
        "closed_reason": form.reason,
        "successor_number": form.successor_number,
    }


def _values(cells: Mapping[str, str]) -> dict[str, Any]:
    name = cells["name"]
    form = legal_form_of(name, _KINDS.get(cells.get("kind", ""), LegalForm.OTHER))
    values: dict[str, Any] = {
        "corporate_number": cells["corporate_number"],
        "name": name,
        "legal_form": form,
        "organisation_type": organisation_type_of(form),
        "entry_method": EntryMethod.IMPORT,
    }
    if cells.get("kana"):
        values["kana"] = cells["kana"]
    if municipality := _municipality(cells):
        values["municipality"] = municipality
    if cells.get("street") or cells.get("postcode"):
        values["address"] = {
            "postcode": cells.get("postcode") or None,
            "street": cells.get("street") or None,
            "is_public": True,
        }
    return values


def _municipality(cells: Mapping[str, str]) -> str | None:
    written = cells.get("lg_code") or cells.get("pref_code", "") + cells.get("city_code", "")
    if len(written) == 5 and written.isdecimal():
        written += check_digit(written)
    if code := normalise_code(written):
        return code
    place = find_by_name(cells.get("prefecture", ""), cells.get("city", ""))
    return place.code if place else None


FORMAT = SourceFormat(
    NAME, "国税庁 法人番号公表サイト", (EVENTS, SUMMARY), read, understood=understood
)
