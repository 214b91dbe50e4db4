"""The values of a listing → its row, and back: small sets stand there as bits."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from uuid_utils.compat import uuid7

from app.core.bits import mask_of, numbers_of
from app.listings.models import Listing
from app.listings.records import ListingRecord
from app.vocabulary.listings import (
    Condition,
    ContactRoute,
    ListingStatus,
    Side,
    Urgency,
)
from app.vocabulary.organisations import EntryMethod
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS

Set = tuple[Callable[[Any], int], Callable[[int], Any]]

_SKILLS, _CONDITIONS = tuple(Skill), tuple(Condition)
_POSITIONS = {slot: position for position, slot in enumerate(SLOTS)}
# What stands as bits: a member → the number of its bit, and back.
_BY_NUMBER: Set = (int, lambda number: number)
_BY_SKILL: Set = (lambda code: Skill(code).number, lambda number: _SKILLS[number])
_SETS: Mapping[str, Set] = {
    "fields": _BY_NUMBER,
    "required_skills": _BY_SKILL,
    "preferred_skills": _BY_SKILL,
    "slots": (lambda slot: _POSITIONS[slot], lambda number: SLOTS[number]),
    "conditions": (
        lambda code: _CONDITIONS.index(Condition(code)),
        lambda number: _CONDITIONS[number],
    ),
}
_DAYS = ("best_before", "available_from", "available_until", "deadline")
_COLUMNS = {"municipality": "municipality_code"}
# A plain table: through the ORM, rows with empty values would go one statement each.
TABLE = Listing.__table__  # type: ignore[attr-defined]
_EMPTY: Mapping[str, Any] = {
    **dict.fromkeys(column.name for column in TABLE.columns),
    **dict.fromkeys(_SETS, 0),
    **dict.fromkeys(("engaged", "exposure"), 0),
    "stages": [],
    "wished_types": [],
    "windows": [],
    "details": {},
    "words": {},
    "negotiable": False,
    "urgency": Urgency.NORMAL,
    "contact_route": ContactRoute.OFFICE,
    "entry_method": EntryMethod.SELF,
}


@dataclass(frozen=True)
class Draft:
    """A listing to be made.

    `values` are as `forms.ListingForm.values` gives them, `organisation_id` and `kind` among them.
    """

    side: Side
    values: Mapping[str, Any]
    status: ListingStatus = ListingStatus.DRAFT
    action: str = "create"
    source: str | None = None
    source_id: str | None = None
    id: uuid.UUID = field(default_factory=uuid7)


def new_row(draft: Draft, words: Mapping[str, float], at: datetime) -> dict[str, Any]:
    """The row of a new listing."""
    return {
        **_EMPTY,
        **columns(draft.values),
        "organisation_id": uuid.UUID(str(draft.values["organisation_id"])),
        "id": draft.id,
        "version": 1,
        "side": draft.side,
        "status": draft.status,
        "source": draft.source,
        "source_id": draft.source_id,
        "words": dict(words),
        "created_at": at,
        "updated_at": at,
        "published_at": at if draft.status is ListingStatus.PUBLISHED else None,
    }


def columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as their columns hold them."""
    return {_COLUMNS.get(name, name): _stored(name, value) for name, value in values.items()}


def _stored(name: str, value: Any) -> Any:
    if name in _SETS:
        return mask_of(map(_SETS[name][0], value))
    if name == "windows":
        return [[window["starts_at"], window["ends_at"]] for window in value]
    if name in _DAYS and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def as_record(row: Mapping[str, Any], organisation: Mapping[str, Any]) -> ListingRecord:
    """The record a row is, with what it shows of its organisation."""
    values = {name: value for name, value in row.items() if name != "organisation_id"}
    values["municipality"] = values.pop("municipality_code")
    for name, (_, member) in _SETS.items():
        values[name] = [member(number) for number in numbers_of(values[name])]
    values["windows"] = [
        {"starts_at": starts_at, "ends_at": ends_at} for starts_at, ends_at in values["windows"]
    ]
    # PostgreSQL keeps keys in an order of its own, and sums of floats depend on theirs.
    values["words"] = dict(sorted(values["words"].items()))
    quantity = values["quantity"]
    values["open_quantity"] = None if quantity is None else max(0, quantity - values["engaged"])
    return ListingRecord.model_validate(values | {"organisation": organisation})
