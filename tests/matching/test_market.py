"""The market in memory follows the registry: what is committed is in the next answer."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import col, select

from app.core.changes import Change, Event, record
from app.core.clock import now
from app.core.db import Database
from app.listings.models import Listing
from app.main import API
from app.matching.market import Market
from app.matching.nightly import run_nightly
from app.vocabulary.listings import ListingStatus
from tests.matching.city import ACCEPTED, DECLINED, LISTING, City
from tests.matching.parties import fields, slots

DAY = timedelta(days=1)
Make = Callable[..., dict[str, Any]]


class TestFollowing:
    """Through the service's own doors, as people use them."""

    @pytest.fixture
    def found(
        self, client: TestClient, operator: dict[str, str]
    ) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
        """Who is shown now for a listing, with what."""

        def found(of: dict[str, Any]) -> list[dict[str, Any]]:
            path = f"{API}/{of['side']}s/{of['id']}/matches?for=offer&for=person&for=organisation"
            shown: list[dict[str, Any]] = client.get(path, headers=operator).json()["candidates"]
            return shown

        return found

    @pytest.fixture
    def send(self, client: TestClient, operator: dict[str, str]) -> Callable[..., dict[str, Any]]:
        def send(method: str, path: str, **body: Any) -> dict[str, Any]:
            headers = {**operator, "If-Match": "*"}
            answer = client.request(method, f"{API}{path}", json=body or None, headers=headers)
            assert answer.is_success, answer.text
            said: dict[str, Any] = answer.json() if answer.content else {}
            return said

        return send

    def test_listings(self, make_listing: Make, found: Any, send: Any) -> None:
        need = make_listing(fields=[7])
        offers: Callable[[], list[Any]] = lambda: [  # noqa: E731
            one for one in found(need) if one["kind"] == "offer"
        ]
        assert offers() == []
        offer = make_listing("offer", title="花壇の手入れ")
        (shown,) = offers()
        assert (shown["id"], shown["name"]) == (offer["id"], "花壇の手入れ")
        before = shown["score"]
        send("PATCH", f"/offers/{offer['id']}", fields=[7])
        assert offers()[0]["score"] > before
        send("POST", f"/offers/{offer['id']}/pause")
        assert offers() == []
        send("POST", f"/offers/{offer['id']}/publish")
        assert len(offers()) == 1
        send("PATCH", f"/needs/{need['id']}", required_skills=["driving"])
        assert offers() == []
        send("POST", f"/offers/{offer['id']}/close")

    def test_people(self, make_listing: Make, found: Any, send: Any) -> None:
        need = make_listing(slots=["sat-morning"])
        people: Callable[[], list[Any]] = lambda: [  # noqa: E731
            one for one in found(need) if one["kind"] == "person"
        ]
        person = send("POST", "/people", name="はな", matching_consent=True)
        assert [one["name"] for one in people()] == ["はな"]
        send("PATCH", f"/people/{person['id']}", slots=["sun-noon"], name="はなこ")
        assert people() == []
        send("PATCH", f"/people/{person['id']}", negotiable=True)
        assert [one["name"] for one in people()] == ["はなこ"]
        send("POST", f"/people/{person['id']}/pause")
        assert people() == []
        send("POST", f"/people/{person['id']}/resume")
        assert len(people()) == 1
        send("DELETE", f"/people/{person['id']}")
        assert people() == []

    def test_organisations(self, make: Make, make_listing: Make, found: Any, send: Any) -> None:
        need, group = make_listing(), make(name="みどりの会")
        offer = make_listing("offer", organisation_id=group["id"])
        ids = lambda: {one["id"] for one in found(need)}  # noqa: E731
        assert ids() == {offer["id"], group["id"]}
        send("PATCH", f"/organisations/{group['id']}", name="あおばの会")
        assert {one["organisation"] or one["name"] for one in found(need)} == {"あおばの会"}
        send("POST", f"/organisations/{group['id']}/suspend")
        assert ids() == set()
        send("POST", f"/organisations/{group['id']}/publish")
        assert ids() == {offer["id"], group["id"]}

    def test_dates(self, make_listing: Make, found: Any, send: Any) -> None:
        need = make_listing(slots=["sat-morning"])
        offer = make_listing("offer", slots=["sat-morning"])
        shown = lambda: [one["id"] for one in found(need) if one["kind"] == "offer"]  # noqa: E731
        assert shown() == [offer["id"]]
        begins = _next_sunday()
        path = f"/needs/{need['id']}/shifts"
        date = {"starts_at": f"{begins}T10:00", "ends_at": f"{begins}T12:00", "capacity": 2}
        (shift,) = send("POST", path, **date)["items"]
        assert shown() == []
        send("PATCH", f"/shifts/{shift['id']}", cancelled=True)
        assert shown() == [offer["id"]]

    def test_full_dates_seek_nobody(self, make_listing: Make, found: Any, send: Any) -> None:
        need, offer = make_listing(), make_listing("offer")
        begins = _next_sunday()
        date = {"starts_at": f"{begins}T10:00", "ends_at": f"{begins}T12:00", "capacity": 2}
        (shift,) = send("POST", f"/needs/{need['id']}/shifts", **date)["items"]
        assert offer["id"] in [one["id"] for one in found(need)]
        group = offer["organisation"]["id"]
        send("POST", f"/shifts/{shift['id']}/places", organisation=group, size=2)
        assert found(need) == []

    def test_weights_and_kinds(self, make_listing: Make, found: Any, send: Any) -> None:
        need = make_listing(fields=[7])
        make_listing("offer", fields=[12])
        offers: Callable[[], list[Any]] = lambda: [  # noqa: E731
            one for one in found(need) if one["kind"] == "offer"
        ]
        (before,) = offers()
        send("PUT", "/matching/weights/people", weights={"fields": 100})
        (after,) = offers()
        assert after["score"] < before["score"]
        send("PUT", "/matching/compatibility/people", offers=["skill"])
        assert offers() == []


def _next_sunday() -> str:
    at = now() + 30 * DAY
    return (at + (6 - at.weekday()) * DAY).date().isoformat()


class TestEngagements:
    def test_are_seen_on_both_sides_at_once(self, city: City) -> None:
        need, offer = city.need(quantity=1), city.offer(quantity=1)
        other_need, other_offer = city.need(), city.offer()
        assert set(city.found(need)) == {offer, other_offer}
        assert set(city.found(offer)) == {need, other_need}
        city.engage(need, LISTING, offer, ACCEPTED)
        assert city.found(other_need) == [other_offer]
        assert city.found(other_offer) == [other_need]
        city.engage(need, LISTING, offer, DECLINED)
        assert city.found(need) == [other_offer]
        assert offer in city.found(other_need)


class TestFollower:
    def test_hears_what_is_committed_out_of_order(self, database: Database) -> None:
        """A later number may be committed first: PostgreSQL numbers before it commits."""
        city = City(database)
        need, one, two = city.need(), city.offer(), city.offer()
        assert set(city.found(need)) == {one, two}
        if database.is_sqlite:
            return  # one writer a time: nothing can be out of order

        def pause(session: Any, id_: uuid.UUID) -> None:
            session.get_one(Listing, id_).status = ListingStatus.PAUSED
            record(session, [Event("listing", str(id_), "pause", "test", searched=False)])

        with database.write() as slow:
            pause(slow, one)  # has its number now, and is not committed
            slow.flush()
            with database.write() as quick:
                pause(quick, two)
            assert city.found(need) == [one]
            with database.read() as session:
                numbers = session.exec(select(Change.id).order_by(col(Change.id).desc())).all()
            gap = int(numbers[0] or 0) - 1
            assert gap not in numbers
        assert city.found(need) == []

    def test_gaps_that_nobody_fills_do_no_harm(self, city: City) -> None:
        need, offer = city.need(), city.offer()
        assert city.found(need) == [offer]
        with city.database.write() as session:
            if not city.database.is_sqlite:
                session.execute(text("SELECT nextval('change_id_seq') FROM generate_series(1, 40)"))
        two = city.offer()
        assert set(city.found(need)) == {offer, two}
        assert set(city.found(need)) == {offer, two}


class TestMarket:
    def test_is_old_after_the_night_and_counts_anew(self, city: City) -> None:
        need, offer = city.need(quantity=2), city.offer(quantity=2)
        city.engage(need, LISTING, offer, ACCEPTED, at=now() - 3 * DAY)
        other = city.need(quantity=2)
        (before,) = city.match(other).candidates
        with city.database.read() as session:
            assert not city.market.is_old(session)
        run_nightly(city.database, now())
        with city.database.read() as session:
            assert city.market.is_old(session)
        # All day the same answer; the next day's market knows.
        assert city.match(other).candidates[0].order == before.order
        city.market = Market(city.database)
        (after,) = city.match(other).candidates
        assert after.score == before.score
        assert after.order < before.order
        with city.database.read() as session:
            assert not city.market.is_old(session)

    def test_load_reads_all_pools(self, city: City) -> None:
        city.need(), city.offer(), city.person()
        city.market.load()
        found = {name: len(city.market.pool(name)) for name in city.market._pools}
        assert found == {"needs": 1, "offers": 1, "people": 1, "organisations": 2}

    def test_a_listing_in_any_state_can_be_asked_about(self, city: City) -> None:
        draft = city.need(status=ListingStatus.DRAFT)
        with city.database.read() as session:
            assert not city.market.listing(session, draft).open[0]
            assert len(city.market.listing(session, uuid.uuid4())) == 0
            assert city.market.anybody(session, uuid.uuid4()) is None

    def test_holds_what_the_rows_say(self, city: City) -> None:
        saturday = [["2027-06-05T00:00:00Z", "2027-06-05T03:00:00Z"]]
        need = city.need(
            fields=fields(7, 12),
            slots=slots("mon-night"),
            windows=saturday,
            words={"絵本": 3.5, "花": 1.25},
            quantity=5,
            engaged=2,
            municipality_code="132039",
            deadline=datetime(2027, 5, 1, tzinfo=UTC).date(),
        )
        with city.database.read() as session:
            city.market.refresh(session)
            row = city.market.listing(session, need)
        assert int(row.fields[0]) == fields(7, 12)
        assert int(row.slots[0]) == slots("mon-night")
        assert row.windows[0][0].tolist()[1] - row.windows[0][0].tolist()[0] == 180
        assert row.quantity[0] == 3
        assert row.answer_by[0] == row.use_by[0] == datetime(2027, 5, 1, tzinfo=UTC).toordinal()
        said = [city.market.loader.words.value(n) for n in row.words[0].tolist() if n >= 0]
        assert said == ["絵本", "花"]
        assert row.latitude[0] == pytest.approx(35.7, abs=0.1)
        assert not row.placed[0]
