from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from app.main import API

ORGANISATIONS = f"{API}/organisations"
Make = Callable[..., dict[str, Any]]


class TestCreateOrganisation:
    def test_answers_with_the_record_its_place_and_its_version(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        answer = client.post(
            ORGANISATIONS, json={"name": "ひまわりの会", "fields": [13, 2]}, headers=operator
        )
        assert answer.status_code == 201
        record = answer.json()
        assert (record["status"], record["version"], record["fields"]) == ("draft", 1, [2, 13])
        assert answer.headers["location"] == f"{ORGANISATIONS}/{record['id']}"
        assert answer.headers["etag"] == '"1"'
        assert client.get(answer.headers["location"], headers=operator).json() == record

    def test_needs_the_token_and_keeps_nothing_without(self, client: TestClient) -> None:
        answer = client.post(ORGANISATIONS, json={"name": "ひまわりの会"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get(ORGANISATIONS).json()["total"] == 0

    def test_names_each_field_at_fault(self, client: TestClient, operator: dict[str, str]) -> None:
        answer = client.post(
            ORGANISATIONS, json={"name": "", "fields": [21], "color": "青"}, headers=operator
        )
        assert answer.status_code == 422
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["code"] == "invalid"
        fields = {error["field"] for error in problem["errors"]}
        assert fields == {"body.name", "body.fields.0", "body.color"}

    def test_one_organisation_per_corporate_number(
        self, client: TestClient, operator: dict[str, str], make: Make
    ) -> None:
        make(corporate_number="7000012050002")
        body = {"name": "別の名前", "corporate_number": "7000012050002"}
        answer = client.post(ORGANISATIONS, json=body, headers=operator)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
        assert answer.json()["errors"][0]["field"] == "body.corporate_number"


class TestReadOrganisation:
    def test_hides_what_is_private_from_the_public(self, client: TestClient, make: Make) -> None:
        record = make(
            address={"street": "秘密町1-2-3", "latitude": 35.7, "longitude": 139.5},
            contacts=[
                {"kind": "email", "value": "public@example.jp", "is_public": True},
                {"kind": "phone", "value": "0422-00-0000"},
                {"kind": "representative", "value": "秘密太郎"},
            ],
        )
        answer = client.get(f"{ORGANISATIONS}/{record['id']}")
        assert "秘密" not in answer.text
        assert "0422-00-0000" not in answer.text
        assert [c["value"] for c in answer.json()["contacts"]] == ["public@example.jp"]
        assert answer.json()["address"] is None

    def test_a_draft_is_unknown_to_the_public(
        self, client: TestClient, operator: dict[str, str], make: Make
    ) -> None:
        path = f"{ORGANISATIONS}/{make(publish=False)['id']}"
        assert client.get(path).status_code == 404
        assert client.get(path, headers=operator).status_code == 200


class TestUpdateOrganisation:
    def test_needs_the_version_that_was_seen(
        self, client: TestClient, operator: dict[str, str], make: Make
    ) -> None:
        record = make()
        path = f"{ORGANISATIONS}/{record['id']}"
        assert client.patch(path, json={"name": "新"}, headers=operator).status_code == 428
        stale = {**operator, "If-Match": '"1"'}
        assert client.patch(path, json={"name": "新"}, headers=stale).status_code == 412
        current = {**operator, "If-Match": f'"{record["version"]}"'}
        answer = client.patch(path, json={"name": "新"}, headers=current)
        assert answer.status_code == 200
        assert answer.headers["etag"] == f'"{record["version"] + 1}"'
