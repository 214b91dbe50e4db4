"""Decisions about listings: their moves, who sees them, what each kind carries, what fits together.

Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from app.core.clock import years_after
from app.core.errors import Conflict, FieldError, Invalid
from app.vocabulary.listings import ListingKind, ListingStatus, Side

# From where a listing may go where: state and move as data. The nightly job expires, nobody else.
MOVES: Mapping[str, tuple[frozenset[ListingStatus], ListingStatus]] = {
    "publish": (
        frozenset(ListingStatus) - {ListingStatus.PUBLISHED, ListingStatus.CLOSED},
        ListingStatus.PUBLISHED,
    ),
    "pause": (frozenset({ListingStatus.PUBLISHED}), ListingStatus.PAUSED),
    "fulfil": (
        frozenset({ListingStatus.PUBLISHED, ListingStatus.PAUSED}),
        ListingStatus.FULFILLED,
    ),
    "close": (frozenset(ListingStatus) - {ListingStatus.CLOSED}, ListingStatus.CLOSED),
    "expire": (
        frozenset({ListingStatus.PUBLISHED, ListingStatus.PAUSED}),
        ListingStatus.EXPIRED,
    ),
}
# Nobody joins any more.
OVER = frozenset({ListingStatus.FULFILLED, ListingStatus.CLOSED, ListingStatus.EXPIRED})
# What everybody may read, as long as they find the organisation.
PUBLIC = frozenset(
    {
        ListingStatus.PUBLISHED,
        ListingStatus.FULFILLED,
        ListingStatus.CLOSED,
        ListingStatus.EXPIRED,
    }
)
# What the public never sees of a listing.
OPERATORS_ONLY = frozenset({"source", "source_id", "words", "engaged", "exposure"})

# Where somebody comes in person: to these, dates may be set.
OF_PEOPLE = frozenset({ListingKind.PEOPLE, ListingKind.SKILL})

_PICKUP = frozenset({"pickup_place", "pickup_days", "lot_size", "photos"})
# Which `details` each kind carries.
CARRIES: Mapping[ListingKind, frozenset[str]] = {
    ListingKind.PEOPLE: frozenset({"driving", "when"}),
    ListingKind.SKILL: frozenset({"hours", "deliverable", "when"}),
    ListingKind.GOODS: _PICKUP | {"condition"},
    ListingKind.FOOD: _PICKUP | {"allergens", "storage"},
    ListingKind.FUND: frozenset({"purpose", "eligibility"}),
    ListingKind.PLACE: frozenset({"equipment", "fee", "allowed_use"}),
    ListingKind.ADVICE: frozenset({"topic", "format"}),
    ListingKind.PARTNER: frozenset({"role_sought", "role_offered", "period"}),
}
_FOOD_ONLY = ("temperature", "best_before")

NO_HEADCOUNT = "募集する人数を書いてください（おおよそでかまいません）。"
MOST_WINDOWS = 16
_LONGEST_WINDOW = timedelta(hours=24)
_MOST_YEARS = 3
# Japan with its islands: 沖ノ鳥島 to 択捉島, 与那国島 to 南鳥島.
_LATITUDES = (20.0, 46.0)
_LONGITUDES = (122.0, 154.0)


class MoveNotAllowed(Conflict):
    code = "move_not_allowed"


class OrganisationNotPublished(Conflict):
    code = "organisation_not_published"


class ListingOver(Conflict):
    code = "listing_over"


class HeadcountMissing(Conflict):
    code = "headcount_missing"


# -------------------------------------------------------------------------------------- states


def check_move(move: str, current: ListingStatus) -> ListingStatus:
    """The state after `move`. Raises MoveNotAllowed."""
    allowed, target = MOVES[move]
    if current not in allowed:
        raise MoveNotAllowed(f"「{current.label}」の募集には、この操作はできません。")
    return target


def lacks_headcount(side: Side, kind: ListingKind, quantity: int | None) -> bool:
    """Whether people are to come and nobody has said how many (docs/decisions/0014)."""
    return side is Side.NEED and kind in OF_PEOPLE and quantity is None


def check_publication(*, organisation_findable: bool, over: bool, headcount_missing: bool) -> None:
    """Raises OrganisationNotPublished, ListingOver, HeadcountMissing."""
    if not organisation_findable:
        raise OrganisationNotPublished("団体が公開されていません。先に団体を公開してください。")
    if over:
        raise ListingOver("期間または締切が過ぎています。日付を直してから公開してください。")
    if headcount_missing:
        raise HeadcountMissing(NO_HEADCOUNT)


def is_over(available_until: date | None, deadline: date | None, today: date) -> bool:
    """Whether the last day to take part, or to answer, lies before today."""
    return any(day is not None and day < today for day in (available_until, deadline))


def is_findable(status: ListingStatus, *, organisation_findable: bool) -> bool:
    """Whether the public finds a listing that is not over."""
    return status is ListingStatus.PUBLISHED and organisation_findable


def is_visible(status: ListingStatus, *, organisation_findable: bool) -> bool:
    """Whether the public may open a listing."""
    return status in PUBLIC and organisation_findable


# -------------------------------------------------------------------------------- single values


def check_window(starts_at: datetime, ends_at: datetime) -> None:
    """An exact time ends after it begins, at most a day later. Raises ValueError."""
    if ends_at <= starts_at:
        raise ValueError("終わりは始まりより後にしてください。")
    if ends_at - starts_at > _LONGEST_WINDOW:
        raise ValueError("一つの日時は24時間以内にしてください。")


def check_near(day: date, today: date) -> None:
    """What is planned lies within three years, before or after. Raises ValueError."""
    if not years_after(today, -_MOST_YEARS) <= day <= years_after(today, _MOST_YEARS):
        raise ValueError(f"今日の前後{_MOST_YEARS}年以内の日付にしてください。")


def check_latitude(value: float) -> float:
    """Raises ValueError outside Japan."""
    return _between(value, *_LATITUDES)


def check_longitude(value: float) -> float:
    """Raises ValueError outside Japan."""
    return _between(value, *_LONGITUDES)


def _between(value: float, least: float, most: float) -> float:
    if not least <= value <= most:
        raise ValueError("日本国内の位置を入力してください。")
    return value


# ------------------------------------------------------------------------------ values together

Values = Mapping[str, Any]
Problem = tuple[str, str]


def check_listing(values: Values) -> None:
    """A listing's values have to fit each other and its kind. Raises Invalid at each field.

    `values` is a whole listing as `ListingRecord` names them, days and moments as ISO 8601,
    windows in order.
    """
    found = [problem for check in _CHECKS for problem in check(values)]
    if found:
        errors = [FieldError(f"body.{field}", "value_error", said) for field, said in found]
        raise Invalid(errors=errors)


def _check_kind(values: Values) -> Iterator[Problem]:
    kind = ListingKind(values["kind"])
    said = f"「{kind.label}」にはない項目です。"
    for name in sorted(set(values.get("details") or ()) - CARRIES[kind]):
        yield f"details.{name}", said
    for name in _FOOD_ONLY:
        if kind is not ListingKind.FOOD and values.get(name) is not None:
            yield name, said


def _check_orders(values: Values) -> Iterator[Problem]:
    for least, most, field, said in _ORDERS:
        low, high = values.get(least), values.get(most)
        if low is not None and high is not None and low > high:
            yield field, said


# The smaller value, the larger, the field at fault when it is not so, and what is said then.
_ORDERS = (
    ("available_from", "available_until", "available_until", "期間の終わりが始まりより前です。"),
    ("least_quantity", "quantity", "least_quantity", "最少の数が全体の数より多くなっています。"),
    ("engaged", "quantity", "quantity", "すでに決まっている数より少なくはできません。"),
    ("min_age", "max_age", "max_age", "年齢の上限が下限より低くなっています。"),
)


def _check_position(values: Values) -> Iterator[Problem]:
    if (values.get("latitude") is None) != (values.get("longitude") is None):
        missing = "latitude" if values.get("latitude") is None else "longitude"
        yield missing, "緯度と経度は両方入力してください。"


def _check_overlaps(values: Values) -> Iterator[Problem]:
    windows: Sequence[Mapping[str, Any]] = values.get("windows") or ()
    for one, next_ in pairwise(windows):
        if _moment(next_["starts_at"]) < _moment(one["ends_at"]):
            yield "windows", "日時が重なっています。"
            return


def _moment(written: datetime | str) -> datetime:
    return written if isinstance(written, datetime) else datetime.fromisoformat(written)


_CHECKS: tuple[Callable[[Values], Iterator[Problem]], ...] = (
    _check_kind,
    _check_orders,
    _check_position,
    _check_overlaps,
)
