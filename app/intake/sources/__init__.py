"""The formats that can be imported, one module each.

A source has `NAME`, `REQUIRED` headings and `read(rows)`, which turns rows into what they say of an
organisation (`rules.Incoming`) or of a need (`rules.IncomingNeed`), or why they cannot be kept
(`tables.RowError`).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from app.core.errors import field_errors
from app.intake.rules import Incoming, IncomingNeed
from app.intake.tables import Row, RowError, no_headings, printable

Reading = Iterator[Incoming | RowError]
ReadingOfNeeds = Iterator[IncomingNeed | RowError]
# As wide as `Source.source_id`.
LONGEST_ID = 200


@dataclass(frozen=True)
class SourceFormat:
    """A way to read a file.

    `alternatives` are sets of headings, any of which will do; `columns` all headings there are, of
    a layout that is ours to define; `understood` tells the headings of a file that has none.
    """

    name: str
    label: str
    alternatives: tuple[tuple[str, ...], ...]
    read: Callable[[Iterable[Row | RowError]], Reading | ReadingOfNeeds]
    columns: frozenset[str] | None = None
    understood: Callable[[Sequence[str]], tuple[str, ...]] = no_headings

    def unknown(self, headings: Iterable[str]) -> list[str]:
        """The headings that will not be read: a slip of the pen, or somebody's own notes."""
        unread = [n for n in headings if n and self.columns and n not in self.columns]
        return [printable(name) for name in unread]


def key_of(written: str) -> str:
    """What a row without an ID is known by: `written`, or where that is too long, its hash."""
    if len(written) <= LONGEST_ID:
        return written
    return hashlib.sha256(written.encode()).hexdigest()


def refusal(row: Row, error: ValidationError, columns: Mapping[str, str]) -> RowError:
    """What a form finds wrong first, with its place in the file; `columns` by the form's names."""
    first = field_errors(error.errors())[0]
    parts = first.field.split(".")
    places = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    named = (
        name for place, part in zip(places, parts[::-1], strict=True) for name in (place, part)
    )
    column = next((columns[name] for name in named if name in columns), "")
    return RowError(row.number, column, row.cells.get(column, ""), first.message)
