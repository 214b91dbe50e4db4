"""Dates and places as they are read: whole, in order, page by page."""

import uuid
from datetime import datetime, timedelta

import pytest

from app.core.clock import TOKYO
from app.core.db import Database
from app.core.errors import AlreadyExists, Invalid, InvalidCursor, NotFound
from app.listings.rules import OVER, ListingOver
from app.listings.shift_rules import NoShifts
from app.listings.shifts import (
    create_shifts,
    get_place,
    get_shift,
    list_places,
    list_shifts,
)
from app.vocabulary.listings import ListingKind, ListingStatus, Side
from tests.listings.desk import LATER, NOW, Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


class TestCreateShifts:
    def test_every_date_of_a_rule_is_a_shift_of_one_series(self, desk: Desk) -> None:
        need = desk.need()
        first = desk.shift(need, rule="FREQ=WEEKLY;COUNT=3")
        single = desk.shift(need, hours=1)
        with desk.database.read() as session:
            found = list_shifts(session, need, cursor=None, limit=10).rows
        series = [shift for shift in found if shift.id != single.id]
        assert {shift.series_id for shift in series} == {first.series_id}
        assert {shift.rrule for shift in series} == {"FREQ=WEEKLY;COUNT=3"}
        weeks = [LATER + timedelta(weeks=number) for number in range(3)]
        assert [shift.starts_at for shift in series] == weeks
        assert (single.series_id, single.rrule) == (None, None)

    def test_a_night_ends_the_next_day(self, desk: Desk) -> None:
        night = datetime(2026, 12, 31, 22, tzinfo=TOKYO)
        shift = desk.seen(desk.shift(desk.need(), begins=night, hours=8))
        assert (shift.starts_at, shift.ends_at) == (night, night + timedelta(hours=8))
        assert f"{shift.ends_at:%Y-%m-%d %H:%M%z}" == "2027-01-01 06:00+0900"

    @pytest.mark.parametrize("kind", ["goods", "place", "partner"])
    def test_things_have_no_dates(self, desk: Desk, kind: str) -> None:
        need = desk.need(kind=ListingKind(kind))
        with pytest.raises(NoShifts):
            desk.shift(need)

    def test_offers_have_none(self, desk: Desk) -> None:
        with pytest.raises(NotFound):
            desk.shift(desk.need(side=Side.OFFER))
        with pytest.raises(NotFound):
            desk.shift(uuid.uuid4())

    def test_a_rule_that_goes_too_far_leaves_nothing(self, desk: Desk) -> None:
        need = desk.need()
        with pytest.raises(Invalid) as caught:
            desk.shift(need, rule="FREQ=DAILY;COUNT=401")
        assert caught.value.errors[0].field == "body.rrule"
        with desk.database.read() as session:
            assert list_shifts(session, need, cursor=None, limit=10).total == 0

    def test_what_has_begun_is_no_date_to_come(self, desk: Desk) -> None:
        need = desk.need()
        for rule in (None, "FREQ=DAILY;COUNT=3"):
            with pytest.raises(Invalid, match="今より後") as caught:
                desk.shift(need, begins=NOW - timedelta(minutes=1), rule=rule)
            assert caught.value.errors[0].field == "body.starts_at"
        assert desk.shift(need, begins=NOW).taken == 0

    @pytest.mark.parametrize("status", sorted(OVER))
    def test_what_is_over_gets_no_more_dates(self, desk: Desk, status: ListingStatus) -> None:
        with pytest.raises(ListingOver, match=status.label):
            desk.shift(desk.need(status=status))

    def test_the_same_date_is_there_once(self, desk: Desk) -> None:
        need = desk.need()
        desk.shift(need, begins=LATER + timedelta(days=7))
        for rule in ("FREQ=WEEKLY;COUNT=2", None):
            begins = LATER + timedelta(days=0 if rule else 7)
            with pytest.raises(AlreadyExists, match="同じ日時"):
                desk.shift(need, begins=begins, rule=rule)
        with desk.database.read() as session:
            assert list_shifts(session, need, cursor=None, limit=10).total == 1
        desk.shift(need, begins=LATER + timedelta(days=7), hours=1)
        desk.shift(desk.need(), begins=LATER + timedelta(days=7))

    def test_a_year_of_days_is_made_at_once(self, desk: Desk) -> None:
        need = desk.need()
        with desk.database.write() as session:
            made = create_shifts(
                session,
                listing_id=need,
                starts_at=LATER,
                ends_at=LATER + timedelta(hours=1),
                capacity=3,
                rule="FREQ=DAILY",
                note=None,
                now=NOW,
                actor="operator",
            )
        assert len(made) == 365


class TestGetShift:
    def test_says_when_there_is_none(self, desk: Desk) -> None:
        with desk.database.read() as session, pytest.raises(NotFound, match="この日程"):
            get_shift(session, uuid.uuid4())


class TestListShifts:
    def test_goes_through_all_in_their_order(self, desk: Desk) -> None:
        need = desk.need()
        for number, hours in enumerate((48, 0, 24, 24, 24)):
            desk.shift(need, begins=LATER + timedelta(hours=hours), hours=1 + number)
        desk.shift(desk.need())
        seen, cursor = [], None
        with desk.database.read() as session:
            while True:
                page = list_shifts(session, need, cursor=cursor, limit=2)
                assert page.total == 5
                seen += page.rows
                if (cursor := page.next_cursor) is None:
                    break
        assert len({shift.id for shift in seen}) == 5
        begins = [shift.starts_at - LATER for shift in seen]
        assert begins == [timedelta(hours=hours) for hours in (0, 24, 24, 24, 48)]

    def test_leaves_out_what_has_ended(self, desk: Desk) -> None:
        need = desk.need()
        shifts = [desk.shift(need, begins=LATER + timedelta(days=n)) for n in range(3)]
        with desk.database.read() as session:
            page = list_shifts(session, need, ends_after=shifts[0].ends_at, cursor=None, limit=10)
        assert (page.total, [shift.id for shift in page.rows]) == (
            2,
            [shift.id for shift in shifts[1:]],
        )

    @pytest.mark.parametrize("cursor", ["x", "WyJhIiwiYiJd", "WyIyMDI2LTEyLTA1VDEwOjAwIiwiYiJd"])
    def test_refuses_a_cursor_nobody_gave(self, desk: Desk, cursor: str) -> None:
        with desk.database.read() as session, pytest.raises(InvalidCursor):
            list_shifts(session, uuid.uuid4(), cursor=cursor, limit=2)


class TestListPlaces:
    def test_pages_know_the_position_in_the_whole_queue(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=1)
        made = [desk.party(shift, 1) for _ in range(5)]
        seen, cursor = [], None
        with desk.database.read() as session:
            while True:
                page = list_places(session, shift.id, cursor=cursor, limit=2)
                seen += page.rows
                assert page.total == 5
                if (cursor := page.next_cursor) is None:
                    break
        assert [place.id for place in seen] == [place.id for place in made]
        assert [place.position for place in seen] == [None, 1, 2, 3, 4]


class TestGetPlace:
    def test_is_what_the_list_shows(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=1)
        for _ in range(3):
            desk.party(shift, 1)
        with desk.database.read() as session:
            listed = list_places(session, shift.id, cursor=None, limit=10).rows
            assert [get_place(session, place.id) for place in listed] == listed
            with pytest.raises(NotFound):
                get_place(session, 999_999)
