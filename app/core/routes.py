"""Routes that are asked for most: what comes in is read at once, without FastAPI's way round.

The document of the API remains FastAPI's own.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, get_origin, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


class QueryRoute(APIRoute):
    """A route whose endpoint takes the request and the form of its query, and nothing else.

    FastAPI looks into the type of every field anew at each request: a quarter of the time of a
    search.
    """

    def get_route_handler(self) -> Handle:
        form: type[BaseModel] = get_type_hints(self.endpoint)["form"]
        fields = {field.alias or name: field for name, field in form.model_fields.items()}
        lists = {name for name, field in fields.items() if get_origin(field.annotation) is list}

        async def handle(request: Request) -> Response:
            answer: Response = await self.endpoint(request, _read(request, form, lists))
            return answer

        return handle


def _read(request: Request, form: type[BaseModel], lists: set[str]) -> BaseModel:
    """Raises RequestValidationError. Of what is not a list the last value given counts."""
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in lists:
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    try:
        return form.model_validate(given)
    except ValidationError as error:
        raise _wrong(error, "query") from None


class RecordRoute(APIRoute):
    """A route whose endpoint takes the request and the ids in its path, and waits for a database.

    It runs in the event loop's own threads: anyio's way there and back costs as much as the
    statement.
    """

    def get_route_handler(self) -> Handle:
        hints = get_type_hints(self.endpoint)
        ids = {name: TypeAdapter(hints[name]) for name in self.param_convertors}

        async def handle(request: Request) -> Response:
            given = {name: _id(request, name, type_) for name, type_ in ids.items()}
            loop, context = asyncio.get_running_loop(), copy_context()
            answer: Response = await loop.run_in_executor(
                None, lambda: context.run(self.endpoint, request, **given)
            )
            return answer

        return handle


def _id(request: Request, name: str, type_: TypeAdapter[Any]) -> Any:
    """Raises RequestValidationError."""
    try:
        return type_.validate_python(request.path_params[name])
    except ValidationError as error:
        raise _wrong(error, "path", name) from None


def _wrong(error: ValidationError, *place: str) -> RequestValidationError:
    """As FastAPI says it: where, then which."""
    found = error.errors(include_url=False)
    return RequestValidationError([{**one, "loc": (*place, *one["loc"])} for one in found])
