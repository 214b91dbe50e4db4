"""Rows of the registry → what is matched on (`traits.table`)."""

import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Select
from sqlmodel import col, select

from app.core import clock
from app.core.bits import mask_of
from app.core.db import ReadSession
from app.listings.models import Listing
from app.listings.records import ListingRecord
from app.listings.rows import columns
from app.matching.dates import Dates, read_dates, still_to_come, usual_minutes
from app.matching.traits import (
    COLUMNS,
    FIRST_DAY,
    KINDS,
    LAST_DAY,
    PARTIES,
    Numbers,
    Traits,
    kinds_mask,
)
from app.organisations.models import Address, Consent, Organisation, OrganisationField, Stage
from app.people.models import Person
from app.people.rules import may_be_matched
from app.places.rules import find_municipality
from app.vocabulary.fields import Interest
from app.vocabulary.listings import (
    Condition,
    Frequency,
    ListingKind,
    ListingStatus,
    PartyKind,
    Side,
)
from app.vocabulary.organisations import LegalForm, OrganisationType, PublicationUse, Status

_TYPES = {kind: number for number, kind in enumerate(OrganisationType)}
_FREQUENCIES = {kind: number for number, kind in enumerate(Frequency)}
_OF_LISTING = PARTIES.index(PartyKind.LISTING)
_PROFIT = {OrganisationType.COMPANY}
_POOLED = (ListingStatus.PUBLISHED, ListingStatus.PAUSED)
_AT_A_TIME = 2_000
_IDF_SCALE = 10_000
_AGELESS = {"age_from": -2, "age_to": -2}
_DERIVED = frozenset({"hash", "near_fields", "slot_minutes", "exact", "all_idf"})
_LISTING = (
    "id side kind status organisation_id words fields required_skills preferred_skills stages "
    "wished_types quantity least_quantity engaged exposure best_before temperature conditions "
    "available_from available_until deadline slots windows negotiable minutes municipality_code "
    "latitude longitude reach_km online frequency beginners min_age max_age unit"
).split()


class Loader:
    """Reads rows, and gives ids, codes and words the numbers that stand for them."""

    def __init__(self) -> None:
        self.organisations, self.municipalities = Numbers(), Numbers()
        self.words = Numbers()

    def rows(
        self, session: ReadSession, pool: str, ids: Sequence[uuid.UUID] | None
    ) -> Iterator[dict[str, Any]]:
        """The rows of a pool, or those of these ids that are in it.

        Of a whole pool `session` must have been opened for what comes piece by piece.
        """
        if pool == "people":
            return self._people(session, ids)
        if pool == "organisations":
            return self._organisations(session, ids)
        return self.listings(session, ids, Side.NEED if pool == "needs" else Side.OFFER)

    # ------------------------------------------------------------------------------ listings

    def listings(
        self,
        session: ReadSession,
        ids: Sequence[uuid.UUID] | None,
        side: Side | None = None,
        *,
        every_state: bool = False,
    ) -> Iterator[dict[str, Any]]:
        query = _listing_columns()
        if ids is not None:
            query = query.where(col(Listing.id).in_(ids))
        if side is not None:
            query = query.where(col(Listing.side) == side)
        if not every_state:
            query = query.where(col(Listing.status).in_(_POOLED))
        stages = stage_numbers(session)
        dates = read_dates(session, ids)
        for row in _read(session, query, whole=ids is None):
            yield self.listing_row(dict(row._mapping), stages, dates.get(row.id))

    def unsaved(self, session: ReadSession, record: ListingRecord) -> dict[str, Any]:
        """The row of a listing that is only on somebody's desk."""
        said = columns(record.model_dump(exclude={"organisation", "open_quantity"}))
        query = _with_group(Organisation.id).where(col(Organisation.id) == record.organisation.id)
        group = dict(session.execute(query).one()._mapping)
        more = {"organisation_id": record.organisation.id, "lot": record.details.get("lot_size")}
        row = group | said | more
        # A case at the desk is looked at as if it were published.
        made = self.listing_row(row, stage_numbers(session))
        # An id that is new each time would break ties another way each time.
        return made | {"open": True, "id": ""}

    def listing_row(
        self,
        row: Mapping[str, Any],
        stages: Mapping[str, int],
        dates: Dates | None = None,
    ) -> dict[str, Any]:
        """What a listing and its group say; `row` has the columns of `_LISTING` and the group's."""
        needs = row["side"] == Side.NEED
        skills = row["required_skills"] | row["preferred_skills"]
        # Food is received from the period's first day on; without a period, the day by which one
        # answers is the only one that a need names.
        has_period = bool(row["available_from"] or row["available_until"])
        open_ = row["quantity"] and max(0, row["quantity"] - row["engaged"])
        windows = dates.windows if dates else still_to_come(row["windows"])
        is_over = bool(row["windows"]) and not (windows or row["slots"] or row["negotiable"])
        slots = 0 if dates else row["slots"]  # dates are surer than a usual week
        lengths = dates.lengths if dates else [ends - begins for begins, ends in windows]
        return {
            "id": str(row["id"]),
            "party": _OF_LISTING,
            "seeks": needs,
            "kinds": _kind(row["kind"]),
            "open": row["status"] == ListingStatus.PUBLISHED and _is_public(row) and not is_over,
            "starts": _day(row["available_from"], FIRST_DAY),
            "ends": _day(row["available_until"], LAST_DAY),
            "answer_by": _day(row["deadline"], LAST_DAY),
            "organisation": self.organisations.of(row["organisation_id"]),
            "fields": row["fields"],
            "required": row["required_skills"] if needs else 0,
            "preferred": row["preferred_skills"] if needs else 0,
            "skills": 0 if needs else skills,
            "slots": slots,
            "negotiable": row["negotiable"],
            "minutes": row["minutes"] or usual_minutes(lengths, weekly=slots != 0),
            "windows": windows,
            **self._place(
                row["municipality_code"] or row["group_municipality"],
                row["latitude"],
                row["longitude"],
            ),
            "reach_km": _number(row["reach_km"]),
            "online": _flag(row["online"]),
            "quantity": _number(dates.free if dates else open_),
            "unit": self.words.of(row["unit"] or row["kind"].unit),
            "least": max(row["least_quantity"] or 0, 0 if needs else row["lot"] or 0),
            "engaged": row["engaged"],
            "exposure": row["exposure"],
            "use_by": _day(row["deadline"], 0) if needs and not has_period else 0,
            "best_before": _day(row["best_before"], 0),
            "coldness": row["temperature"].coldness if row["temperature"] else -1,
            "conditions": 0 if needs else row["conditions"],
            "meets": _meets(row["legal_form"], row["organisation_type"]) | row["conditions"],
            "stage": stages.get(row["stage_code"], -1),
            "suits": mask_of(stages[code] for code in row["stages"] if code in stages),
            "type": _TYPES[row["organisation_type"]],
            "wished": mask_of(_TYPES[OrganisationType(kind)] for kind in row["wished_types"]),
            "frequency": _FREQUENCIES.get(row["frequency"], -1),
            "beginners": _flag(row["beginners"]),
            "youngest": row["min_age"] or 0,
            "oldest": 200 if row["max_age"] is None else row["max_age"],
            **_AGELESS,
            **self._words(row["words"]),
        }

    def written(self, traits: Traits) -> dict[str, Any]:
        """One row as plain values, to be kept: what numbers stand for here in its place."""
        said = as_json(traits)
        for name, numbers in (
            ("organisation", self.organisations),
            ("municipality", self.municipalities),
            ("unit", self.words),
        ):
            if name in said:
                said[name] = numbers.value(said[name])
        weights = zip(said.pop("words"), said.pop("idf"), strict=True)
        said["words"] = {self.words.value(word): idf for word, idf in weights if word >= 0}
        return {name: value for name, value in said.items() if name not in _DERIVED}

    def _place(
        self, code: str | None, latitude: float | None, longitude: float | None
    ) -> dict[str, Any]:
        """A position; without one, that of the municipality's office."""
        place = find_municipality(code) if code else None
        placed = latitude is not None
        if latitude is None and place and place.position:
            latitude, longitude = place.position
        return {
            "municipality": self.municipalities.of(code),
            "latitude": _number(latitude),
            "longitude": _number(longitude),
            "placed": placed,
        }

    def _words(self, words: Mapping[str, float]) -> dict[str, Any]:
        telling = sorted(words.items(), key=lambda item: (-item[1], item[0]))
        return {
            "words": [self.words.of(word) for word, _ in telling],
            "idf": [max(round(idf * _IDF_SCALE), 1) for _, idf in telling],
        }

    # -------------------------------------------------------------------------------- people

    def _people(
        self, session: ReadSession, ids: Sequence[uuid.UUID] | None
    ) -> Iterator[dict[str, Any]]:
        query = select(Person).order_by(col(Person.id))
        if ids is not None:
            query = query.where(col(Person.id).in_(ids))
        today = clock.today()
        for row in _read(session, query, whole=ids is None):
            yield self.person_row(row[0], today)

    def person_row(self, person: Person, today: date) -> dict[str, Any]:
        """A resident as an offer of hands and, where they name any, of skills."""
        kinds = [ListingKind.PEOPLE, *([ListingKind.SKILL] if person.skills else [])]
        numbers = {int(f) for interest in person.interests for f in Interest(interest).fields}
        youngest, oldest = person.age_band.years if person.age_band else (-1, -1)
        return {
            "id": str(person.id),
            "party": PARTIES.index(PartyKind.PERSON),
            "kinds": kinds_mask(kinds),
            "consents": may_be_matched(person, today) is None,
            "fields": mask_of(numbers),
            "skills": person.skills,
            "slots": person.slots,
            "negotiable": person.negotiable,
            **self._place(person.municipality_code, person.latitude, person.longitude),
            "reach_km": _number(person.reach_km),
            "online": _flag(person.online),
            "quantity": -1,
            "limit": person.limit_per_month,
            "engaged": person.engaged,
            "exposure": person.exposure,
            "frequency": _FREQUENCIES.get(person.frequency, -1) if person.frequency else -1,
            "first_time": _flag(person.first_time),
            "age_from": youngest,
            "age_to": oldest,
            **self._words(person.words),
        }

    # -------------------------------------------------------------------------- organisations

    def _organisations(
        self, session: ReadSession, ids: Sequence[uuid.UUID] | None
    ) -> Iterator[dict[str, Any]]:
        query = _with_group(Organisation.id, Address.latitude, Address.longitude)
        public = (col(Address.organisation_id) == col(Organisation.id), col(Address.is_public))
        query = query.outerjoin(Address, public[0] & public[1]).order_by(col(Organisation.id))
        fields = select(OrganisationField.organisation_id, OrganisationField.field)
        if ids is None:
            query = query.where(col(Organisation.status) == Status.PUBLISHED)
        else:
            query = query.where(col(Organisation.id).in_(ids))
            fields = fields.where(col(OrganisationField.organisation_id).in_(ids))
        masks: dict[uuid.UUID, int] = {}
        for id_, field in session.exec(fields):
            masks[id_] = masks.get(id_, 0) | 1 << field
        stages = stage_numbers(session)
        for row in _read(session, query, whole=ids is None):
            yield self._organisation_row(dict(row._mapping), masks.get(row.id, 0), stages)

    def _organisation_row(
        self, row: Mapping[str, Any], fields: int, stages: Mapping[str, int]
    ) -> dict[str, Any]:
        """A group without a listing: what it is about, where, and at what stage."""
        return {
            "id": str(row["id"]),
            "party": PARTIES.index(PartyKind.ORGANISATION),
            "kinds": kinds_mask(KINDS),
            "open": _is_public(row),
            "organisation": self.organisations.of(row["id"]),
            "fields": fields,
            **self._place(row["group_municipality"], row["latitude"], row["longitude"]),
            "stage": stages.get(row["stage_code"], -1),
            "type": _TYPES[row["organisation_type"]],
            "meets": _meets(row["legal_form"], row["organisation_type"]),
            **_AGELESS,
        }


@cache
def _listing_columns() -> Select[Any]:
    """Built once: to build it costs as much as to answer it."""
    said = (getattr(Listing, name) for name in _LISTING)
    lot = col(Listing.details)["lot_size"].as_integer().label("lot")
    return _with_group(*said, lot).order_by(col(Listing.id))


def _with_group(*said: Any) -> Select[Any]:
    """Columns of a listing or group, with what its group says of itself."""
    of_web = (col(Consent.organisation_id) == col(Organisation.id)) & (
        col(Consent.use) == PublicationUse.WEB
    )
    group: tuple[Any, ...] = (
        col(Organisation.status).label("group_status"),
        col(Organisation.legal_form),
        col(Organisation.organisation_type),
        col(Organisation.stage_code),
        col(Organisation.municipality_code).label("group_municipality"),
        col(Consent.granted).label("web"),
    )
    query: Select[Any] = select(*said, *group).select_from(Organisation)
    if said[0] is Listing.id:
        query = query.join(Listing, col(Listing.organisation_id) == col(Organisation.id))
    return query.outerjoin(Consent, of_web)


@cache
def _meets(legal_form: LegalForm, organisation_type: OrganisationType) -> int:
    """Which conditions a group fulfils by what it is."""
    met = 0
    if legal_form != LegalForm.NONE:
        met |= Condition.INCORPORATED.bit
    if organisation_type not in _PROFIT:
        met |= Condition.NON_PROFIT.bit
    if legal_form != LegalForm.RELIGIOUS:
        met |= Condition.NOT_RELIGIOUS.bit
    return met


@cache
def _kind(kind: ListingKind) -> int:
    return kinds_mask([kind])


def _read(session: ReadSession, query: Any, *, whole: bool) -> Iterator[Any]:
    """Rows; those of a whole pool as they come, not all at once."""
    yield from session.execute(query.execution_options(yield_per=_AT_A_TIME) if whole else query)


def _is_public(row: Mapping[str, Any]) -> bool:
    return row["group_status"] == Status.PUBLISHED and row["web"] is not False


def stage_numbers(session: ReadSession) -> dict[str, int]:
    """Code of a stage → its place in the city's list."""
    codes = session.exec(select(Stage.code).order_by(col(Stage.position), col(Stage.code)))
    return {code: number for number, code in enumerate(codes)}


def _day(day: date | None, unknown: int) -> int:
    return day.toordinal() if day else unknown


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _flag(value: bool | None) -> int:  # noqa: FBT001 - a value of a row, not a switch
    return -1 if value is None else int(value)


def as_json(traits: Traits) -> dict[str, Any]:
    """One row as plain values; what is unknown is left out."""
    said: dict[str, Any] = {}
    for name, (_, unknown) in COLUMNS.items():
        value = getattr(traits, name)[0]
        plain = value.tolist() if hasattr(value, "tolist") else value
        is_nan = isinstance(plain, float) and math.isnan(plain)
        if plain != unknown and not is_nan:
            said[name] = plain
    return said
