"""What operators keep and set: proposals, drafts of shifts, weights and compatible kinds."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import today
from app.matching.criteria import CRITERIA
from app.settings import Settings
from app.vocabulary.listings import ListingKind
from tests.matching.asking import NOBODY, Ask, Make, problem


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return sqlite_settings


class TestProposals:
    def test_are_kept_and_listed(self, ask: Ask, make_listing: Make, make_person: Make) -> None:
        need, person = make_listing(fields=[7]), make_person()
        path = f"/needs/{need['id']}/matches/{person['id']}"
        said = ask("GET", path).json()
        kept = ask("POST", path)
        assert kept.status_code == 201
        body = kept.json()
        assert (body["listing_id"], body["candidate_id"]) == (need["id"], person["id"])
        assert body["explanation"]["forward"] == said["forward"]
        assert body["explanation"]["candidate"]["name"] == ""
        listed = ask("GET", f"/needs/{need['id']}/proposals")
        assert listed.json() == {"items": [body]}
        assert "秘密" not in listed.text
        assert "秘密" not in kept.text

    def test_of_an_offer(self, ask: Ask, make_listing: Make) -> None:
        need, offer = make_listing(), make_listing("offer")
        assert ask("POST", f"/offers/{offer['id']}/matches/{need['id']}").status_code == 201
        assert len(ask("GET", f"/offers/{offer['id']}/proposals").json()["items"]) == 1
        assert ask("GET", f"/needs/{need['id']}/proposals").json()["items"] == []
        assert ask("GET", f"/needs/{offer['id']}/proposals").status_code == 404

    def test_of_nobody(self, ask: Ask, make_listing: Make) -> None:
        need = make_listing()
        assert ask("POST", f"/needs/{need['id']}/matches/{NOBODY}").status_code == 404
        assert ask("GET", f"/needs/{need['id']}/proposals").json() == {"items": []}


class TestDraftAssignments:
    def test_of_the_dates_of_a_need(self, ask: Ask, make_listing: Make, make_person: Make) -> None:
        need, person = make_listing(), make_person()
        day = today() + timedelta(days=30)
        date = {"starts_at": f"{day}T10:00", "ends_at": f"{day}T12:00", "capacity": 2}
        (shift,) = ask("POST", f"/needs/{need['id']}/shifts", **date).json()["items"]
        path = f"/needs/{need['id']}/shifts/assignments/draft"
        body = ask("POST", path, most_per_person=1).json()
        assert [one["shift_id"] for one in body["shifts"]] == [shift["id"]]
        (seat,) = body["shifts"][0]["people"]
        assert (seat["id"], seat["name"]) == (person["id"], "秘密花子")
        assert (body["filled"], body["free"], body["covered"]) == (1, 2, 1)
        # A draft is a draft.
        assert ask("GET", f"/shifts/{shift['id']}/places").json()["items"] == []

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"most_per_person": 0}, "body.most_per_person"),
            ({"most_per_person": 32}, "body.most_per_person"),
            ({"people": 0}, "body.people"),
            ({"people": "5"}, "body.people"),
            ({"x": 1}, "body.x"),
        ],
    )
    def test_has_bounds(
        self, ask: Ask, make_listing: Make, body: dict[str, Any], field: str
    ) -> None:
        path = f"/needs/{make_listing()['id']}/shifts/assignments/draft"
        assert problem(ask("POST", path, **body)) == (422, [field])

    def test_of_nobodys_need(self, ask: Ask, make_listing: Make) -> None:
        offer = make_listing("offer")
        for id_ in (NOBODY, offer["id"]):
            path = f"/needs/{id_}/shifts/assignments/draft"
            assert ask("POST", path, people=1).status_code == 404


class TestRules:
    def test_are_shown(self, ask: Ask) -> None:
        body = ask("GET", "/matching").json()
        assert set(body) == {"engine_version", "weights", "compatible", "counted_at"}
        assert set(body["weights"]) == set(ListingKind)
        assert all(set(weights) == set(CRITERIA) for weights in body["weights"].values())
        assert "people" in body["compatible"]["people"]

    def test_are_changed(self, ask: Ask) -> None:
        before = ask("GET", "/matching").json()
        after = ask("PUT", "/matching/weights/people", weights={"fields": 35}).json()
        assert after["weights"]["people"]["fields"] == 35
        assert after["engine_version"] != before["engine_version"]
        after = ask("PUT", "/matching/compatibility/people", offers=["people", "skill"]).json()
        assert after["compatible"]["people"] == ["people", "skill"]
        assert ask("GET", "/matching").json() == after

    @pytest.mark.parametrize(
        ("path", "body", "field"),
        [
            ("weights/x", {"weights": {"fields": 1}}, "path.kind"),
            ("weights/people", {"weights": {}}, "body.weights"),
            ("weights/people", {"weights": {"x": 1}}, "body.weights.x"),
            ("weights/people", {"weights": {"fields": -1}}, "body.weights.fields"),
            ("weights/people", {"weights": {"fields": 101}}, "body.weights.fields"),
            ("weights/people", {"weights": {"fields": "5"}}, "body.weights.fields"),
            ("compatibility/people", {"offers": []}, "body.offers"),
            ("compatibility/people", {"offers": ["x"]}, "body.offers.0"),
            ("compatibility/x", {"offers": ["people"]}, "path.kind"),
        ],
    )
    def test_says_where_a_rule_is_wrong(
        self, ask: Ask, path: str, body: dict[str, Any], field: str
    ) -> None:
        before = ask("GET", "/matching").json()
        status, fields = problem(ask("PUT", f"/matching/{path}", **body))
        assert status == 422
        assert {name.removesuffix(".float").removesuffix(".int") for name in fields} == {
            field
        } or all(name.startswith(field) for name in fields)
        assert ask("GET", "/matching").json() == before

    def test_something_must_count(self, ask: Ask) -> None:
        nothing = dict.fromkeys(CRITERIA, 0)
        answer = ask("PUT", "/matching/weights/people", weights=nothing)
        assert answer.status_code == 422
        assert "すべての重みを0にはできません" in answer.text
