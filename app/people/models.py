"""A resident's profile. None of it is public; sensitive traits have no column."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from app.core.db import UTCDateTime, choice, json_column
from app.vocabulary.listings import Frequency
from app.vocabulary.people import AgeBand


class Person(SQLModel, table=True):
    """`skills` and `slots` are masks (`vocabulary.skills`, `vocabulary.times.SLOTS`).

    `engaged` counts what is pending, accepted or joined, `exposure` the same of the last 28 days up
    to midnight. Matching reads a profile only while `matching_consent` is given.
    """

    __tablename__ = "person"
    __table_args__ = (
        Index("ix_person_updated_at", "updated_at"),
        CheckConstraint("version > 0", name="version_positive"),
        CheckConstraint("engaged >= 0", name="engaged_not_negative"),
    )

    id: uuid.UUID = Field(primary_key=True)
    version: int = 1
    name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=200)
    phone: str | None = Field(default=None, max_length=200)

    interests: list[str] = Field(
        default_factory=list, sa_column=Column(json_column(), nullable=False)
    )
    skills: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    can_do: str | None = None
    words: dict[str, float] = Field(
        default_factory=dict, sa_column=Column(json_column(), nullable=False)
    )

    slots: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    negotiable: bool = False
    municipality_code: str | None = Field(default=None, max_length=6)
    latitude: float | None = None
    longitude: float | None = None
    reach_km: float | None = None
    online: bool | None = None
    frequency: Frequency | None = Field(default=None, sa_type=choice(Frequency))
    first_time: bool | None = None

    age_band: AgeBand | None = Field(default=None, sa_type=choice(AgeBand))
    guardian_consent: bool = False
    matching_consent: bool = False
    consented_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    limit_per_month: int = 2
    paused: bool = False
    paused_until: date | None = None

    engaged: int = 0
    exposure: int = 0
    created_at: datetime = Field(sa_type=UTCDateTime)
    updated_at: datetime = Field(sa_type=UTCDateTime)
