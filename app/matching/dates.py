"""The exact times of a listing: its own, or the dates on which somebody may still come."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_
from sqlmodel import col, select

from app.core import clock
from app.core.db import ReadSession
from app.listings.models import Shift
from app.matching.traits import MOST_WINDOWS, minutes_of

_USUAL = 60  # minutes


@dataclass
class Dates:
    """The next dates of a listing with a free seat, and the most seats free on one of them.

    `lengths`: minutes of each date by itself; in `windows` those that overlap are one.
    """

    windows: list[tuple[int, int]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    free: int = 0


def read_dates(session: ReadSession, ids: Sequence[uuid.UUID] | None) -> dict[uuid.UUID, Dates]:
    """For each listing that has dates, at most `MOST_WINDOWS`; those at one time are one.

    One whose dates are all past or full has nothing free; called-off dates are none.
    """
    open_ = and_(
        col(Shift.ends_at) > clock.now(),
        col(Shift.cancelled).is_(False),
        col(Shift.taken) < col(Shift.capacity),
    )
    query = select(Shift.listing_id, Shift.starts_at, Shift.ends_at, Shift.capacity - Shift.taken)
    planned = select(Shift.listing_id).where(col(Shift.cancelled).is_(False)).distinct()
    if ids is not None:
        query = query.where(col(Shift.listing_id).in_(ids))
        planned = planned.where(col(Shift.listing_id).in_(ids))
    found = {listing: Dates() for listing in session.exec(planned)}
    for listing, starts, ends, free in session.exec(
        query.where(open_).order_by(col(Shift.listing_id), col(Shift.starts_at), col(Shift.id))
    ):
        _add(found.setdefault(listing, Dates()), minutes_of(starts), minutes_of(ends), free)
    return found


def _add(dates: Dates, starts: int, ends: int, free: int) -> None:
    dates.free = max(dates.free, free)
    if dates.windows and starts < dates.windows[-1][1]:
        dates.windows[-1] = (dates.windows[-1][0], max(ends, dates.windows[-1][1]))
    elif len(dates.windows) < MOST_WINDOWS:
        dates.windows.append((starts, ends))
    else:
        return
    dates.lengths.append(ends - starts)


def still_to_come(windows: Iterable[Sequence[datetime | str]]) -> list[tuple[int, int]]:
    """Exact times that are not over."""
    now = minutes_of(clock.now())
    exact = ((minutes_of(_moment(begins)), minutes_of(_moment(ends))) for begins, ends in windows)
    return [(begins, ends) for begins, ends in exact if ends > now]


def usual_minutes(lengths: Sequence[int], *, weekly: bool) -> int:
    """What one time takes where nobody has said: the shortest date, or the hour of a usual week."""
    return min([*lengths, *([_USUAL] if weekly or not lengths else [])])


def _moment(written: datetime | str) -> datetime:
    return datetime.fromisoformat(written) if isinstance(written, str) else written
