"""`musubi import`: exit codes, counts, sentences, and rows that can be found at once."""

import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from app.intake.sources.groups_csv import COLUMNS
from app.intake.sources.opportunities_csv import COLUMNS as OPPORTUNITIES
from tests.faulty import FaultyServer

GOOD = "外部ID,団体名,会員数\n1,ひまわりの会,3\n2,すみれの会,4\n"
BAD = GOOD + "3,つばきの会,三人\n"
Musubi = Callable[..., Any]
Start = Callable[..., Any]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "groups.csv"
    path.write_text(GOOD)
    return path


class TestOpportunities:
    def test_are_imported_and_found(self, musubi: Musubi, file: Path, tmp_path: Path) -> None:
        musubi("import", "groups-csv", file)
        path = tmp_path / "opportunities.csv"
        path.write_text("外部ID,団体外部ID,件名,定員,親子\na,1,花の植え替え,5,1\nb,9,草取り,5,0\n")
        done = musubi("import", "opportunities-csv", path)
        assert (done.code, done.counts["created"], done.counts["refused"]) == (1, 1, 1)
        assert "3行目「団体外部ID」（9）" in done.said
        assert done.counts["indexed"] is True
        again = musubi("import", "opportunities-csv", path)
        assert (again.counts["unchanged"], again.counts["created"]) == (1, 0)
        held = musubi("reconcile").counts["embedded"]["opportunity"]
        assert held == {"missing": 0, "different": 0, "superfluous": 0}

    def test_strict_keeps_nothing(self, musubi: Musubi, file: Path, tmp_path: Path) -> None:
        musubi("import", "groups-csv", file)
        path = tmp_path / "opportunities.csv"
        path.write_text("外部ID,団体外部ID,件名,定員\na,1,花の植え替え,5\nb,9,草取り,5\n")
        done = musubi("import", "opportunities-csv", path, "--strict")
        assert (done.code, done.counts["refused"]) == (2, 1)
        assert musubi("reindex").counts["embedded"]["opportunity"] == 0

    def test_the_template_can_be_imported(self, musubi: Musubi, tmp_path: Path) -> None:
        header = musubi("template", "opportunities-csv").out.strip()
        assert header.split(",") == OPPORTUNITIES
        path = tmp_path / "empty.csv"
        path.write_text(header + "\n")
        assert musubi("import", "opportunities-csv", path).counts["rows"] == 0


class TestImport:
    def test_keeps_everything_once(self, musubi: Musubi, file: Path) -> None:
        first = musubi("import", "groups-csv", file)
        assert first.code == 0, first.said
        assert (first.counts["created"], first.counts["refused"]) == (2, 0)
        assert first.counts["indexed"] is True
        second = musubi("import", "groups-csv", file)
        assert second.code == 0
        assert (second.counts["unchanged"], second.counts["created"]) == (2, 0)

    def test_keeps_the_good_rows(self, musubi: Musubi, file: Path) -> None:
        file.write_text(BAD)
        done = musubi("import", "groups-csv", file)
        assert done.code == 1
        assert (done.counts["kept"], done.counts["refused"]) == (2, 1)
        assert "4行目「会員数」（三人）: 数で書いてください。" in done.said

    def test_strict_keeps_nothing(self, musubi: Musubi, file: Path) -> None:
        file.write_text(BAD)
        done = musubi("import", "groups-csv", file, "--strict")
        assert (done.code, done.counts["refused"]) == (2, 1)
        file.write_text(GOOD)
        done = musubi("import", "groups-csv", file, "--strict")
        assert (done.code, done.counts["created"]) == (0, 2)

    def test_dry_run_writes_nothing(self, musubi: Musubi, file: Path) -> None:
        file.write_text(BAD)
        done = musubi("import", "groups-csv", file, "--dry-run")
        assert (done.code, done.counts["dry_run"], done.counts["refused"]) == (1, True, 1)
        assert musubi("import", "groups-csv", file).counts["created"] == 2

    def test_nothing_done_is_2(self, musubi: Musubi, file: Path) -> None:
        """Every row refused, an unreadable file, an unknown format."""
        file.write_text("団体名,会員数\nひまわりの会,三人\n")
        done = musubi("import", "groups-csv", file)
        assert (done.code, done.counts["refused"]) == (2, 1)
        file.write_text("名前\nひまわりの会\n")
        done = musubi("import", "groups-csv", file)
        assert (done.code, done.counts["rows"]) == (2, 0)
        assert "見出しに次の列がありません: 団体名" in done.said
        done = musubi("import", "groups-xml", file)
        assert done.code == 2
        assert "kodomo-shokudo" in done.said

    @pytest.mark.parametrize("name", ["missing.csv", "", "no.xlsx", "bomb.xlsx"])
    def test_what_cannot_be_read_is_one_sentence(
        self, musubi: Musubi, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "no.xlsx").write_text(GOOD)
        with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet1.xml", b" " * 20_000_000)
        done = musubi("import", "groups-csv", tmp_path / name)
        assert (done.code, done.counts["kept"]) == (2, 0)
        assert len(done.said.strip().splitlines()) == 1

    def test_reads_excel(self, musubi: Musubi, tmp_path: Path) -> None:
        path = tmp_path / "groups.xlsx"
        with xlsxwriter.Workbook(path) as workbook:
            sheet = workbook.add_worksheet()
            sheet.write_row(0, 0, ["外部ID", "団体名", "会員数"])
            sheet.write_row(1, 0, [7, "ひまわりの会", 12])
        done = musubi("import", "groups-csv", path)
        assert (done.code, done.counts["created"]) == (0, 1)

    def test_says_which_columns_it_does_not_read(self, musubi: Musubi, file: Path) -> None:
        file.write_text("団体名,会員の数\nひまわりの会,3\n")
        done = musubi("import", "groups-csv", file)
        assert done.code == 0
        assert "会員の数" in done.said


class TestSearchable:
    def test_with_the_service_running(self, musubi: Musubi, start: Start, file: Path) -> None:
        """The command returns and the very next search finds the rows."""
        service = start("run")
        assert musubi("import", "groups-csv", file).code == 0
        found = service.get("/api/v1/search?q=ひまわり")
        assert [hit["source_id"] for hit in found["hits"]] == ["1"]

    def test_without_and_the_service_started_afterwards(
        self, musubi: Musubi, start: Start, file: Path
    ) -> None:
        musubi("import", "groups-csv", file)
        service = start("serve")
        assert service.get("/api/v1/search?q=すみれ")["total"] == 1

    def test_with_meilisearch(
        self, musubi: Musubi, start: Start, file: Path, meili_environment: dict[str, str]
    ) -> None:
        service = start("serve", **meili_environment)
        service.wait(lambda: service.get("/readyz")["degraded"] is False)
        done = musubi("import", "groups-csv", file, **meili_environment)
        assert (done.code, done.counts["indexed"]) == (0, True)
        found = service.get("/api/v1/search?q=ひまわり")
        assert (found["total"], found["degraded"]) == (1, False)

    def test_when_meilisearch_does_not_answer(self, musubi: Musubi, file: Path, port: int) -> None:
        """The rows are kept all the same."""
        nobody = {"MUSUBI_SEARCH": "auto", "MUSUBI_MEILI_URL": f"http://127.0.0.1:{port}"}
        done = musubi("import", "groups-csv", file, **nobody)
        assert (done.code, done.counts["created"]) == (0, 2)


class Dying(FaultyServer):
    """Hangs up for good once it has taken documents."""

    died = False

    def _handle(self, request: Any) -> None:
        super()._handle(request)
        if request.command == "POST" and request.path.startswith("/indexes/organisations/doc"):
            self.died, self.fault = True, "closed"


class TestInterrupted:
    """What stops an import midway is told with what is kept; a second import does the rest."""

    @pytest.fixture
    def many(self, tmp_path: Path) -> Path:
        path = tmp_path / "many.csv"
        rows = "".join(f"{n},会{n},{n}\n" for n in range(1_200))
        path.write_text("外部ID,団体名,会員数\n" + rows)
        return path

    @pytest.fixture
    def refuse(self, musubi: Musubi, home: Path) -> Callable[[str], None]:
        """From this 外部ID on the database is not to be had: what it says when it is full."""
        musubi("migrate")

        def refuse(source_id: str) -> None:
            with closing(sqlite3.connect(home / "musubi.sqlite3")) as database:
                database.execute(
                    "CREATE TRIGGER full BEFORE INSERT ON organisation_source"
                    f" WHEN NEW.source_id = '{source_id}' BEGIN"
                    " SELECT json(NEW.source_id || '?'); END"
                )
                database.commit()

        return refuse

    @pytest.mark.parametrize(("stop", "code", "kept"), [("700", 1, 500), ("3", 2, 0)])
    def test_tells_what_is_kept(
        self,
        musubi: Musubi,
        refuse: Callable[[str], None],
        many: Path,
        home: Path,
        stop: str,
        code: int,
        kept: int,
    ) -> None:
        refuse(stop)
        done = musubi("import", "groups-csv", many)
        assert (done.code, done.counts["kept"], done.counts["indexed"]) == (code, kept, False)
        with closing(sqlite3.connect(home / "musubi.sqlite3")) as database:
            database.execute("DROP TRIGGER full")
            database.commit()
        again = musubi("import", "groups-csv", many)
        assert (again.code, again.counts["kept"]) == (0, 1_200)
        assert again.counts["created"] == 1_200 - kept

    def test_meilisearch_that_dies_meanwhile_costs_no_row(
        self, musubi: Musubi, many: Path, meili_environment: dict[str, str]
    ) -> None:
        dying = Dying(meili_environment["MUSUBI_MEILI_URL"])
        try:
            settings = {**meili_environment, "MUSUBI_MEILI_URL": dying.url}
            done = musubi("import", "groups-csv", many, **settings)
        finally:
            dying.stop()
        assert dying.died
        assert (done.code, done.counts["created"]) == (0, 1_200), done.said
        assert done.counts["indexed"] is False


class TestTemplate:
    def test_is_the_layout_and_imports_as_it_is_printed(
        self, musubi: Musubi, tmp_path: Path
    ) -> None:
        printed = musubi("template", "groups-csv")
        assert printed.code == 0
        headings = printed.out.strip().split(",")
        assert headings == COLUMNS
        path = tmp_path / "filled.csv"
        cells = {"外部ID": "x", "団体名": "ひまわりの会", "法人格": "NPO法人", "分野": "13"}
        row = ",".join(cells.get(heading, "") for heading in headings)
        path.write_text(printed.out + row + "\n", encoding="cp932")
        done = musubi("import", "groups-csv", path)
        assert (done.code, done.counts["created"]) == (0, 1)
        assert "読みません" not in done.said

    def test_of_another_format_is_refused(self, musubi: Musubi) -> None:
        done = musubi("template", "kodomo-shokudo")
        assert done.code == 2
        assert "groups-csv" in done.said
