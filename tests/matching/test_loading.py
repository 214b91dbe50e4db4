"""Rows of the registry as they are matched on, and kept."""

import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from pydantic_core import from_json, to_json

from app.core.clock import today
from app.matching.loading import as_json
from app.matching.traits import FIRST_DAY, LAST_DAY, Traits, table
from app.vocabulary.listings import ListingKind
from tests.matching.city import City
from tests.matching.parties import many, need_rows, slots

DAY = timedelta(days=1)
GOODS, FOOD = ListingKind.GOODS, ListingKind.FOOD
SATURDAY = datetime(2027, 6, 5, tzinfo=UTC)  # nine in the morning in Tokyo


def row_of(city: City, id_: uuid.UUID) -> Traits:
    with city.database.read() as session:
        city.market.refresh(session)
        return city.market.listing(session, id_)


class TestDeadline:
    def test_is_the_day_to_answer_by_and_no_end(self, town: City) -> None:
        """Apply by the tenth for the twentieth."""
        there = today() + 20 * DAY
        need = town.need(deadline=today() + 10 * DAY, available_from=there, available_until=there)
        offer = town.offer()
        assert town.found(need) == [offer]
        row = row_of(town, need)
        assert row.answer_by[0] == (today() + 10 * DAY).toordinal()
        assert row.starts[0] == row.ends[0] == there.toordinal()

    def test_that_has_passed_matches_nobody(self, town: City) -> None:
        town.offer()
        need = town.need(deadline=today() - DAY, available_until=today() + 20 * DAY)
        assert town.match(need).excluded_by == {"H2": 1}

    def test_none_leaves_every_day(self, town: City) -> None:
        row = row_of(town, town.need())
        assert (row.starts[0], row.ends[0], row.answer_by[0]) == (FIRST_DAY, LAST_DAY, LAST_DAY)

    @pytest.mark.parametrize(
        ("period", "received"),
        [
            ({}, 10),  # no other day is named than the one to answer by
            ({"available_from": 5}, 5),
            ({"available_from": 12, "available_until": 20}, 12),
            ({"available_until": 20}, 0),
        ],
    )
    def test_food_keeps_until_it_is_received(
        self, town: City, period: dict[str, int], received: int
    ) -> None:
        days = {name: today() + ahead * DAY for name, ahead in period.items()}
        need = town.need(kind=FOOD, deadline=today() + 10 * DAY, **days)
        town.offer(kind=FOOD, best_before=today() + (received - 1) * DAY)
        good = town.offer(kind=FOOD, best_before=today() + received * DAY)
        found = town.match(need)
        assert [uuid.UUID(one.id) for one in found.candidates] == [good]
        assert found.excluded_by == {"H7": 1}


class TestMinutes:
    def test_one_time_is_one_shift_though_they_overlap(self, town: City) -> None:
        need = town.need()
        town.shift(need, SATURDAY, hours=3)
        town.shift(need, SATURDAY + timedelta(hours=2), hours=4)
        morning = town.offer(slots=slots("sat-morning"))
        assert row_of(town, need).minutes[0] == 180
        assert town.found(need) == [morning]

    def test_of_a_usual_week_beside_dates_is_the_shorter(self, town: City) -> None:
        dates = [["2027-06-05T00:00:00Z", "2027-06-05T06:00:00Z"]]
        weekly = slots("mon-night")
        assert row_of(town, town.need(windows=dates)).minutes[0] == 360
        assert row_of(town, town.need(windows=dates, slots=weekly)).minutes[0] == 60
        assert row_of(town, town.need(windows=dates, minutes=90)).minutes[0] == 90


class TestUnit:
    def test_is_that_of_the_kind_where_none_is_written(self, town: City) -> None:
        said: tuple[dict[str, str], ...] = ({}, {"unit": "個"}, {"unit": "箱"})
        units = [row_of(town, town.need(kind=GOODS, **unit)).unit[0] for unit in said]
        assert units[0] == units[1] != units[2]

    def test_boxes_are_not_counted_against_bottles(self, town: City) -> None:
        need = town.need(kind=GOODS, quantity=20, least_quantity=10, unit="本")
        boxes = town.offer(kind=GOODS, quantity=2, unit="箱")
        town.offer(kind=GOODS, quantity=2, unit="本")
        found = town.match(need)
        assert [uuid.UUID(one.id) for one in found.candidates] == [boxes]
        assert found.excluded_by == {"H7": 1}


class TestAsJson:
    @given(need_rows)
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_what_is_said_can_be_kept_and_read_again(self, row: dict[str, Any]) -> None:
        mine = many([row])
        kept = from_json(to_json(as_json(mine)))
        assert as_json(table([_row_again(kept)])) == kept

    def test_leaves_out_what_is_unknown(self) -> None:
        kept = as_json(table([{"id": "x", "windows": [(5, 9)]}]))
        assert kept["id"] == "x"
        assert not {"latitude", "quantity", "limit", "fields", "stage"} & set(kept)


def _row_again(kept: dict[str, Any]) -> dict[str, Any]:
    windows = [tuple(pair) for pair in kept.get("windows", []) if pair[1]]
    said = [
        (n, i) for n, i in zip(kept.get("words", []), kept.get("idf", []), strict=True) if n >= 0
    ]
    assert all(a[1] <= b[0] for a, b in pairwise(windows))
    return kept | {"windows": windows, "words": [n for n, _ in said], "idf": [i for _, i in said]}
