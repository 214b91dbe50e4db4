"""Paging by cursor: stable while rows come and go, at the cost of a page number."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.core.errors import InvalidCursor

MOST = 100
DEFAULT = 20
# Row numbers are 32-bit integers; PostgreSQL refuses to compare them with more.
_LARGEST = 2**31

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page, the number there are in all, and where the next page begins."""

    rows: Sequence[Row]
    total: int
    next_cursor: str | None


def encode_cursor(*position: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type[str] | type[int]) -> list[str | int]:
    """The position a cursor stands for. Raises InvalidCursor unless we made it, for these types."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor from error
    if (
        not isinstance(position, list)
        or len(position) != len(kinds)
        or any(type(part) is not kind for part, kind in zip(position, kinds, strict=True))
        or any(isinstance(part, int) and not 0 <= part < _LARGEST for part in position)
    ):
        raise InvalidCursor
    return position
