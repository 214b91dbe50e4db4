"""Who may take a place, and who is next."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import TOKYO
from app.listings.rules import ListingOver
from app.listings.shift_rules import (
    NeedNotOpen,
    NoShifts,
    ShiftOver,
    check_age,
    check_ahead,
    check_date,
    check_kind,
    check_lasting,
    check_open,
    is_open,
    next_to_offer,
    offered_until,
    overlaps,
)
from app.vocabulary.listings import ListingKind, ListingStatus
from app.vocabulary.people import AgeBand

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
SATURDAY = datetime(2026, 12, 5, 10, tzinfo=TOKYO)
HOURS_2 = timedelta(hours=2)
MOMENTS = st.datetimes(datetime(2026, 11, 22), datetime(2028, 11, 1), timezones=st.just(TOKYO))  # noqa: DTZ001


class TestCheckKind:
    @pytest.mark.parametrize("kind", ListingKind)
    def test_people_and_skills_are_sought_for_a_date(self, kind: ListingKind) -> None:
        if kind in (ListingKind.PEOPLE, ListingKind.SKILL):
            check_kind(kind)
        else:
            with pytest.raises(NoShifts, match=kind.label[:2]):
                check_kind(kind)


class TestCheckOpen:
    @pytest.mark.parametrize("status", ListingStatus)
    def test_seats_are_given_while_it_is_published_or_pauses(self, status: ListingStatus) -> None:
        assert not is_open(status, organisation_findable=False)
        if status in ("published", "paused"):
            check_open(status, organisation_findable=True)
            assert is_open(status, organisation_findable=True)
            with pytest.raises(NeedNotOpen, match="団体"):
                check_open(status, organisation_findable=False)
        else:
            assert not is_open(status, organisation_findable=True)
            with pytest.raises(NeedNotOpen, match=status.label):
                check_open(status, organisation_findable=True)


class TestCheckDate:
    @pytest.mark.parametrize(
        ("cancelled", "ends_at", "said"),
        [
            (True, SATURDAY, "中止"),
            (False, NOW, "終わって"),
        ],
    )
    def test_nobody_joins_what_is_over(self, cancelled: bool, ends_at: datetime, said: str) -> None:
        with pytest.raises(ShiftOver, match=said):
            check_date(cancelled=cancelled, ends_at=ends_at, now=NOW)

    def test_up_to_its_end(self) -> None:
        check_date(cancelled=False, ends_at=NOW + timedelta(seconds=1), now=NOW)


class TestCheckLasting:
    @pytest.mark.parametrize("status", ListingStatus)
    def test_what_has_ended_gets_no_dates(self, status: ListingStatus) -> None:
        if status in ("fulfilled", "closed", "expired"):
            with pytest.raises(ListingOver, match=status.label):
                check_lasting(status)
        else:
            check_lasting(status)


class TestCheckAhead:
    def test_nothing_begins_in_the_past(self) -> None:
        check_ahead(NOW, NOW)
        with pytest.raises(ValueError, match="今より後"):
            check_ahead(NOW - timedelta(seconds=1), NOW)


class TestOverlaps:
    @given(MOMENTS, st.integers(1, 2880), MOMENTS, st.integers(1, 2880))
    def test_is_to_share_a_minute(
        self, one: datetime, lasts: int, other: datetime, too: int
    ) -> None:
        one, other = (m.replace(second=0, microsecond=0) for m in (one, other))
        other = one + (other - one) % timedelta(days=3) - timedelta(days=1)
        ends, other_ends = one + timedelta(minutes=lasts), other + timedelta(minutes=too)
        shared = min(ends, other_ends) - max(one, other)
        found = overlaps(one, ends, other, other_ends)
        assert found is (shared >= timedelta(minutes=1))
        assert found is overlaps(other, other_ends, one, ends)

    def test_one_may_begin_when_the_other_ends(self) -> None:
        late = datetime(2026, 12, 5, 23, tzinfo=TOKYO)
        after = late + HOURS_2  # one o'clock of the next day
        assert not overlaps(late, after, after, after + HOURS_2)
        assert overlaps(late, after, after - timedelta(minutes=1), after)


class TestCheckAge:
    @pytest.mark.parametrize(
        ("limits", "band", "fits"),
        [
            ((None, None), None, True),
            ((None, None), AgeBand.FROM_75, True),
            ((18, None), None, False),
            ((None, 64), None, False),
            ((18, None), AgeBand.FROM_18, True),
            ((18, None), AgeBand.FROM_15, False),
            ((16, None), AgeBand.FROM_15, True),
            ((20, 60), AgeBand.FROM_18, True),
            ((None, 64), AgeBand.FROM_65, False),
            ((None, 64), AgeBand.FROM_18, True),
            ((65, 74), AgeBand.FROM_75, False),
            ((None, 12), AgeBand.UNDER_15, True),
        ],
    )
    def test_a_band_has_to_reach_the_age_asked_for(
        self, limits: tuple[int | None, int | None], band: AgeBand | None, fits: bool
    ) -> None:
        def check() -> None:
            check_age(*limits, band, guardian_consent=True)

        if fits:
            check()
        else:
            with pytest.raises(ValueError, match="年"):
                check()

    @pytest.mark.parametrize("band", [AgeBand.UNDER_15, AgeBand.FROM_15])
    def test_minors_need_a_guardian(self, band: AgeBand) -> None:
        with pytest.raises(ValueError, match="保護者"):
            check_age(None, None, band, guardian_consent=False)
        check_age(None, None, band, guardian_consent=True)


class TestNextToOffer:
    def test_is_whoever_comes_first_and_fits(self) -> None:
        assert next_to_offer(3, [("a", 4), ("b", 2), ("c", 2), ("d", 1)]) == ["b", "d"]
        assert next_to_offer(0, [("a", 1)]) == []

    @given(st.integers(0, 12), st.lists(st.integers(1, 6), max_size=12))
    def test_leaves_nobody_who_fits(self, free: int, sizes: list[int]) -> None:
        waiting: list[tuple[Any, int]] = list(enumerate(sizes))
        offered = set(next_to_offer(free, waiting))
        left = free - sum(sizes[number] for number in offered)
        assert left >= 0
        assert all(size > left for number, size in waiting if number not in offered)


class TestOfferedUntil:
    def test_is_two_days_and_not_beyond_the_beginning(self) -> None:
        assert offered_until(NOW, NOW + timedelta(days=9)) == NOW + timedelta(hours=48)
        assert offered_until(NOW, NOW + timedelta(hours=5)) == NOW + timedelta(hours=5)
