"""Moves, who sees what, what each kind carries, what fits together."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from app.core.errors import Invalid
from app.listings.forms import DetailsForm
from app.listings.rules import (
    CARRIES,
    MOVES,
    PUBLIC,
    HeadcountMissing,
    ListingOver,
    MoveNotAllowed,
    OrganisationNotPublished,
    check_latitude,
    check_listing,
    check_longitude,
    check_move,
    check_near,
    check_publication,
    check_window,
    is_findable,
    is_over,
    is_visible,
    lacks_headcount,
)
from app.places.rules import municipalities
from app.vocabulary.listings import ListingKind, ListingStatus, Side

TODAY = date(2026, 11, 21)
S = ListingStatus
# Every move that is allowed, written out: what the table must say.
ALLOWED = {
    "publish": {S.DRAFT, S.PAUSED, S.FULFILLED, S.EXPIRED},
    "pause": {S.PUBLISHED},
    "fulfil": {S.PUBLISHED, S.PAUSED},
    "close": {S.DRAFT, S.PUBLISHED, S.PAUSED, S.FULFILLED, S.EXPIRED},
    "expire": {S.PUBLISHED, S.PAUSED},
}
TARGETS = {
    "publish": S.PUBLISHED,
    "pause": S.PAUSED,
    "fulfil": S.FULFILLED,
    "close": S.CLOSED,
    "expire": S.EXPIRED,
}


class TestCheckMove:
    @pytest.mark.parametrize(("move", "current"), list(product(ALLOWED, S)))
    def test_allows_what_is_written_and_nothing_else(self, move: str, current: S) -> None:
        if current in ALLOWED[move]:
            assert check_move(move, current) is TARGETS[move]
        else:
            with pytest.raises(MoveNotAllowed, match=current.label):
                check_move(move, current)

    def test_knows_no_other_move(self) -> None:
        assert set(MOVES) == set(ALLOWED)


class TestCheckPublication:
    def test_needs_a_findable_organisation_and_time_left(self) -> None:
        fine = {"organisation_findable": True, "over": False, "headcount_missing": False}
        check_publication(**fine)
        with pytest.raises(OrganisationNotPublished):
            check_publication(**fine | {"organisation_findable": False})
        with pytest.raises(ListingOver):
            check_publication(**fine | {"over": True})
        with pytest.raises(HeadcountMissing):
            check_publication(**fine | {"headcount_missing": True})


class TestLacksHeadcount:
    @pytest.mark.parametrize(
        ("side", "kind", "quantity", "lacks"),
        [
            (Side.NEED, ListingKind.PEOPLE, None, True),
            (Side.NEED, ListingKind.SKILL, None, True),
            (Side.NEED, ListingKind.PEOPLE, 1, False),
            (Side.NEED, ListingKind.GOODS, None, False),
            (Side.NEED, ListingKind.ADVICE, None, False),
            (Side.OFFER, ListingKind.PEOPLE, None, False),
        ],
    )
    def test_is_about_needs_people_come_to(
        self, side: Side, kind: ListingKind, quantity: int | None, lacks: bool
    ) -> None:
        assert lacks_headcount(side, kind, quantity) is lacks


class TestIsOver:
    @pytest.mark.parametrize(
        ("until", "deadline", "over"),
        [
            (None, None, False),
            (TODAY, None, False),  # the last day belongs to it
            (None, TODAY, False),
            (TODAY - timedelta(days=1), None, True),
            (None, TODAY - timedelta(days=1), True),
            (TODAY + timedelta(days=9), TODAY - timedelta(days=1), True),
            (TODAY - timedelta(days=1), TODAY + timedelta(days=9), True),
        ],
    )
    def test_from_the_day_after(
        self, until: date | None, deadline: date | None, over: bool
    ) -> None:
        assert is_over(until, deadline, TODAY) is over


class TestWhoSees:
    @pytest.mark.parametrize("status", S)
    def test_a_public_state_of_a_known_organisation(self, status: S) -> None:
        assert is_visible(status, organisation_findable=True) is (status in PUBLIC)
        assert (status in PUBLIC) is (status not in (S.DRAFT, S.PAUSED))
        assert is_findable(status, organisation_findable=True) is (status is S.PUBLISHED)
        assert not is_visible(status, organisation_findable=False)
        assert not is_findable(status, organisation_findable=False)

    def test_what_is_found_may_be_opened(self) -> None:
        assert {s for s in S if is_findable(s, organisation_findable=True)} <= PUBLIC


class TestCheckWindow:
    start = datetime(2026, 12, 5, 14, tzinfo=UTC)

    @given(some.integers(1, 24 * 60))
    def test_any_time_up_to_a_day(self, minutes: int) -> None:
        """Midnight in Tokyo or in UTC is a time like any other."""
        check_window(self.start, self.start + timedelta(minutes=minutes))

    @given(some.integers(-10_000, 0) | some.integers(24 * 60 + 1, 10_000_000))
    def test_nothing_else(self, minutes: int) -> None:
        long = minutes > 0
        with pytest.raises(ValueError, match="24時間以内" if long else "始まりより後"):
            check_window(self.start, self.start + timedelta(minutes=minutes))


class TestCheckNear:
    @given(some.dates())
    @example(TODAY.replace(year=2023))
    @example(TODAY.replace(year=2023, day=20))
    @example(TODAY.replace(year=2029))
    @example(TODAY.replace(year=2029, day=22))
    def test_within_three_years(self, day: date) -> None:
        if TODAY.replace(year=2023) <= day <= TODAY.replace(year=2029):
            check_near(day, TODAY)
        else:
            with pytest.raises(ValueError, match="今日の前後3年以内の日付にしてください。"):
                check_near(day, TODAY)

    def test_from_a_leap_day(self) -> None:
        check_near(date(2027, 3, 1), date(2024, 2, 29))


class TestPosition:
    def test_every_municipality_is_in_japan(self) -> None:
        positions = [m.position for m in municipalities().values() if m.position]
        assert positions
        for latitude, longitude in positions:
            assert check_latitude(latitude) == latitude
            assert check_longitude(longitude) == longitude

    @pytest.mark.parametrize("value", [0, 19.99, 46.01, -35.7, 90, float("nan"), float("inf")])
    def test_a_latitude_elsewhere(self, value: float) -> None:
        with pytest.raises(ValueError, match="日本国内"):
            check_latitude(value)

    @pytest.mark.parametrize("value", [0, 121.99, 154.01, -139.5, 180, float("nan")])
    def test_a_longitude_elsewhere(self, value: float) -> None:
        with pytest.raises(ValueError, match="日本国内"):
            check_longitude(value)


def at_fault(**values: Any) -> dict[str, str]:
    """Field → sentence of what does not fit."""
    try:
        check_listing({"kind": "people", **values})
    except Invalid as error:
        return {each.field: each.message for each in error.errors}
    return {}


class TestCheckListing:
    @pytest.mark.parametrize("kind", ListingKind)
    def test_a_kind_carries_its_own_details_and_no_others(self, kind: ListingKind) -> None:
        for name in DetailsForm.model_fields:
            found = at_fault(kind=kind.value, details={name: "何か"})
            assert set(found) == (set() if name in CARRIES[kind] else {f"body.details.{name}"})

    def test_every_detail_is_carried_by_some_kind(self) -> None:
        assert set(DetailsForm.model_fields) == set().union(*CARRIES.values())
        assert set(CARRIES) == set(ListingKind)

    @pytest.mark.parametrize("kind", ListingKind)
    def test_only_food_goes_off(self, kind: ListingKind) -> None:
        found = at_fault(kind=kind.value, temperature="frozen", best_before="2026-12-01")
        wrong = {"body.temperature", "body.best_before"}
        assert set(found) == (set() if kind is ListingKind.FOOD else wrong)

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"available_from": "2026-12-02", "available_until": "2026-12-01"}, "available_until"),
            ({"least_quantity": 3, "quantity": 2}, "least_quantity"),
            ({"engaged": 3, "quantity": 2}, "quantity"),
            ({"min_age": 19, "max_age": 18}, "max_age"),
            ({"latitude": 35.0}, "longitude"),
            ({"longitude": 139.0}, "latitude"),
        ],
    )
    def test_names_the_field_that_does_not_fit(self, values: dict[str, Any], field: str) -> None:
        found = at_fault(**values)
        assert set(found) == {f"body.{field}"}
        assert found[f"body.{field}"].endswith("。")

    @pytest.mark.parametrize(
        "values",
        [
            {"available_from": "2026-12-01", "available_until": "2026-12-01"},
            {"deadline": "2026-12-09", "available_until": "2026-12-01"},
            {"least_quantity": 2, "quantity": 2, "engaged": 2},
            {"least_quantity": 2},
            {"min_age": 18, "max_age": 18},
            {"latitude": 35.0, "longitude": 139.0},
        ],
    )
    def test_lets_the_rest_be(self, values: dict[str, Any]) -> None:
        assert at_fault(**values) == {}

    def test_names_all_that_is_wrong(self) -> None:
        assert set(at_fault(min_age=2, max_age=1, latitude=35.0)) == {
            "body.max_age",
            "body.longitude",
        }

    @given(some.lists(some.integers(1, 5), min_size=2, max_size=6), some.data())
    def test_times_may_touch_and_not_overlap(self, hours: list[int], data: some.DataObject) -> None:
        at, windows = datetime(2026, 12, 5, tzinfo=UTC), []
        for length in hours:
            ends_at = at + timedelta(hours=length)
            windows.append({"starts_at": at.isoformat(), "ends_at": ends_at.isoformat()})
            at = ends_at
        assert at_fault(windows=windows) == {}
        wrong = data.draw(some.integers(0, len(windows) - 2))
        longer = datetime.fromisoformat(windows[wrong]["ends_at"]) + timedelta(minutes=1)
        windows[wrong]["ends_at"] = longer.isoformat()
        assert set(at_fault(windows=windows)) == {"body.windows"}
