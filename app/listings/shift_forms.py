"""What may come in about the dates of an opportunity and the places on them."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.listings.forms import Moment
from app.listings.rules import check_window
from app.listings.shift_rules import normalise_rule
from app.organisations.forms import LongLine

Seats = Annotated[StrictInt, Field(ge=1, le=10_000)]
Rule = Annotated[StrictStr, StringConstraints(max_length=500), AfterValidator(normalise_rule)]

EXAMPLE: dict[str, Any] = {
    "starts_at": "2026-12-05T10:00:00+09:00",
    "ends_at": "2026-12-05T12:00:00+09:00",
    "capacity": 5,
    "rrule": "FREQ=WEEKLY;BYDAY=SA;COUNT=4",
    "note": "集合は会場の入口です。",
}


class ShiftForm(BaseModel):
    """One date, or with a rule many. Without a time zone it is Asia/Tokyo."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    starts_at: Moment
    ends_at: Moment
    capacity: Seats = Field(description="一回の定員（人）")
    rrule: Rule | None = Field(
        None, description="繰り返しの規則（RFC 5545）。終わりがなければ1年分、最大400回"
    )
    note: LongLine | None = None

    @field_validator("ends_at")
    @classmethod
    def _ends_later(cls, value: datetime, info: ValidationInfo) -> datetime:
        if "starts_at" in info.data:
            check_window(info.data["starts_at"], value)
        return value


class ShiftPatch(BaseModel):
    """A change: only what is sent is changed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"capacity": 8}]})

    capacity: Seats = Field(1, description="定員。決まっている人数より少なくはできません。")
    note: LongLine | None = None
    cancelled: StrictBool = Field(
        default=False, description="中止にするか。参加と空き待ちは、すべて取り消されます。"
    )

    def values(self) -> dict[str, Any]:
        """What was sent."""
        return self.model_dump(include=self.model_fields_set)


class PlaceForm(BaseModel):
    """Who takes a place: a person, or an organisation with a party of `size`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"organisation": "01936f00-0000-7000-8000-000000000001", "size": 12}]
        },
    )

    person: uuid.UUID | None = Field(None, description="参加する人")
    organisation: uuid.UUID | None = Field(None, description="参加する団体（事業所・学級など）")
    size: Seats = Field(1, description="人数。個人は1人")

    @field_validator("size")
    @classmethod
    def _one_person_is_one(cls, value: int, info: ValidationInfo) -> int:
        if value > 1 and info.data.get("person"):
            raise ValueError("個人の参加は1人ずつです。")
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.person is None) == (self.organisation is None):
            raise ValueError("person か organisation のどちらか一方を入力してください。")
        return self
