"""Matching over HTTP: who fits, why, and why not. For operators until accounts exist.

numpy and the market are loaded once there is something to match: a city that only searches never
pays for them.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from sqlmodel import select

from app.core import memory
from app.core.db import Database, ReadSession, get_read_session
from app.core.errors import Invalid, NotFound
from app.core.http import JSON, example, require_operator
from app.listings.actions import unsaved_listing
from app.listings.api import side_of
from app.listings.models import Listing
from app.listings.queries import UNKNOWN, get_listing
from app.listings.rows import Draft
from app.matching.answers import (
    ERRORS,
    EXPLANATION,
    MATCHES,
    WRITE_ERRORS,
    Explanation,
    MatchesRead,
)
from app.matching.forms import CandidateKind, CaseForm, MatchForm
from app.organisations.queries import get_organisation
from app.people.queries import get_person
from app.vocabulary.listings import Side

if TYPE_CHECKING:
    from app.matching.market import Market
    from app.matching.queries import Desk, Matches
    from app.matching.traits import Traits

router = APIRouter(tags=["matching"], dependencies=[Depends(require_operator)])

Reading = Annotated[ReadSession, Depends(get_read_session, scope="function")]
Asked = Annotated[MatchForm, Query()]
OfSide = Annotated[Side, Depends(side_of)]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def both(method: str, path: str, *, summary: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
    """The route under /needs and under /offers."""

    def add(endpoint: Endpoint) -> Endpoint:
        for side in Side:
            router.add_api_route(
                f"/{side}s{path}",
                endpoint,
                methods=[method],
                summary=f"{side.label}: {summary}",
                **options,
            )
        return endpoint

    return add


_POOLS = {"offer": "offers", "need": "needs", "person": "people", "organisation": "organisations"}


def market_of(request: Request) -> "Market":
    """The market of this process, made at the first question."""
    from app.matching.market import Market

    database: Database = request.app.state.database
    market: Market = request.app.state._state.setdefault("market", Market(database))
    return market


def keep_market(app: FastAPI) -> None:
    """Have the market ready where there is something to match, and a new one after each night."""
    database: Database = app.state.database
    market: Market | None = app.state._state.get("market")
    with database.read() as session:
        if market is None and session.exec(select(Listing.id).limit(1)).first() is None:
            return
        is_old = market is not None and market.is_old(session)
    if market is None or is_old:
        from app.matching.market import Market as NewMarket

        fresh = NewMarket(database)
        # The first is shared with whoever asks meanwhile; a later one is made beside it.
        market = fresh if is_old else app.state._state.setdefault("market", fresh)
    if market.load():
        memory.settle()
    app.state.market = market


def desk_of(
    request: Request,
    session: ReadSession,
    *,
    about: uuid.UUID | None = None,
    notifying: bool = False,
) -> "Desk":
    """The desk for one question; `about` whom, where what is private of it may be looked at."""
    from app.matching.queries import open_desk

    return open_desk(session, market_of(request), about=about, notifying=notifying)


def answer(
    desk: "Desk", mine: "Traits", pools: Sequence[str], limit: int, *, or_groups: bool = False
) -> "Matches":
    """The matches of one party; `or_groups`: of a need groups, where there is nobody else."""
    from app.matching.queries import match

    groups = ["organisations"] if or_groups and mine.seeks[0] else []
    return match(desk, mine, pools, limit, otherwise=groups)


def private(body: Any, status: int = 200) -> JSON:
    """An answer with residents in it: for nobody's cache."""
    return JSON(body, status, {"cache-control": "no-store"})


def pools_of(seeks: Side, wanted: Sequence[CandidateKind], field: str = "query.for") -> list[str]:
    """The pools to look in. Raises Invalid at `field` for one that cannot answer."""
    possible = ("need",) if seeks is Side.OFFER else ("offer", "person", "organisation")
    if set(wanted) - set(possible):
        raise Invalid.at(field, "not_possible", "この側からはさがせない相手です。")
    default = possible[:2]
    return [_POOLS[kind] for kind in dict.fromkeys(wanted or default)]


@both(
    "GET",
    "/{listing_id}/matches",
    response_model=MatchesRead,
    summary="合う相手",
    responses=ERRORS | example(MATCHES),
)
def read_matches(request: Request, side: OfSide, listing_id: uuid.UUID, form: Asked) -> JSON:
    pools = pools_of(side, form.for_)
    # Opened here: as a dependency the session would cost two more changes of thread.
    with request.app.state.database.read() as session:
        desk = desk_of(request, session, about=listing_id, notifying=form.notify)
        mine = desk.market.listing(session, listing_id, at_desk=True)
        if not len(mine) or bool(mine.seeks[0]) != (side is Side.NEED):
            raise NotFound(UNKNOWN)
        return private(answer(desk, mine, pools, form.limit, or_groups=not form.for_))


@router.get(
    "/people/{person_id}/opportunities",
    response_model=MatchesRead,
    summary="その人に合う募集",
    responses=ERRORS | example(MATCHES),
)
def read_opportunities(
    request: Request,
    session: Reading,
    person_id: uuid.UUID,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JSON:
    get_person(session, person_id)
    desk = desk_of(request, session, about=person_id)
    mine = desk.market.person(session, person_id)
    return private(answer(desk, mine, ["needs"], limit))


@router.get(
    "/organisations/{organisation_id}/partners",
    response_model=MatchesRead,
    summary="協働の相手になりそうな団体",
    responses=ERRORS | example(MATCHES),
)
def read_partners(
    request: Request,
    session: Reading,
    organisation_id: uuid.UUID,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JSON:
    get_organisation(session, organisation_id)
    desk = desk_of(request, session, about=organisation_id)
    return private(partners(desk, organisation_id, limit))


def partners(desk: "Desk", organisation_id: uuid.UUID, limit: int) -> "Matches":
    """Groups for a group."""
    from app.matching.partners import match_partners

    mine = desk.market.organisation(desk.session, organisation_id)
    return match_partners(desk, organisation_id, mine, limit)


@router.post(
    "/matches",
    response_model=MatchesRead,
    summary="登録していない求める・提供するに合う相手",
    responses=WRITE_ERRORS | example(MATCHES),
)
def match_case(request: Request, session: Reading, form: CaseForm) -> JSON:
    side = Side.NEED if form.need else Side.OFFER
    pools = pools_of(side, form.candidates, "body.for")
    with _inside(side):
        record = unsaved_listing(session, Draft(side, form.case.values()))
    desk = desk_of(request, session)
    mine = desk.market.unsaved(session, record)
    return private(answer(desk, mine, pools, form.limit, or_groups=not form.candidates))


@contextmanager
def _inside(part: str) -> Iterator[None]:
    """What is wrong with a listing is wrong with the part of the body that it is."""
    try:
        yield
    except Invalid as error:
        errors = [
            replace(one, field=f"body.{part}.{one.field.removeprefix('body.')}")
            for one in error.errors
        ]
        raise Invalid(error.detail, errors) from None


# --------------------------------------------------------------------------------- one pair


def explain(
    request: Request, session: ReadSession, listing_id: uuid.UUID, candidate_id: uuid.UUID
) -> tuple["Traits", "Traits", dict[str, Any]]:
    """Both sides and everything about them. Raises NotFound."""
    from app.matching import queries

    desk = desk_of(request, session, about=listing_id)
    mine = desk.market.listing(session, listing_id)
    other = desk.market.anybody(session, candidate_id)
    if other is None or bool(other.seeks[0]) == bool(mine.seeks[0]):
        raise NotFound(queries.UNKNOWN_CANDIDATE)
    return mine, other, queries.explain(desk, mine, other)


@both(
    "GET",
    "/{listing_id}/matches/{candidate_id}",
    response_model=Explanation,
    summary="一組のすべての条件と点数（なぜ出ないかも）",
    responses=ERRORS | example(EXPLANATION),
)
def read_match(
    request: Request,
    session: Reading,
    side: OfSide,
    listing_id: uuid.UUID,
    candidate_id: uuid.UUID,
) -> JSON:
    get_listing(session, listing_id, side=side)
    return private(explain(request, session, listing_id, candidate_id)[2])
