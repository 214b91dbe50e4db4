import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, update
from sqlmodel import select

from app.core.db import Database
from app.core.errors import StaleVersion
from app.intake.run import Report, check, keep, keep_all, open_import
from app.intake.sources.groups_csv import COLUMNS
from app.main import API
from app.organisations.models import Office, Organisation
from app.organisations.queries import list_schemes
from app.organisations.records import Record
from app.settings import Settings
from app.vocabulary.organisations import Status
from tests.intake.conftest import write_csv

Import = Callable[..., Report]
Records = Callable[[], list[Record]]
GOOD = {"団体名": "ひまわりの会", "会員数": "3", "ステージ": "", "登録": ""}


class TestKeep:
    def test_keeps_the_good_rows_and_names_the_others(self, say: Import, records: Records) -> None:
        rows = [
            GOOD,
            {**GOOD, "団体名": "すみれの会", "会員数": "三人"},
            {**GOOD, "団体名": "つばきの会", "ステージ": "ない段階"},
            {**GOOD, "団体名": "さくらの会", "登録": "ない制度:1"},
            {**GOOD, "団体名": "もみじの会"},
        ]
        report = say("groups-csv", rows)
        assert (report.rows, report.outcome.kept, report.refused) == (5, 2, 3)
        assert [(e.row, e.column, e.value) for e in report.errors] == [
            (3, "会員数", "三人"),
            (4, "ステージ", "ない段階"),
            (5, "登録", "ない制度"),
        ]
        assert [e.reason for e in report.errors[1:]] == [
            "ステージの一覧にありません。",
            "登録制度の一覧にありません。",
        ]
        assert [record.name for record in records()] == ["ひまわりの会", "もみじの会"]

    def test_a_registration_number_belongs_to_one_group(
        self, say: Import, records: Records
    ) -> None:
        rows = [{**GOOD, "団体名": f"会{n}", "登録": f"youth:SY-{n % 2}"} for n in range(3)]
        report = say("groups-csv", rows)
        assert (report.outcome.kept, report.refused) == (2, 1)
        assert report.errors[0].row == 4
        assert "重なっています" in report.errors[0].reason
        assert len(records()) == 2

    def test_stages_are_known_by_code_and_label(self, say: Import, records: Records) -> None:
        rows = [{**GOOD, "団体名": name, "ステージ": name} for name in ("成長", "growth")]
        assert say("groups-csv", rows).refused == 0
        assert {record.stage for record in records()} == {"growth"}

    def test_lists_of_the_city_are_known_by_code_and_by_name(
        self, say: Import, records: Records, database: Database
    ) -> None:
        office = Office(code="place", name="市民活動の窓口")
        with database.write() as session:
            session.add(office)
            scheme = list_schemes(session)[0]
        names = {"担当窓口": office.name, "登録": f"{scheme.name}:1"}
        codes = {"担当窓口": office.code, "登録": f"{scheme.code}:2"}
        rows = [{"団体名": "名前の会", **names}, {"団体名": "コードの会", **codes}]
        assert say("groups-csv", rows).refused == 0
        for record in records():
            assert record.office == office.code
            assert [r.scheme for r in record.registrations] == [scheme.code]

    def test_a_found_group_shows_its_last_source_and_a_closed_one_is_not_found(
        self, client: TestClient, indexed: Callable[[], None], say: Import
    ) -> None:
        number = "7000012050002"
        say("groups-csv", [{**GOOD, "外部ID": "g1", "法人番号": number}])
        indexed()
        search = f"{API}/search?q=ひまわり"
        [hit] = client.get(search).json()["hits"]
        assert (hit["source"], hit["source_id"]) == ("groups-csv", "g1")
        row = {
            "corporate_number": number,
            "name": "ひまわりの会",
            "kana": "",
            "prefecture": "東京都",
            "city": "武蔵野市",
            "street": "",
            "lg_code": "132039",
            "update_date": "2024-01-01",
            "close_date": "",
        }
        say("houjin-bangou", [row])
        indexed()
        [hit] = client.get(search).json()["hits"]
        assert (hit["source"], hit["source_id"]) == ("houjin-bangou", number)
        closed = {**row, "close_date": "2024-02-01", "update_date": "2024-02-02"}
        assert say("houjin-bangou", [closed]).outcome.closed == 1
        indexed()
        assert client.get(search).json()["total"] == 0
        assert client.get(f"{API}/organisations/{hit['id']}").json()["status"] == "closed"


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
class TestEditedMeanwhile:
    """On PostgreSQL somebody may edit a group between our reading and our writing it."""

    @pytest.fixture
    def edits(self, database: Database) -> Iterator[list[str]]:
        """Each of these names is given to a group of that kind right before it is written."""
        names: list[str] = []
        others = Database(database.settings)

        def edit(_: Any, __: Any, statement: str, *more: Any) -> None:
            if names and statement.startswith("UPDATE organisation SET"):
                change = update(Organisation).values(
                    name=names.pop(), version=Organisation.version + 1
                )
                with others.write() as session:
                    session.execute(change)

        event.listen(database.engine, "before_cursor_execute", edit)
        yield names
        event.remove(database.engine, "before_cursor_execute", edit)
        others.close()

    def test_is_read_again_and_kept(self, say: Import, records: Records, edits: list[str]) -> None:
        say("groups-csv", [{**GOOD, "外部ID": "1"}])
        edits.append("先に直した会")
        report = say("groups-csv", [{**GOOD, "外部ID": "1", "会員数": "9"}])
        assert (report.outcome.kept, report.refused, edits) == (1, 0, [])
        assert [record.member_count for record in records()] == [9]

    def test_again_and_again_stops_and_says_what_is_kept(
        self,
        database: Database,
        tmp_path: Path,
        say: Import,
        edits: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("app.intake.run._BATCH", 1)
        say("groups-csv", [{**GOOD, "外部ID": "2"}])
        edits.extend(["また直した会", "先に直した会"])
        rows = [{**GOOD, "外部ID": n, "会員数": "9"} for n in "12"]
        format_, table = open_import("groups-csv", write_csv(tmp_path / "two.csv", rows))
        report = Report("groups-csv")
        with pytest.raises(StaleVersion):
            keep(database, format_, table, progress=lambda _: None, report=report)
        assert (report.outcome.kept, report.outcome.created) == (1, 1)


class TestKeepAll:
    """`--strict`: what only the registry can refuse leaves nothing behind either."""

    def _keep_all(self, database: Database, path: Path) -> Report:
        format_, table = open_import("groups-csv", path)
        return keep_all(database, format_, table, progress=lambda _: None)

    def test_one_refused_row_keeps_every_other_out(
        self, database: Database, tmp_path: Path, state: Callable[[], Any]
    ) -> None:
        before = state()
        rows = [{**GOOD, "団体名": f"会{n}", "登録": f"youth:SY-{n % 2}"} for n in range(3)]
        report = self._keep_all(database, write_csv(tmp_path / "file.csv", rows))
        assert (report.outcome.kept, report.refused, report.errors[0].row) == (0, 1, 4)
        assert state() == before

    def test_a_file_without_a_fault_is_kept(
        self, database: Database, tmp_path: Path, records: Records
    ) -> None:
        rows = [{**GOOD, "団体名": f"会{n}"} for n in range(1_100)]
        report = self._keep_all(database, write_csv(tmp_path / "file.csv", rows))
        assert (report.outcome.kept, report.refused) == (1_100, 0)
        assert len(records()) == 1_100


class TestCheck:
    def test_finds_what_is_wrong_and_keeps_nothing(
        self, database: Database, tmp_path: Path, records: Records
    ) -> None:
        path = tmp_path / "file.csv"
        path.write_text("団体名,会員数\nひまわりの会,3\nすみれの会,三\n")
        report = check(database, *open_import("groups-csv", path), lambda _: None)
        assert (report.rows, report.outcome.kept, report.refused) == (2, 1, 1)
        assert records() == []


@pytest.fixture
def sqlite(sqlite_settings: Settings) -> Database:
    return Database(sqlite_settings)


def _keep(database: Database, format_name: str, path: Path) -> Report:
    return keep(database, *open_import(format_name, path), progress=lambda _: None)


def _by_number(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return {row["corporate_number"]: row for row in csv.DictReader(file)}


@pytest.mark.real_data
class TestRealData:
    def test_every_npo_of_the_country(self, sqlite: Database, shared: Path) -> None:
        path = shared / "data" / "npo_houjin_bangou.csv"
        first = _keep(sqlite, "houjin-bangou", path)
        assert (first.rows, first.outcome.created, first.refused) == (27_806, 27_806, 0)
        assert first.outcome.closed == 8_868
        second = _keep(sqlite, "houjin-bangou", path)
        assert second.outcome.unchanged == 27_806
        assert not any(
            (second.outcome.created, second.outcome.updated, second.outcome.closed, second.refused)
        )

    @pytest.mark.parametrize("order", ["as told", "backwards"])
    def test_their_changes_end_where_the_register_stands(
        self, sqlite: Database, shared: Path, tmp_path: Path, order: str
    ) -> None:
        """Of all corporations that were ever reopened or merged, or that changed often."""
        told = shared / "data" / "npo_houjin_bangou_events.csv"
        with told.open(encoding="utf-8-sig") as file:
            events = list(csv.DictReader(file))
        times = Counter(event["corporate_number"] for event in events)
        lively = {e["corporate_number"] for e in events if e["process"] in ("22", "71")}
        lively |= {number for number, count in times.items() if count > 4}
        some = [event for event in events if event["corporate_number"] in lively]
        path = tmp_path / "events.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(events[0]))
            writer.writeheader()
            writer.writerows(some if order == "as told" else some[::-1])
        assert _keep(sqlite, "houjin-bangou", path).refused == 0
        again = _keep(sqlite, "houjin-bangou", path).outcome
        assert again.unchanged == len(some)
        stands = _by_number(shared / "data" / "npo_houjin_bangou.csv")
        assert _states(sqlite) == {number: bool(stands[number]["close_date"]) for number in lively}

    def test_all_their_changes_are_read(self, sqlite: Database, shared: Path) -> None:
        path = shared / "data" / "npo_houjin_bangou_events.csv"
        report = check(sqlite, *open_import("houjin-bangou", path), lambda _: None)
        assert (report.rows, report.refused) == (40_565, 0)

    def test_all_corporations_of_two_cities(self, sqlite: Database, shared: Path) -> None:
        path = shared / "data" / "city_corporations_musashino_fuji.csv"
        report = _keep(sqlite, "houjin-bangou", path)
        assert (report.rows, report.outcome.created, report.refused) == (7_612, 7_612, 0)
        assert report.outcome.closed == 1_328

    def test_childrens_cafeterias(
        self, say: Import, records: Records, state: Callable[[], Any], shared: Path
    ) -> None:
        """On both databases; what is refused is refused for its reading alone."""
        path = shared / "data" / "kodomo_shokudo.csv"
        report = say("kodomo-shokudo", path)
        assert report.rows == 985
        assert report.refused < 20
        assert {error.column for error in report.errors} == {"名称_カナ"}
        assert all(error.value for error in report.errors)
        assert all(record.status is Status.PUBLISHED for record in records())
        before = state()
        assert say("kodomo-shokudo", path).outcome.updated == 0
        assert state() == before

    def test_the_corpus_of_the_search(self, sqlite: Database, shared: Path, tmp_path: Path) -> None:
        maker = shared / "search" / "make_corpus.py"
        command = [sys.executable, str(maker), "--size", "600", "--out", str(tmp_path)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        path = tmp_path / "groups.csv"
        assert list(open_import("groups-csv", path)[1].headings) == COLUMNS[:20]
        report = _keep(sqlite, "groups-csv", path)
        assert (report.rows, report.outcome.created, report.refused) == (600, 600, 0)


def _states(database: Database) -> dict[str, bool]:
    """法人番号 → whether it is closed."""
    with database.read() as session:
        rows = session.exec(select(Organisation.corporate_number, Organisation.status)).all()
    return {number or "": status is Status.CLOSED for number, status in rows}
