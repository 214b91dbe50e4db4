"""Reading needs and offers: each whole in one statement, its organisation's name beside it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, or_
from sqlmodel import col, func, select

from app.core.bits import mask_of
from app.core.db import ReadSession
from app.core.errors import InvalidCursor, NotFound
from app.core.paging import Page, decode_cursor, encode_cursor
from app.listings.models import Listing
from app.listings.records import ListingRecord
from app.listings.rows import TABLE, as_record
from app.organisations.models import Organisation
from app.organisations.queries import refuses_web
from app.organisations.rules import is_findable
from app.places.rules import within
from app.vocabulary.listings import ListingKind, ListingStatus, Side
from app.vocabulary.organisations import PublicationUse, Status
from app.vocabulary.skills import Skill

UNKNOWN = "この募集は登録されていません。"


@dataclass(frozen=True)
class ListingFilter:
    """Which listings a list shows; every list of codes means "one of"."""

    side: Side | None = None
    kinds: tuple[ListingKind, ...] = ()
    statuses: tuple[ListingStatus, ...] = (ListingStatus.PUBLISHED,)
    organisations: tuple[uuid.UUID, ...] = ()
    fields: tuple[int, ...] = ()
    skills: tuple[Skill, ...] = ()
    areas: tuple[str, ...] = ()
    public: bool = True


def get_listing(
    session: ReadSession, listing_id: uuid.UUID, *, side: Side | None = None
) -> ListingRecord:
    """The listing, if it is of this side. Raises NotFound."""
    row = session.execute(_one(), {"wanted": listing_id}).one_or_none()
    if row is None or side not in (None, row.side):
        raise NotFound(UNKNOWN)
    return _record(row)


def get_shown(
    session: ReadSession, listing_id: uuid.UUID, *, side: Side | None = None, operator: bool
) -> ListingRecord:
    """The listing, if this reader may know of it. Raises NotFound otherwise."""
    record = get_listing(session, listing_id, side=side)
    if not operator and not record.visible:
        raise NotFound(UNKNOWN)
    return record


def list_records(session: ReadSession, ids: Sequence[uuid.UUID]) -> list[ListingRecord]:
    """The listings of these ids that exist, by id."""
    rows = session.execute(_whole().where(col(Listing.id).in_(ids)).order_by(col(Listing.id)))
    return [_record(row) for row in rows]


def list_ids(session: ReadSession, *, after: uuid.UUID | None, limit: int) -> list[uuid.UUID]:
    """Ids of all needs in order, the next `limit` after one."""
    query = _need_ids().limit(limit)
    if after:
        query = query.where(col(Listing.id) > after)
    return list(session.exec(query))


def list_ids_of(session: ReadSession, organisation_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Ids of all needs of these organisations, in order."""
    return list(session.exec(_need_ids().where(col(Listing.organisation_id).in_(organisation_ids))))


def count_findable(session: ReadSession, today: date) -> int:
    """How many needs the public can find; `ListingRecord.findable_on` says the same of one."""
    findable = (
        select(func.count())
        .select_from(Listing)
        .join(Organisation, col(Organisation.id) == col(Listing.organisation_id))
        .where(
            col(Listing.side) == Side.NEED,
            col(Listing.status) == ListingStatus.PUBLISHED,
            ~is_past(today),
            col(Organisation.status) == Status.PUBLISHED,
            ~refuses_web(),
        )
    )
    return session.exec(findable).one()


def is_past(today: date) -> ColumnElement[bool]:
    """`rules.is_over` of the statement's listing."""
    return or_(
        *(
            func.coalesce(col(day) < today, False)
            for day in (Listing.available_until, Listing.deadline)
        )
    )


def page_listings(
    session: ReadSession, wanted: ListingFilter, *, cursor: str | None, limit: int
) -> Page[ListingRecord]:
    """Listings by id, which is the order they were made in."""
    conditions = _conditions(wanted)
    query = _whole().where(*conditions).order_by(col(Listing.id)).limit(limit + 1)
    if cursor:
        query = query.where(col(Listing.id) > _after(cursor))
    rows = session.execute(query).all()
    total = session.exec(
        select(func.count())
        .select_from(Listing)
        .join(Organisation, col(Organisation.id) == col(Listing.organisation_id))
        .where(*conditions)
    ).one()
    records = [_record(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(records, total, encode_cursor(str(records[-1].id)) if more else None)


def _need_ids() -> Any:
    return select(Listing.id).where(col(Listing.side) == Side.NEED).order_by(col(Listing.id))


def _after(cursor: str) -> uuid.UUID:
    (position,) = decode_cursor(cursor, str)
    try:
        return uuid.UUID(str(position))
    except ValueError:
        raise InvalidCursor from None


def _conditions(wanted: ListingFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [col(Listing.status).in_(wanted.statuses)]
    if wanted.side:
        conditions.append(col(Listing.side) == wanted.side)
    if wanted.public:
        conditions.append(col(Organisation.status) == Status.PUBLISHED)
        conditions.append(~refuses_web())
    if wanted.kinds:
        conditions.append(col(Listing.kind).in_(wanted.kinds))
    if wanted.organisations:
        conditions.append(col(Listing.organisation_id).in_(wanted.organisations))
    if wanted.areas:
        places = [code for area in wanted.areas for code in within(area)]
        conditions.append(col(Listing.municipality_code).in_(places))
    return [*conditions, *_set_conditions(wanted)]


def _set_conditions(wanted: ListingFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.fields:
        conditions.append(_meets(col(Listing.fields), mask_of(wanted.fields)))
    if wanted.skills:
        skills = mask_of(skill.number for skill in wanted.skills)
        asked = col(Listing.required_skills).bitwise_or(col(Listing.preferred_skills))
        conditions.append(_meets(asked, skills))
    return conditions


def _meets(column: Any, mask: int) -> ColumnElement[bool]:
    meets: ColumnElement[bool] = column.bitwise_and(mask) != 0
    return meets


@cache
def _whole() -> Select[Any]:
    """Every column of the listing, and what is shown of its organisation.

    Built once: to build it costs ten times what the database needs to answer it.
    """
    query: Select[Any] = (
        select(  # type: ignore[call-overload]
            *TABLE.columns,
            col(Organisation.name).label("organisation_name"),
            col(Organisation.status).label("organisation_status"),
            refuses_web().label("organisation_refuses"),
        )
        .select_from(Listing)
        .join(Organisation, col(Organisation.id) == col(Listing.organisation_id))
    )
    return query


@cache
def _one() -> Select[Any]:
    return _whole().where(col(Listing.id) == bindparam("wanted"))


def _record(row: Row[Any]) -> ListingRecord:
    values = dict(row._mapping)
    status = values.pop("organisation_status")
    consents = {PublicationUse.WEB: not values.pop("organisation_refuses")}
    organisation = {
        "id": values["organisation_id"],
        "name": values.pop("organisation_name"),
        "findable": is_findable(status, consents),
    }
    return as_record(values, organisation)
