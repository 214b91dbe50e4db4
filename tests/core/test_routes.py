"""Routes that read what comes in by themselves answer as all others do."""

import uuid
from typing import Annotated, Any

import pytest
import structlog
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.core.http import JSON, install_error_handlers
from app.core.routes import QueryRoute, RecordRoute


class Form(BaseModel):
    q: str = ""
    limit: Annotated[int, Query(ge=1, le=9)] = 5
    field: list[int] = []


def _add_routes(router: APIRouter) -> None:
    @router.get("/things/{thing_id}/{number}")
    def thing(request: Request, thing_id: uuid.UUID, number: int) -> JSON:
        bound = structlog.contextvars.get_contextvars()
        return JSON({"id": str(thing_id), "number": number, "bound": bound})


async def _search(request: Request, form: Annotated[Form, Query()]) -> JSON:
    return JSON(form.model_dump())


@pytest.fixture
def client() -> TestClient:
    """The same routes twice: read at once, and by FastAPI below /plain."""
    app = FastAPI()
    install_error_handlers(app)
    for prefix, of_query, of_record in (("", QueryRoute, RecordRoute), ("/plain", None, None)):
        queries = APIRouter(**({"route_class": of_query} if of_query else {}))
        records = APIRouter(**({"route_class": of_record} if of_record else {}))
        queries.add_api_route("/search", _search)
        _add_routes(records)
        app.include_router(queries, prefix=prefix)
        app.include_router(records, prefix=prefix)

    @app.middleware("http")
    async def bind(request: Request, call_next: Any) -> Any:
        with structlog.contextvars.bound_contextvars(request_id="abc"):
            return await call_next(request)

    return TestClient(app)


@pytest.mark.parametrize(
    "path",
    [
        "/search",
        "/search?q=a&limit=3&field=1&field=2",
        "/search?limit=0",
        "/search?limit=x&field=1&field=y",
        "/search?q=a&q=b",
        f"/things/{uuid.UUID(int=7)}/3",
        "/things/7/3",
        f"/things/{uuid.UUID(int=7)}/three",
    ],
)
def test_same_answer_as_the_long_way(client: TestClient, path: str) -> None:
    quick, plain = client.get(path), client.get(f"/plain{path}")
    assert (quick.status_code, quick.json()) == (plain.status_code, plain.json())


def test_log_lines_know_the_request(client: TestClient) -> None:
    answer = client.get(f"/things/{uuid.UUID(int=7)}/3").json()
    assert answer["bound"] == {"request_id": "abc"}


def test_document_is_the_framework_s(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/search", "/things/{thing_id}/{number}"):
        quick, plain = paths[path]["get"], paths[f"/plain{path}"]["get"]
        assert quick["parameters"] == plain["parameters"]
        assert [*quick["responses"]] == [*plain["responses"]]
