"""Days as people name them: 明日, 来週の土曜, 12月5日, 来月 → dates. Pure; `today` is passed in.

A day without its year is the next one of that name. Weeks begin on Monday.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import chain

MOST_DAYS = 92
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KANJI = "月火水木金土日"
_DAY = timedelta(days=1)
_BEFORE_REIWA = 2018
_YEARS = 9  # in so many years every day of the calendar comes, 2月29日 too

# What says of the words before it that they do not do: 「夜はだめ」「平日以外」.
DENIED = (
    "(?:は|が|も|だと|なら)?(?:だめ|駄目|ダメ|ng|無理|以外|不可|(?:参加)?(?:でき|出来)(?:ない|ません)"
    "|行け(?:ない|ません)|難しい|厳しい)(?:です|だ|な)?(?:が|けど|ので)?"
)
PART_OF_DAY = "(?:の?(?:午前中?|午後|昼間?|日中|朝|夕方))?"

_Span = tuple[date, date]
_RELATIVE = {"今日": 0, "きょう": 0, "本日": 0, "明日": 1, "あした": 1, "あす": 1}
_RELATIVE |= {"明後日": 2, "あさって": 2}
_WEEKS = {"今週": 0, "来週": 1, "再来週": 2}
_MONTHS = {"今月": 0, "来月": 1, "再来月": 2}
_NEAR_YEARS = {"今年": 0, "来年": 1}


def _relative(found: re.Match[str], today: date) -> _Span:
    day = today + _RELATIVE[found[1]] * _DAY
    return day, day


def _week(found: re.Match[str], today: date) -> _Span:
    monday = today + (_WEEKS[found[1]] * 7 - today.weekday()) * _DAY
    if not found[2]:
        return monday, monday + 6 * _DAY
    if found[2] in ("週末", "末", "土日"):
        return monday + 5 * _DAY, monday + 6 * _DAY
    day = monday + _KANJI.index(found[2]) * _DAY
    return day, day


def _month(found: re.Match[str], today: date) -> _Span:
    years, month = divmod(today.month - 1 + _MONTHS[found[1]], 12)
    return _calendar(today.year + years, month + 1, None)


def _dated(found: re.Match[str], today: date) -> _Span | None:
    """A day or a month; None for one that does not exist."""
    said = found.groupdict()
    month, day = int(said["month"]), int(said["day"]) if said["day"] else None
    years: Iterable[int] = range(today.year, today.year + _YEARS)
    if year := _year(said, today):
        years = [year]
    for number in years:
        try:
            first, last = _calendar(number, month, day)
        except ValueError:
            continue
        if year or last >= today:
            return first, last
    return None


def _year(said: dict[str, str], today: date) -> int | None:
    if era := said.get("era"):
        return _BEFORE_REIWA + (1 if era == "元" else int(era))
    if near := said.get("near"):
        return today.year + _NEAR_YEARS[near]
    return int(said["year"]) if said.get("year") else None


def _calendar(year: int, month: int, day: int | None) -> _Span:
    """Raises ValueError for a day or a month that does not exist."""
    if day is not None:
        return date(year, month, day), date(year, month, day)
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


# 明日香村, 明日葉 and 今日的 are other words.
_OF_ITS_OWN = (
    r"(?=$|[\s、。,!?にのはもでか]|から|以外|だめ|無理|ボラ|でき|出来|参加|手伝|行け|空い|暇)"
)
_NAMES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], _Span | None]], ...] = (
    (re.compile(f"({'|'.join(_RELATIVE)}){_OF_ITS_OWN}"), _relative),
    (
        re.compile("(再来週|来週|今週)(?:の?(週末|末|土日|[月火水木金土日](?=曜))(?:曜日?)?)?"),
        _week,
    ),
    (re.compile("(再来月|来月|今月)"), _month),
    (
        re.compile(
            r"(?<!\d)(?:令和(?P<era>元|\d{1,2})年|(?P<year>\d{4})年|(?P<near>今年|来年)の?)?"
            r"(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})日|(?!\d))"
        ),
        _dated,
    ),
    (re.compile(r"(?<!\d)(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?!\d)"), _dated),
    (re.compile(r"(?<![\d/])(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])"), _dated),
)
_ABOUT = r"(?:\([月火水木金土日](?:・?祝)?\)|中|頃|ごろ|上旬|中旬|下旬|末)?"
_TAIL = re.compile(
    f"{_ABOUT}{PART_OF_DAY}(?P<denied>{DENIED})?(?:まで(?:の間)?)?(?:[にのはも、,]|で(?!き))?"
)
_SPAN = re.compile(r"\s*(?:から|より|-)\s*")
_LIST = re.compile(r"\s*(?:か|と|や|、|,|・|または|\s)\s*")
_WRITTEN = re.compile(r"(?:令和(?:元|\d{1,2})年|\d{4}年)?\d{1,2}月(?:\d{1,2}日)?")


def read_days(text: str, today: date) -> tuple[tuple[date, ...], str]:
    """The days named in a normalised text, at most `MOST_DAYS`, and the rest of it.

    A span (「…から…まで」), a week and a month are all their days from today on.
    """
    spans: list[_Span] = []
    rest, at = "", 0
    for start, end, span in _mentions(text, today):
        between = text[at:start]
        if spans and span and _SPAN.fullmatch(between):
            spans[-1] = _between(spans[-1][0], span[1], today)
        else:
            rest += " " if at and _LIST.fullmatch(between) else between + " "
            spans += [span] if span else []
        at = end
    return _days(spans, today), " ".join((rest + text[at:]).split())


def _mentions(text: str, today: date) -> list[tuple[int, int, _Span | None]]:
    """Where days are named, in order, without overlap; None where the day is one that won't do."""
    found: list[tuple[int, int, _Span | None]] = []
    for match, span in sorted(_read(text, today), key=lambda item: item[0].start()):
        if not found or match.start() >= found[-1][1]:
            tail = _TAIL.match(text, match.end())
            denied = bool(tail and tail["denied"])
            end = tail.end() if tail else match.end()
            found.append((match.start(), end, None if denied else span))
    return found


def _read(text: str, today: date) -> Iterable[tuple[re.Match[str], _Span]]:
    for pattern, meaning in _NAMES:
        for match in pattern.finditer(text):
            if span := meaning(match, today):
                yield match, span


def _between(first: date, last: date, today: date) -> _Span:
    """A span that has begun is under way, not next year's."""
    return (first if first <= last else min(today, last)), last


def _days(spans: Iterable[_Span], today: date) -> tuple[date, ...]:
    days = chain.from_iterable(_each(*span, today) for span in spans)
    return tuple(dict.fromkeys(days))[:MOST_DAYS]


def _each(first: date, last: date, today: date) -> list[date]:
    first = max(first, today) if last >= today else first
    return [first + n * _DAY for n in range(min((last - first).days + 1, MOST_DAYS))]


def without_dates(text: str) -> str:
    """A normalised text without days and months: the 月 of 「2月」 is not the moon."""
    return _WRITTEN.sub(" ", text)


def day_codes(days: Iterable[date]) -> tuple[str, ...]:
    """What a document that fits one of these days has among its `day` codes."""
    codes = [code for day in days for code in (day.isoformat(), _WEEKDAYS[day.weekday()])]
    return tuple(dict.fromkeys(codes))


def dates_of(codes: Iterable[str]) -> tuple[str, ...]:
    """Of `day_codes` the dates."""
    return tuple(code for code in codes if code[0].isdigit())
