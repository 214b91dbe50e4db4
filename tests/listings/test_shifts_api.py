"""Dates and places over HTTP: what is read, refused, and kept from the public."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import update
from sqlmodel import col

from app.core.clock import TOKYO, today
from app.listings.models import Place
from app.main import API

Make = Callable[..., dict[str, Any]]
Send = Callable[..., Response]
DAY = today() + timedelta(days=30)
YESTERDAY = today() - timedelta(days=1)
DATE: dict[str, Any] = {"starts_at": f"{DAY}T10:00", "ends_at": f"{DAY}T12:00", "capacity": 2}


@pytest.fixture
def send(client: TestClient, operator: dict[str, str]) -> Send:
    """An operator's request."""

    def send(method: str, path: str, **body: Any) -> Response:
        return client.request(method, API + path, json=body or None, headers=operator)

    return send


@pytest.fixture
def need(make_listing: Make) -> dict[str, Any]:
    return make_listing()


@pytest.fixture
def shift(send: Send, need: dict[str, Any]) -> dict[str, Any]:
    made = send("POST", f"/needs/{need['id']}/shifts", **DATE)
    assert made.status_code == 201, made.text
    (shift,) = made.json()["items"]
    return shift  # type: ignore[no-any-return]


@pytest.fixture
def person(send: Send) -> Callable[..., str]:
    def person(**values: Any) -> str:
        id_: str = send("POST", "/people", name="秘密花子", **values).json()["id"]
        return id_

    return person


# What is wrong with a date, and where that is said.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"ends_at": f"{DAY}T09:59"}, "ends_at"),
    ({"ends_at": f"{DAY}T10:00"}, "ends_at"),
    ({"ends_at": f"{DAY + timedelta(days=1)}T10:01"}, "ends_at"),
    ({"starts_at": "5026-12-05T10:00", "ends_at": "5026-12-05T12:00"}, "starts_at"),
    ({"starts_at": f"{YESTERDAY}T10:00", "ends_at": f"{YESTERDAY}T12:00"}, "starts_at"),
    ({"starts_at": str(DAY)}, "starts_at"),
    ({"starts_at": 1_800_000_000}, "starts_at"),
    ({"starts_at": None}, "starts_at"),
    ({"capacity": 0}, "capacity"),
    ({"capacity": -1}, "capacity"),
    ({"capacity": 10_001}, "capacity"),
    ({"capacity": "2"}, "capacity"),
    ({"capacity": True}, "capacity"),
    ({"rrule": "毎週"}, "rrule"),
    ({"rrule": "FREQ=HOURLY"}, "rrule"),
    ({"rrule": "FREQ=YEARLY;BYDAY=99WE"}, "rrule"),
    ({"rrule": "FREQ=MONTHLY;BYDAY=20SA"}, "rrule"),
    ({"rrule": "FREQ=YEARLY;BYDAY=53MO;BYMONTH=2"}, "rrule"),
    ({"rrule": "FREQ=MINUTELY;COUNT=2"}, "rrule"),
    ({"rrule": "FREQ=SECONDLY"}, "rrule"),
    ({"rrule": "FREQ=DAILY;COUNT=401"}, "rrule"),
    ({"rrule": "FREQ=YEARLY;COUNT=3000"}, "rrule"),
    ({"rrule": "FREQ=DAILY;UNTIL=50260101"}, "rrule"),
    ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rrule"),
    ({"rrule": "FREQ=WEEKLY;" * 50}, "rrule"),
    ({"note": "あ" * 501}, "note"),
    ({"taken": 1}, "taken"),
]
NOBODY = "01890000-0000-7000-8000-000000000000"


class TestCreateShifts:
    def test_answers_with_every_date_in_tokyos_time(
        self, client: TestClient, send: Send, need: dict[str, Any]
    ) -> None:
        path = f"/needs/{need['id']}/shifts"
        answer = send("POST", path, **DATE, rrule="freq=weekly;count=3", note="入口に集合")
        assert answer.status_code == 201
        made = answer.json()
        assert made["total"] == 3
        first = made["items"][0]
        assert (first["starts_at"], first["ends_at"]) == (
            f"{DAY}T10:00:00+09:00",
            f"{DAY}T12:00:00+09:00",
        )
        assert (first["need_id"], first["rrule"], first["note"], first["free"]) == (
            need["id"],
            "FREQ=WEEKLY;COUNT=3",
            "入口に集合",
            2,
        )
        listed = client.get(API + path).json()
        assert listed == {"items": made["items"], "total": 3, "next_cursor": None}

    def test_any_time_zone_is_the_same_moment(self, send: Send, need: dict[str, Any]) -> None:
        begins = datetime(DAY.year, DAY.month, DAY.day, 23, tzinfo=TOKYO)
        body = {
            "starts_at": begins.astimezone(UTC).isoformat(),
            "ends_at": (begins + timedelta(hours=3)).isoformat(),
            "capacity": 1,
        }
        (made,) = send("POST", f"/needs/{need['id']}/shifts", **body).json()["items"]
        assert made["starts_at"] == begins.isoformat()
        assert made["ends_at"] == (begins + timedelta(hours=3)).isoformat()

    def test_says_what_is_wrong_and_keeps_nothing(
        self, client: TestClient, send: Send, need: dict[str, Any]
    ) -> None:
        path = f"/needs/{need['id']}/shifts"
        for values, field in WRONG:
            answer = send("POST", path, **{**DATE, **values})
            assert answer.status_code == 422, values
            found = {error["field"] for error in answer.json()["errors"]}
            assert f"body.{field}" in found, values
            assert all(error["message"].strip() for error in answer.json()["errors"])
        assert client.get(API + path).json()["total"] == 0

    def test_only_a_need_for_people_has_dates(self, send: Send, make_listing: Make) -> None:
        goods = make_listing(kind="goods")
        answer = send("POST", f"/needs/{goods['id']}/shifts", **DATE)
        assert (answer.status_code, answer.json()["code"]) == (409, "no_shifts")
        offer = make_listing("offer")
        assert send("POST", f"/needs/{offer['id']}/shifts", **DATE).status_code == 404

    def test_a_date_twice_or_too_late_is_a_conflict(
        self, send: Send, need: dict[str, Any], shift: dict[str, Any]
    ) -> None:
        path = f"/needs/{need['id']}/shifts"
        again = send("POST", path, **DATE)
        assert (again.status_code, again.json()["code"]) == (409, "already_exists")
        send("POST", f"/needs/{need['id']}/close")
        late = send("POST", path, **{**DATE, "ends_at": f"{DAY}T13:00"})
        assert (late.status_code, late.json()["code"]) == (409, "listing_over")
        taken = send("POST", f"/shifts/{shift['id']}/places", person=NOBODY)
        assert (taken.status_code, taken.json()["code"]) == (409, "need_not_open")


class TestListShifts:
    def test_the_public_sees_dates_and_not_who_comes(
        self, client: TestClient, send: Send, shift: dict[str, Any], person: Callable[..., str]
    ) -> None:
        id_ = person()
        send("POST", f"/shifts/{shift['id']}/places", person=id_)
        answer = client.get(f"{API}/needs/{shift['need_id']}/shifts", params={"upcoming": True})
        (seen,) = answer.json()["items"]
        assert (seen["taken"], seen["free"]) == (1, 1)
        assert id_ not in answer.text
        assert client.get(f"{API}/shifts/{shift['id']}/places").status_code == 401

    def test_of_a_need_that_is_not_public_only_operators(
        self, client: TestClient, send: Send, make_listing: Make
    ) -> None:
        draft = make_listing(publish=False)
        path = f"/needs/{draft['id']}/shifts"
        send("POST", path, **DATE)
        assert client.get(API + path).status_code == 404
        assert send("GET", path).json()["total"] == 1


class TestUpdateShift:
    def test_changes_what_is_sent(self, send: Send, shift: dict[str, Any]) -> None:
        path = f"/shifts/{shift['id']}"
        changed = send("PATCH", path, capacity=5, note="変更").json()
        assert {k for k in shift if shift[k] != changed[k]} == {"capacity", "note", "free"}
        assert send("PATCH", path, note=None).json()["note"] is None
        assert send("PATCH", path, cancelled=True).json()["cancelled"] is True

    def test_no_fewer_than_have_been_taken(
        self, send: Send, make: Make, shift: dict[str, Any]
    ) -> None:
        place = {"organisation": make()["id"], "size": 2}
        assert send("POST", f"/shifts/{shift['id']}/places", **place).status_code == 201
        answer = send("PATCH", f"/shifts/{shift['id']}", capacity=1)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "body.capacity")

    def test_refuses_what_it_does_not_know(self, send: Send, shift: dict[str, Any]) -> None:
        for body in ({"capacity": 0}, {"cancelled": 1}, {"starts_at": "x"}):
            assert send("PATCH", f"/shifts/{shift['id']}", **body).status_code == 422, body


class TestPlaces:
    def test_from_the_queue_to_a_seat(
        self, send: Send, make: Make, shift: dict[str, Any], person: Callable[..., str]
    ) -> None:
        path = f"/shifts/{shift['id']}/places"
        workplace = send("POST", path, organisation=make()["id"], size=2)
        assert (workplace.status_code, workplace.json()["state"]) == (201, "confirmed")
        waiting = send("POST", path, person=person())
        assert waiting.status_code == 201
        assert (waiting.json()["state"], waiting.json()["position"]) == ("waiting", 1)
        cancelled = send("POST", f"/places/{workplace.json()['id']}/cancel").json()
        assert cancelled["state"] == "cancelled"
        listed = send("GET", path).json()
        assert [item["state"] for item in listed["items"]] == ["cancelled", "offered"]
        confirmed = send("POST", f"/places/{waiting.json()['id']}/confirm")
        assert (confirmed.status_code, confirmed.json()["state"]) == (200, "confirmed")
        again = send("POST", f"/places/{waiting.json()['id']}/confirm")
        assert (again.status_code, again.json()["code"]) == (409, "place_not_offered")

    def test_an_offer_that_is_over_is_refused_and_moves_on(
        self, client: TestClient, send: Send, make: Make, shift: dict[str, Any]
    ) -> None:
        path = f"/shifts/{shift['id']}/places"
        ids = [send("POST", path, organisation=make()["id"], size=2).json()["id"] for _ in range(3)]
        send("POST", f"/places/{ids[0]}/cancel")
        with client.app.state.database.write() as session:  # type: ignore[attr-defined]
            over = datetime.now(UTC) - timedelta(seconds=1)
            session.execute(update(Place).where(col(Place.id) == ids[1]).values(offered_until=over))
        answer = send("POST", f"/places/{ids[1]}/confirm")
        assert (answer.status_code, answer.json()["code"]) == (409, "offer_over")
        assert answer.headers["content-type"] == "application/problem+json"
        states = [item["state"] for item in send("GET", path).json()["items"]]
        assert states == ["cancelled", "cancelled", "offered"]

    def test_who_comes_must_be_clear(self, send: Send, shift: dict[str, Any]) -> None:
        for body, field in (
            ({}, "body"),
            ({"person": None, "size": 1}, "body"),
            ({"person": NOBODY, "organisation": NOBODY}, "body"),
            ({"person": "x"}, "body.person"),
            ({"person": NOBODY}, "body.person"),
            ({"person": NOBODY, "size": 2}, "body.size"),
            ({"organisation": NOBODY}, "body.organisation"),
            ({"organisation": NOBODY, "size": 0}, "body.size"),
        ):
            answer = send("POST", f"/shifts/{shift['id']}/places", **body)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), body

    def test_twice_or_elsewhere_at_that_time_is_a_conflict(
        self,
        send: Send,
        shift: dict[str, Any],
        person: Callable[..., str],
        make_listing: Make,
    ) -> None:
        id_ = person()
        path = f"/shifts/{shift['id']}/places"
        assert send("POST", path, person=id_).status_code == 201
        again = send("POST", path, person=id_)
        assert (again.status_code, again.json()["code"]) == (409, "already_exists")
        other = send("POST", f"/needs/{make_listing()['id']}/shifts", **DATE).json()["items"][0]
        clash = send("POST", f"/shifts/{other['id']}/places", person=id_)
        assert (clash.status_code, clash.json()["code"]) == (409, "overlapping")

    def test_an_age_asked_for_must_be_known(
        self, send: Send, make_listing: Make, person: Callable[..., str]
    ) -> None:
        need = make_listing(min_age=18)
        shift = send("POST", f"/needs/{need['id']}/shifts", **DATE).json()["items"][0]
        path = f"/shifts/{shift['id']}/places"
        for values in ({}, {"age_band": "under_15", "guardian_consent": True}):
            answer = send("POST", path, person=person(**values))
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.person")
        assert send("POST", path, person=person(age_band="65_74")).status_code == 201

    def test_an_id_that_can_be_none_is_refused(self, send: Send) -> None:
        for id_ in ("0", "-1", "99999999999", "x"):
            assert send("POST", f"/places/{id_}/cancel").status_code == 422

    def test_erasing_somebody_gives_the_seat_to_the_next(
        self, send: Send, shift: dict[str, Any], person: Callable[..., str]
    ) -> None:
        path = f"/shifts/{shift['id']}/places"
        people = [person() for _ in range(3)]
        for id_ in people:
            send("POST", path, person=id_)
        assert send("DELETE", f"/people/{people[0]}").status_code == 204
        left = [(p["person"], p["state"]) for p in send("GET", path).json()["items"]]
        assert left == [(people[1], "confirmed"), (people[2], "offered")]
