"""Words for the tests of routes."""

from collections.abc import Callable
from typing import Any

from httpx import Response

Make = Callable[..., dict[str, Any]]
Ask = Callable[..., Response]
NOBODY = "01890000-0000-7000-8000-000000000000"


def problem(answer: Response) -> tuple[int, list[str]]:
    """The status, and at which fields."""
    return answer.status_code, [error["field"] for error in answer.json().get("errors", [])]
