"""Tables of the registry. Validated at the door (`forms`), guarded here by constraints.

What may be hidden from the public item by item (addresses, people, telephones) stands in tables of
its own and is handed out by `queries` only. There are no ORM relationships: a record is read
whole, in one statement, and written table by table (docs/decisions/0004).
"""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.core.db import UTCDateTime, choice, json_column
from app.vocabulary.organisations import (
    ConfirmationMethod,
    ContactKind,
    EntryMethod,
    LegalForm,
    OrganisationType,
    PublicationUse,
    Status,
)

JsonList = list[str]


class Office(SQLModel, table=True):
    """窓口: where coordinators work; every record is looked after by one (市, 社協, コミセン …)."""

    __tablename__ = "office"

    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=200)
    municipality_code: str | None = Field(default=None, max_length=6)
    position: int = 0


class Stage(SQLModel, table=True):
    """市民活動のステージ: rows a city replaces with its own; the seeded ones are 仮."""

    __tablename__ = "stage"

    code: str = Field(primary_key=True, max_length=40)
    label: str = Field(max_length=100)
    description: str = Field(default="", max_length=500)
    position: int = 0
    provisional: bool = False


class RegistrationScheme(SQLModel, table=True):
    """登録制度: an official list with its own rules; a group may be on several at once."""

    __tablename__ = "registration_scheme"

    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=200)
    office_code: str | None = Field(default=None, foreign_key="office.code")
    minimum_members: int | None = None
    term_months: int | None = None
    benefits: str = Field(default="", max_length=2000)
    required_papers: str = Field(default="", max_length=2000)
    position: int = 0


class Organisation(SQLModel, table=True):
    """One organisation; at most one for a 法人番号."""

    __tablename__ = "organisation"
    __table_args__ = (
        Index("ix_organisation_status", "status", "id"),
        Index("ix_organisation_updated_at", "updated_at"),
        CheckConstraint("version > 0", name="version_positive"),
    )

    id: uuid.UUID = Field(primary_key=True)
    version: int = 1
    status: Status = Field(default=Status.DRAFT, sa_type=choice(Status))
    office_code: str | None = Field(default=None, foreign_key="office.code")

    organisation_type: OrganisationType = Field(sa_type=choice(OrganisationType))
    legal_form: LegalForm = Field(default=LegalForm.NONE, sa_type=choice(LegalForm))
    corporate_number: str | None = Field(default=None, max_length=13, unique=True)
    name: str = Field(max_length=200)
    kana: str | None = Field(default=None, max_length=200)
    other_names: JsonList = Field(
        default_factory=list, sa_column=Column(json_column(), nullable=False)
    )

    municipality_code: str | None = Field(default=None, max_length=6, index=True)
    meeting_place: str | None = Field(default=None, max_length=500)
    schedule: str | None = Field(default=None, max_length=500)
    activity_times: JsonList = Field(
        default_factory=list, sa_column=Column(json_column(), nullable=False)
    )

    purpose: str | None = None
    activities: str | None = None
    achievements: str | None = None
    message: str | None = None
    membership_fee: str | None = Field(default=None, max_length=500)
    keywords: JsonList = Field(
        default_factory=list, sa_column=Column(json_column(), nullable=False)
    )
    goals: JsonList = Field(default_factory=list, sa_column=Column(json_column(), nullable=False))
    links: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(json_column(), nullable=False)
    )
    photos: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(json_column(), nullable=False)
    )
    member_count: int | None = None
    local_member_count: int | None = None
    founded_year: int | None = None
    visits_welcome: bool | None = None
    accepting_members: bool | None = None

    stage_code: str | None = Field(default=None, foreign_key="stage.code")

    entry_method: EntryMethod = Field(default=EntryMethod.SELF, sa_type=choice(EntryMethod))
    confirmed_on: date | None = None
    confirmed_by: str | None = Field(default=None, max_length=200)
    confirmed_how: ConfirmationMethod | None = Field(
        default=None, sa_type=choice(ConfirmationMethod)
    )
    confirm_every_months: int = 12
    closed_on: date | None = None
    closed_reason: str | None = Field(default=None, max_length=500)
    successor_number: str | None = Field(default=None, max_length=13)

    edited_fields: JsonList = Field(
        default_factory=list, sa_column=Column(json_column(), nullable=False)
    )
    created_at: datetime = Field(sa_type=UTCDateTime)
    updated_at: datetime = Field(sa_type=UTCDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class OrganisationField(SQLModel, table=True):
    """活動分野, by number of the NPO Act's schedule."""

    __tablename__ = "organisation_field"
    __table_args__ = (
        Index("ix_organisation_field_field", "field"),
        CheckConstraint("field BETWEEN 1 AND 20", name="field_range"),
    )

    organisation_id: uuid.UUID = Field(
        primary_key=True, foreign_key="organisation.id", ondelete="CASCADE"
    )
    field: int = Field(primary_key=True)


class OrganisationArea(SQLModel, table=True):
    """活動エリア: a municipality the organisation is active in."""

    __tablename__ = "organisation_area"
    __table_args__ = (Index("ix_organisation_area_municipality_code", "municipality_code"),)

    organisation_id: uuid.UUID = Field(
        primary_key=True, foreign_key="organisation.id", ondelete="CASCADE"
    )
    municipality_code: str = Field(primary_key=True, max_length=6)


class Address(SQLModel, table=True):
    """Where the organisation is; often somebody's home, so private unless said otherwise."""

    __tablename__ = "address"

    organisation_id: uuid.UUID = Field(
        primary_key=True, foreign_key="organisation.id", ondelete="CASCADE"
    )
    postcode: str | None = Field(default=None, max_length=7)
    street: str | None = Field(default=None, max_length=300)
    building: str | None = Field(default=None, max_length=200)
    latitude: float | None = None
    longitude: float | None = None
    is_public: bool = False


class Contact(SQLModel, table=True):
    """A person or a way to reach them; each is public or private by itself."""

    __tablename__ = "contact"
    __table_args__ = (Index("ix_contact_organisation_id", "organisation_id"),)

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: uuid.UUID = Field(foreign_key="organisation.id", ondelete="CASCADE")
    position: int = 0
    kind: ContactKind = Field(sa_type=choice(ContactKind))
    value: str = Field(max_length=200)
    kana: str | None = Field(default=None, max_length=200)
    note: str | None = Field(default=None, max_length=200)
    is_public: bool = False


class Registration(SQLModel, table=True):
    """An organisation's place on an official list."""

    __tablename__ = "registration"
    __table_args__ = (
        Index("ix_registration_organisation_id", "organisation_id"),
        UniqueConstraint("scheme_code", "number"),
    )

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: uuid.UUID = Field(foreign_key="organisation.id", ondelete="CASCADE")
    position: int = 0
    scheme_code: str = Field(foreign_key="registration_scheme.code")
    number: str | None = Field(default=None, max_length=60)
    valid_from: date | None = None
    valid_until: date | None = None


class Consent(SQLModel, table=True):
    """掲載の同意, for one use; no row means it was never asked."""

    __tablename__ = "consent"

    organisation_id: uuid.UUID = Field(
        primary_key=True, foreign_key="organisation.id", ondelete="CASCADE"
    )
    use: PublicationUse = Field(primary_key=True, sa_type=choice(PublicationUse))
    granted: bool
    recorded_at: datetime = Field(sa_type=UTCDateTime)


class Source(SQLModel, table=True):
    """Where a record came from: one outside row, what it said last, and when.

    `revision` orders the versions of that row where the source dates them; `said` are its values as
    imported.
    """

    __tablename__ = "organisation_source"
    __table_args__ = (Index("ix_organisation_source_organisation_id", "organisation_id"),)

    source: str = Field(primary_key=True, max_length=60)
    source_id: str = Field(primary_key=True, max_length=200)
    organisation_id: uuid.UUID = Field(foreign_key="organisation.id", ondelete="CASCADE")
    fingerprint: str = Field(max_length=64)
    revision: str | None = Field(default=None, max_length=200)
    said: dict[str, object] = Field(
        default_factory=dict, sa_column=Column(json_column(), nullable=False)
    )
    imported_at: datetime = Field(sa_type=UTCDateTime)


class StageChange(SQLModel, table=True):
    """A stage an organisation reached: history, never overwritten."""

    __tablename__ = "stage_change"
    __table_args__ = (Index("ix_stage_change_organisation_id", "organisation_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    organisation_id: uuid.UUID = Field(foreign_key="organisation.id", ondelete="CASCADE")
    stage_code: str = Field(foreign_key="stage.code")
    since: date
    actor: str = Field(max_length=100)
    recorded_at: datetime = Field(sa_type=UTCDateTime)
