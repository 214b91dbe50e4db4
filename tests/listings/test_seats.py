"""Who gets which seat: by action, on both databases. Crowds: `test_seats_crowds`."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.core.db import Database
from app.core.errors import AlreadyExists, Conflict, Invalid
from app.listings.engagements import engage
from app.listings.rules import OVER
from app.listings.shift_rules import NeedNotOpen, Overlapping, PlaceNotOffered, ShiftOver
from app.listings.shifts import SHIFT
from app.people.actions import erase_person
from app.vocabulary.listings import EngagementState, ListingStatus, PartyKind
from app.vocabulary.organisations import Status
from app.vocabulary.people import AgeBand
from tests.listings.desk import (
    CANCELLED,
    CONFIRMED,
    LATER,
    NOW,
    OFFERED,
    WAITING,
    Desk,
    check_sound,
)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


class TestTakePlace:
    def test_who_fits_is_in_and_who_does_not_waits(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=3)
        first, second, third = (desk.party(shift, size) for size in (2, 2, 1))
        found = [(place.state, place.position) for place in (first, second, third)]
        assert found == [(CONFIRMED, None), (WAITING, 1), (CONFIRMED, None)]
        assert desk.party(shift, 1).position == 2
        assert desk.seen(shift).free == 0
        check_sound(desk, shift)

    def test_more_than_the_whole_date_never_fits(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=3)
        with pytest.raises(Invalid, match="定員は3人"):
            desk.party(shift, 4)
        assert desk.places(shift) == []

    def test_nobody_twice(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=1)
        organisation, (person, other) = desk.organisation(), desk.people(2)
        place = desk.take(shift, person)
        desk.take(shift, organisation=organisation)
        for party in ({"person": person}, {"organisation": organisation}):
            with pytest.raises(AlreadyExists, match="すでに申し込んで"):
                desk.take(shift, **party)
        desk.cancel(place)
        again = desk.take(shift, person)
        assert again.id != place.id
        assert desk.take(shift, other).state is WAITING

    @pytest.mark.parametrize("party", ["person", "organisation"])
    def test_nobody_unknown(self, desk: Desk, party: str) -> None:
        shift = desk.shift(desk.need())
        with pytest.raises(Invalid) as caught:
            desk.take(shift, **{party: uuid.uuid4()})
        assert caught.value.errors[0].field == f"body.{party}"

    def test_nobody_in_two_places_at_once(self, desk: Desk) -> None:
        night = LATER.replace(hour=14)  # 23 o'clock in Tokyo, to 1 of the next day
        shift = desk.shift(desk.need(), begins=night)
        (person,) = desk.people(1)
        desk.take(shift, person)
        clash = desk.shift(desk.need(), begins=night + timedelta(minutes=119))
        with pytest.raises(Overlapping):
            desk.take(clash, person)
        assert desk.places(clash) == []
        after = desk.shift(desk.need(), begins=night + timedelta(hours=2))
        before = desk.shift(desk.need(), begins=night - timedelta(hours=2))
        assert desk.take(after, person).state is CONFIRMED
        assert desk.take(before, person).state is CONFIRMED

    def test_who_only_waits_elsewhere_is_free(self, desk: Desk) -> None:
        full = desk.shift(desk.need(), capacity=1)
        (person,) = desk.people(1)
        desk.party(full, 1)
        assert desk.take(full, person).state is WAITING
        assert desk.take(desk.shift(desk.need()), person).state is CONFIRMED

    @pytest.mark.parametrize(
        ("band", "guardian", "said"),
        [
            (None, False, "年代"),
            (AgeBand.FROM_15, True, "年齢の条件"),
            (AgeBand.FROM_15, False, "保護者"),
            (AgeBand.FROM_18, False, None),
        ],
    )
    def test_an_age_that_is_asked_for_must_be_known(
        self, desk: Desk, band: AgeBand | None, guardian: bool, said: str | None
    ) -> None:
        shift = desk.shift(desk.need(min_age=20))
        (person,) = desk.people(1, age_band=band, guardian_consent=guardian)
        if said is None:
            assert desk.take(shift, person).state is CONFIRMED
        else:
            with pytest.raises(Invalid, match=said) as caught:
                desk.take(shift, person)
            assert caught.value.errors[0].field == "body.person"
            assert desk.places(shift) == []

    def test_not_what_is_over(self, desk: Desk) -> None:
        (person,) = desk.people(1)
        shift = desk.shift(desk.need())
        with pytest.raises(ShiftOver, match="終わって"):
            desk.take(shift, person, now=LATER + timedelta(hours=2))
        cancelled = desk.update(desk.shift(desk.need()), cancelled=True)
        with pytest.raises(ShiftOver, match="中止"):
            desk.take(cancelled, person)

    @pytest.mark.parametrize("status", sorted(set(ListingStatus) - {"published", "paused"}))
    def test_not_of_a_need_that_is_not_open(self, desk: Desk, status: ListingStatus) -> None:
        need, (one, two) = desk.need(), desk.people(2)
        shift = desk.shift(need, capacity=1)
        first, waiting = desk.take(shift, one), desk.take(shift, two)
        desk.cancel(first)
        desk.set_status(need, status)
        with pytest.raises(NeedNotOpen, match=status.label):
            desk.take(shift, one)
        with pytest.raises(NeedNotOpen, match=status.label):
            desk.confirm(waiting)

    @pytest.mark.parametrize("status", sorted(set(Status) - {"published"}))
    def test_not_of_an_organisation_that_is_not_published(self, desk: Desk, status: Status) -> None:
        shift = desk.shift(desk.need(organisation_id=desk.organisation(status)))
        with pytest.raises(NeedNotOpen, match="団体が公開されていない"):
            desk.take(shift, desk.people(1)[0])

    def test_while_it_pauses_seats_are_given_on(self, desk: Desk) -> None:
        need, (one, two) = desk.need(status=ListingStatus.PAUSED), desk.people(2)
        shift = desk.shift(need, capacity=1)
        first, waiting = desk.take(shift, one), desk.take(shift, two)
        desk.cancel(first)
        assert desk.confirm(waiting).state is CONFIRMED

    def test_a_group_does_not_answer_itself(self, desk: Desk) -> None:
        owner = desk.organisation()
        shift = desk.shift(desk.need(organisation_id=owner))
        with pytest.raises(Conflict, match="自分の団体"):
            desk.take(shift, organisation=owner)
        assert desk.places(shift) == []

    @pytest.mark.parametrize("kind", [PartyKind.PERSON, PartyKind.ORGANISATION])
    def test_whoever_is_not_to_be_introduced_is_not(self, desk: Desk, kind: PartyKind) -> None:
        need = desk.need()
        id_ = desk.people(1)[0] if kind is PartyKind.PERSON else desk.organisation()
        full = desk.shift(need, capacity=1)
        place, waiting = desk.party(full, 1), desk.take(full, **{kind.value: id_})
        with desk.database.write() as session:
            engage(
                session,
                listing_id=need,
                party_kind=kind,
                party_id=id_,
                state=EngagementState.BLOCKED,
                quantity=1,
                now=NOW,
                actor="operator",
            )
        with pytest.raises(Conflict, match="紹介しない"):
            desk.take(desk.shift(need, begins=NOW + timedelta(days=1)), **{kind.value: id_})
        desk.cancel(place)
        with pytest.raises(Conflict, match="紹介しない"):
            desk.confirm(waiting)
        assert desk.pair(need, kind, id_) == (EngagementState.BLOCKED, 1)


class TestCancelPlace:
    def test_the_seats_go_to_whoever_waits_first_and_fits(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=4)
        leaving, staying = desk.party(shift, 3), desk.party(shift, 1)
        sizes = (4, 2, 2, 1)
        waiting = [desk.party(shift, size) for size in sizes]
        assert desk.cancel(leaving).state is CANCELLED
        assert desk.states(shift) == [CANCELLED, CONFIRMED, WAITING, OFFERED, WAITING, OFFERED]
        offered = desk.places(shift)[3]
        assert offered.offered_until == NOW + timedelta(hours=48)
        assert desk.places(shift)[4].position == 2
        check_sound(desk, shift)
        desk.cancel(staying)
        assert desk.states(shift)[4] is WAITING
        desk.cancel(waiting[0])
        check_sound(desk, shift)

    def test_what_is_cancelled_stays_so(self, desk: Desk) -> None:
        place = desk.party(desk.shift(desk.need()), 1)
        desk.cancel(place)
        with pytest.raises(Conflict, match="すでに取り消されて"):
            desk.cancel(place)
        with pytest.raises(PlaceNotOffered, match="取り消し"):
            desk.confirm(place)

    @pytest.mark.parametrize("status", sorted(set(ListingStatus) - {"published", "paused"}))
    def test_nothing_is_offered_where_nobody_joins(self, desk: Desk, status: ListingStatus) -> None:
        need = desk.need()
        shift = desk.shift(need, capacity=1)
        place, _ = desk.party(shift, 1), desk.party(shift, 1)
        desk.set_status(need, status)
        desk.cancel(place)
        assert desk.states(shift) == [CANCELLED, WAITING]

    def test_nothing_is_offered_once_it_has_begun(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=1)
        place, _ = desk.party(shift, 1), desk.party(shift, 1)
        desk.cancel(place, now=LATER)
        assert desk.states(shift) == [CANCELLED, WAITING]


class TestConfirmPlace:
    def test_in_time_the_seat_is_taken(self, desk: Desk) -> None:
        need, (person,) = desk.need(), desk.people(1)
        shift = desk.shift(need, capacity=1)
        place = desk.party(shift, 1)
        waiting = desk.take(shift, person)
        with pytest.raises(PlaceNotOffered, match="空き待ち"):
            desk.confirm(waiting)
        desk.cancel(place)
        assert desk.engaged(need, person) is None
        confirmed = desk.confirm(waiting, now=NOW + timedelta(hours=47))
        assert (confirmed.state, confirmed.offered_until) == (CONFIRMED, None)
        assert desk.engaged(need, person) is EngagementState.JOINED
        check_sound(desk, shift)

    def test_too_late_the_offer_moves_on(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=1)
        places = [desk.party(shift, 1) for _ in range(3)]
        desk.cancel(places[0])
        late = NOW + timedelta(hours=48)
        assert desk.confirm(places[1], now=late).state is CANCELLED
        found = desk.places(shift)[2]
        assert (found.state, found.offered_until) == (OFFERED, late + timedelta(hours=48))
        check_sound(desk, shift)

    def test_not_when_somebody_is_elsewhere_by_now(self, desk: Desk) -> None:
        (person,) = desk.people(1)
        shift = desk.shift(desk.need(), capacity=1)
        place, waiting = desk.party(shift, 1), desk.take(shift, person)
        desk.take(desk.shift(desk.need()), person)
        desk.cancel(place)
        with pytest.raises(Overlapping):
            desk.confirm(waiting)
        assert desk.states(shift)[1] is OFFERED


class TestExpireOffers:
    def test_offers_on_and_counts(self, desk: Desk) -> None:
        shifts = [desk.shift(desk.need(), capacity=1) for _ in range(2)]
        for shift in shifts:
            places = [desk.party(shift, 1) for _ in range(3)]
            desk.cancel(places[0])
        assert desk.expire(NOW + timedelta(hours=47)) == 0
        assert desk.expire(NOW + timedelta(hours=48)) == 2
        assert desk.expire(NOW + timedelta(hours=48)) == 0
        for shift in shifts:
            assert desk.states(shift) == [CANCELLED, CANCELLED, OFFERED]
            check_sound(desk, shift)
        assert desk.expire(NOW + timedelta(hours=96)) == 2
        assert [desk.seen(shift).taken for shift in shifts] == [0, 0]

    @pytest.mark.parametrize("status", sorted(OVER))
    def test_nobody_waits_for_what_is_over(self, desk: Desk, status: ListingStatus) -> None:
        need = desk.need()
        shift = desk.shift(need, capacity=2)
        places = [desk.party(shift, 1) for _ in range(4)]
        desk.cancel(places[0])
        assert desk.states(shift) == [CANCELLED, CONFIRMED, OFFERED, WAITING]
        assert desk.expire(NOW) == 0
        desk.set_status(need, status)
        assert desk.expire(NOW) == 2
        assert desk.states(shift) == [CANCELLED, CONFIRMED, CANCELLED, CANCELLED]
        assert desk.seen(shift).taken == 1
        assert desk.expire(NOW) == 0

    def test_nobody_waits_for_a_date_that_was_cancelled(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=1)
        for _ in range(2):
            desk.party(shift, 1)
        with desk.database.write() as session:  # as it would be without emptying it
            session.execute(update(SHIFT).where(SHIFT.c.id == shift.id).values(cancelled=True))
        assert desk.expire(NOW) == 1
        assert desk.states(shift) == [CONFIRMED, CANCELLED]


class TestEngagement:
    def test_a_person_counts_once_however_many_dates(self, desk: Desk) -> None:
        need, (person,) = desk.need(quantity=1), desk.people(1)
        shifts = [desk.shift(need, begins=LATER + timedelta(days=n)) for n in range(3)]
        places = [desk.take(shift, person) for shift in shifts]
        assert {place.state for place in places} == {CONFIRMED}
        assert desk.counts(need, person) == (0, 1)
        for place in places[:2]:
            desk.cancel(place)
            assert desk.engaged(need, person) is EngagementState.JOINED
        desk.cancel(places[2])
        assert desk.engaged(need, person) is EngagementState.ENDED
        assert desk.counts(need, person) == (0, 0)

    def test_the_quantity_of_the_need_does_not_close_its_later_dates(self, desk: Desk) -> None:
        need, people = desk.need(quantity=2), desk.people(4)
        weeks = [desk.shift(need, begins=LATER + timedelta(weeks=n)) for n in range(2)]
        for number, person in enumerate(people):
            assert desk.take(weeks[number // 2], person).state is CONFIRMED
        assert [desk.counts(need, person) for person in people] == [(0, 1)] * 4

    def test_an_organisation_joins_with_the_largest_of_its_parties(self, desk: Desk) -> None:
        need, group = desk.need(quantity=1), desk.organisation()
        weeks = [desk.shift(need, 9, begins=LATER + timedelta(weeks=n)) for n in range(2)]
        small, large = (desk.take(weeks[n], organisation=group, size=3 + 5 * n) for n in range(2))
        assert desk.pair(need, PartyKind.ORGANISATION, group) == (EngagementState.JOINED, 8)
        desk.cancel(large)
        assert desk.pair(need, PartyKind.ORGANISATION, group) == (EngagementState.JOINED, 3)
        desk.cancel(small)
        assert desk.pair(need, PartyKind.ORGANISATION, group) == (EngagementState.ENDED, 3)

    def test_who_had_agreed_gives_back_the_quantity_for_a_seat(self, desk: Desk) -> None:
        need, (person,) = desk.need(quantity=1), desk.people(1)
        with desk.database.write() as session:
            engage(
                session,
                listing_id=need,
                party_kind=PartyKind.PERSON,
                party_id=person,
                state=EngagementState.ACCEPTED,
                quantity=1,
                now=NOW,
                actor="operator",
            )
        assert desk.counts(need, person) == (1, 1)
        desk.take(desk.shift(need), person)
        assert desk.counts(need, person) == (0, 1)

    def test_who_waits_is_not_engaged_nor_ends_it(self, desk: Desk) -> None:
        need, (person,) = desk.need(), desk.people(1)
        full = desk.shift(need, capacity=1)
        desk.party(full, 1)
        waiting = desk.take(full, person)
        assert desk.engaged(need, person) is None
        desk.take(desk.shift(need, begins=LATER + timedelta(days=1)), person)
        desk.cancel(waiting)
        assert desk.engaged(need, person) is EngagementState.JOINED


class TestUpdateShift:
    def test_more_seats_are_offered_and_fewer_than_taken_refused(self, desk: Desk) -> None:
        shift = desk.shift(desk.need(), capacity=2)
        for size in (2, 1):
            desk.party(shift, size)
        with pytest.raises(Conflict, match="すでに2人") as caught:
            desk.update(shift, capacity=1)
        assert caught.value.errors[0].field == "body.capacity"
        grown = desk.update(shift, capacity=3, note="増やしました")
        assert (grown.capacity, grown.taken, grown.note) == (3, 3, "増やしました")
        assert desk.states(shift) == [CONFIRMED, OFFERED]
        check_sound(desk, shift)

    def test_a_cancelled_date_lets_everybody_go(self, desk: Desk) -> None:
        need, (person, waiting) = desk.need(), desk.people(2)
        shift = desk.shift(need, capacity=1)
        for one in (person, waiting):
            desk.take(shift, one)
        cancelled = desk.update(shift, cancelled=True)
        assert (cancelled.taken, cancelled.free) == (0, 0)
        assert desk.states(shift) == [CANCELLED, CANCELLED]
        assert desk.engaged(need, person) is EngagementState.ENDED
        assert desk.engaged(need, waiting) is None
        assert desk.take(desk.shift(desk.need()), person).state is CONFIRMED
        assert desk.update(shift, cancelled=False).free == 1


class TestForgetPerson:
    def test_the_seats_of_somebody_erased_go_on(self, desk: Desk) -> None:
        need, (person, other) = desk.need(), desk.people(2)
        shift = desk.shift(need, capacity=1)
        desk.take(shift, person)
        desk.take(shift, other)
        with desk.database.write() as session:
            erase_person(session, id=person, version=None, actor="operator")
        (left,) = desk.places(shift)
        assert (left.person, left.state) == (other, OFFERED)
        assert desk.seen(shift).taken == 1
        assert desk.counts(need, other) == (0, 0)
        check_sound(desk, shift)
