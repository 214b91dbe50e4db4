"""The cells of `groups-csv` → values. Each raises CellError or ValueError for what it cannot be."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from app.core.clock import parse_date, parse_year
from app.organisations.forms import RegistrationForm
from app.places.rules import find_by_name, normalise_code
from app.vocabulary import Choice
from app.vocabulary.fields import Field
from app.vocabulary.goals import Goal
from app.vocabulary.organisations import EntryMethod
from app.vocabulary.times import ActivityTime

_SEPARATOR = re.compile(r"[;；、,，\n]+")
_STRONG_SEPARATOR = re.compile(r"[;；\n]+")
_NUMBERS = re.compile(r"[\d\s;；、,，]+")
_INTEGER = re.compile(r"\s*-?[0-9０-９]{1,12}\s*")
_DECIMAL = re.compile(r"[-+]?[0-9０-９]{1,12}(\.[0-9０-９]{0,30})?")
_YES = frozenset("1 はい 可 有 あり ○ ◯ 公開 同意 true yes".split())
_NO = frozenset("0 いいえ 不可 無 なし × 非公開 不同意 false no".split())


class CellError(ValueError):
    """What is wrong with one cell."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


def listed(written: str) -> list[str]:
    return [part.strip() for part in _SEPARATOR.split(written) if part.strip()]


def choice(choices: type[Choice], column: str, written: str) -> Choice:
    found = choices.named(written)
    if found is None:
        known = "、".join(choice.label for choice in choices)
        raise CellError(column, f"次のどれかで書いてください: {known}")
    return found


def yes_or_no(column: str, written: str) -> bool:
    if written.lower() in _YES:
        return True
    if written.lower() in _NO:
        return False
    raise CellError(column, "1（はい）か 0（いいえ）で書いてください。")


def flag(written: str) -> bool:
    return yes_or_no("", written)


def fields_of(written: str) -> list[int]:
    """Numbers, short names or the statute's wording, which has commas of its own."""
    separator = _SEPARATOR if _NUMBERS.fullmatch(written) else _STRONG_SEPARATOR
    fields = [_field(part.strip()) for part in separator.split(written) if part.strip()]
    return [int(field.value) for field in fields]


def _field(written: str) -> Field:
    plain = unicodedata.normalize("NFKC", written)
    found = next((f for f in Field if plain in (f.value, f.short) or written == f.label), None)
    if found is None:
        raise CellError("", "分野は 1〜20 の番号、または法の別表の文言で書いてください。")
    return found


def whole(written: str) -> int:
    return _integer(re.sub(r"[人名,，]", "", written))


def months(written: str) -> int:
    return _integer(written.removesuffix("か月").removesuffix("ヶ月"))


def _integer(written: str) -> int:
    """Raises ValueError also for what Python would take: 1_0, digits of other scripts."""
    if not _INTEGER.fullmatch(written):
        raise ValueError(written)
    return int(written)


def decimal(written: str) -> float:
    """Raises ValueError also for what Python would take: 1_0, nan, digits of other scripts."""
    if not _DECIMAL.fullmatch(written):
        raise ValueError(written)
    return float(written)


def day(written: str) -> str:
    return parse_date(written).isoformat()


def times_of(written: str) -> list[str]:
    return [choice(ActivityTime, "", part).value for part in listed(written)]


def goals_of(written: str) -> list[str]:
    return [choice(Goal, "", part).value for part in listed(written)]


def areas_of(written: str) -> list[str]:
    codes = []
    for part in listed(written):
        prefecture = re.match(r".{2,3}?[都道府県]", part)
        code = normalise_code(part)
        if code is None and prefecture:
            place = find_by_name(prefecture[0], part.removeprefix(prefecture[0]))
            code = place.code if place else None
        if code is None:
            raise CellError(
                "", "市区町村コード、または都道府県から書いた市区町村名で書いてください。"
            )
        codes.append(code)
    return codes


def registrations_of(written: str) -> list[dict[str, Any]]:
    """scheme:number:from:until, several separated by ;."""
    registrations = []
    for part in _STRONG_SEPARATOR.split(written):
        scheme, number, since, until = (*part.strip().split(":"), "", "", "", "")[:4]
        form = RegistrationForm(
            scheme="any",
            number=number or None,
            valid_from=parse_date(since) if since else None,
            valid_until=parse_date(until) if until else None,
        )
        registrations.append({**form.model_dump(mode="json"), "scheme": scheme})
    return registrations


def municipality_of(prefecture: str, written: str) -> str:
    if code := normalise_code(written):
        return code
    place = find_by_name(prefecture, written)
    if place is None:
        raise CellError("市区町村", "市区町村の名前またはコードが見つかりません。")
    return place.code


def entry_method(written: str) -> str:
    return choice(EntryMethod, "", written).value


_REASONS: dict[Callable[[str], Any], str] = {
    whole: "数で書いてください。",
    months: "月の数で書いてください。",
    decimal: "数で書いてください。",
    parse_year: "年（例: 1998、平成10年）で書いてください。",
    parse_date: "日付（例: 2026-04-01、令和8年4月1日）で書いてください。",
    day: "日付（例: 2026-04-01、令和8年4月1日）で書いてください。",
    registrations_of: "登録は「制度:番号:開始日:終了日」で書いてください。",
}


def parsed(column: str, written: str, parse: Callable[[str], Any]) -> Any:
    """What a cell says. Raises CellError with the column and a sentence."""
    try:
        return parse(written)
    except CellError as error:
        raise CellError(column, error.reason) from error
    except ValueError:
        raise CellError(column, _REASONS.get(parse, "値が正しくありません。")) from None
