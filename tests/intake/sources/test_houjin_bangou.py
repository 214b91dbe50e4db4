from collections.abc import Callable
from pathlib import Path

import pytest

from app.intake.rules import Incoming
from app.intake.run import open_import
from app.intake.sources.houjin_bangou import LAYOUT
from app.intake.tables import RowError, UnreadableFile
from app.vocabulary.organisations import LegalForm, OrganisationType, Status
from tests.intake.conftest import EVENT

Read = Callable[..., Incoming | RowError]


def row(read: Read, **cells: str) -> Incoming:
    said = read("houjin-bangou", {**EVENT, **cells})
    assert isinstance(said, Incoming), said
    return said


class TestUnderstood:
    """The Agency's own files begin with data."""

    @pytest.mark.parametrize("leading", [[], ["1"], ["20240110", "1"]])
    def test_a_file_without_headings(self, tmp_path: Path, leading: list[str]) -> None:
        cells = [EVENT.get(name, "") for name in LAYOUT[2:]]
        path = tmp_path / "13_tokyo.csv"
        path.write_text(",".join([*leading, *cells]) + "\n")
        format_, table = open_import("houjin-bangou", path)
        (said,) = format_.read(table.rows())
        assert isinstance(said, Incoming), said
        assert (said.source_id, said.said["name"]) == (EVENT["corporate_number"], EVENT["name"])
        assert said.row == 1

    def test_neither_headings_nor_a_number_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "13_tokyo.csv"
        path.write_text(",".join(["x"] * 30) + "\n")
        with pytest.raises(UnreadableFile):
            open_import("houjin-bangou", path)


class TestRead:
    def test_a_corporation_as_it_is_registered(self, read: Read) -> None:
        incoming = row(read)
        assert incoming.source_id == incoming.number == "7000012050002"
        assert incoming.said["municipality"] == "132039"
        assert incoming.said["legal_form"] == LegalForm.NPO
        assert incoming.said["address"]["street"] == "緑町１丁目"
        assert (incoming.status, incoming.reopens) == (None, False)

    def test_a_company_is_told_by_its_kind(self, read: Read) -> None:
        incoming = row(read, name="ひまわり", kind="301")
        assert incoming.said["legal_form"] == LegalForm.STOCK_COMPANY
        assert incoming.said["organisation_type"] == OrganisationType.COMPANY

    @pytest.mark.parametrize(
        ("process", "close_date", "closed_on", "reopens"),
        [
            ("21", "2024-01-04", "2024-01-04", False),
            ("21", "", "2024-01-05", False),
            ("22", "", None, True),
            ("22", "2024-01-04", None, True),
            ("71", "", None, False),
            ("71", "2024-01-04", "2024-01-04", False),
            ("12", "", None, False),
        ],
    )
    def test_what_closes_and_what_reopens(
        self, read: Read, process: str, close_date: str, closed_on: str | None, reopens: bool
    ) -> None:
        incoming = row(read, process=process, close_date=close_date, close_cause="01")
        assert incoming.status is (Status.CLOSED if closed_on else None)
        assert incoming.closing.get("closed_on") == closed_on
        assert incoming.closing.get("closed_reason") == ("清算の結了等" if closed_on else None)
        assert incoming.reopens is reopens

    def test_what_the_agency_hides_is_not_shown(self, read: Read) -> None:
        assert row(read, hihyoji="1").status is Status.SUSPENDED

    def test_versions_stand_in_the_order_of_the_events(self, read: Read) -> None:
        revisions = [
            row(read, **cells).revision or ""
            for cells in (
                {"update_date": "2023-12-31"},
                {"latest": "0", "seq": "9"},
                {"latest": "0", "seq": "10"},
                {"latest": "1", "seq": "1"},
                {"latest": "1", "change_date": "2024-01-06"},
                {"update_date": "2024-02-01", "latest": "0"},
            )
        ]
        assert revisions == sorted(revisions)
        assert len(set(revisions)) == len(revisions)

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("corporate_number", "7000012050003"),
            ("corporate_number", ""),
            ("name", ""),
            ("kana", "漢字"),
            ("postcode", "1"),
            ("update_date", ""),
            ("update_date", "2024/13/45"),
            ("change_date", "きのう"),
            ("close_date", "2024-02-30"),
            ("close_cause", "長" * 300),
            ("successor_corporate_number", "9" * 60),
            ("latest", "2"),
        ],
    )
    def test_names_the_column_and_the_value(self, read: Read, column: str, value: str) -> None:
        cells = {**EVENT, "process": "21", "close_date": "2024-01-04", column: value}
        error = read("houjin-bangou", cells)
        assert isinstance(error, RowError)
        assert (error.row, error.column, error.value) == (2, column, value)
        assert error.reason
