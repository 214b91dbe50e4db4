"""The formats that can be imported, one module each.

A source has `NAME`, `REQUIRED` headings and `read(rows)`, which turns rows into what they say
(`rules.Incoming`) or why they cannot be kept (`tables.RowError`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from app.intake.rules import Incoming
from app.intake.tables import Row, RowError

Reading = Iterator[Incoming | RowError]


@dataclass(frozen=True)
class SourceFormat:
    """A way to read a file; `alternatives` are sets of headings, any of which will do."""

    name: str
    label: str
    alternatives: tuple[tuple[str, ...], ...]
    read: Callable[[Iterable[Row | RowError]], Reading]
