"""Needs as documents of the index: what people can take part in. No contact has a way in."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import col, select

from app.core.clock import in_tokyo, now, today
from app.core.db import ReadSession
from app.core.text import shortened
from app.discovery.documents import SUMMARY, joined, yes_or_no
from app.listings import queries as listings
from app.listings.models import Shift
from app.listings.records import ListingRecord
from app.organisations.models import Organisation
from app.places.rules import PREFECTURES, enclosing, find_municipality
from app.vocabulary.listings import Frequency, Side
from app.vocabulary.organisations import OrganisationType
from app.vocabulary.skills import Skill
from app.vocabulary.times import WEEKDAYS, ActivityTime
from search import Document

KIND = "opportunity"
MOST_DAYS = 400
_SHOWN_DAYS = 20
_LATE = ("evening", "night")
_EVENING_HOUR = 17
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Opportunity:
    """A need with what the search shows of its organisation and of its shifts to come."""

    need: ListingRecord
    organisation_type: OrganisationType
    home: str | None  # the organisation's municipality
    shifts: tuple[datetime, ...] = ()

    @property
    def id(self) -> uuid.UUID:
        return self.need.id

    @property
    def findable(self) -> bool:
        return self.need.findable

    @property
    def municipality(self) -> str | None:
        """Where it is; where nothing is said, at home."""
        return self.need.municipality or self.home


def list_opportunities(session: ReadSession, ids: Sequence[uuid.UUID]) -> list[Opportunity]:
    """Those of `ids` that are needs, by id; in three statements."""
    needs = [r for r in listings.list_records(session, ids) if r.side is Side.NEED]
    homes = {
        id_: (OrganisationType(kind), municipality)
        for id_, kind, municipality in session.exec(
            select(
                Organisation.id, Organisation.organisation_type, Organisation.municipality_code
            ).where(col(Organisation.id).in_({need.organisation.id for need in needs}))
        )
    }
    shifts = _upcoming(session, [need.id for need in needs])
    return [
        Opportunity(need, *homes[need.organisation.id], tuple(shifts[need.id]))
        for need in needs
        if need.organisation.id in homes
    ]


def _upcoming(session: ReadSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[datetime]]:
    found: dict[uuid.UUID, list[datetime]] = defaultdict(list)
    rows = session.exec(
        select(Shift.listing_id, Shift.starts_at)
        .where(
            col(Shift.listing_id).in_(ids),
            col(Shift.starts_at) >= now(),
            col(Shift.cancelled).is_(False),
        )
        .order_by(col(Shift.starts_at), col(Shift.id))
    )
    for id_, starts_at in rows:
        found[id_].append(starts_at)
    return found


def opportunity_document(opportunity: Opportunity) -> Document:
    """What is searched, filtered and shown of a published need."""
    need, municipality = opportunity.need, opportunity.municipality
    areas = enclosing(municipality) if municipality else ()
    position = None
    if need.latitude is not None and need.longitude is not None:
        position = (need.latitude, need.longitude)
    times, days = _times(opportunity), _days(opportunity)
    return Document(
        id=str(need.id),
        kind=KIND,
        name=need.title,
        summary=shortened(need.description or "", SUMMARY),
        purpose=need.description or "",
        activities=joined(need.organisation.name, *_told(need.details)),
        keywords=_keywords(need),
        places=_places(need, municipality),
        codes={
            "field": tuple(map(str, need.fields)),
            "area": areas,
            "when": times,
            "day": days,
            "listing_kind": (need.kind.value,),
            "organisation_type": (opportunity.organisation_type.value,),
            "frequency": (need.frequency.value,) if need.frequency else (),
            **_burdens(need),
        },
        position=position,
        updated_at=int(need.updated_at.timestamp()),
        card=_card(opportunity, times, days),
    )


def _burdens(need: ListingRecord) -> dict[str, tuple[str, ...]]:
    """Yes or no, and nothing where nobody has said."""
    once = None if need.frequency is None else need.frequency is Frequency.ONCE
    said = {
        "online": need.online,
        "family": need.family,
        "beginner": need.beginners,
        "single_day": once,
        "students": need.students,
        "travel_paid": need.travel_paid,
    }
    return {name: yes_or_no(value=value) for name, value in said.items()}


def _told(details: dict[str, Any]) -> list[str]:
    """The words among the details; addresses of photographs are none."""
    return [value for value in details.values() if isinstance(value, str)]


def _keywords(need: ListingRecord) -> tuple[str, ...]:
    skills = [Skill(skill).label for skill in (*need.required_skills, *need.preferred_skills)]
    return (*skills, need.kind.label)


def _places(need: ListingRecord, municipality: str | None) -> tuple[str, ...]:
    place = find_municipality(municipality) if municipality else None
    names = (place.prefecture if place else "", place.name if place else "", need.place or "")
    return tuple(name for name in names if name)


# ---------------------------------------------------------------------------------------- times


def _times(opportunity: Opportunity) -> tuple[str, ...]:
    """When, as residents ask for it: what was said, of the weekly slots and of the exact dates."""
    need = opportunity.need
    found = {
        *need.details.get("when", ()),
        *(_of_slot(slot) for slot in need.slots),
        *(_of_moment(moment) for moment in _moments(opportunity)),
    }
    return tuple(time.value for time in ActivityTime if time in found)


def _of_slot(slot: str) -> ActivityTime:
    day, _, period = slot.partition("-")
    if day in ("sat", "sun"):
        return ActivityTime.WEEKEND
    return ActivityTime.EVENING if period in _LATE else ActivityTime.WEEKDAY


def _of_moment(moment: datetime) -> ActivityTime:
    local = in_tokyo(moment)
    if local.weekday() >= WEEKDAYS.index("sat"):
        return ActivityTime.WEEKEND
    return ActivityTime.EVENING if local.hour >= _EVENING_HOUR else ActivityTime.WEEKDAY


def _moments(opportunity: Opportunity) -> Iterator[datetime]:
    yield from (window.starts_at for window in opportunity.need.windows)
    yield from opportunity.shifts


def _days(opportunity: Opportunity) -> tuple[str, ...]:
    """The days one can take part, in Tokyo.

    Dates where they are known; else the weekdays of the weekly slots (`weekday_codes`).
    """
    need = opportunity.need
    exact = sorted({in_tokyo(moment).date() for moment in _moments(opportunity)})
    if not exact and need.slots and need.available_from and need.available_until:
        exact = list(_weekly(need.slots, need.available_from, need.available_until))
    if exact:
        return tuple(day.isoformat() for day in exact[:MOST_DAYS])
    return tuple(dict.fromkeys(slot.partition("-")[0] for slot in need.slots))


def _weekly(slots: Iterable[str], first: date, last: date) -> Iterator[date]:
    weekdays = {WEEKDAYS.index(slot.partition("-")[0]) for slot in slots}
    for number in range(min((last - first).days + 1, MOST_DAYS)):
        if (day := first + number * _DAY).weekday() in weekdays:
            yield day


def days_to_come(days: Iterable[str]) -> list[str]:
    """Of the days of a card those that are not over."""
    current = today().isoformat()
    return [day for day in days if day >= current]


# ----------------------------------------------------------------------------------------- card


def _card(opportunity: Opportunity, times: Iterable[str], days: Iterable[str]) -> dict[str, Any]:
    """What a result shows besides name and summary."""
    need, municipality = opportunity.need, opportunity.municipality
    place = find_municipality(municipality) if municipality else None
    return {
        "organisation": {"id": str(need.organisation.id), "name": need.organisation.name},
        "source": need.source,
        "source_id": need.source_id,
        "place": place.name if place else None,
        "prefecture": PREFECTURES[place.code[:2]] if place else None,
        "municipality": place.code if place else None,
        "venue": need.place,
        "listing_kind": need.kind.value,
        "fields": need.fields,
        "when": list(times),
        "days": [day for day in days if day[0].isdigit()][:_SHOWN_DAYS],
        "slots": need.slots,
        "frequency": need.frequency.value if need.frequency else None,
        "minutes": need.minutes,
        "beginners": need.beginners,
        "family": need.family,
        "students": need.students,
        "online": need.online,
        "travel_paid": need.travel_paid,
        "open_quantity": need.open_quantity,
        "unit": need.unit or need.kind.unit,
        "deadline": need.deadline.isoformat() if need.deadline else None,
        "urgency": need.urgency.value,
    }
