"""What an import means for a record: how sources combine, and what a human's edit keeps. Pure."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.vocabulary.listings import ListingKind
from app.vocabulary.organisations import Status

# What the actor of every change by an import begins with.
IMPORTER = "import:"
# Part of every fingerprint: raise it when a source reads the same row differently.
_READING = 2
# Several sources together know more of these than each alone.
_UNITED = frozenset(
    "other_names activity_times areas fields keywords goals links contacts registrations".split()
)
# Of these a source of record knows best, whenever it spoke.
_AUTHORITY = {"houjin-bangou": frozenset({"name", "kana", "legal_form", "corporate_number"})}


@dataclass(frozen=True)
class Incoming:
    """One outside row, read: what it says of an organisation.

    `status` is None when the row says nothing of it. `lives`: a source that would know of its end
    knows of none; `reopens`: it was just brought back. `closing` holds closed_on, closed_reason and
    successor_number of a closed one; `revision` orders the versions of a row that its source dates.
    """

    row: int
    source: str
    source_id: str
    said: Mapping[str, Any]
    status: Status | None = None
    reopens: bool = False
    lives: bool = False
    closing: Mapping[str, Any] = field(default_factory=dict)
    revision: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.source_id

    @property
    def fingerprint(self) -> str:
        content = [_READING, self.said, self.status, self.reopens, self.closing]
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def renamed(self, source: str) -> "Incoming":
        """The same row under the name of the list it came from."""
        return replace(self, source=source)

    @property
    def number(self) -> str | None:
        return self.said.get("corporate_number")


@dataclass(frozen=True)
class IncomingNeed:
    """One outside row, read: what it says of a need.

    `organisation` is what an import knows its organisation by; `organisation_id` who that is, once
    it has been found.
    """

    row: int
    source: str
    source_id: str
    organisation: str
    kind: ListingKind
    said: Mapping[str, Any]
    organisation_id: uuid.UUID | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.source_id

    def renamed(self, source: str) -> "IncomingNeed":
        """The same row under the name of the list it came from."""
        return replace(self, source=source)


@dataclass(frozen=True)
class Saying:
    """What one source row says, beside the source."""

    source: str
    said: Mapping[str, Any]


@dataclass(frozen=True)
class CityLists:
    """The lists a city keeps as rows: names and codes → code."""

    stages: Mapping[str, str]
    offices: Mapping[str, str]
    schemes: Mapping[str, str]


class UnknownCode(ValueError):
    """A row names something that is in none of the city's lists."""

    def __init__(self, field: str, written: str) -> None:
        super().__init__(written)
        self.field, self.written = field, written


def with_codes(said: Mapping[str, Any], lists: CityLists) -> dict[str, Any]:
    """`said` with the city's own codes. Raises UnknownCode."""
    resolved = dict(said)
    for name, known in (("stage", lists.stages), ("office", lists.offices)):
        if written := said.get(name):
            resolved[name] = _code(name, written, known)
    if registrations := said.get("registrations"):
        resolved["registrations"] = [
            {**r, "scheme": _code("registrations", r["scheme"], lists.schemes)}
            for r in registrations
        ]
    return resolved


def _code(field: str, written: str, known: Mapping[str, str]) -> str:
    if written not in known:
        raise UnknownCode(field, written)
    return known[written]


def combine(sayings: Sequence[Saying]) -> dict[str, Any]:
    """What all source rows of an organisation say together, oldest first.

    Lists are united; texts of rows of one source stand below each other; of everything else the
    last word counts, and the last word of a source of record before all others. A field is empty
    where each that speaks of it says that there is nothing.
    """
    together: dict[str, Any] = {}
    for saying in (*sayings, *_authoritative(sayings)):
        for name, value in saying.said.items():
            if name in _UNITED:
                together[name] = _united(together.get(name, []), value)
            elif name == "activities":
                together[name] = _activities(sayings)
            elif name not in together or not _is_empty(value):
                together[name] = value
    return together


def standing(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What is to stand in the record, of what its sources said together `before` and say `now`.

    Nothing is taken back that none of them had said: it is a human's.
    """
    return {n: v for n, v in now.items() if not (_is_empty(v) and _is_empty(before.get(n)))}


def changed_words(before: Mapping[str, Any], said: Mapping[str, Any]) -> set[str]:
    """The fields of which a source says something else than `before`."""
    told = standing(before, said)
    return {name for name, value in told.items() if value != before.get(name)}


def _is_empty(value: Any) -> bool:
    """False and 0 are answers."""
    return value is None or value in ([], {})


def _authoritative(sayings: Iterable[Saying]) -> list[Saying]:
    return [
        Saying(s.source, {n: v for n, v in s.said.items() if n in _AUTHORITY[s.source]})
        for s in sayings
        if s.source in _AUTHORITY
    ]


def _united(known: list[Any], more: list[Any]) -> list[Any]:
    united = known + [item for item in more if item not in known]
    return sorted(united) if all(isinstance(item, int) for item in united) else united


def _activities(sayings: Sequence[Saying]) -> str | None:
    last = next((s.source for s in reversed(sayings) if s.said.get("activities")), None)
    texts = [s.said["activities"] for s in sayings if s.source == last and s.said.get("activities")]
    return "\n".join(dict.fromkeys(texts)) or None


def split_edited(
    values: Mapping[str, Any], edited: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What may be taken over, and what must wait because a human has edited that field."""
    kept = set(edited)
    taken = {name: value for name, value in values.items() if name not in kept}
    return taken, {name: value for name, value in values.items() if name in kept}


def next_status(current: Status, incoming: Incoming, *, closed_by_human: bool) -> Status | None:
    """Where an import moves a record; None when it stays.

    An import closes, hides, and reopens what an import closed; it never publishes what a human
    holds back, and what a human closed only where its source tells of the reopening.
    """
    if incoming.status is Status.CLOSED:
        return None if current is Status.CLOSED else Status.CLOSED
    if incoming.status is Status.SUSPENDED:
        return Status.SUSPENDED if current is Status.PUBLISHED else None
    back = incoming.reopens or (incoming.lives and not closed_by_human)
    return Status.PUBLISHED if back and current is Status.CLOSED else None
