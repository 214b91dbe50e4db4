"""A need or an offer as it is read: whole, a plain value, its sets decoded."""

import uuid
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.core import clock
from app.listings.rules import OPERATORS_ONLY, is_findable, is_over, is_visible
from app.vocabulary.listings import (
    Condition,
    ContactRoute,
    Frequency,
    ListingKind,
    ListingStatus,
    Side,
    Temperature,
    Urgency,
)
from app.vocabulary.organisations import EntryMethod, OrganisationType
from app.vocabulary.skills import Skill


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WindowRecord(_Part):
    """An exact time, in UTC."""

    starts_at: datetime
    ends_at: datetime


class OrganiserRecord(_Part):
    """Whose listing it is; what the public may know of that organisation is not shown."""

    id: uuid.UUID
    name: str
    findable: bool = Field(default=False, exclude=True)


class ListingRecord(_Part):
    """A listing as read, everything in it.

    `open_quantity` is what is still sought or given, None where no quantity was said; `words` maps
    content words to their idf.
    """

    id: uuid.UUID
    version: int
    side: Side
    kind: ListingKind
    status: ListingStatus
    organisation: OrganiserRecord
    source: str | None
    source_id: str | None
    entry_method: EntryMethod

    title: str
    description: str | None
    words: dict[str, float]
    fields: list[int]
    required_skills: list[Skill]
    preferred_skills: list[Skill]
    stages: list[str]
    wished_types: list[OrganisationType]
    urgency: Urgency
    contact_route: ContactRoute
    details: dict[str, Any]

    quantity: int | None
    open_quantity: int | None
    unit: str | None
    least_quantity: int | None
    engaged: int
    exposure: int
    best_before: date | None
    temperature: Temperature | None
    conditions: list[Condition]

    available_from: date | None
    available_until: date | None
    deadline: date | None
    slots: list[str]
    windows: list[WindowRecord]
    negotiable: bool
    minutes: int | None

    municipality: str | None
    place: str | None
    latitude: float | None
    longitude: float | None
    reach_km: float | None
    online: bool | None

    frequency: Frequency | None
    beginners: bool | None
    may_stop: bool | None
    family: bool | None
    students: bool | None
    travel_paid: bool | None
    cost: str | None
    insurance: str | None
    belongings: str | None
    min_age: int | None
    max_age: int | None
    video_url: str | None

    created_at: datetime
    updated_at: datetime
    published_at: datetime | None

    @property
    def findable(self) -> bool:
        """Whether the public finds it today, in Tokyo."""
        return self.findable_on(clock.today())

    def findable_on(self, today: date) -> bool:
        return is_findable(
            self.status, organisation_findable=self.organisation.findable
        ) and not is_over(self.available_until, self.deadline, today)

    @property
    def visible(self) -> bool:
        return is_visible(self.status, organisation_findable=self.organisation.findable)

    def for_public(self) -> "ListingRecord":
        """Without what serves operators and the matching alone."""
        return self.model_copy(update={name: _EMPTY[name] for name in OPERATORS_ONLY})


_EMPTY: dict[str, Any] = {
    "source": None,
    "source_id": None,
    "words": {},
    "engaged": 0,
    "exposure": 0,
}
