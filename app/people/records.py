"""A resident's profile as it is read, by operators alone."""

import uuid
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from app.vocabulary.fields import Interest
from app.vocabulary.listings import Frequency
from app.vocabulary.people import AgeBand
from app.vocabulary.skills import Skill


class PersonRecord(BaseModel):
    """`slots` are names of `vocabulary.times.SLOTS`; `words` are drawn from `can_do` at night."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: uuid.UUID
    version: int
    name: str
    email: str | None
    phone: str | None
    interests: list[Interest]
    skills: list[Skill]
    can_do: str | None
    words: dict[str, float]
    slots: list[str]
    negotiable: bool
    municipality: str | None
    latitude: float | None
    longitude: float | None
    reach_km: float | None
    online: bool | None
    frequency: Frequency | None
    first_time: bool | None
    age_band: AgeBand | None
    guardian_consent: bool
    matching_consent: bool
    consented_at: datetime | None
    limit_per_month: int
    paused: bool
    paused_until: date | None
    created_at: datetime
    updated_at: datetime
