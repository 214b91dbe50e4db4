"""Time as Japan keeps it: moments in UTC inside, dates of Asia/Tokyo and 和暦 at the edges."""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")
_Day = TypeVar("_Day", date, datetime)

# First day of each era (元号を改める政令), newest first.
_ERAS = (
    ("令和", "R", date(2019, 5, 1)),
    ("平成", "H", date(1989, 1, 8)),
    ("昭和", "S", date(1926, 12, 25)),
    ("大正", "T", date(1912, 7, 30)),
    ("明治", "M", date(1868, 10, 23)),
)
_WESTERN = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?)?月?)?年?", re.ASCII)
_JAPANESE = re.compile(
    r"(令和|平成|昭和|大正|明治|[RHSTM])(元|\d{1,2})(?:年|[-/.])?(?:(\d{1,2})[-/.月](\d{1,2})日?)?",
    re.IGNORECASE | re.ASCII,
)


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """The date in Tokyo."""
    return datetime.now(TOKYO).date()


def years_after(day: _Day, years: int) -> _Day:
    """The same day of another year; after 29 February the first of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, month=3, day=1)


def in_tokyo(moment: datetime) -> datetime:
    return moment.astimezone(TOKYO)


def parse_date(written: str) -> date:
    """A day as people write it: 2024-02-29, 2024/2/29, 令和6年2月29日, R6.2.29, in any width.

    Raises ValueError for anything else, for a day that does not exist, and for a day outside its
    era.
    """
    text = unicodedata.normalize("NFKC", written).replace(" ", "")
    if match := _WESTERN.fullmatch(text):
        if not match[3]:
            raise ValueError(written)
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := _JAPANESE.fullmatch(text):
        if not match[4]:
            raise ValueError(written)
        day = date(_western_year(match[1], match[2]), int(match[3]), int(match[4]))
        if era_of(day)[0] != _era(match[1])[0]:
            raise ValueError(written)
        return day
    raise ValueError(written)


def parse_year(written: str) -> int:
    """A year as people write it: 1985, 1985年, 昭和60年, S60, 平成元年.

    Raises ValueError for anything else, and for a year that its era did not have.
    """
    text = unicodedata.normalize("NFKC", written).replace(" ", "")
    if match := re.fullmatch(r"([0-9]{4})年?", text):
        return int(match[1])
    if (match := _JAPANESE.fullmatch(text)) and not match[3]:
        return _western_year(match[1], match[2])
    return parse_date(written).year


def _era(name: str) -> tuple[str, str, date]:
    return next(era for era in _ERAS if name.upper() in era[:2])


def _western_year(era: str, year: str) -> int:
    """Raises ValueError for a year that its era did not have."""
    number = 1 if year == "元" else int(year)
    found = _era(era)
    western = found[2].year + number - 1
    ended = next((first.year for _, _, first in _ERAS[::-1] if first > found[2]), western)
    if number == 0 or western > ended:
        raise ValueError(year)
    return western


def era_of(day: date) -> tuple[str, int]:
    """The era and the year of it. Raises ValueError before 明治."""
    for name, _, first in _ERAS:
        if day >= first:
            return name, day.year - first.year + 1
    raise ValueError(day)


def wareki(day: date) -> str:
    """令和6年2月29日."""
    name, year = era_of(day)
    return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def wareki_year(year: int) -> str:
    """The era year that a western year ends in: 2019 → 令和元年."""
    try:
        name, number = era_of(date(year, 12, 31))
    except ValueError:
        return ""
    return f"{name}{'元' if number == 1 else number}年"
