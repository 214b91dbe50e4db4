"""Decisions about shifts: the dates of a rule, who may take a place, who is next. Pure.

A rule (RRULE, RFC 5545) repeats what the clock on a wall in Tokyo shows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from dateutil.rrule import rrulestr

from app.core.clock import TOKYO, years_after
from app.core.errors import Conflict
from app.listings.rules import OF_PEOPLE, OVER, ListingOver
from app.vocabulary.listings import ListingKind, ListingStatus
from app.vocabulary.people import AgeBand

OFFER_LASTS = timedelta(hours=48)
MOST_DATES = 400
_MOST_YEARS = 3
# A rule that does not say when it ends.
_WITHOUT_END = 1
_OPEN = frozenset({ListingStatus.PUBLISHED, ListingStatus.PAUSED})

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_SUB_DAILY = ("HOURLY", "MINUTELY", "SECONDLY", "BYHOUR", "BYMINUTE", "BYSECOND")
_DAY = r"(?:MO|TU|WE|TH|FR|SA|SU)"


def _list(item: str) -> str:
    return rf"{item}(?:,{item})*"


# The parts of a rule (RFC 5545, 3.3.10) and what each may hold.
_PARTS = {
    "FREQ": re.compile("|".join(_FREQUENCIES)),
    "UNTIL": re.compile(r"\d{8}(?:T\d{6}Z?)?", re.ASCII),
    "COUNT": re.compile(r"[1-9]\d{0,3}", re.ASCII),
    "INTERVAL": re.compile(r"[1-9]\d{0,2}", re.ASCII),
    "BYDAY": re.compile(_list(rf"(?:[+-]?[1-9]\d?)?{_DAY}"), re.ASCII),
    "BYMONTHDAY": re.compile(_list(r"[+-]?(?:[1-9]|[12]\d|3[01])"), re.ASCII),
    "BYYEARDAY": re.compile(_list(r"[+-]?[1-9]\d{0,2}"), re.ASCII),
    "BYWEEKNO": re.compile(_list(r"[+-]?[1-9]\d?"), re.ASCII),
    "BYMONTH": re.compile(_list(r"(?:[1-9]|1[0-2])"), re.ASCII),
    "BYSETPOS": re.compile(_list(r"[+-]?[1-9]\d{0,2}"), re.ASCII),
    "WKST": re.compile(_DAY),
}
# What a part goes with, where it does not go with every frequency.
_ONLY_WITH = {
    "BYMONTHDAY": {"DAILY", "MONTHLY", "YEARLY"},
    "BYYEARDAY": {"YEARLY"},
    "BYWEEKNO": {"YEARLY"},
    "BYSETPOS": {"WEEKLY", "MONTHLY", "YEARLY"},
}
_WEEKS_OF_MONTH = 5
_WEEKS_OF_YEAR = 53
_NOT_A_RULE = "繰り返しの規則（RRULE。例: FREQ=WEEKLY;BYDAY=SA;COUNT=10）を読み取れません。"
_TOO_MANY = f"一度に作れる日程は{MOST_DATES}回までです。回数か終わりの日を指定してください。"
_TOO_FAR = f"{_MOST_YEARS}年より先の日程は作れません。"
# The Gregorian calendar repeats every 400 years, weekdays included. A rule that fits no day at all
# is tried up to the year 9999: moved next to it, that is soon over.
_CYCLE = 400
_LATEST_START = 9_990

Party = TypeVar("Party")


class NoShifts(Conflict):
    code = "no_shifts"


class NeedNotOpen(Conflict):
    code = "need_not_open"


class ShiftOver(Conflict):
    code = "shift_over"


class PlaceNotOffered(Conflict):
    code = "place_not_offered"


class OfferOver(Conflict):
    code = "offer_over"

    def __init__(self) -> None:
        super().__init__("案内の期限が過ぎたため、次の方へご案内しました。")


class Overlapping(Conflict):
    code = "overlapping"

    def __init__(self) -> None:
        super().__init__("同じ時間に、すでに別の参加が決まっています。")


# --------------------------------------------------------------------------------------- dates


def check_kind(kind: ListingKind) -> None:
    """Raises NoShifts: only people and skills are sought for a date."""
    if kind not in OF_PEOPLE:
        raise NoShifts(f"「{kind.label}」の募集に日程は作れません。")


def check_lasting(status: ListingStatus) -> None:
    """Raises ListingOver: what has ended gets no more dates."""
    if status in OVER:
        raise ListingOver(f"「{status.label}」の募集に日程は作れません。")


def check_ahead(starts_at: datetime, now: datetime) -> None:
    """Raises ValueError for what has begun."""
    if starts_at < now:
        raise ValueError("始まりは今より後の日時にしてください。")


def is_open(status: ListingStatus, *, organisation_findable: bool) -> bool:
    """Whether seats of a need may be given."""
    return status in _OPEN and organisation_findable


def check_open(status: ListingStatus, *, organisation_findable: bool) -> None:
    """Raises NeedNotOpen when no seat of the need may be given."""
    if status not in _OPEN:
        raise NeedNotOpen(f"「{status.label}」の募集には参加できません。")
    if not organisation_findable:
        raise NeedNotOpen("団体が公開されていないため、この募集には参加できません。")


def check_date(*, cancelled: bool, ends_at: datetime, now: datetime) -> None:
    """Raises ShiftOver when nobody can join any more."""
    if cancelled:
        raise ShiftOver("この日程は中止になりました。")
    if ends_at <= now:
        raise ShiftOver("この日程はもう終わっています。")


def dates(
    starts_at: datetime, ends_at: datetime, rule: str | None, now: datetime
) -> list[tuple[datetime, datetime]]:
    """Begin and end of every date, in UTC.

    Without COUNT and UNTIL a rule holds for a year. Raises ValueError for a rule that is none, that
    fits no day, that makes more than 400 dates, or one more than three years ahead.
    """
    first = starts_at.astimezone(TOKYO).replace(tzinfo=None)
    latest = years_after(now.astimezone(TOKYO).replace(tzinfo=None), _MOST_YEARS)
    if first > latest:
        raise ValueError(_TOO_FAR)
    found = list(_repeated(first, rule, latest)) if rule else [first]
    if not found:
        raise ValueError("この繰り返しの規則に合う日がありません。")
    lasts = ends_at - starts_at
    begins = [moment.replace(tzinfo=TOKYO).astimezone(UTC) for moment in found]
    return [(moment, moment + lasts) for moment in begins]


def normalise_rule(written: str) -> str:
    """The rule without its name, in capitals. Raises ValueError unless RFC 5545 knows it."""
    rule = written.strip().upper().removeprefix("RRULE:").rstrip(";")
    parts = _parts(rule)
    if any(name in _SUB_DAILY or parts.get("FREQ") in _SUB_DAILY for name in parts):
        raise ValueError("繰り返しは一日に一回までです（FREQ は DAILY・WEEKLY・MONTHLY・YEARLY）。")
    if not _is_rule(parts):
        raise ValueError(_NOT_A_RULE)
    if "UNTIL" in parts:
        _until(parts["UNTIL"])
    return rule


def _is_rule(parts: Mapping[str, str]) -> bool:
    known = all(name in _PARTS and _PARTS[name].fullmatch(v) for name, v in parts.items())
    if not known or "FREQ" not in parts or {"COUNT", "UNTIL"} <= set(parts):
        return False
    frequency = parts["FREQ"]
    numbered = re.search(r"\d", parts.get("BYDAY", "")) and frequency in ("DAILY", "WEEKLY")
    alone = "BYSETPOS" in parts and not any(
        name.startswith("BY") and name != "BYSETPOS" for name in parts
    )
    misplaced = any(frequency not in _ONLY_WITH.get(name, _FREQUENCIES) for name in parts)
    return not (numbered or alone or misplaced or _counts_too_far(parts))


def _counts_too_far(parts: Mapping[str, str]) -> bool:
    """Whether BYDAY asks for a weekday that no month, or no year, has so many of."""
    in_month = parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts
    most = _WEEKS_OF_MONTH if in_month else _WEEKS_OF_YEAR
    return any(int(number) > most for number in re.findall(r"\d+", parts.get("BYDAY", "")))


def _parts(rule: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in rule.split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) < len(pairs):
        raise ValueError(_NOT_A_RULE)
    return parts


def _repeated(first: datetime, rule: str, latest: datetime) -> Iterator[datetime]:
    """The beginnings, as the wall clock shows them. Raises ValueError."""
    parts = _parts(normalise_rule(rule))
    last = _until(parts.pop("UNTIL")) if "UNTIL" in parts else None
    if last is None and "COUNT" not in parts:
        last = min(latest, years_after(first, _WITHOUT_END) - timedelta.resolution)
    shift = (_LATEST_START - first.year) // _CYCLE * _CYCLE
    plain = ";".join(f"{name}={value}" for name, value in parts.items())
    moved = _moments(plain, first.replace(year=first.year + shift))
    for number, moment in enumerate(moved):
        # dateutil knows whole seconds only.
        begins = moment.replace(year=moment.year - shift, microsecond=first.microsecond)
        if last and begins > last:
            return
        if begins > latest:
            raise ValueError(_TOO_FAR)
        if number == MOST_DATES:
            raise ValueError(_TOO_MANY)
        yield begins


def _moments(rule: str, first: datetime) -> Iterator[datetime]:
    """What the library makes of a rule. Raises ValueError where it cannot."""
    try:
        yield from rrulestr(rule, dtstart=first)
    except (IndexError, ValueError, OverflowError):
        raise ValueError(_NOT_A_RULE) from None


def _until(written: str) -> datetime:
    """The last moment a rule holds, as the wall clock shows it. Raises ValueError."""
    try:
        if "T" not in written:
            return datetime.combine(datetime.strptime(written, "%Y%m%d"), time.max)  # noqa: DTZ007
        moment = datetime.strptime(written.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        if written.endswith("Z"):
            return moment.replace(tzinfo=UTC).astimezone(TOKYO).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ValueError(_NOT_A_RULE) from None
    return moment


# -------------------------------------------------------------------------------------- places


def overlaps(
    one_begins: datetime, one_ends: datetime, other_begins: datetime, other_ends: datetime
) -> bool:
    """Whether two times share a moment; one may begin when the other ends."""
    return one_begins < other_ends and other_begins < one_ends


def check_age(
    min_age: int | None, max_age: int | None, band: AgeBand | None, *, guardian_consent: bool
) -> None:
    """A need that states an age is for those whose band reaches it. Raises ValueError.

    Somebody under 18 takes part when a guardian has agreed (民法 第5条).
    """
    if band is not None and band.is_minor and not guardian_consent:
        raise ValueError("18歳未満の方の参加には、保護者の同意が必要です。")
    if min_age is None and max_age is None:
        return
    if band is None:
        raise ValueError("年齢の条件がある募集です。年代を登録してから申し込んでください。")
    youngest, oldest = band.years
    if (min_age is not None and oldest < min_age) or (max_age is not None and youngest > max_age):
        raise ValueError("この募集の年齢の条件に合いません。")


def next_to_offer(free: int, waiting: Iterable[tuple[Party, int]]) -> Sequence[Party]:
    """Who of those waiting, in order, is offered the free seats: whoever is first and fits."""
    offered: list[Party] = []
    for party, size in waiting:
        if size <= free:
            offered.append(party)
            free -= size
    return offered


def offered_until(now: datetime, starts_at: datetime) -> datetime:
    """An offer stands for two days, and not beyond the beginning."""
    return min(now + OFFER_LASTS, max(starts_at, now))
