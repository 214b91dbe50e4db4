"""Who seeks people says how many before it is public (docs/decisions/0014)."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.core.db import Database
from app.core.errors import Invalid
from app.listings.actions import create_listing, publish_listing, update_listing
from app.listings.models import Shift
from app.listings.records import ListingRecord
from app.listings.rules import HeadcountMissing
from app.listings.shifts import create_shifts
from app.organisations.actions import create_organisation, publish_organisation
from app.vocabulary.listings import ListingStatus, Side

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@pytest.fixture
def made(database: Database) -> ListingRecord:
    """The draft of a need for people without a number."""
    with database.write() as session:
        owner = create_organisation(session, values={"name": "ひまわりの会"}, actor="係").id
        publish_organisation(session, id=owner, version=None, actor="係")
        values = {"organisation_id": str(owner), "kind": "people", "title": "絵本の読み聞かせ"}
        return create_listing(session, side=Side.NEED, values=values, actor="係")


def change(database: Database, id_: uuid.UUID, **values: Any) -> ListingRecord:
    with database.write() as session:
        return update_listing(session, id=id_, version=None, values=values, actor="係")


def publish(database: Database, id_: uuid.UUID) -> ListingRecord:
    today = date(2026, 11, 21)
    with database.write() as session:
        return publish_listing(session, id=id_, version=None, actor="係", today=today)


def test_a_need_for_people_is_published_with_its_number(
    database: Database, made: ListingRecord
) -> None:
    with pytest.raises(HeadcountMissing, match="人数"):
        publish(database, made.id)
    change(database, made.id, quantity=5)
    publish(database, made.id)
    with pytest.raises(Invalid) as caught:
        change(database, made.id, quantity=None)
    assert [error.field for error in caught.value.errors] == ["body.quantity"]
    assert change(database, made.id, quantity=3).quantity == 3


def test_dates_with_places_say_it_too_unless_they_are_called_off(
    database: Database, made: ListingRecord
) -> None:
    with database.write() as session:
        create_shifts(
            session,
            listing_id=made.id,
            starts_at=NOW + timedelta(days=7),
            ends_at=NOW + timedelta(days=7, hours=2),
            capacity=4,
            rule=None,
            note=None,
            now=NOW,
            actor="係",
        )
        session.execute(update(Shift).values(cancelled=True))
    with pytest.raises(HeadcountMissing):
        publish(database, made.id)
    with database.write() as session:
        session.execute(update(Shift).values(cancelled=False))
    assert publish(database, made.id).status is ListingStatus.PUBLISHED
