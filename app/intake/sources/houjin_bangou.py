"""`houjin-bangou`: the National Tax Agency's corporations (国税庁法人番号公表サイト).

Two layouts: the Agency's 30 columns, with or without a leading `diff_date` and `seq`, where a row
is an event; and a summary with one row a corporation. Process 21 closes, 22 reopens, 71 (合併)
closes only where a close date is given. Of the versions of a corporation only the newest counts,
in whatever order they come.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError

from app.core.errors import field_errors
from app.intake.rules import Incoming
from app.intake.sources import Reading, SourceFormat
from app.intake.tables import Row, RowError
from app.organisations.forms import OrganisationForm
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
_REOPENED = "22"
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
}


def read(rows: Iterable[Row | RowError]) -> Reading:
    """What each row says."""
    for row in rows:
        yield row if isinstance(row, RowError) else _read_row(row)


def _read_row(row: Row) -> Incoming | RowError:
    cells = row.cells
    process = cells.get("process") or cells.get("last_process", "")
    closed_on = cells.get("close_date", "")
    hidden = "1" in (cells.get("hihyoji"), cells.get("hidden"))
    try:
        form = OrganisationForm.model_validate(_values(cells))
        closing = _closing(cells, closed_on)
    except ValidationError as error:
        first = field_errors(error.errors())[0]
        column = _COLUMNS.get(first.field.split(".")[-1], "")
        return RowError(row.number, column, cells.get(column, ""), first.message)
    except ValueError:
        return RowError(row.number, "close_date", closed_on, "日付が正しくありません。")
    status = Status.CLOSED if closed_on else Status.SUSPENDED if hidden else None
    return Incoming(
        row.number,
        NAME,
        form.corporate_number or "",
        form.values(),
        status=status,
        reopens=process == _REOPENED and not closed_on,
        closing=closing,
        revision=_revision(cells),
    )


def _revision(cells: Mapping[str, str]) -> str:
    """Orders the versions of a corporation: by the day told, former ones before the current."""
    parts = (
        cells["update_date"],
        cells.get("latest") or "1",
        cells.get("change_date", ""),
        cells.get("seq", "").zfill(8),
    )
    return "|".join(parts)


def _closing(cells: Mapping[str, str], closed_on: str) -> dict[str, Any]:
    if not closed_on:
        return {}
    cause = cells.get("close_cause", "")
    return {
        "closed_on": date.fromisoformat(closed_on).isoformat(),
        "closed_reason": _CAUSES.get(cause, cause) or None,
        "successor_number": cells.get("successor_corporate_number") or None,
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
    if len(written) == 5 and written.isdigit():
        written += check_digit(written)
    if code := normalise_code(written):
        return code
    place = find_by_name(cells.get("prefecture", ""), cells.get("city", ""))
    return place.code if place else None


FORMAT = SourceFormat(NAME, "国税庁 法人番号公表サイト", (EVENTS, SUMMARY), read)
