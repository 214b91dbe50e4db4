"""Needs and offers over HTTP: who may do what in which state, and how it is answered."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core import clock
from app.core.clock import now, today
from app.core.db import Database
from app.listings.actions import expire_listings
from app.listings.engagements import engage
from app.main import API
from app.vocabulary.listings import EngagementState, PartyKind

Make = Callable[..., dict[str, Any]]
SIDES = ("need", "offer")
STATES = ("draft", "published", "paused", "fulfilled", "closed", "expired")
STEPS = {
    "draft": (),
    "published": ("publish",),
    "paused": ("publish", "pause"),
    "fulfilled": ("publish", "fulfil"),
    "closed": ("close",),
    "expired": ("publish", "expire"),
}
# What is asked → what a visitor and an operator are answered in each of STATES, their organisation
# being published.
TABLE = {
    "GET": ("404 200 404 200 200 200", "200 200 200 200 200 200"),
    "PATCH": ("401 401 401 401 401 401", "200 200 200 200 200 200"),
    "publish": ("401 401 401 401 401 401", "200 409 200 200 409 200"),
    "pause": ("401 401 401 401 401 401", "409 200 409 409 409 409"),
    "fulfil": ("401 401 401 401 401 401", "409 200 200 409 409 409"),
    "close": ("401 401 401 401 401 401", "200 200 200 200 409 200"),
}


@pytest.fixture
def in_state(client: TestClient, operator: dict[str, str], make_listing: Make) -> Make:
    """A new listing in one of STATES."""

    def in_state(state: str, side: str) -> dict[str, Any]:
        last = {"deadline": today().isoformat()} if state == "expired" else {}
        made = make_listing(side, publish=False, title=f"手伝い{state}", **last)
        for step in STEPS[state]:
            if step == "expire":
                expire(client, today() + timedelta(days=1))
            else:
                client.post(f"{API}/{side}s/{made['id']}/{step}", headers=operator)
        path = f"{API}/{side}s/{made['id']}"
        made = client.get(path, headers=operator).json()
        assert made["status"] == state
        return made

    return in_state


def expire(client: TestClient, day: Any) -> None:
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    with database.write() as session:
        expire_listings(session, day, clock.now())


class TestStates:
    @pytest.mark.parametrize("state", STATES)
    def test_hold_for_everybody(
        self, client: TestClient, operator: dict[str, str], in_state: Make, state: str
    ) -> None:
        def ask(what: str, about: dict[str, Any], token: dict[str, str]) -> int:
            path, headers = f"{API}/needs/{about['id']}", {**token, "If-Match": "*"}
            if what in ("GET", "PATCH"):
                body = {"minutes": 5} if what == "PATCH" else None
                return client.request(what, path, json=body, headers=headers).status_code
            return client.post(f"{path}/{what}", headers=headers).status_code

        seen = in_state(state, "need")
        got = {what: [ask(what, seen, {})] for what in TABLE}
        for what, answers in got.items():
            answers.append(ask(what, in_state(state, "need"), operator))
        assert got == {
            what: [int(row.split()[STATES.index(state)]) for row in rows]
            for what, rows in TABLE.items()
        }
        path = f"{API}/needs/{seen['id']}"
        assert client.get(path, headers=operator).json() == seen

    @pytest.mark.parametrize("step", ["suspend", "close", "refuse"])
    def test_are_shown_only_with_their_organisation(
        self,
        client: TestClient,
        operator: dict[str, str],
        make_listing: Make,
        step: str,
    ) -> None:
        made = make_listing()
        path = f"{API}/needs/{made['id']}"
        owner = f"{API}/organisations/{made['organisation']['id']}"
        if step == "refuse":
            body, headers = {"consents": {"web": False}}, {**operator, "If-Match": "*"}
            assert client.patch(owner, json=body, headers=headers).status_code == 200
        else:
            assert client.post(f"{owner}/{step}", headers=operator).status_code == 200
        assert client.get(path).status_code == 404
        assert client.get(f"{API}/needs").json()["total"] == 0
        assert client.get(path, headers=operator).status_code == 200


class TestSides:
    @pytest.mark.parametrize(("side", "other"), [SIDES, SIDES[::-1]])
    def test_one_is_not_found_as_the_other(
        self,
        client: TestClient,
        operator: dict[str, str],
        make_listing: Make,
        side: str,
        other: str,
    ) -> None:
        made = make_listing(side)
        path = f"{API}/{other}s/{made['id']}"
        headers = {**operator, "If-Match": "*"}
        assert client.get(path).status_code == client.get(path, headers=operator).status_code == 404
        assert client.patch(path, json={"minutes": 5}, headers=headers).status_code == 404
        for move in ("publish", "pause", "fulfil", "close"):
            assert client.post(f"{path}/{move}", headers=operator).status_code == 404
        assert client.get(f"{API}/{other}s").json()["items"] == []
        (listed,) = client.get(f"{API}/{side}s").json()["items"]
        assert listed == client.get(f"{API}/{side}s/{made['id']}").json()
        assert listed["version"] == made["version"]


class TestCreateListing:
    def test_answers_with_the_record_its_place_and_its_version(
        self, client: TestClient, operator: dict[str, str], make: Make, full: dict[str, Any]
    ) -> None:
        owner = make(name="みどりの会")
        body = {**full, "organisation_id": owner["id"]}
        answer = client.post(f"{API}/offers", json=body, headers=operator)
        assert answer.status_code == 201
        record = answer.json()
        assert answer.headers["location"] == f"{API}/offers/{record['id']}"
        assert answer.headers["etag"] == '"1"'
        assert {name: record[name] for name in full} == full
        assert record["organisation"] == {"id": owner["id"], "name": "みどりの会"}
        assert (record["status"], record["side"], record["open_quantity"]) == (
            "draft",
            "offer",
            120,
        )
        assert client.get(answer.headers["location"], headers=operator).json() == record

    def test_takes_very_little(self, make_listing: Make) -> None:
        record = make_listing(quantity=None, publish=False)
        assert (record["quantity"], record["open_quantity"]) == (None, None)
        assert (record["urgency"], record["negotiable"], record["details"]) == ("normal", False, {})


class TestReadListing:
    def test_hides_what_is_for_operators(
        self, client: TestClient, operator: dict[str, str], make_listing: Make
    ) -> None:
        made = make_listing()
        path = f"{API}/needs/{made['id']}"
        assert client.get(path, headers=operator).json()["words"]
        shown = client.get(path).json()
        assert (shown["words"], shown["engaged"], shown["exposure"]) == ({}, 0, 0)
        assert {**shown, "words": made["words"]} == made

    def test_what_is_open_is_told_though_the_version_stays(
        self, client: TestClient, make_listing: Make
    ) -> None:
        made = make_listing(quantity=3)
        path = f"{API}/needs/{made['id']}"
        seen = client.get(path)
        with client.app.state.database.write() as session:  # type: ignore[attr-defined]
            engage(
                session,
                listing_id=uuid.UUID(made["id"]),
                party_kind=PartyKind.ORGANISATION,
                party_id=uuid.UUID(made["organisation"]["id"]),
                state=EngagementState.ACCEPTED,
                quantity=2,
                now=now(),
                actor="test",
            )
        answer = client.get(path, headers={"If-None-Match": seen.headers["etag"]})
        assert (answer.status_code, answer.json()["open_quantity"]) == (200, 1)

    def test_nothing_there(self, client: TestClient) -> None:
        answer = client.get(f"{API}/needs/{uuid.uuid4()}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "この募集は登録されていません。"


class TestUpdateListing:
    def test_needs_the_version_that_was_seen(
        self, client: TestClient, operator: dict[str, str], make_listing: Make
    ) -> None:
        made = make_listing()
        path = f"{API}/needs/{made['id']}"
        assert client.patch(path, json={"minutes": 5}, headers=operator).status_code == 428
        stale = {**operator, "If-Match": '"1"'}
        assert client.patch(path, json={"minutes": 5}, headers=stale).status_code == 412
        assert client.post(f"{path}/pause", headers=stale).status_code == 412
        current = {**operator, "If-Match": f'"{made["version"]}"'}
        answer = client.patch(path, json={"minutes": 5}, headers=current)
        assert answer.status_code == 200
        assert answer.headers["etag"] == f'"{made["version"] + 1}"'
        assert answer.json()["minutes"] == 5

    def test_empties_what_is_null(self, make_listing: Make, act: Callable[..., Any]) -> None:
        made = make_listing(
            quantity=3, least_quantity=2, slots=["sat-morning"], details={"driving": True}
        )
        answer = act(made, least_quantity=None, slots=[], details={})
        assert answer.status_code == 200
        changed = answer.json()
        assert (changed["least_quantity"], changed["slots"], changed["details"]) == (None, [], {})

    def test_who_seeks_people_goes_on_saying_how_many(
        self, make_listing: Make, act: Callable[..., Any]
    ) -> None:
        refused = act(make_listing(quantity=3), quantity=None)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "body.quantity"


class TestListListings:
    @pytest.mark.parametrize("status", ["draft", "paused"])
    def test_what_is_not_public_needs_the_token(
        self, client: TestClient, operator: dict[str, str], in_state: Make, status: str
    ) -> None:
        made = in_state(status, "need")
        params = {"status": [status, "published"]}
        assert client.get(f"{API}/needs", params=params).status_code == 401
        listed = client.get(f"{API}/needs", params=params, headers=operator).json()["items"]
        assert [item["id"] for item in listed] == [made["id"]]

    def test_shows_what_is_public_when_asked(self, client: TestClient, in_state: Make) -> None:
        for status in ("published", "fulfilled", "closed", "expired"):
            made = in_state(status, "offer")
            page = client.get(f"{API}/offers", params={"status": status}).json()
            assert [item["id"] for item in page["items"]] == [made["id"]]
            assert page["items"][0]["words"] == {}

    @pytest.mark.parametrize(
        ("params", "found"),
        [
            ({"kind": "skill"}, "b"),
            ({"kind": ["skill", "people"]}, "ab"),
            ({"field": 2}, "a"),
            ({"skill": "tax"}, "b"),
            ({"area": "13"}, "a"),
            ({"limit": 1}, "a"),
        ],
    )
    def test_takes_each_filter(
        self, client: TestClient, make_listing: Make, params: dict[str, Any], found: str
    ) -> None:
        made = make_listing(title="a", fields=[2], municipality="132039")
        make_listing(title="b", kind="skill", required_skills=["tax"])
        page = client.get(f"{API}/needs", params=params).json()
        assert "".join(item["title"] for item in page["items"]) == found
        owner = {"organisation": made["organisation"]["id"]}
        assert client.get(f"{API}/needs", params=owner).json()["total"] == 1

    @pytest.mark.parametrize(
        "params",
        [
            {"kind": "x"},
            {"field": 21},
            {"skill": "会計"},
            {"area": "999999"},
            {"organisation": "x"},
            {"status": "x"},
            {"cursor": "x"},
            {"limit": 0},
            {"limit": 101},
            {"side": "offer"},
            {"色": "青"},
        ],
    )
    def test_refuses_what_cannot_be(self, client: TestClient, params: dict[str, Any]) -> None:
        answer = client.get(f"{API}/needs", params=params)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"].startswith(f"query.{next(iter(params))}")
