"""Rows of the registry, read as ORM objects → the parties of `reference`."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import col, or_, select

from app.core import clock
from app.core.bits import numbers_of
from app.core.clock import TOKYO
from app.core.db import ReadSession
from app.listings.models import Engagement, Listing
from app.matching.models import Compatibility
from app.organisations.models import Consent, Organisation, Stage
from app.people.models import Person
from app.people.rules import may_be_matched
from app.places.rules import find_municipality
from app.vocabulary.fields import Interest
from app.vocabulary.listings import (
    Condition,
    EngagementState,
    ListingKind,
    ListingStatus,
    Side,
)
from app.vocabulary.organisations import LegalForm, OrganisationType, PublicationUse, Status
from app.vocabulary.times import SLOTS
from bench.reference import Party, Rules

_REFUSED = timedelta(days=180)
_LEAST_IDF = 0.0001


@dataclass(frozen=True)
class Book:
    """What a listing does not say itself: its group, and the city's stages in order."""

    groups: Mapping[uuid.UUID, Organisation]
    hidden: frozenset[uuid.UUID]
    stages: Sequence[str]


def read_book(session: ReadSession) -> Book:
    groups = {group.id: group for group in session.exec(select(Organisation))}
    refused = select(Consent.organisation_id).where(
        col(Consent.use) == PublicationUse.WEB, col(Consent.granted).is_(False)
    )
    stages = session.exec(select(Stage.code).order_by(col(Stage.position), col(Stage.code)))
    return Book(groups, frozenset(session.exec(refused)), list(stages))


def read_listings(session: ReadSession, side: Side) -> Sequence[Listing]:
    """Every listing of a side that is open or paused, as objects."""
    states = (ListingStatus.PUBLISHED, ListingStatus.PAUSED)
    wanted = (col(Listing.side) == side, col(Listing.status).in_(states))
    return session.exec(select(Listing).where(*wanted)).all()


def read_parties(session: ReadSession, today: date) -> list[Party]:
    """Everybody who could answer a need by default: offers, then residents."""
    book = read_book(session)
    offers = [party_of(row, book) for row in read_listings(session, Side.OFFER)]
    return offers + [person_party(row, today) for row in session.exec(select(Person))]


def read_rules(session: ReadSession, today: date) -> Rules:
    pairs = session.exec(select(Compatibility.need_kind, Compatibility.offer_kind))
    return Rules(today, frozenset((need, offer) for need, offer in pairs))


def read_refused(session: ReadSession, id_: uuid.UUID, now: datetime) -> frozenset[str]:
    """Whoever is blocked, or was refused within `_REFUSED`, from either side."""
    about = or_(col(Engagement.listing_id) == id_, col(Engagement.party_id) == id_)
    rows = session.exec(select(Engagement).where(about)).all()
    return frozenset(
        str(row.party_id if row.listing_id == id_ else row.listing_id)
        for row in rows
        if row.state is EngagementState.BLOCKED
        or (row.state is EngagementState.DECLINED and row.at >= now - _REFUSED)
    )


def party_of(row: Listing, book: Book) -> Party:
    group = book.groups[row.organisation_id]
    needs = row.side is Side.NEED
    left = None if row.quantity is None else max(0, row.quantity - row.engaged)
    public = group.status is Status.PUBLISHED and group.id not in book.hidden
    asked = _numbers(row.required_skills), _numbers(row.preferred_skills)
    windows = tuple(_windows(row.windows))
    past = bool(row.windows) and not (windows or row.slots or row.negotiable)
    code = row.municipality_code or group.municipality_code
    lengths = [_length(window) for window in windows]
    if row.slots or not windows:
        lengths.append(60)  # an hour of a usual week
    has_period = row.available_from is not None or row.available_until is not None
    return Party(
        id=str(row.id),
        seeks=needs,
        kinds=frozenset({row.kind}),
        open=row.status is ListingStatus.PUBLISHED and public and not past,
        starts=row.available_from or date.min,
        ends=row.available_until or date.max,
        answer_by=row.deadline or date.max,
        organisation=row.organisation_id,
        fields=_numbers(row.fields),
        required=asked[0] if needs else frozenset(),
        preferred=asked[1] if needs else frozenset(),
        skills=frozenset() if needs else asked[0] | asked[1],
        slots=_slots(row.slots),
        windows=windows,
        negotiable=row.negotiable,
        minutes=row.minutes or min(lengths),
        position=_position(row.latitude, row.longitude, code),
        placed=row.latitude is not None,
        municipality=code,
        reach_km=row.reach_km,
        online=row.online,
        quantity=left,
        unit=row.unit or row.kind.unit,
        least=row.least_quantity or 0,
        engaged=row.engaged,
        exposure=row.exposure,
        needed_on=(row.deadline if needs and not has_period else None) or date.min,
        best_before=row.best_before,
        coldness=row.temperature.coldness if row.temperature else None,
        conditions=frozenset() if needs else _conditions(row.conditions),
        meets=_conditions(row.conditions) | _facts(group),
        stage=book.stages.index(group.stage_code) if group.stage_code in book.stages else None,
        suits=frozenset(book.stages.index(code) for code in row.stages if code in book.stages),
        type=str(group.organisation_type),
        wished=frozenset(row.wished_types),
        frequency=row.frequency,
        beginners=row.beginners,
        youngest=row.min_age or 0,
        oldest=200 if row.max_age is None else row.max_age,
        words=_words(row.words),
    )


def person_party(row: Person, today: date) -> Party:
    """A resident is an offer of hands, and of skills where they name any."""
    skills = _numbers(row.skills)
    interests = [Interest(interest) for interest in row.interests]
    return Party(
        id=str(row.id),
        seeks=False,
        kinds=frozenset({ListingKind.PEOPLE} | ({ListingKind.SKILL} if skills else set())),
        consents=may_be_matched(row, today) is None,
        fields=frozenset(int(field) for interest in interests for field in interest.fields),
        skills=skills,
        slots=_slots(row.slots),
        negotiable=row.negotiable,
        position=_position(row.latitude, row.longitude, row.municipality_code),
        placed=row.latitude is not None,
        municipality=row.municipality_code,
        reach_km=row.reach_km,
        online=row.online,
        counted=False,
        limit=row.limit_per_month,
        engaged=row.engaged,
        exposure=row.exposure,
        frequency=row.frequency,
        first_time=row.first_time,
        has_age=True,
        ages=row.age_band.years if row.age_band else None,
        words=_words(row.words),
    )


def _numbers(mask: int) -> frozenset[int]:
    return frozenset(numbers_of(mask))


def _slots(mask: int) -> frozenset[str]:
    return frozenset(SLOTS[number] for number in numbers_of(mask))


def _windows(windows: Iterable[Sequence[str]]) -> Iterator[tuple[datetime, datetime]]:
    """Those that are not over."""
    for starts, ends in windows:
        begins_at, ends_at = map(datetime.fromisoformat, (starts, ends))
        if ends_at > clock.now():
            yield begins_at.astimezone(TOKYO), ends_at.astimezone(TOKYO)


def _length(window: tuple[datetime, datetime]) -> int:
    return int((window[1] - window[0]).total_seconds()) // 60


def _position(
    latitude: float | None, longitude: float | None, code: str | None
) -> tuple[float, float] | None:
    """Where it is; else where the municipality's office is."""
    if latitude is not None and longitude is not None:
        return latitude, longitude
    place = find_municipality(code) if code else None
    return place.position if place else None


def _conditions(mask: int) -> frozenset[Condition]:
    return frozenset(condition for condition in Condition if mask & condition.bit)


def _facts(group: Organisation) -> set[Condition]:
    """What a group's record says about the conditions of givers."""
    met = set()
    if group.legal_form is not LegalForm.NONE:
        met.add(Condition.INCORPORATED)
    if group.organisation_type is not OrganisationType.COMPANY:
        met.add(Condition.NON_PROFIT)
    if group.legal_form is not LegalForm.RELIGIOUS:
        met.add(Condition.NOT_RELIGIOUS)
    return met


def _words(words: Mapping[str, float]) -> dict[str, float]:
    return {word: max(idf, _LEAST_IDF) for word, idf in words.items()}
