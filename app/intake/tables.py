"""CSV (UTF-8 or CP932) and Excel files as rows of text; what is broken becomes a sentence."""

import codecs
import csv
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import count
from pathlib import Path
from typing import Any

import python_calamine

from app.core.errors import Invalid

# A zip bomb is refused by its table of contents, before anything is unpacked.
_MOST_ENTRIES = 2_000
_LARGEST_ENTRY = 200_000_000
_LARGEST_TOTAL = 300_000_000
_LARGEST_RATIO = 200
# Far more than the largest list: 50,000 groups in 60 columns are 3 million.
_MOST_CELLS = 20_000_000
# A cell that holds something, by its own place; or a row whose cells do not say theirs.
_FILLED = re.compile(
    rb"""<(?:\w+:)?c\b[^>]*?\sr\s*=\s*["']([A-Z]+)([0-9]+)["'](?:[^>]*[^/>])?>"""
    rb"""|<(?:\w+:)?row\b[^>]*?\sr\s*=\s*["']([0-9]+)["'](?:[^>]*[^/>])?>"""
    rb"""\s*<(?:\w+:)?c\b(?![^>]*\sr\s*=)"""
)
_UNDECODED = re.compile("[\ud800-\udfff]")
_LONGEST_TAG = 1_000
_LONGEST_CELL = 200_000
_BLOCK = 1 << 20
_SHOWN = 60


@dataclass(frozen=True)
class Row:
    """A line of the file: its number as a spreadsheet shows it, and its cells by heading."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class RowError:
    """What is wrong with a row: where, what stands there, why it cannot be kept.

    As text it is safe to show: a cell cannot command the terminal.
    """

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= _SHOWN else self.value[:_SHOWN] + "…"
        place = f"{self.row}行目" + (f"「{self.column}」" if self.column else "")
        return printable(f"{place}{f'（{shown}）' if shown else ''}: {self.reason}")


def printable(written: str) -> str:
    """`written` with � for each character that is none to look at (control, format, half)."""
    return "".join(
        char if char.isprintable() or unicodedata.category(char) == "Zs" else "�"
        for char in written
    )


class UnreadableFile(Invalid):
    code = "unreadable_file"
    title = "ファイルを読み取れません"


@dataclass(frozen=True)
class Table:
    """A file with its headings; `rows` reads it from the start, one row at a time."""

    path: Path
    headings: tuple[str, ...]
    encoding: str | None
    is_headed: bool = True

    def rows(self) -> Iterator[Row | RowError]:
        lines = _excel(self.path) if self.encoding is None else _csv(self.path, self.encoding)
        if self.is_headed:
            next(lines, None)
        for number, cells in lines:
            if isinstance(cells, RowError):
                yield cells
            elif any(cells):
                yield self._row(number, cells)

    def _row(self, number: int, cells: Sequence[str]) -> Row | RowError:
        width = len(self.headings)
        if len(cells) != width and any(cells[width:] or ["short"]):
            reason = f"列の数が見出しと違います（見出し{width}列、この行{len(cells)}列）。"
            return RowError(number, "", "", reason)
        row = dict(zip(self.headings, (cell.strip() for cell in cells), strict=False))
        for heading, cell in row.items():
            if problem := _unacceptable(cell):
                return RowError(number, heading, _printable(cell), problem)
        return Row(number, row)


def _unacceptable(cell: str) -> str | None:
    if _UNDECODED.search(cell):
        return "文字コードが混ざっているため、読み取れない文字があります。"
    if "\x00" in cell:
        return "使えない文字（NUL）が含まれています。"
    if cell.startswith("="):
        return "数式は取り込めません。値にしてください。"
    return None


def _printable(cell: str) -> str:
    return cell.encode("utf-8", "replace").decode().replace("\x00", "")


def no_headings(_first: Sequence[str]) -> tuple[str, ...]:
    """For layouts that always bring their headings."""
    return ()


def open_table(
    path: Path,
    required: Iterable[str],
    understood: Callable[[Sequence[str]], tuple[str, ...]] = no_headings,
) -> Table:
    """The table in a file; `understood` tells the headings of a first row that is data already.

    Raises UnreadableFile when it has no headings or lacks one of `required`.
    """
    try:
        if not path.is_file():
            raise UnreadableFile(f"ファイルがありません: {path}")
        encoding = None if path.suffix.lower() in {".xlsx", ".xlsm"} else _encoding(path)
        first = next(_excel(path) if encoding is None else _csv(path, encoding), None)
    except OSError as error:
        raise UnreadableFile(f"ファイルを開けません: {path}（{error.strerror}）") from error
    if first is None or isinstance(first[1], RowError) or not any(first[1]):
        raise UnreadableFile("1行目に見出しがありません。")
    if unwritten := understood(first[1]):
        return Table(path, unwritten, encoding, is_headed=False)
    headings = tuple(cell.strip() for cell in first[1])
    if missing := [name for name in required if name not in headings]:
        raise UnreadableFile(f"見出しに次の列がありません: {'、'.join(missing)}")
    if repeated := {name for name in headings if name and headings.count(name) > 1}:
        raise UnreadableFile(f"見出しが重複しています: {printable('、'.join(sorted(repeated)))}")
    return Table(path, headings, encoding)


# ------------------------------------------------------------------------------------------ CSV


def _encoding(path: Path) -> str:
    """UTF-8 or CP932: what the headings are written in; where they are ASCII, the whole file.

    Bytes of the other one, further down, are reported with their cell.
    """
    with path.open("rb") as file:
        headings = file.readline(_BLOCK)
    # A CSV heading may hold a line break; its first line tells as much.
    telling = (lambda: _blocks(path)) if headings.isascii() else (lambda: [headings])
    is_cp932 = not _decodes(telling(), "utf-8") and _decodes(telling(), "cp932")
    return "cp932" if is_cp932 else "utf-8-sig"


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _decodes(blocks: Iterable[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _csv(path: Path, encoding: str) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(_LONGEST_CELL)
    # Bytes that do not decode become lone surrogates and are reported with their cell.
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        reader = csv.reader(file)
        for number in count(1):
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                reason = f"CSV として読み取れない行です（1つのセルは{_LONGEST_CELL}文字まで）。"
                yield number, RowError(number, "", "", reason)
            else:
                yield number, cells


# ---------------------------------------------------------------------------------------- Excel


def check_archive(path: Path) -> None:
    """Refuse what would unpack to something enormous. Raises UnreadableFile."""
    try:
        with zipfile.ZipFile(path) as archive:
            if _is_enormous(archive.infolist()):
                raise UnreadableFile(
                    "Excel ファイルの中身が大きすぎます。CSV で保存し直してください。"
                )
            _check_extent(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise UnreadableFile("Excel ファイル（.xlsx）として開けません。") from error


def _is_enormous(entries: Sequence[zipfile.ZipInfo]) -> bool:
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    largest = max((entry.file_size for entry in entries), default=0)
    return (
        len(entries) > _MOST_ENTRIES
        or largest > _LARGEST_ENTRY
        or total > _LARGEST_TOTAL
        or total / packed > _LARGEST_RATIO
    )


def _check_extent(archive: zipfile.ZipFile) -> None:
    """Refuse a sheet with few cells far apart: its reader makes room for all between them."""
    for entry in archive.infolist():
        columns, rows, rest = 0, 0, b""
        with archive.open(entry) as file:
            while block := file.read(_BLOCK):
                for letters, row, bare_row in _FILLED.findall(rest + block):
                    columns = max(columns, _column_number(letters[:4]))
                    rows = max(rows, int((row or bare_row)[:8]))
                rest = block[-_LONGEST_TAG:]
        if columns * rows > _MOST_CELLS:
            raise UnreadableFile("表の外の離れた場所に値があります。表だけを残してください。")


def _column_number(letters: bytes) -> int:
    """A → 1, Z → 26, AA → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _excel(path: Path) -> Iterator[tuple[int, Any]]:
    check_archive(path)
    try:
        sheet = python_calamine.load_workbook(path).get_sheet_by_index(0)
        for number, cells in enumerate(sheet.iter_rows(), 1):
            yield number, [_as_text(cell) for cell in cells]
    except (python_calamine.CalamineError, OSError, IndexError) as error:
        raise UnreadableFile("Excel ファイル（.xlsx）として読み取れません。") from error


def _as_text(cell: object) -> str:
    """A cell as a person reads it: 14.0 is 14, a day is ISO."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
