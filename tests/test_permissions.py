"""Who may do what with which record: one table for every route of the application."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Mount

from app.core.changes import Event, record
from app.core.clock import now
from app.core.db import WriteSession
from app.intake.models import Suggestion
from app.main import API
from app.matching.nightly import run_nightly
from tests.permissions import (
    ACTORS,
    BODIES,
    BODY,
    DATE,
    ONE,
    PERSONAL,
    PRIVATE,
    SHIFT,
    STATES,
    STEPS,
    TABLE,
)


def routes_of(app: FastAPI) -> Iterator[str]:
    """`METHOD path` of everything the application answers, hidden from OpenAPI or not."""
    for route in app.routes:
        candidates = getattr(route, "effective_candidates", lambda route=route: [route])()
        for candidate in candidates:
            if isinstance(candidate, Mount):
                yield f"GET {candidate.path}"
                continue
            yield from (f"{method} {candidate.path}" for method in candidate.methods - {"HEAD"})


@pytest.fixture
def in_state(
    client: TestClient,
    operator: dict[str, str],
    make: Callable[..., Any],
    make_listing: Callable[..., Any],
) -> Callable[[str], dict[str, Any]]:
    """A new record in a state, with a suggestion waiting; one that is `missing` is nobody's.

    Its need and its offer were published as soon as it was.
    """

    def in_state(state: str) -> dict[str, Any]:
        if state == "missing":
            nobody = "01890000-0000-7000-8000-000000000000"
            others = dict.fromkeys(("person_id", "need_id", "offer_id", "shift_id"), nobody)
            return {"id": nobody, "version": 1, **others, "place_id": 999_999}
        made = make(publish=False, name=f"みどりの会{state}", **BODY)
        listing = {"organisation_id": made["id"], "title": f"手伝い{state}", "publish": False}
        listings = {side: make_listing(side, **listing)["id"] for side in ("need", "offer")}
        person = client.post(f"{API}/people", json=PERSONAL, headers=operator).json()
        path = f"{API}/needs/{listings['need']}/shifts"
        shift = client.post(path, json=DATE, headers=operator).json()["items"][0]
        place = {"id": 999_999}  # nobody comes to what was never public
        for step in STEPS[state]:
            path = f"{API}/organisations/{made['id']}/{step}"
            made = client.post(path, headers=operator).json()
            if step == "publish":
                for side, id_ in listings.items():
                    client.post(f"{API}/{side}s/{id_}/publish", headers=operator)
                path = f"{API}/shifts/{shift['id']}/places"
                place = client.post(path, json={"person": person["id"]}, headers=operator).json()
        assert made["status"] == state
        with client.app.state.database.write() as session:  # type: ignore[attr-defined]
            suggest(session, uuid.UUID(made["id"]))
        others = {f"{side}_id": id_ for side, id_ in listings.items()}
        others |= {"person_id": person["id"], "shift_id": shift["id"], "place_id": place["id"]}
        return {**made, **others}

    return in_state


def suggest(session: WriteSession, id_: uuid.UUID) -> None:
    """An import wanted other words, which a human has to judge."""
    session.add(
        Suggestion(
            organisation_id=id_,
            field="message",
            source="groups-csv",
            source_id="1",
            value={"value": "秘密の提案"},
            suggested_at=now(),
        )
    )
    details = {"message": ["秘密の前", "秘密の後"]}
    record(session, [Event("organisation", str(id_), "import", "秘密の係", details)])


@pytest.fixture
def ask(client: TestClient, operator: dict[str, str]) -> Callable[..., Any]:
    """Call a route of the table for a record, as one of ACTORS."""
    tokens = {"visitor": {}, "wrong token": {"Authorization": "Bearer x"}, "operator": operator}

    def ask(route: str, actor: str, about: dict[str, Any], query: str = "") -> Any:
        method, path = route.split(" ", 1)
        both = (about["need_id"], about["offer_id"])
        listing, candidate = both[::-1] if "/offers/" in path else both
        ids = {
            "organisation_id": about["id"],
            "person_id": about["person_id"],
            "listing_id": listing,
            "candidate_id": candidate,
            "kind": "people",
            "shift_id": about["shift_id"],
            "place_id": about["place_id"],
        }
        path = path.format(**ids, source="groups-csv", field="message")
        path = "/static/app.css" if path == "/static" else path
        seen = f'"{about["version"]}"' if route.endswith(ONE) else "*"
        headers = {**tokens[actor], "If-Match": seen}
        body = BODIES.get(route)
        if body and route in (f"POST {API}/needs", f"POST {API}/offers"):
            body = {**body, "organisation_id": about["id"]}
        if route == f"POST {API}/matches":
            body = {"need": {**BODIES[route]["need"], "organisation_id": about["id"]}}
        if route == f"POST {SHIFT}/places":
            body = {"organisation": about["id"], "size": 2}
        return client.request(method, path + query, json=body, headers=headers)

    return ask


class TestTable:
    def test_names_every_route(self, client: TestClient) -> None:
        """A route that nobody has thought about here must not be reachable."""
        assert sorted(routes_of(client.app)) == sorted(TABLE)  # type: ignore[arg-type]

    @pytest.mark.parametrize("actor", ACTORS)
    @pytest.mark.parametrize("state", STATES)
    def test_holds(
        self, ask: Callable[..., Any], in_state: Callable[..., Any], actor: str, state: str
    ) -> None:
        about, got, wanted = in_state(state), {}, {}
        for route, rows in TABLE.items():
            statuses = rows[ACTORS.index(actor)].split()
            wanted[route] = int(statuses[STATES.index(state) % len(statuses)])
            got[route] = ask(route, actor, about).status_code
            if actor == "operator" and not route.startswith("GET"):
                about = in_state(state)
        assert got == wanted

    @pytest.mark.parametrize("state", STATES)
    def test_what_is_not_allowed_changes_nothing(
        self,
        client: TestClient,
        operator: dict[str, str],
        ask: Callable[..., Any],
        in_state: Callable[..., Any],
        state: str,
    ) -> None:
        about = in_state(state)

        def read() -> Any:
            statuses = {"status": list(STEPS)}
            one = f"{API}/organisations/{about['id']}"
            paths = (f"{API}/organisations", one, f"{one}/history", f"{one}/suggestions")
            paths += (f"{API}/needs/{about['need_id']}", f"{API}/offers/{about['offer_id']}")
            paths += (f"{paths[4]}/shifts", f"{API}/shifts/{about['shift_id']}/places")
            paths += (f"{paths[4]}/proposals", f"{paths[5]}/proposals")
            return [
                client.get(
                    path, params=statuses if path == paths[0] else {}, headers=operator
                ).json()
                for path in paths
            ]

        # So that the night watch, which counts words anew, has nothing to do meanwhile.
        run_nightly(client.app.state.database, now())  # type: ignore[attr-defined]
        before = read()
        for route in TABLE:
            if not route.startswith("GET"):
                ask(route, "visitor", about)
                ask(route, "wrong token", about)
        assert read() == before


class TestSecrets:
    """What a visitor gets holds nothing private, by whichever door."""

    def test_no_route_tells_what_is_private_or_unpublished(
        self,
        ask: Callable[..., Any],
        in_state: Callable[..., Any],
        indexed: Callable[[], None],
    ) -> None:
        known = {state: in_state(state) for state in STEPS}
        indexed()
        ids = ("id", "need_id", "offer_id")
        hidden = (*PRIVATE, *(known[s][id_] for s in ("draft", "suspended") for id_ in ids))
        hidden += ("みどりの会draft", "みどりの会suspended", "手伝いdraft", "手伝いsuspended")
        told = ""
        for route in TABLE:
            for about in known.values():
                answer = ask(route, "visitor", about)
                # Measured times are any digits: a postcode may be among them by chance.
                looked_for = [s for s in hidden if route != "GET /metrics" or not s.isdigit()]
                assert [secret for secret in looked_for if secret in answer.text] == [], route
                told += answer.text
        assert "みどりの会published" in told
        assert "手伝いpublished" in told
        assert "public@example.jp" in told

    @pytest.mark.parametrize(
        "words",
        ["みどりの会", "秘密", "秘密坂", "秘密太郎", "ヒミツタロウ", "090-0000-0000", "private"],
    )
    def test_no_search_finds_what_is_private_or_unpublished(
        self,
        client: TestClient,
        in_state: Callable[..., Any],
        indexed: Callable[[], None],
        words: str,
    ) -> None:
        known = {state: in_state(state) for state in STEPS}
        indexed()
        public = {known["published"]["id"]}
        answer = client.get(f"{API}/search", params={"q": words, "interpret": "off"})
        found = {hit["id"] for hit in answer.json()["hits"]}
        assert found == (public if words == "みどりの会" else set())
        suggested = client.get(f"{API}/search/suggest", params={"q": words}).json()["suggestions"]
        assert {s["id"] for s in suggested if s["kind"] == "organisation"} == found
        page = client.get("/search", params={"q": words}).text
        for state in ("draft", "suspended", "closed"):
            assert known[state]["id"] not in page
        for secret in {*PRIVATE} - {words}:
            assert secret not in page.replace(words, "")

    def test_a_private_address_is_no_place_to_be_near_to(
        self, client: TestClient, in_state: Callable[..., Any], indexed: Callable[[], None]
    ) -> None:
        in_state("published")
        indexed()
        near = {"near": "12.3456,45.6789", "radius_km": 1}
        assert client.get(f"{API}/search", params=near).json()["hits"] == []
        answer = client.get(f"{API}/search", params={"q": "みどりの会"})
        assert "12.3456" not in answer.text
        assert answer.json()["hits"][0]["distance_km"] is None

    @pytest.mark.parametrize("status", ["draft", "suspended"])
    def test_a_list_of_unpublished_records_needs_the_token(
        self, client: TestClient, operator: dict[str, str], in_state: Any, status: str
    ) -> None:
        made = in_state(status)
        params: dict[str, Any] = {"status": [status, "published"]}
        path = f"{API}/organisations"
        assert client.get(path, params=params).status_code == 401
        listed = client.get(path, params=params, headers=operator).json()["items"]
        assert [item["id"] for item in listed] == [made["id"]]

    def test_a_record_that_goes_is_no_longer_found(
        self,
        client: TestClient,
        operator: dict[str, str],
        in_state: Callable[..., Any],
        indexed: Callable[[], None],
    ) -> None:
        made = in_state("published")
        indexed()
        search = {"q": "みどりの会"}
        assert client.get(f"{API}/search", params=search).json()["total"] == 1
        path = f"{API}/organisations/{made['id']}"
        client.post(f"{path}/suspend", headers=operator)
        indexed()
        assert client.get(f"{API}/search", params=search).json()["total"] == 0


class TestToken:
    @pytest.mark.parametrize(
        "header",
        ["", "Bearer", "Bearer ", "Basic {token}", "{token}", "Bearer {token}x", "Bearer  {token}"],
    )
    def test_must_be_written_right(
        self, client: TestClient, operator: dict[str, str], header: str
    ) -> None:
        token = operator["Authorization"].split()[1]
        headers = {"Authorization": header.format(token=token)}
        answer = client.post(f"{API}/organisations", json={"name": "会"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert token not in answer.text
