"""A listing as read: who finds it, who sees it, what of it."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import today
from app.listings.forms import EXAMPLE, ListingForm
from app.listings.records import ListingRecord
from app.listings.rows import Draft, as_record, new_row
from app.vocabulary.listings import ListingStatus, Side

TODAY = date(2026, 11, 21)


def a_record(*, findable: bool = True, **values: Any) -> ListingRecord:
    draft = Draft(Side.NEED, ListingForm.model_validate(EXAMPLE).values(), ListingStatus.PUBLISHED)
    row = new_row(draft, {"読書": 1.0, "絵本": 0.5}, datetime(2026, 11, 1, tzinfo=UTC))
    owner = {"id": uuid.uuid4(), "name": "会", "findable": findable}
    return as_record({**row, **values}, owner)


class TestFindable:
    def test_up_to_its_last_day(self) -> None:
        record = a_record(deadline=TODAY)
        assert record.findable_on(TODAY)
        assert not record.findable_on(TODAY + timedelta(days=1))

    def test_is_about_today_in_tokyo(self) -> None:
        assert a_record(deadline=today()).findable
        assert not a_record(deadline=today() - timedelta(days=1)).findable

    @pytest.mark.parametrize("status", ListingStatus)
    def test_only_published_and_of_a_findable_organisation(self, status: ListingStatus) -> None:
        assert a_record(status=status).findable is (status is ListingStatus.PUBLISHED)
        assert not a_record(status=status, findable=False).findable
        assert not a_record(status=status, findable=False).visible


class TestOpenQuantity:
    @pytest.mark.parametrize(
        ("quantity", "engaged", "left"), [(None, 3, None), (5, 0, 5), (5, 3, 2), (5, 5, 0)]
    )
    def test_is_what_is_left(self, quantity: int | None, engaged: int, left: int | None) -> None:
        assert a_record(quantity=quantity, engaged=engaged).open_quantity == left


class TestForPublic:
    def test_hides_what_serves_operators_and_matching(self) -> None:
        record = a_record(engaged=2, exposure=7, source="x-csv", source_id="1")
        shown = record.for_public()
        assert (shown.engaged, shown.exposure, shown.words) == (0, 0, {})
        assert (shown.source, shown.source_id) == (None, None)
        assert shown.open_quantity == record.open_quantity == 1

    def test_no_dump_tells_what_is_known_of_the_organisation(self) -> None:
        assert set(a_record().model_dump()["organisation"]) == {"id", "name"}


class TestWords:
    def test_stand_in_one_order_on_every_database(self) -> None:
        assert list(a_record(words={"b": 1.0, "a": 2.0}).words) == ["a", "b"]
