"""Tables of needs and offers, their shifts, and how pairs stand.

Small sets are integers, one bit a member: `fields` (number of the NPO Act's schedule), `skills`
(`vocabulary.skills`), `slots` (`vocabulary.times.SLOTS`), `conditions` (`vocabulary.listings`).
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.core.db import UTCDateTime, choice, json_column
from app.vocabulary.listings import (
    ContactRoute,
    EngagementState,
    Frequency,
    ListingKind,
    ListingStatus,
    PartyKind,
    PlaceState,
    Side,
    Temperature,
    Urgency,
)
from app.vocabulary.organisations import EntryMethod


def _mask() -> Any:
    return Field(default=0, sa_column=Column(BigInteger, nullable=False))


def _json(kind: type = list) -> Any:
    return Field(default_factory=kind, sa_column=Column(json_column(), nullable=False))


class Listing(SQLModel, table=True):
    """求める・提供する. `quantity` None: not said. `engaged` is what is pending or accepted of it.

    `exposure` counts what was engaged in the last 28 days up to midnight; `words` maps content
    words to their idf.
    """

    __tablename__ = "listing"
    __table_args__ = (
        Index("ix_listing_side", "side", "status", "id"),
        Index("ix_listing_organisation_id", "organisation_id"),
        UniqueConstraint("source", "source_id"),
        CheckConstraint("version > 0", name="version_positive"),
        CheckConstraint("quantity IS NULL OR quantity > 0", name="quantity_positive"),
        CheckConstraint("engaged >= 0", name="engaged_not_negative"),
    )

    id: uuid.UUID = Field(primary_key=True)
    version: int = 1
    side: Side = Field(sa_type=choice(Side))
    kind: ListingKind = Field(sa_type=choice(ListingKind))
    status: ListingStatus = Field(default=ListingStatus.DRAFT, sa_type=choice(ListingStatus))
    organisation_id: uuid.UUID = Field(foreign_key="organisation.id", ondelete="CASCADE")
    source: str | None = Field(default=None, max_length=60)
    source_id: str | None = Field(default=None, max_length=200)
    entry_method: EntryMethod = Field(default=EntryMethod.SELF, sa_type=choice(EntryMethod))

    title: str = Field(max_length=200)
    description: str | None = None
    words: dict[str, float] = _json(dict)
    fields: int = _mask()
    required_skills: int = _mask()
    preferred_skills: int = _mask()
    stages: list[str] = _json()
    wished_types: list[str] = _json()
    urgency: Urgency = Field(default=Urgency.NORMAL, sa_type=choice(Urgency))
    contact_route: ContactRoute = Field(default=ContactRoute.OFFICE, sa_type=choice(ContactRoute))
    details: dict[str, Any] = _json(dict)

    quantity: int | None = None
    unit: str | None = Field(default=None, max_length=20)
    least_quantity: int | None = None
    engaged: int = 0
    exposure: int = 0
    best_before: date | None = None
    temperature: Temperature | None = Field(default=None, sa_type=choice(Temperature))
    conditions: int = _mask()

    available_from: date | None = None
    available_until: date | None = None
    deadline: date | None = None
    slots: int = _mask()
    windows: list[list[str]] = _json()
    negotiable: bool = False
    minutes: int | None = None

    municipality_code: str | None = Field(default=None, max_length=6)
    place: str | None = Field(default=None, max_length=500)
    latitude: float | None = None
    longitude: float | None = None
    reach_km: float | None = None
    online: bool | None = None

    frequency: Frequency | None = Field(default=None, sa_type=choice(Frequency))
    beginners: bool | None = None
    may_stop: bool | None = None
    family: bool | None = None
    students: bool | None = None
    travel_paid: bool | None = None
    cost: str | None = Field(default=None, max_length=500)
    insurance: str | None = Field(default=None, max_length=500)
    belongings: str | None = Field(default=None, max_length=500)
    min_age: int | None = None
    max_age: int | None = None
    video_url: str | None = Field(default=None, max_length=1000)

    created_at: datetime = Field(sa_type=UTCDateTime)
    updated_at: datetime = Field(sa_type=UTCDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Engagement(SQLModel, table=True):
    """How a listing and a party stand; gates H3 and H8 and the exposure count read it."""

    __tablename__ = "engagement"
    __table_args__ = (
        UniqueConstraint("listing_id", "party_kind", "party_id"),
        Index("ix_engagement_party", "party_kind", "party_id"),
        Index("ix_engagement_at", "at"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: int | None = Field(default=None, primary_key=True)
    listing_id: uuid.UUID = Field(foreign_key="listing.id", ondelete="CASCADE")
    party_kind: PartyKind = Field(sa_type=choice(PartyKind))
    party_id: uuid.UUID
    state: EngagementState = Field(sa_type=choice(EngagementState))
    quantity: int = 1
    at: datetime = Field(sa_type=UTCDateTime)


class Shift(SQLModel, table=True):
    """One date of an opportunity. `series_id` joins the dates of one RRULE (RFC 5545)."""

    __tablename__ = "shift"
    __table_args__ = (
        Index("ix_shift_listing_id", "listing_id", "starts_at"),
        CheckConstraint("starts_at < ends_at", name="in_order"),
        CheckConstraint("capacity > 0", name="capacity_positive"),
        CheckConstraint("taken BETWEEN 0 AND capacity", name="not_oversubscribed"),
    )

    id: uuid.UUID = Field(primary_key=True)
    listing_id: uuid.UUID = Field(foreign_key="listing.id", ondelete="CASCADE")
    series_id: uuid.UUID | None = None
    rrule: str | None = Field(default=None, max_length=500)
    starts_at: datetime = Field(sa_type=UTCDateTime)
    ends_at: datetime = Field(sa_type=UTCDateTime)
    capacity: int
    taken: int = 0
    note: str | None = Field(default=None, max_length=500)
    cancelled: bool = False


class Place(SQLModel, table=True):
    """A place taken, or waited for, by a person or by an organisation's party of `size`."""

    __tablename__ = "place"
    __table_args__ = (
        Index("ix_place_shift_id", "shift_id", "id"),
        Index("ix_place_person_id", "person_id"),
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint(
            "(person_id IS NULL) <> (organisation_id IS NULL)", name="person_or_organisation"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    shift_id: uuid.UUID = Field(foreign_key="shift.id", ondelete="CASCADE")
    person_id: uuid.UUID | None = Field(default=None, foreign_key="person.id", ondelete="CASCADE")
    organisation_id: uuid.UUID | None = Field(
        default=None, foreign_key="organisation.id", ondelete="CASCADE"
    )
    size: int = 1
    state: PlaceState = Field(sa_type=choice(PlaceState))
    offered_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    at: datetime = Field(sa_type=UTCDateTime)


class WordCount(SQLModel, table=True):
    """In how many published listings a content word stands; counted at night, read for the idf."""

    __tablename__ = "word_count"

    word: str = Field(primary_key=True, max_length=200)
    listings: int
