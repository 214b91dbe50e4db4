"""A form of what stands behind the question mark, read at once."""

from collections.abc import Callable, Coroutine
from typing import Any, get_origin, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError


class QueryRoute(APIRoute):
    """A route whose endpoint takes the request and the form of its query, and nothing else.

    FastAPI looks into the type of every field anew at each request: a quarter of the time of a
    search. The document of the API remains FastAPI's own.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
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
        found = error.errors(include_url=False)
        errors = [{**one, "loc": ("query", *one["loc"])} for one in found]
        raise RequestValidationError(errors) from None
