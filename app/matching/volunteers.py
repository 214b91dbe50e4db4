"""A draft of who could take which shift: residents who agreed and fit, assigned at best value."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlmodel import col, select

from app.core import clock
from app.core.db import ReadSession
from app.listings.models import Place, Shift
from app.matching.assignments import Assignment, Edges, assign, times_of
from app.matching.gates import sift
from app.matching.queries import Desk, named, score_all
from app.matching.scores import label
from app.matching.times import overlap_minutes
from app.matching.traits import Array, Traits, minutes_of, table
from app.vocabulary.listings import PlaceState

_HOLDING = (PlaceState.CONFIRMED, PlaceState.OFFERED)


@dataclass(frozen=True)
class Seat:
    """Somebody on a shift of a draft."""

    id: str
    name: str
    score: float
    label: str


@dataclass(frozen=True)
class ShiftDraft:
    shift_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    free: int
    people: list[Seat]


@dataclass(frozen=True)
class Draft:
    """`value` of the flow, and how much of what is free it fills."""

    engine_version: str
    shifts: list[ShiftDraft]
    considered: int
    filled: int
    free: int
    covered: int
    value: float


def draft_assignments(
    desk: Desk, need_id: uuid.UUID, mine: Traits, *, most_each: int, people: int
) -> Draft:
    """The best draft for the dates to come; nothing is written."""
    now = clock.now()
    shifts = _open_shifts(desk.session, need_id, now)
    pool = desk.market.pool("people")
    others, _ = sift(mine, pool, desk.question, asking=True)
    reciprocal = score_all(desk, mine, others).reciprocal if len(others) else np.array([])
    first = np.lexsort((others.hash, -reciprocal))[:people]
    others, reciprocal = others.take(first).settled(), reciprocal[first]
    free = np.array([shift.capacity - shift.taken for shift in shifts], dtype=np.int64)
    limits = np.minimum(most_each, others.limit - others.engaged).astype(np.int64)
    volunteers, places = np.nonzero(_able(desk.session, others, shifts))
    times = times_of([(shift.starts_at, shift.ends_at) for shift in shifts])
    edges = Edges(volunteers, places, reciprocal[volunteers], limits, free, times)
    return _drafted(desk, shifts, others, reciprocal, edges, assign(edges))


def _open_shifts(session: ReadSession, need_id: uuid.UUID, now: datetime) -> list[Shift]:
    query = select(Shift).where(
        col(Shift.listing_id) == need_id,
        col(Shift.starts_at) > now,
        col(Shift.cancelled).is_(False),
        col(Shift.taken) < col(Shift.capacity),
    )
    return list(session.exec(query.order_by(col(Shift.starts_at), col(Shift.id))))


def _able(session: ReadSession, others: Traits, shifts: list[Shift]) -> Array:
    """Person × shift: has time for all of it, and is nowhere else."""
    able = np.zeros((len(others), len(shifts)), dtype=np.bool_)
    taken = _taken(session, others)
    for number, shift in enumerate(shifts):
        window = (minutes_of(shift.starts_at), minutes_of(shift.ends_at))
        dated = table([{"id": str(shift.id), "windows": [window], "seeks": True}])
        minutes = overlap_minutes(dated, others)
        known = (others.slots != 0) | others.exact
        has_time = (minutes >= window[1] - window[0]) | others.negotiable | ~known
        elsewhere = [
            any(a < shift.ends_at and shift.starts_at < b for a, b in taken.get(str(id_), ()))
            for id_ in others.id
        ]
        able[:, number] = has_time & ~np.array(elsewhere, dtype=np.bool_)
    return able


def _taken(session: ReadSession, others: Traits) -> dict[str, list[tuple[datetime, datetime]]]:
    """When each person is to be somewhere already."""
    query = (
        select(Place.person_id, Shift.starts_at, Shift.ends_at)
        .join(Shift)
        .where(
            col(Place.person_id).in_([uuid.UUID(id_) for id_ in others.id]),
            col(Place.state).in_(_HOLDING),
            col(Shift.ends_at) > clock.now(),
        )
        .order_by(col(Shift.starts_at), col(Place.id))
    )
    taken: dict[str, list[tuple[datetime, datetime]]] = {}
    for person, starts, ends in session.exec(query):
        taken.setdefault(str(person), []).append((starts, ends))
    return taken


def _drafted(
    desk: Desk,
    shifts: list[Shift],
    others: Traits,
    reciprocal: Array,
    edges: Edges,
    best: Assignment,
) -> Draft:
    names = named(desk.session, others.take(np.unique(edges.volunteers[best.chosen])))
    seats: dict[int, list[Seat]] = {}
    for row in best.chosen.tolist():
        person, score = int(edges.volunteers[row]), float(reciprocal[edges.volunteers[row]])
        id_ = str(others.id[person])
        seat = Seat(id_, names[id_][0], round(score, 1), label(score))
        seats.setdefault(int(edges.shifts[row]), []).append(seat)
    drafted = [
        ShiftDraft(
            shift.id,
            clock.in_tokyo(shift.starts_at),
            clock.in_tokyo(shift.ends_at),
            shift.capacity - shift.taken,
            sorted(seats.get(number, []), key=lambda seat: (-seat.score, seat.id)),
        )
        for number, shift in enumerate(shifts)
    ]
    return Draft(
        engine_version=desk.rules.version,
        shifts=drafted,
        considered=len(others),
        filled=best.filled,
        free=int(edges.capacities.sum()),
        covered=best.covered,
        value=round(best.value, 1),
    )
