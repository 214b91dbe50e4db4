"""The OpenAPI document keeps its word: what it offers works, and nothing else is answered."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.strategies import booleans
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.core.clock import today
from app.main import API

DOCUMENT = f"{API}/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 20
# What a request consists of, for the client that sends it into this process.
SENT = {"method", "url", "params", "headers", "json", "data", "content"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    described: dict[str, Any] = client.get(DOCUMENT).json()
    return described


class TestDocument:
    def test_every_operation_is_summed_up_in_japanese(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document):
            assert any(ord(char) > 0x3000 for char in operation.get("summary", "")), name

    def test_every_error_is_a_problem_document(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document):
            errors = {s: r for s, r in operation["responses"].items() if s >= "400"}
            assert errors, name
            for status, response in errors.items():
                assert response["description"], (name, status)
                if (name, status) == ("GET /readyz", "503"):
                    continue  # says what is not ready
                assert set(response["content"]) == {"application/problem+json"}, (name, status)

    def test_every_operation_has_an_example(self, document: dict[str, Any]) -> None:
        without = [name for name, operation in operations(document) if not examples(operation)]
        assert without == []

    def test_every_example_is_one(self, document: dict[str, Any]) -> None:
        """An example is an answer the document itself would accept."""
        shown = 0
        for name, operation in operations(document):
            for response in operation["responses"].values():
                media = response.get("content", {}).get("application/json", {})
                if "example" in media:
                    shown += 1
                    schema = {**media["schema"], "components": document["components"]}
                    checked = jsonschema_rs.Draft202012Validator(schema)
                    found = [error.message for error in checked.iter_errors(media["example"])]
                    # FastAPI leaves out of the document whatever is null.
                    assert [m for m in found if "is a required property" not in m] == [], name
        assert shown


def examples(operation: dict[str, Any]) -> list[Any]:
    """The examples of what an operation answers when all is well."""
    good = [r for s, r in operation["responses"].items() if s < "300"]
    if good and all("content" not in response for response in good):
        return [None]  # nothing is answered, so there is nothing to show
    return [
        media.get("example") or media.get("examples")
        for response in good
        for media in response.get("content", {}).values()
        if media.get("example") or media.get("examples")
    ]


def somebody_on_a_date(
    client: TestClient, operator: dict[str, str], need_id: str
) -> dict[str, str]:
    """The ids of a person, of a date of the need, and of the place the person has on it."""

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"{API}{path}", json=body, headers=operator).json()

    day = today() + timedelta(days=30)
    date = {"starts_at": f"{day}T10:00", "ends_at": f"{day}T12:00", "capacity": 5}
    person = post("/people", {"name": "はな"})
    (shift,) = post(f"/needs/{need_id}/shifts", date)["items"]
    place = post(f"/shifts/{shift['id']}/places", {"person": person["id"]})
    return {"person_id": person["id"], "shift_id": shift["id"], "place_id": str(place["id"])}


class TestPromises:
    @pytest.mark.parametrize("actor", ["visitor", "stranger", "operator"])
    def test_no_server_error_and_nothing_undocumented(
        self,
        client: TestClient,
        operator: dict[str, str],
        make: Any,
        make_listing: Any,
        actor: str,
    ) -> None:
        """Requests right and wrong, made up from the document, with real ids among them."""
        tokens = {"visitor": {}, "stranger": {"Authorization": "Bearer x"}, "operator": operator}
        made = make(message="一言")
        listings = {
            side: make_listing(side, organisation_id=made["id"])["id"] for side in ("need", "offer")
        }
        ids = {"organisation_id": made["id"]}
        ids |= somebody_on_a_date(client, operator, listings["need"])
        schema = schemathesis.openapi.from_dict(client.get(DOCUMENT).json())
        schema.config.generation.modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        seen: set[int] = set()
        for found in schema.get_all_operations():
            operation = found.ok()
            ids["listing_id"] = listings["offer" if "/offers" in operation.path else "need"]

            @seed(1)
            @given(case=operation.as_strategy(), known=booleans())
            @hypothesis_settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def answers(case: schemathesis.Case, known: bool) -> None:
                if known:
                    case.path_parameters.update(
                        {name: id_ for name, id_ in ids.items() if name in case.path_parameters}
                    )
                sent = case.as_transport_kwargs(base_url="http://testserver", headers=tokens[actor])
                sent = {name: value for name, value in sent.items() if name in SENT}
                if isinstance(sent.get("data"), str | bytes):
                    sent["content"] = sent.pop("data")
                answer = client.request(**sent)
                seen.add(answer.status_code)
                case.validate_response(answer, checks=CHECKS)

            answers()
        assert seen >= {200, 401 if actor == "stranger" else 404, 422}
