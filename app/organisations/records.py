"""A record as it is read: whole, a plain value, from whatever tables its parts stand in."""

import uuid
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.organisations.rules import OPERATORS_ONLY, is_findable, is_visible
from app.vocabulary.organisations import (
    ConfirmationMethod,
    ContactKind,
    EntryMethod,
    LegalForm,
    OrganisationType,
    PublicationUse,
    Status,
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AddressRecord(_Part):
    postcode: str | None = None
    street: str | None = None
    building: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    is_public: bool = False


class ContactRecord(_Part):
    kind: ContactKind
    value: str
    kana: str | None = None
    note: str | None = None
    is_public: bool = False


class LinkRecord(_Part):
    kind: str
    url: str


class PhotoRecord(_Part):
    url: str
    alt: str


class RegistrationRecord(_Part):
    scheme: str
    number: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class SourceRecord(_Part):
    source: str
    source_id: str
    imported_at: datetime


class StageChangeRecord(_Part):
    stage: str
    since: date


class Record(_Part):
    """An organisation as read, everything in it."""

    id: uuid.UUID
    version: int
    status: Status
    name: str
    kana: str | None
    other_names: list[str]
    organisation_type: OrganisationType
    legal_form: LegalForm
    corporate_number: str | None
    office: str | None
    municipality: str | None
    areas: list[str]
    address: AddressRecord | None
    contacts: list[ContactRecord]
    meeting_place: str | None
    schedule: str | None
    activity_times: list[str]
    fields: list[int]
    stage: str | None
    stage_history: list[StageChangeRecord]
    keywords: list[str]
    purpose: str | None
    activities: str | None
    achievements: str | None
    message: str | None
    membership_fee: str | None
    member_count: int | None
    local_member_count: int | None
    founded_year: int | None
    visits_welcome: bool | None
    accepting_members: bool | None
    links: list[LinkRecord]
    photos: list[PhotoRecord]
    goals: list[str]
    registrations: list[RegistrationRecord]
    consents: dict[PublicationUse, bool]
    entry_method: EntryMethod
    confirmed_on: date | None
    confirmed_by: str | None
    confirmed_how: ConfirmationMethod | None
    confirm_every_months: int
    closed_on: date | None
    closed_reason: str | None
    successor_number: str | None
    sources: list[SourceRecord]
    edited_fields: list[str]
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None

    @property
    def findable(self) -> bool:
        return is_findable(self.status, self.consents)

    @property
    def visible(self) -> bool:
        return is_visible(self.status, self.consents)

    @property
    def public_address(self) -> AddressRecord | None:
        return self.address if self.address and self.address.is_public else None

    def for_public(self) -> "Record":
        """Without what is not public: private contacts and address, and what concerns operators."""
        return self.model_copy(
            update={
                "address": self.public_address,
                "contacts": [contact for contact in self.contacts if contact.is_public],
                **{name: _EMPTY[name] for name in OPERATORS_ONLY},
            }
        )


_EMPTY: dict[str, Any] = {"edited_fields": [], "consents": {}, "confirmed_by": None}
