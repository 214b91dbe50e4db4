"""`opportunities-csv`: the project's own layout for a list of what people can take part in.

`COLUMNS` is the layout (`musubi template opportunities-csv` prints it). A row is a need of the
organisation that an import knows under 団体外部ID; it is known by its 外部ID. An empty cell says
that there is nothing; a column that the file does not have says nothing. Of 人手 and 技能 each row
says 定員 (docs/decisions/0014).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from app.core.errors import Invalid
from app.intake.cells import (
    CellError,
    choice,
    day,
    decimal,
    fields_of,
    flag,
    listed,
    municipality_of,
    parsed,
    times_of,
    whole,
)
from app.intake.rules import IncomingNeed
from app.intake.sources import LONGEST_ID, ReadingOfNeeds, SourceFormat, refusal
from app.intake.tables import Row, RowError
from app.listings.forms import ListingValues
from app.listings.rules import NO_HEADCOUNT, OF_PEOPLE, check_listing, lacks_headcount
from app.vocabulary.listings import Frequency, ListingKind, Side
from app.vocabulary.skills import Skill
from app.vocabulary.times import PERIODS, WEEKDAYS, ActivityTime

NAME = "opportunities-csv"
REQUIRED = ("外部ID", "団体外部ID", "件名")
COLUMNS = (
    "外部ID 団体外部ID 種類 件名 内容 分野 都道府県 市区町村 緯度 経度 活動日 オンライン 親子 "
    "初心者 一回だけ 学生 交通費 定員 単位 場所 頻度 期間開始 期間終了 締切 対象年齢 持ち物 "
    "保険 費用 必要な技能 あるとよい技能"
).split()
_DAYTIME = tuple(period.value for period in PERIODS[1:4])  # morning to afternoon


def read(rows: Iterable[Row | RowError]) -> ReadingOfNeeds:
    """What each row says; a repeated 外部ID is refused."""
    seen: dict[str, int] = {}
    for row in rows:
        said = row if isinstance(row, RowError) else _read_row(row)
        if isinstance(said, IncomingNeed):
            first = seen.setdefault(said.source_id, said.row)
            if first != said.row:
                reason = f"{first}行目と同じ募集です。"
                said = RowError(said.row, "外部ID", said.source_id, reason)
        yield said


def _read_row(row: Row) -> IncomingNeed | RowError:
    cells = row.cells
    try:
        for column in REQUIRED:
            _check_named(column, cells[column])
        kind = _kind(cells.get("種類", ""))
        said = _nothing(cells) | ListingValues.model_validate(_values(cells, kind)).values()
        check_listing({**said, "kind": kind.value})
        _check_headcount(kind, said.get("quantity"))
    except CellError as error:
        return RowError(row.number, error.column, cells.get(error.column, ""), error.reason)
    except ValidationError as error:
        return refusal(row, error, _COLUMN_OF)
    except Invalid as error:
        first = error.errors[0]
        column = _COLUMN_OF.get(first.field.removeprefix("body.").partition(".")[0], "")
        return RowError(row.number, column, cells.get(column, ""), first.message)
    return IncomingNeed(
        row.number, NAME, cells["外部ID"], organisation=cells["団体外部ID"], kind=kind, said=said
    )


def _check_named(column: str, written: str) -> None:
    if not written:
        raise CellError(column, "必ず書いてください。")
    if column.endswith("ID") and len(written) > LONGEST_ID:
        raise CellError(column, f"{column}は{LONGEST_ID}文字以内で書いてください。")


def _check_headcount(kind: ListingKind, quantity: int | None) -> None:
    """What is imported is public at once, or has been."""
    if lacks_headcount(Side.NEED, kind, quantity):
        raise CellError("定員", NO_HEADCOUNT)


def _kind(written: str) -> ListingKind:
    if not written:
        return ListingKind.PEOPLE
    short = {kind.label.partition("（")[0]: kind for kind in ListingKind}
    return short.get(written) or ListingKind(choice(ListingKind, "種類", written))


def _nothing(cells: Mapping[str, str]) -> dict[str, Any]:
    """What the columns that are there would say, were they all empty."""
    return {
        name: _EMPTY.get(name)
        for column, names in _SAYS.items()
        if column in cells
        for name in names
    }


def _values(cells: Mapping[str, str], kind: ListingKind) -> dict[str, Any]:
    """The form's values for the cells that are filled."""
    values: dict[str, Any] = {}
    for column, (name, parse) in _SIMPLE.items():
        if written := cells.get(column):
            values[name] = parsed(column, written, parse)
    if written := cells.get("市区町村"):
        values["municipality"] = municipality_of(cells.get("都道府県", ""), written)
    if written := cells.get("活動日"):
        values |= _when(parsed("活動日", written, times_of), kind)
    if (written := cells.get("一回だけ")) and parsed("一回だけ", written, flag):
        values["frequency"] = Frequency.ONCE
    if written := cells.get("頻度"):
        values["frequency"] = choice(Frequency, "頻度", written)
    if written := cells.get("対象年齢"):
        values |= _ages(written)
    return values


def _when(times: Iterable[str], kind: ListingKind) -> dict[str, Any]:
    """Times of the week as its slots; the long holidays are no part of a week."""
    slots = [slot for time in times for slot in _SLOTS_OF.get(time, ())]
    seasons = [time for time in times if time not in _SLOTS_OF]
    if not seasons:
        return {"slots": slots}
    if kind not in OF_PEOPLE:
        raise CellError("活動日", f"「{kind.label}」には長期休みを書けません。")
    return {"slots": slots, "details": {"when": seasons}}


def _slots(days: Iterable[str], periods: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{day}-{period}" for day in days for period in periods)


_SLOTS_OF: Mapping[str, tuple[str, ...]] = {
    ActivityTime.WEEKDAY: _slots(WEEKDAYS[:5], _DAYTIME),
    ActivityTime.EVENING: _slots(WEEKDAYS[:5], ["evening"]),
    ActivityTime.WEEKEND: _slots(WEEKDAYS[5:], _DAYTIME),
}


def _ages(written: str) -> dict[str, Any]:
    """18歳以上, 15〜20, 65歳まで."""
    text = re.sub(r"[〜～－―]", "~", unicodedata.normalize("NFKC", written)).replace(" ", "")
    if only := re.fullmatch(r"([0-9]{1,3})歳?(?:まで|以下)", text):
        return {"max_age": int(only[1])}
    if match := re.fullmatch(
        r"([0-9]{1,3})歳?(?:以上|から|~)*(?:([0-9]{1,3})歳?(?:まで|以下)?)?", text
    ):
        return {"min_age": int(match[1])} | ({"max_age": int(match[2])} if match[2] else {})
    raise CellError("対象年齢", "「18歳以上」「15〜20歳」のように書いてください。")


def _skills(written: str) -> list[Skill]:
    return [Skill(choice(Skill, "", one)) for one in listed(written)]


_SIMPLE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "件名": ("title", str),
    "内容": ("description", str),
    "分野": ("fields", fields_of),
    "緯度": ("latitude", decimal),
    "経度": ("longitude", decimal),
    "オンライン": ("online", flag),
    "親子": ("family", flag),
    "初心者": ("beginners", flag),
    "学生": ("students", flag),
    "交通費": ("travel_paid", flag),
    "定員": ("quantity", whole),
    "単位": ("unit", str),
    "場所": ("place", str),
    "期間開始": ("available_from", day),
    "期間終了": ("available_until", day),
    "締切": ("deadline", day),
    "持ち物": ("belongings", str),
    "保険": ("insurance", str),
    "費用": ("cost", str),
    "必要な技能": ("required_skills", _skills),
    "あるとよい技能": ("preferred_skills", _skills),
}
# Which values a column decides.
_SAYS: Mapping[str, tuple[str, ...]] = {
    **{column: (name,) for column, (name, _) in _SIMPLE.items() if column != "件名"},
    "市区町村": ("municipality",),
    "活動日": ("slots", "details"),
    "一回だけ": ("frequency",),
    "頻度": ("frequency",),
    "対象年齢": ("min_age", "max_age"),
}
_EMPTY: Mapping[str, Any] = {
    "fields": [],
    "slots": [],
    "details": {},
    "required_skills": [],
    "preferred_skills": [],
}
_COLUMN_OF = {name: column for column, names in _SAYS.items() for name in names} | {
    "title": "件名",
    "frequency": "一回だけ",
}

FORMAT = SourceFormat(NAME, "募集の一覧（このサイトの書式）", (REQUIRED,), read, frozenset(COLUMNS))
