"""Files made for a test, and importing them."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import func, select

from app.core.changes import Change
from app.core.db import Database
from app.intake.rules import Incoming
from app.intake.run import FORMATS, Report, keep, open_import
from app.intake.tables import Row, RowError
from app.organisations.models import Organisation
from app.organisations.queries import list_records
from app.organisations.records import Record

Rows = Sequence[dict[str, str]]
# A row of the Tax Agency's: a corporation as it was first registered.
EVENT = {
    "corporate_number": "7000012050002",
    "process": "01",
    "update_date": "2024-01-10",
    "change_date": "2024-01-05",
    "name": "特定非営利活動法人ひまわり",
    "kind": "399",
    "prefecture": "東京都",
    "city": "武蔵野市",
    "street": "緑町１丁目",
    "pref_code": "13",
    "city_code": "203",
    "postcode": "1800012",
    "close_date": "",
    "close_cause": "",
    "successor_corporate_number": "",
    "latest": "1",
    "kana": "ヒマワリ",
    "hihyoji": "0",
}


def write_csv(path: Path, rows: Rows, encoding: str = "utf-8") -> Path:
    """Rows as a file; the first one names the columns."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def say(database: Database, tmp_path: Path) -> Callable[..., Report]:
    """Import rows, or a file, of a format."""

    def say(format_name: str, what: Rows | Path, source: str | None = None) -> Report:
        path = what if isinstance(what, Path) else write_csv(tmp_path / "file.csv", what)
        format_, table = open_import(format_name, path)
        return keep(database, format_, table, source=source, progress=lambda _: None)

    return say


@pytest.fixture
def records(database: Database) -> Callable[[], list[Record]]:
    """Every record, in the order in which they were made."""

    def records() -> list[Record]:
        with database.read() as session:
            ids = session.exec(select(Organisation.id).order_by(Organisation.id)).all()  # type: ignore[arg-type]
            found = {record.id: record for record in list_records(session, ids)}
        return [found[id_] for id_ in ids]

    return records


@pytest.fixture
def state(database: Database, records: Callable[[], list[Record]]) -> Callable[[], Any]:
    """Everything an import that changes nothing must leave as it is."""

    def state() -> Any:
        with database.read() as session:
            changes = session.exec(select(func.count()).select_from(Change)).one()
        return changes, [record.model_dump(mode="json") for record in records()]

    return state


@pytest.fixture
def read() -> Callable[..., Incoming | RowError]:
    """What one row of a format says, without a database."""

    def read(format_name: str, cells: dict[str, str]) -> Incoming | RowError:
        [said] = FORMATS[format_name].read([Row(2, cells)])
        return said

    return read
