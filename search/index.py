"""What every engine offers: the questions it takes, the answers it gives, and how it is fed."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from search.documents import Entry

Group = Literal["text", "name", "sound", "name_sound"]
Sort = Literal["relevance", "distance", "updated"]


@dataclass(frozen=True)
class Filters:
    """What every hit must satisfy: one of the codes of each list, and a place within a radius."""

    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    near: tuple[float, float] | None = None
    radius_km: float | None = None

    def with_codes(self, more: Mapping[str, tuple[str, ...]]) -> "Filters":
        return Filters({**self.codes, **more}, self.near, self.radius_km)


@dataclass(frozen=True)
class Ask:
    """One request to an engine.

    With `every`, each word must match; else the first must and the rest rank, most telling first.
    `without` are ids to leave out. No words at all means everything.
    """

    kind: str
    words: tuple[str, ...] = ()
    group: Group = "text"
    every: bool = False
    filters: Filters = field(default_factory=Filters)
    sort: Sort = "relevance"
    without: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    offset: int = 0
    limit: int = 10


Facets = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Found:
    """An engine's answer; each hit is that of a `documents.Entry`."""

    total: int
    hits: list[dict[str, Any]]
    facets: Facets = field(default_factory=dict)


class Index(Protocol):
    """The part of an engine that is fed. Every write is idempotent and settled when it returns."""

    name: str
    kind: str  # of the documents it holds

    def prepare(self) -> None:
        """Create the index and its settings where they are missing or differ."""

    def count(self) -> int:
        """How many documents it holds."""

    def write(self, entries: Sequence[Entry], gone: Sequence[str]) -> object:
        """Begin to add or replace `entries` and remove the ids `gone`; settle with the receipt."""

    def settle(self, receipt: object) -> None:
        """Wait until a write is searchable. Raises WriteRejected when the engine refused it."""

    def rebuilding(self) -> AbstractContextManager["Index"]:
        """An empty successor to fill; it takes the index's place when the block ends well."""

    def stored(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """What it holds under these ids, comparable with `stored_form`."""

    def stored_form(self, entry: Entry) -> Mapping[str, Any]:
        """What it should hold for an entry."""

    def ids(self) -> Iterable[str]:
        """Every id it holds."""
