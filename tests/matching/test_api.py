"""The routes of matching: what they answer, refuse and keep to themselves; on SQLite.

What depends on the database is tested in `test_queries` and `test_market`, on both.
"""

import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import API
from app.matching.criteria import CRITERIA
from app.settings import Settings
from tests.matching.asking import NOBODY, Ask, Make, problem

CANDIDATE = {
    "id",
    "kind",
    "name",
    "organisation",
    "score",
    "label",
    "order",
    "reasons",
    "caution",
    "reverse_reasons",
    "reserved",
}


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return sqlite_settings


class TestReadMatches:
    def test_answers_what_the_issue_says(self, ask: Ask, make_listing: Make) -> None:
        need, offer = make_listing(fields=[7]), make_listing("offer", fields=[7], title="花壇")
        answer = ask("GET", f"/needs/{need['id']}/matches")
        assert answer.status_code == 200
        body = answer.json()
        assert set(body) == {
            *("engine_version", "degraded", "candidates", "considered", "excluded_by", "nearest"),
        }
        assert (body["degraded"], body["considered"], body["excluded_by"]) == (False, 1, {})
        (found,) = body["candidates"]
        assert set(found) == CANDIDATE
        assert (found["id"], found["kind"], found["name"]) == (offer["id"], "offer", "花壇")
        assert found["organisation"] == "ひまわりの会"
        assert found["reasons"][0]["code"] == "fields"
        assert found["reverse_reasons"][0]["code"] == "fields"
        assert found["label"] in "◎○△"

    def test_is_kept_by_nobody_on_the_way(self, ask: Ask, make_listing: Make) -> None:
        answer = ask("GET", f"/needs/{make_listing()['id']}/matches")
        assert answer.headers["cache-control"] == "no-store"

    def test_looks_among_groups_where_nobody_offers_anything_yet(
        self, ask: Ask, make: Make, make_listing: Make
    ) -> None:
        need, group = make_listing(fields=[13]), make(fields=[13])
        path = f"/needs/{need['id']}/matches"
        (found,) = ask("GET", path).json()["candidates"]
        assert (found["id"], found["kind"]) == (group["id"], "organisation")
        assert found["reasons"][0]["text"].startswith("分野が一致：")
        assert ask("GET", f"{path}?for=offer").json()["candidates"] == []

    def test_looks_where_it_is_told(
        self, ask: Ask, make: Make, make_listing: Make, make_person: Make
    ) -> None:
        own = make()
        need = make_listing(organisation_id=own["id"])
        offer, person = make_listing("offer"), make_person()
        group = offer["organisation"]["id"]
        kinds = {"offer": {offer["id"]}, "person": {person["id"]}, "organisation": {group}}

        def found(query: str) -> set[str]:
            body = ask("GET", f"/needs/{need['id']}/matches{query}").json()
            return {one["id"] for one in body["candidates"]}

        assert found("") == kinds["offer"] | kinds["person"]
        for kind, ids in kinds.items():
            assert found(f"?for={kind}") == ids
        assert found("?for=offer&for=organisation") == kinds["offer"] | kinds["organisation"]
        assert found("?for=offer&for=offer") == kinds["offer"]
        assert found("?for=person&for=offer&for=organisation") == set().union(*kinds.values())

    def test_the_mirror_looks_among_needs(self, ask: Ask, make_listing: Make) -> None:
        need, offer = make_listing(), make_listing("offer")
        for query in ("", "?for=need"):
            body = ask("GET", f"/offers/{offer['id']}/matches{query}").json()
            assert [(one["id"], one["kind"]) for one in body["candidates"]] == [
                (need["id"], "need")
            ]

    @pytest.mark.parametrize(
        ("side", "query", "field"),
        [
            ("need", "?for=need", "query.for"),
            ("offer", "?for=person", "query.for"),
            ("offer", "?for=need&for=offer", "query.for"),
            ("need", "?for=x", "query.for.0"),
            ("need", "?limit=0", "query.limit"),
            ("need", "?limit=101", "query.limit"),
            ("need", "?limit=x", "query.limit"),
            ("need", "?notify=x", "query.notify"),
            ("need", "?x=1", "query.x"),
        ],
    )
    def test_says_where_a_question_is_wrong(
        self, ask: Ask, make_listing: Make, side: str, query: str, field: str
    ) -> None:
        listing = make_listing(side)
        answer = ask("GET", f"/{side}s/{listing['id']}/matches{query}")
        assert problem(answer) == (422, [field])

    def test_shows_as_many_as_asked_for(self, ask: Ask, make_listing: Make) -> None:
        need, group = make_listing(), make_listing("offer")["organisation"]["id"]
        make_listing("offer", organisation_id=group)
        path = f"/needs/{need['id']}/matches?limit="
        assert [len(ask("GET", f"{path}{n}").json()["candidates"]) for n in (1, 2, 100)] == [
            *(1, 2, 2),
        ]

    def test_names_the_nearest_and_why_where_nobody_fits(
        self, ask: Ask, make_listing: Make
    ) -> None:
        need = make_listing(required_skills=["driving"])
        offer = make_listing("offer", title="お手伝い")
        body = ask("GET", f"/needs/{need['id']}/matches").json()
        assert (body["candidates"], body["excluded_by"]) == ([], {"H6": 1})
        (near,) = body["nearest"]
        assert (near["id"], near["name"]) == (offer["id"], "お手伝い")
        assert near["failed"] == [
            {
                "code": "H6",
                "text": "必要な技能・資格が書かれていません：普通自動車免許",
                "contribution": 0,
            }
        ]

    @pytest.mark.parametrize("side", ["need", "offer"])
    def test_of_nobodys_listing(self, ask: Ask, make_listing: Make, side: str) -> None:
        other = make_listing("offer" if side == "need" else "need")
        for id_ in (NOBODY, other["id"]):
            assert ask("GET", f"/{side}s/{id_}/matches").status_code == 404

    def test_nobody_is_proposed_to_a_suspended_group(
        self, ask: Ask, client: TestClient, operator: dict[str, str], make_listing: Make
    ) -> None:
        need = make_listing()
        make_listing("offer")
        path = f"/needs/{need['id']}/matches"
        assert ask("GET", path).json()["candidates"]
        group = f"{API}/organisations/{need['organisation']['id']}"
        assert client.post(f"{group}/suspend", headers=operator).status_code == 200
        assert ask("GET", path).json()["candidates"] == []

    def test_a_draft_is_looked_at_as_if_it_were_public(self, ask: Ask, make_listing: Make) -> None:
        draft, offer = make_listing(publish=False), make_listing("offer")
        path = f"/needs/{draft['id']}/matches"
        assert [one["id"] for one in ask("GET", path).json()["candidates"]] == [offer["id"]]
        assert ask("GET", f"/offers/{offer['id']}/matches").json()["candidates"] == []
        assert not ask("GET", f"{path}/{offer['id']}").json()["passes"]


class TestReadOpportunities:
    def test_of_a_resident(self, ask: Ask, make_listing: Make, make_person: Make) -> None:
        need, person = make_listing(title="花壇の手入れ"), make_person()
        body = ask("GET", f"/people/{person['id']}/opportunities").json()
        assert [(one["id"], one["kind"]) for one in body["candidates"]] == [(need["id"], "need")]

    def test_who_has_not_agreed_is_shown_nothing(
        self, ask: Ask, make_listing: Make, make_person: Make
    ) -> None:
        make_listing()
        person = make_person(matching_consent=False)
        body = ask("GET", f"/people/{person['id']}/opportunities").json()
        assert (body["candidates"], body["excluded_by"]) == ([], {"H10": 1})

    def test_of_nobody(self, ask: Ask) -> None:
        assert ask("GET", f"/people/{NOBODY}/opportunities").status_code == 404


class TestReadPartners:
    def test_of_a_group(self, ask: Ask, make: Make) -> None:
        one, other = make(fields=[7]), make(name="みどりの会", fields=[7])
        body = ask("GET", f"/organisations/{one['id']}/partners").json()
        assert [(found["id"], found["kind"]) for found in body["candidates"]] == [
            (other["id"], "organisation")
        ]

    def test_of_nobody(self, ask: Ask) -> None:
        assert ask("GET", f"/organisations/{NOBODY}/partners").status_code == 404

    @pytest.mark.parametrize("limit", [0, 101])
    def test_has_bounds(self, ask: Ask, make: Make, limit: int) -> None:
        answer = ask("GET", f"/organisations/{make()['id']}/partners?limit={limit}")
        assert problem(answer) == (422, ["query.limit"])


class TestMatchCase:
    @pytest.fixture
    def case(self, make: Make) -> dict[str, Any]:
        return {
            "organisation_id": make()["id"],
            "kind": "people",
            "title": "花壇の手入れ",
            "quantity": 3,
            "fields": [7],
            "slots": ["sat-morning"],
        }

    def test_is_answered_as_if_it_were_published(
        self, ask: Ask, make_listing: Make, case: dict[str, Any]
    ) -> None:
        for title in ("花の世話", "会計"):
            make_listing("offer", title=title, fields=[7], slots=["sat-morning"])
        body = ask("POST", "/matches", need=case).json()
        assert len(body["candidates"]) == 2
        saved = make_listing(**case)
        again = ask("GET", f"/needs/{saved['id']}/matches").json()

        def said(found: dict[str, Any]) -> dict[str, Any]:
            return {one["id"]: (one["score"], one["reasons"]) for one in found["candidates"]}

        assert said(body) == said(again)

    def test_is_kept_nowhere(self, client: TestClient, ask: Ask, case: dict[str, Any]) -> None:
        ask("POST", "/matches", need=case)
        assert client.get(f"{API}/needs").json()["items"] == []

    def test_is_answered_the_same_every_time(
        self, ask: Ask, make_listing: Make, case: dict[str, Any]
    ) -> None:
        """Among equals, too: the case has no number that would be new each time."""
        group = make_listing("offer")["organisation"]["id"]
        for _ in range(7):
            make_listing("offer", organisation_id=group)
        answers = {ask("POST", "/matches", need=case).content for _ in range(4)}
        assert len(answers) == 1

    def test_of_an_offer(self, ask: Ask, make_listing: Make, case: dict[str, Any]) -> None:
        need = make_listing()
        body = ask("POST", "/matches", offer=case).json()
        assert [one["id"] for one in body["candidates"]] == [need["id"]]

    def test_looks_where_it_is_told(
        self, ask: Ask, make_listing: Make, make_person: Make, case: dict[str, Any]
    ) -> None:
        make_listing("offer")
        person = make_person()
        body = ask("POST", "/matches", **{"need": case, "for": ["person"], "limit": 1}).json()
        assert [one["id"] for one in body["candidates"]] == [person["id"]]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"quantity": 0}, "body.need.quantity"),
            ({"kind": "x"}, "body.need.kind"),
            ({"required_skills": ["flying"]}, "body.need.required_skills.0"),
            ({"latitude": 0.0, "longitude": 139.5}, "body.need.latitude"),
            ({"slots": ["someday"]}, "body.need.slots.0"),
            ({"x": 1}, "body.need.x"),
            ({"title": ""}, "body.need.title"),
        ],
    )
    def test_says_where_a_case_is_wrong(
        self, ask: Ask, case: dict[str, Any], change: dict[str, Any], field: str
    ) -> None:
        assert problem(ask("POST", "/matches", need=case | change)) == (422, [field])

    @pytest.mark.parametrize("side", ["need", "offer"])
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"organisation_id": NOBODY}, "organisation_id"),
            ({"least_quantity": 5, "quantity": 2}, "least_quantity"),
            ({"stages": ["nothing"]}, "stages"),
            ({"temperature": "frozen"}, "temperature"),
        ],
    )
    def test_says_it_at_the_field_of_the_case_where_values_do_not_fit(
        self, ask: Ask, case: dict[str, Any], side: str, change: dict[str, Any], field: str
    ) -> None:
        status, fields = problem(ask("POST", "/matches", **{side: case | change}))
        assert (status, [name.partition(f"body.{side}.")[2] for name in fields]) == (422, [field])

    def test_wants_one_of_them(self, ask: Ask, case: dict[str, Any]) -> None:
        for body in ({"limit": 3}, {"need": case, "offer": case}):
            answer = ask("POST", "/matches", **body)
            assert answer.status_code == 422
            assert "どちらか一つ" in answer.text

    @pytest.mark.parametrize("limit", [0, 101, "3", 2.5, True])
    def test_has_bounds(self, ask: Ask, case: dict[str, Any], limit: Any) -> None:
        answer = ask("POST", "/matches", need=case, limit=limit)
        assert problem(answer) == (422, ["body.limit"])

    def test_cannot_look_on_its_own_side(self, ask: Ask, case: dict[str, Any]) -> None:
        answer = ask("POST", "/matches", **{"need": case, "for": ["need"]})
        assert problem(answer) == (422, ["body.for"])


class TestReadMatch:
    def test_tells_everything_of_a_pair(self, ask: Ask, make_listing: Make) -> None:
        need, offer = make_listing(fields=[7]), make_listing("offer", fields=[7])
        there = ask("GET", f"/needs/{need['id']}/matches/{offer['id']}").json()
        back = ask("GET", f"/offers/{offer['id']}/matches/{need['id']}").json()
        assert there["passes"]
        assert back["passes"]
        assert there["forward"] == back["backward"]
        assert there["candidate"]["score"] == back["candidate"]["score"]
        assert {one["code"] for one in there["forward"]["criteria"]} == set(CRITERIA)

    def test_tells_why_a_pair_does_not_fit(
        self, ask: Ask, make_listing: Make, make_person: Make
    ) -> None:
        need, person = make_listing(required_skills=["driving"]), make_person()
        said = ask("GET", f"/needs/{need['id']}/matches/{person['id']}").json()
        assert not said["passes"]
        assert [gate["code"] for gate in said["gates"] if not gate["passed"]] == ["H6"]
        assert all(bool(gate["text"]) is not gate["passed"] for gate in said["gates"])

    def test_of_a_pair_that_is_none(self, ask: Ask, make_listing: Make, make_person: Make) -> None:
        need, other, offer = make_listing(), make_listing(), make_listing("offer")
        person = make_person()
        for path in (
            f"/needs/{need['id']}/matches/{NOBODY}",
            f"/needs/{need['id']}/matches/{other['id']}",
            f"/needs/{NOBODY}/matches/{offer['id']}",
            f"/needs/{offer['id']}/matches/{need['id']}",
            f"/offers/{offer['id']}/matches/{person['id']}",
        ):
            assert ask("GET", path).status_code == 404, path


class TestToken:
    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer x"}])
    def test_is_asked_for_everywhere(
        self, client: TestClient, make_listing: Make, header: dict[str, str]
    ) -> None:
        need, nobody = make_listing()["id"], uuid.uuid4()
        for method, path in (
            ("GET", f"/needs/{need}/matches"),
            ("GET", f"/offers/{nobody}/matches"),
            ("GET", f"/needs/{need}/matches/{nobody}"),
            ("POST", f"/needs/{need}/matches/{nobody}"),
            ("GET", f"/needs/{need}/proposals"),
            ("GET", f"/people/{nobody}/opportunities"),
            ("GET", f"/organisations/{nobody}/partners"),
            ("POST", "/matches"),
            ("POST", f"/needs/{need}/shifts/assignments/draft"),
            ("GET", "/matching"),
            ("PUT", "/matching/weights/people"),
            ("PUT", "/matching/compatibility/people"),
        ):
            assert client.request(method, API + path, headers=header).status_code == 401, path
