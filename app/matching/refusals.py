"""Who must not be shown to whom (H3)."""

import uuid
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Uuid, bindparam
from sqlmodel import col, or_, select

from app.core.db import ReadSession, UTCDateTime
from app.listings.models import Engagement, Listing
from app.matching.gates import REFUSED_DAYS
from app.vocabulary.listings import EngagementState, PartyKind


def refused_pairs(
    session: ReadSession, id_: uuid.UUID, now: datetime
) -> tuple[frozenset[str], frozenset[uuid.UUID]]:
    """Parties, and organisations, that must not be shown to this one (H3), whoever refused.

    Who refused a group refused what it seeks and offers; a group stands for all its listings.
    """
    of_it, of_them = _refusals()
    asking = session.connection()  # the session would look for mapped objects in each column
    owners = dict(asking.execute(of_it, {"id": id_}).all())
    about = {
        "id": id_,
        "listings": list(owners),
        "groups": [*owners.values(), id_],
        "since": now - timedelta(days=REFUSED_DAYS),
    }
    rows = asking.execute(of_them, about).all()
    others, groups = set(), set()
    for listing, party_kind, party, owner in rows:
        others.add(party if listing in owners else listing)
        if party_kind is PartyKind.ORGANISATION and (listing in owners or party == id_):
            groups.add(party if listing in owners else owner)
    return frozenset(map(str, others)), frozenset(groups)


@cache
def _refusals() -> tuple[Any, Any]:
    """The listings of a party, and the refusals of it. Built once: that costs more than to ask."""
    id_ = bindparam("id", type_=Uuid())
    listings = bindparam("listings", expanding=True, type_=Uuid())
    groups = bindparam("groups", expanding=True, type_=Uuid())
    of_it = select(Listing.id, Listing.organisation_id).where(
        or_(col(Listing.id) == id_, col(Listing.organisation_id) == id_)
    )
    kind, party = col(Engagement.party_kind), col(Engagement.party_id)
    state, at = col(Engagement.state), col(Engagement.at)
    of_them = (
        select(Engagement.listing_id, Engagement.party_kind, party, Listing.organisation_id)
        .join(Listing)
        .where(
            or_(
                col(Engagement.listing_id).in_(listings),
                (kind == PartyKind.LISTING) & party.in_(listings),
                (kind == PartyKind.PERSON) & (party == id_),
                (kind == PartyKind.ORGANISATION) & party.in_(groups),
            ),
            or_(
                state == EngagementState.BLOCKED,
                (state == EngagementState.DECLINED)
                & (at >= bindparam("since", type_=UTCDateTime())),
            ),
        )
        .order_by(col(Engagement.id))
    )
    return of_it, of_them
