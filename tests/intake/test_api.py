from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.intake.run import Report
from app.main import API

ROW = {"外部ID": "1", "団体名": "ひまわりの会", "目的": "花を植える", "分野": "5"}
Import = Callable[..., Report]
Edit = Callable[..., str]


@pytest.fixture
def edited(client: TestClient, operator: dict[str, str], say: Import) -> str:
    """The path of an imported group whose purpose a human has rewritten."""
    say("groups-csv", [ROW])
    [found] = client.get(f"{API}/organisations", headers=operator).json()["items"]
    path = f"{API}/organisations/{found['id']}"
    headers = {**operator, "If-Match": f'"{found["version"]}"'}
    body = {"purpose": "花と木を植える"}
    assert client.patch(path, json=body, headers=headers).status_code == 200
    return path


class TestSuggestions:
    def test_an_import_does_not_overwrite_a_human(
        self, client: TestClient, operator: dict[str, str], say: Import, edited: str
    ) -> None:
        """The human's value stays, the import's waits, and everything else is taken over."""
        outcome = say("groups-csv", [{**ROW, "目的": "森を育てる", "分野": "13"}]).outcome
        assert outcome.suggestions == 1
        record = client.get(edited, headers=operator).json()
        assert (record["purpose"], record["fields"]) == ("花と木を植える", [13])
        [waiting] = client.get(f"{edited}/suggestions", headers=operator).json()
        assert {name: waiting[name] for name in ("field", "source", "source_id", "value")} == {
            "field": "purpose",
            "source": "groups-csv",
            "source_id": "1",
            "value": "森を育てる",
        }

    @pytest.mark.parametrize("answer", ["accept", "dismiss"])
    def test_is_decided_once(
        self,
        client: TestClient,
        operator: dict[str, str],
        say: Import,
        edited: str,
        answer: str,
        state: Callable[[], Any],
    ) -> None:
        """Afterwards nothing waits, and the same file does not ask again."""
        said = [{**ROW, "目的": "森を育てる"}]
        say("groups-csv", said)
        path = f"{edited}/suggestions/groups-csv/purpose/{answer}"
        assert client.post(path, headers=operator).is_success
        purpose = client.get(edited, headers=operator).json()["purpose"]
        assert purpose == ("森を育てる" if answer == "accept" else "花と木を植える")
        assert client.post(path, headers=operator).status_code == 404
        before = state()
        assert say("groups-csv", said).outcome.unchanged == 1
        assert client.get(f"{edited}/suggestions", headers=operator).json() == []
        assert state() == before

    def test_a_dismissed_one_comes_back_only_with_another_value(
        self, client: TestClient, operator: dict[str, str], say: Import, edited: str
    ) -> None:
        waits = lambda: [  # noqa: E731 - asked four times
            s["value"] for s in client.get(f"{edited}/suggestions", headers=operator).json()
        ]
        said = {**ROW, "目的": "森を育てる"}
        say("groups-csv", [said])
        path = f"{edited}/suggestions/groups-csv/purpose/dismiss"
        assert client.post(path, headers=operator).is_success
        assert say("groups-csv", [{**said, "分野": "13"}]).outcome.suggestions == 0
        assert waits() == []
        say("groups-csv", [{**said, "目的": "林を育てる"}])
        say("groups-csv", [{**said, "目的": "林を育てる", "分野": "6"}])
        assert waits() == ["林を育てる"]

    def test_is_not_made_of_what_the_list_said_before_the_correction(
        self, client: TestClient, operator: dict[str, str], say: Import, edited: str
    ) -> None:
        assert say("groups-csv", [{**ROW, "分野": "13"}]).outcome.suggestions == 0
        assert client.get(f"{edited}/suggestions", headers=operator).json() == []

    def test_what_the_list_withdraws_waits_for_a_human_too(
        self, client: TestClient, operator: dict[str, str], say: Import, edited: str
    ) -> None:
        assert say("groups-csv", [{**ROW, "目的": ""}]).outcome.suggestions == 1
        assert client.get(edited, headers=operator).json()["purpose"] == "花と木を植える"
        path = f"{edited}/suggestions/groups-csv/purpose/accept"
        assert client.post(path, headers=operator).is_success
        assert client.get(edited, headers=operator).json()["purpose"] is None

    def test_goes_away_when_the_list_agrees_again(
        self, client: TestClient, operator: dict[str, str], say: Import, edited: str
    ) -> None:
        say("groups-csv", [{**ROW, "目的": "森を育てる"}])
        say("groups-csv", [{**ROW, "目的": "花と木を植える"}])
        assert client.get(f"{edited}/suggestions", headers=operator).json() == []

    def test_of_two_lists_stand_beside_each_other(
        self, client: TestClient, operator: dict[str, str], say: Import, edited: str
    ) -> None:
        number = {"法人番号": "7000012050002"}
        say("groups-csv", [{**ROW, **number, "目的": "森を育てる"}])
        say("groups-csv", [{**ROW, **number, "目的": "林を育てる"}], source="other")
        found = client.get(f"{edited}/suggestions", headers=operator).json()
        assert [(s["source"], s["value"]) for s in found] == [
            ("groups-csv", "森を育てる"),
            ("other", "林を育てる"),
        ]

    def test_that_cannot_be_taken_goes_on_waiting(
        self,
        client: TestClient,
        operator: dict[str, str],
        make: Callable[..., dict[str, Any]],
        say: Import,
        edited: str,
    ) -> None:
        make(name="すみれの会", registrations=[{"scheme": "youth", "number": "SY-1"}])
        headers = {**operator, "If-Match": client.get(edited, headers=operator).headers["etag"]}
        body = {"registrations": [{"scheme": "youth", "number": "SY-9"}]}
        assert client.patch(edited, json=body, headers=headers).status_code == 200
        assert say("groups-csv", [{**ROW, "登録": "youth:SY-1"}]).outcome.suggestions
        path = f"{edited}/suggestions/groups-csv/registrations/accept"
        answer = client.post(path, headers=operator)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
        found = client.get(f"{edited}/suggestions", headers=operator).json()
        assert "registrations" in {suggestion["field"] for suggestion in found}

    def test_are_for_operators(self, client: TestClient, edited: str) -> None:
        assert client.get(f"{edited}/suggestions").status_code == 401
        path = f"{edited}/suggestions/groups-csv/purpose/accept"
        assert client.post(path).status_code == 401

    def test_of_an_unknown_organisation(self, client: TestClient, operator: dict[str, str]) -> None:
        unknown = f"{API}/organisations/00000000-0000-7000-8000-000000000000/suggestions"
        assert client.get(unknown, headers=operator).status_code == 404
        path = f"{unknown}/groups-csv/purpose/accept"
        assert client.post(path, headers=operator).status_code == 404
