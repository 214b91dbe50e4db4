import os
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from app.intake.tables import Row, RowError, UnreadableFile, open_table

HEADINGS = "団体名,会員数\n"


def read(path: Path, *required: str) -> list[Row | RowError]:
    return list(open_table(path, required or ("団体名",)).rows())


def excel(path: Path, cells: dict[tuple[int, int], object]) -> Path:
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for (row, column), value in cells.items():
            sheet.write(row, column, value)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "groups.csv"


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
    def test_is_read_in_the_encodings_of_japanese_offices(self, file: Path, encoding: str) -> None:
        file.write_bytes(f"{HEADINGS}髙橋①の会,12\n".encode(encoding))
        assert read(file) == [Row(2, {"団体名": "髙橋①の会", "会員数": "12"})]

    def test_numbers_rows_as_a_spreadsheet_does(self, file: Path) -> None:
        """A line break within a cell and an empty row do not shift the numbers wrongly."""
        file.write_text(f'{HEADINGS}"一行目\n二行目",1\n\n三番目,x,y\n四番目,2\n')
        one, ragged, two = read(file)
        assert isinstance(one, Row)
        assert (one.number, one.cells["団体名"]) == (2, "一行目\n二行目")
        assert isinstance(ragged, RowError)
        assert ragged.row == 4
        assert "見出し2列、この行3列" in ragged.reason
        assert two == Row(5, {"団体名": "四番目", "会員数": "2"})

    def test_forgives_empty_cells_beyond_the_headings(self, file: Path) -> None:
        file.write_text(f"{HEADINGS}ひまわりの会,1,,\n")
        assert read(file) == [Row(2, {"団体名": "ひまわりの会", "会員数": "1"})]

    @pytest.mark.parametrize(
        ("line", "column", "reason"),
        [
            (b"short\n", "", "列の数"),
            (b"a,b,c\n", "", "列の数"),
            (b"=CMD|' /C calc'!A0,1\n", "団体名", "数式"),
            (b"a,=1+1\n", "会員数", "数式"),
            (b"a\x00b,1\n", "団体名", "NUL"),
            ("子ども".encode("cp932") + b",1\n", "団体名", "文字コード"),
            (b"x" * 10_000_000 + b",1\n", "", "1つのセル"),
        ],
        ids="short long formula formula2 nul mixed enormous".split(),
    )
    def test_names_what_is_wrong_and_goes_on(
        self, file: Path, line: bytes, column: str, reason: str
    ) -> None:
        file.write_bytes(HEADINGS.encode() + line + "よい行,3\n".encode())
        wrong, good = read(file)
        assert isinstance(wrong, RowError)
        assert (wrong.row, wrong.column) == (2, column)
        assert reason in wrong.reason
        assert len(str(wrong)) < 300
        assert good == Row(3, {"団体名": "よい行", "会員数": "3"})

    def test_what_is_shown_of_a_cell_cannot_command_the_terminal(self) -> None:
        """Escape sequences, line breaks and changes of direction are shown, not sent."""
        error = RowError(2, "名\x1b]0;称", "赤\x1b[31m\r\n\x07\x9b\u202e　字\udc80", "だめ")
        assert str(error) == "2行目「名�]0;称」（赤�[31m�����　字�）: だめ"

    def test_headings_shown_cannot_command_the_terminal(self, file: Path) -> None:
        file.write_text("団体名,a\x1b[2J,a\x1b[2J\n")
        with pytest.raises(UnreadableFile, match="重複") as error:
            read(file)
        assert "\x1b" not in str(error.value)

    def test_a_row_in_utf_8_does_not_spoil_a_file_in_cp932(self, file: Path) -> None:
        mixed = "ひまわり畑の會,1\n".encode()
        good = f"{HEADINGS}よい行,3\n".encode("cp932")
        file.write_bytes(good + mixed)
        assert read(file)[0] == Row(2, {"団体名": "よい行", "会員数": "3"})

    def test_a_row_in_cp932_does_not_spoil_a_file_in_utf_8(self, file: Path) -> None:
        """Even where all of its bytes would make some sense as CP932."""
        file.write_bytes("団体名\n子の会\n".encode() + "子の会\n".encode("cp932"))
        good, wrong = read(file)
        assert good == Row(2, {"団体名": "子の会"})
        assert isinstance(wrong, RowError)


class TestUnreadable:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "見出しがありません"),
            (b"\n\n", "見出しがありません"),
            ("名前,会員数\nあ,1\n".encode(), "次の列がありません: 団体名"),
            ("団体名,会員数,会員数\nあ,1,2\n".encode(), "重複しています: 会員数"),
            (bytes(range(256)) * 40, "見出し"),
            ("団体名\nあ\n".encode("utf-16"), "見出し"),
            (b"x" * 1_000_000, "見出し"),
        ],
        ids="empty blank lacking repeated binary utf16 endless".split(),
    )
    def test_says_why(self, file: Path, content: bytes, reason: str) -> None:
        file.write_bytes(content)
        with pytest.raises(UnreadableFile, match=reason):
            read(file)

    def test_a_missing_file_and_a_folder(self, tmp_path: Path) -> None:
        for path in (tmp_path / "missing.csv", tmp_path, tmp_path / ("長" * 200)):
            with pytest.raises(UnreadableFile, match=r"ファイルが|開けません"):
                open_table(path, ())

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc")
    def test_a_file_the_system_will_not_read(self) -> None:
        with pytest.raises(UnreadableFile, match="ファイルを開けません"):
            open_table(Path("/proc/self/mem"), ())


class TestExcel:
    def test_reads_numbers_and_days_as_a_person_does(self, tmp_path: Path) -> None:
        path = tmp_path / "groups.xlsx"
        with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as workbook:
            sheet = workbook.add_worksheet()
            sheet.write_row(0, 0, ["団体名", "会員数", "緯度", "確認日", "公開"])
            sheet.write_row(1, 0, ["ひまわりの会", 12, 35.5])
            sheet.write_datetime(1, 3, date(2026, 4, 1))
            sheet.write_boolean(1, 4, True)
        [row] = read(path)
        assert isinstance(row, Row)
        assert list(row.cells.values()) == ["ひまわりの会", "12", "35.5", "2026-04-01", "1"]

    def test_takes_a_formula_for_its_value(self, tmp_path: Path) -> None:
        path = tmp_path / "groups.xlsx"
        with xlsxwriter.Workbook(path) as workbook:
            sheet = workbook.add_worksheet()
            sheet.write(0, 0, "団体名")
            sheet.write_formula(1, 0, "=A9&A10", value="計算した会")
            sheet.write_string(2, 0, "=CMD|' /C calc'!A0")
        good, wrong = read(path)
        assert good == Row(2, {"団体名": "計算した会"})
        assert isinstance(wrong, RowError)
        assert "数式" in wrong.reason

    def test_cells_formatted_far_away_do_no_harm(self, tmp_path: Path) -> None:
        """Spreadsheets keep the format of whole empty columns."""
        path = tmp_path / "groups.xlsx"
        with xlsxwriter.Workbook(path) as workbook:
            sheet = workbook.add_worksheet()
            sheet.write_row(0, 0, ["団体名"])
            sheet.write_row(1, 0, ["ひまわりの会"])
            sheet.write_blank(1_048_575, 16_383, None, workbook.add_format({"bold": True}))
        assert read(path)[0] == Row(2, {"団体名": "ひまわりの会"})

    def test_refuses_two_cells_with_billions_between_them(self, tmp_path: Path) -> None:
        path = excel(tmp_path / "sparse.xlsx", {(0, 0): "団体名", (1_048_575, 16_383): "x"})
        with pytest.raises(UnreadableFile, match="離れた場所"):
            read(path)

    def test_refuses_billions_of_cells_that_do_not_say_their_place(self, tmp_path: Path) -> None:
        path = excel(
            tmp_path / "sparse.xlsx", {(0, 0): "団体名", (0, 16_383): 2, (1_048_575, 0): 1}
        )
        bare = path.with_name("bare.xlsx")
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(bare, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name).replace(b'<c r="A1048576"', b"<c"))
        with pytest.raises(UnreadableFile, match="離れた場所"):
            read(bare)

    @pytest.mark.parametrize("size", [50_000_000, 250_000_000])
    def test_refuses_what_would_unpack_to_something_enormous(
        self, tmp_path: Path, size: int
    ) -> None:
        path = tmp_path / "bomb.xlsx"
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("xl/worksheets/sheet1.xml", "w") as entry,
        ):
            for _ in range(size // 1_000_000):
                entry.write(b" " * 1_000_000)
        with pytest.raises(UnreadableFile, match="大きすぎます"):
            read(path)

    def test_refuses_a_thousand_files_in_one(self, tmp_path: Path) -> None:
        path = tmp_path / "many.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(2_001):
                archive.writestr(f"{number}.xml", b"<a/>")
        with pytest.raises(UnreadableFile, match="大きすぎます"):
            read(path)

    def test_refuses_what_is_no_workbook(self, tmp_path: Path) -> None:
        path = tmp_path / "groups.xlsx"
        path.write_text(HEADINGS)
        with pytest.raises(UnreadableFile, match="開けません"):
            read(path)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "空")
        with pytest.raises(UnreadableFile, match="読み取れません"):
            read(path)


def _damaged() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = excel(Path(folder) / "good.xlsx", {(0, 0): "団体名", (1, 0): "ひまわりの会"})
        yield path.read_bytes()


class TestAnyBytes:
    """Whatever is in a file, rows and reports come out of it, or one sentence."""

    def _attempt(self, content: bytes, suffix: str) -> None:
        handle, name = tempfile.mkstemp(suffix=suffix)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        path = Path(name)
        try:
            for row in open_table(path, ()).rows():
                assert isinstance(row, Row) or str(row)
        except UnreadableFile as error:
            assert error.detail  # noqa: PT017 - either outcome is right
        finally:
            path.unlink()

    @settings(deadline=None, max_examples=300)
    @given(st.binary(max_size=400), st.sampled_from(["", "団体名,a\n", 'a,"b\n', "団体名\n"]))
    def test_as_csv(self, content: bytes, before: str) -> None:
        self._attempt(before.encode() + content, ".csv")
        self._attempt(before.encode("cp932") + content, ".csv")

    @settings(deadline=None, max_examples=300)
    @given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
    def test_as_a_damaged_workbook(self, damages: list[tuple[int, int]]) -> None:
        [good] = _damaged()
        content = bytearray(good)
        for place, byte in damages:
            content[place % len(content)] = byte
        self._attempt(bytes(content), ".xlsx")
