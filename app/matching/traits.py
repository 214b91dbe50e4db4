"""What parties are matched on, as columns: one row a need, an offer, a resident or a group.

A single party is a table of one row, and numpy spreads it over the others: every rule is written
once, for one pair or for all. Unknown is said the same way everywhere: NaN for a number, -1 for a
code, 0 for a set.
"""

import hashlib
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.bits import mask_of, numbers_of
from app.core.clock import TOKYO
from app.vocabulary.fields import NEIGHBOURS
from app.vocabulary.listings import ListingKind, PartyKind
from app.vocabulary.times import PERIODS

Array = NDArray[Any]

MOST_WORDS = 16
MOST_WINDOWS = 16
FIRST_DAY, LAST_DAY = 0, 3_652_059  # date.min and date.max as ordinals
KINDS = tuple(ListingKind)
PARTIES = tuple(PartyKind)
_WEEK = 7 * 24 * 60
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_TOKYO_MINUTES = 9 * 60  # Japan has no summer time

# First and last minute of each slot in a week that begins on Monday, 0:00 in Tokyo.
SLOT_BOUNDS = tuple(
    (day * 1440 + first * 60, day * 1440 + last * 60)
    for day in range(7)
    for first, last in (period.hours for period in PERIODS)
)
WEEKS = (-_WEEK, 0, _WEEK)  # a Sunday's night reaches into the Monday after it
SLOT_MINUTES = np.array([last - first for first, last in SLOT_BOUNDS], dtype=np.int16)


class Traits:
    """`n` parties; `seeks` tells a need from an offer.

    Sets: `kinds`, `fields`, `required`, `preferred`, `skills`, `slots`, `conditions` (asked of
    whoever takes), `meets`, `suits` (stages), `wished` (types). Numbers standing for ids and
    codes: `organisation`, `municipality`, `stage`, `type`, `unit`, `words` (most telling first;
    `idf` in ten-thousandths, so that sums are exact, `all_idf` their sum). Days as ordinals:
    `starts`, `ends`, `answer_by` (the last on which one may answer), `use_by` (until which food has
    to keep at least), `best_before`. `minutes` is what one time takes; `windows` are exact
    times in minutes since 1970 (Tokyo), `slot_minutes` what of them falls into each slot of the
    week; `placed`: the position is the party's own, not its municipality's; `quantity` what is
    still open (-1: does not apply); `age_to` is -2 where nobody has an age.

    A column is cut out of the whole when it is first looked at: most rules look at few.
    """

    id: Array
    hash: Array
    party: Array
    seeks: Array
    kinds: Array
    open: Array
    consents: Array
    starts: Array
    ends: Array
    answer_by: Array
    organisation: Array
    fields: Array
    near_fields: Array
    required: Array
    preferred: Array
    skills: Array
    slots: Array
    negotiable: Array
    minutes: Array
    exact: Array
    windows: Array
    slot_minutes: Array
    latitude: Array
    longitude: Array
    placed: Array
    municipality: Array
    reach_km: Array
    online: Array
    quantity: Array
    unit: Array
    least: Array
    limit: Array
    engaged: Array
    exposure: Array
    use_by: Array
    best_before: Array
    coldness: Array
    conditions: Array
    meets: Array
    stage: Array
    suits: Array
    type: Array
    wished: Array
    frequency: Array
    beginners: Array
    first_time: Array
    youngest: Array
    oldest: Array
    age_from: Array
    age_to: Array
    words: Array
    idf: Array
    all_idf: Array

    def __init__(self, columns: "Columns", length: int, rows: Array | None = None) -> None:
        self._columns, self._length, self._rows = columns, length, rows
        self._memory: dict[str, tuple[Traits, Array]] = {}
        self._whole: tuple[Traits, Array | slice] | None = None

    def __getattr__(self, name: str) -> Array:
        if name not in COLUMNS:
            raise AttributeError(name)
        column = self._columns(name, self._rows)
        self.__dict__[name] = column
        return column

    def __len__(self) -> int:
        return self._length if self._rows is None else len(self._rows)

    def remembered(self, name: str, other: "Traits", make: Callable[[], Array]) -> Array:
        """What was made for this pair of tables before: gates, scores and reasons ask for it."""
        known = self._known(name, other)
        if known is None:
            known = make()
            self._memory[name] = (other, known)
        return known

    def has_met(self, other: "Traits") -> bool:
        """Whether anything was measured between these two, this being the many."""
        return any(kept[0] is other for kept in self._memory.values()) or (
            self._whole is not None and self._whole[0].has_met(other)
        )

    def _known(self, name: str, other: "Traits") -> Array | None:
        kept = self._memory.get(name)
        if kept is not None and kept[0] is other:
            return kept[1]
        if self._whole is None:
            return None
        table, rows = self._whole
        known = table._known(name, other)
        if known is not None:
            known = known[rows]
            self._memory[name] = (other, known)
        return known

    def take(self, rows: Array) -> "Traits":
        """These rows (numbers, or one truth value a row) as a table of their own."""
        rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        of_all = rows if self._rows is None else self._rows[rows]
        taken = Traits(self._columns, self._length, of_all)
        taken._whole = (self, rows)
        return taken

    def row(self, number: int) -> "Traits":
        """One row, as a view."""
        only = slice(number, number + 1)
        one = Traits(lambda name, rows: _cut(getattr(self, name)[only], rows), 1)
        one._whole = (self, only)
        return one

    def find(self, id_: str) -> int | None:
        """The row of an id."""
        alike = np.flatnonzero(self.hash == hash_of(id_)).tolist()
        return next((row for row in alike if self.id[row] == id_), None)

    @staticmethod
    def join(tables: Sequence["Traits"]) -> "Traits":
        """All rows of all tables."""
        parts = [part for part in tables if len(part)] or [*tables[:1]]
        if len(parts) == 1:
            return parts[0]
        begins = np.cumsum([0, *map(len, parts)])

        cut: tuple[Array, list[Traits], Array] | None = None

        def columns(name: str, rows: Array | None) -> Array:
            nonlocal cut
            if rows is None:
                return np.concatenate([getattr(part, name) for part in parts])
            if cut is None or cut[0] is not rows:  # the same rows are asked for in every column
                of = np.searchsorted(begins, rows, side="right") - 1
                of_each = [part.take(rows[of == n] - begins[n]) for n, part in enumerate(parts)]
                cut = rows, of_each, np.argsort(np.argsort(of, kind="stable"))
            return np.concatenate([getattr(part, name) for part in cut[1]])[cut[2]]

        return Traits(columns, int(begins[-1]))

    def replaced(self, **columns: Array) -> "Traits":
        """The same rows with these columns in the place of their own."""
        return Traits(
            lambda name, rows: _cut(
                columns[name] if name in columns else getattr(self, name), rows
            ),
            len(self),
        )

    def settled(self) -> "Traits":
        """The same rows, holding on to nothing else."""
        columns = {name: np.ascontiguousarray(getattr(self, name)) for name in COLUMNS}
        settled = Traits(lambda name, rows: _cut(columns[name], rows), len(self))
        settled._memory = dict(self._memory)
        return settled


Columns = Callable[[str, Array | None], Array]  # by name: these rows, None for all


def _cut(column: Array, rows: Array | None) -> Array:
    return column if rows is None else column.take(rows, axis=0)


def facing(one: Traits, other: Traits) -> tuple[Traits, Traits]:
    """The single party and the many; of two single ones, the many is what was measured before."""
    if len(one) != 1 or (len(other) == 1 and one.has_met(other)):
        return other, one
    return one, other


# Column → its type and what stands there when nothing is known.
COLUMNS: dict[str, tuple[Any, Any]] = {
    "id": (object, ""),
    "hash": (np.uint64, 0),
    "party": (np.int8, 0),
    "seeks": (np.bool_, False),
    "kinds": (np.int16, 0),
    "open": (np.bool_, True),
    "consents": (np.bool_, True),
    "starts": (np.int32, FIRST_DAY),
    "ends": (np.int32, LAST_DAY),
    "answer_by": (np.int32, LAST_DAY),
    "organisation": (np.int32, -1),
    "fields": (np.int32, 0),
    "near_fields": (np.int32, None),
    "required": (np.int64, 0),
    "preferred": (np.int64, 0),
    "skills": (np.int64, 0),
    "slots": (np.int64, 0),
    "negotiable": (np.bool_, False),
    "minutes": (np.int32, 60),
    "exact": (np.bool_, False),
    "windows": (np.int32, None),
    "slot_minutes": (np.int16, None),
    "latitude": (np.float64, np.nan),
    "longitude": (np.float64, np.nan),
    "placed": (np.bool_, False),
    "municipality": (np.int32, -1),
    "reach_km": (np.float64, np.nan),
    "online": (np.int8, -1),
    "quantity": (np.float64, np.nan),
    "unit": (np.int32, -1),
    "least": (np.float64, 0),
    "limit": (np.float64, np.inf),
    "engaged": (np.int32, 0),
    "exposure": (np.int32, 0),
    "use_by": (np.int32, 0),
    "best_before": (np.int32, 0),
    "coldness": (np.int8, -1),
    "conditions": (np.int16, 0),
    "meets": (np.int16, 0),
    "stage": (np.int8, -1),
    "suits": (np.int32, 0),
    "type": (np.int8, -1),
    "wished": (np.int32, 0),
    "frequency": (np.int8, -1),
    "beginners": (np.int8, -1),
    "first_time": (np.int8, -1),
    "youngest": (np.int16, 0),
    "oldest": (np.int16, 200),
    "age_from": (np.int16, -1),
    "age_to": (np.int16, -1),
    "words": (np.int32, None),
    "idf": (np.int32, None),
    "all_idf": (np.int32, None),
}


def table(rows: Sequence[dict[str, Any]]) -> Traits:
    """A table of rows that say what is known, by column; `windows` as pairs of minutes."""
    columns: dict[str, Array] = {}
    for name, (kind, unknown) in COLUMNS.items():
        if unknown is not None:
            columns[name] = np.array([row.get(name, unknown) for row in rows], dtype=kind)
    columns["near_fields"] = _near(columns["fields"])
    columns["hash"] = np.array([hash_of(row["id"]) for row in rows], dtype=np.uint64)
    columns["exact"] = np.array([bool(row.get("windows")) for row in rows], dtype=np.bool_)
    columns["windows"] = _windows(rows)
    columns["slot_minutes"] = _slot_minutes(columns["windows"], columns["exact"])
    columns["words"] = _ragged(rows, "words", np.int32, -1)
    columns["idf"] = _ragged(rows, "idf", np.int32, 0)
    columns["all_idf"] = columns["idf"].sum(axis=1, dtype=np.int32)
    return Traits(lambda name, wanted: _cut(columns[name], wanted), len(rows))


def _near(fields: Array) -> Array:
    near = np.zeros_like(fields)
    for field, around in enumerate(NEIGHBOURS):
        near |= np.where(fields >> field & 1 == 1, around, 0).astype(fields.dtype)
    return near & ~fields


def hash_of(id_: str) -> int:
    """A number for an id that no other id has, so to speak: 64 bits."""
    return int.from_bytes(hashlib.blake2b(id_.encode(), digest_size=8).digest(), "big")


def _ragged(rows: Sequence[dict[str, Any]], name: str, kind: Any, beyond: float) -> Array:
    made = np.full((len(rows), MOST_WORDS), beyond, dtype=kind)
    for number, row in enumerate(rows):
        if values := row.get(name):
            made[number, : min(len(values), MOST_WORDS)] = values[:MOST_WORDS]
    return made


def _windows(rows: Sequence[dict[str, Any]]) -> Array:
    made = np.zeros((len(rows), MOST_WINDOWS, 2), dtype=np.int32)
    for number, row in enumerate(rows):
        if windows := row.get("windows"):
            made[number, : min(len(windows), MOST_WINDOWS)] = windows[:MOST_WINDOWS]
    return made


def _slot_minutes(windows: Array, exact: Array) -> Array:
    """How many minutes of a row's windows fall into each slot of the week."""
    made = np.zeros((len(windows), len(SLOT_BOUNDS)), dtype=np.int16)
    rows = np.flatnonzero(exact)
    if len(rows):
        begins, ends = in_week(windows[rows, :, 0], windows[rows, :, 1])
        for slot, (first, last) in enumerate(SLOT_BOUNDS):
            for week in WEEKS:
                inside = np.minimum(ends, last + week) - np.maximum(begins, first + week)
                made[rows, slot] += np.clip(inside, 0, None).sum(axis=1).astype(np.int16)
    return made


def in_week(begins: Array, ends: Array) -> tuple[Array, Array]:
    """Exact times as minutes of the week they begin in, as in `SLOT_BOUNDS`."""
    shift = (begins + _EPOCH_WEEKDAY * 1440) // _WEEK * _WEEK - _EPOCH_WEEKDAY * 1440
    return begins - shift, ends - shift


def minutes_of(moment: datetime) -> int:
    """A moment as minutes since 1970-01-01 0:00 in Tokyo."""
    return int(moment.astimezone(UTC).timestamp()) // 60 + _TOKYO_MINUTES


def moment_of(minutes: int) -> datetime:
    """The moment in Tokyo that `minutes_of` makes these minutes of."""
    return datetime.fromtimestamp((minutes - _TOKYO_MINUTES) * 60, TOKYO)


def kinds_mask(kinds: Sequence[ListingKind]) -> int:
    return mask_of(KINDS.index(kind) for kind in kinds)


def kinds_of(mask: int) -> list[ListingKind]:
    return [KINDS[number] for number in numbers_of(mask)]


def kind_number(need: Traits) -> Array:
    """The place in `KINDS` of a need's kind."""
    return np.asarray(np.bitwise_count((need.kinds & -need.kinds) - 1) % len(KINDS))


class Numbers:
    """Numbers standing for ids, codes and words, the same for the life of a market."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._values: list[object] = []
        self._lock = threading.Lock()

    def of(self, value: str | uuid.UUID | None) -> int:
        """The number of a value, a new one for a new value; -1 for None."""
        if value is None:
            return -1
        number = self._numbers.get(value)
        return self._new(value) if number is None else number

    def _new(self, value: object) -> int:
        # Questions are answered in several threads: two values of one number would be one.
        with self._lock:
            number = self._numbers.get(value, len(self._values))
            if number == len(self._values):
                self._values.append(value)
                self._numbers[value] = number
        return number

    def value(self, number: int) -> str:
        return str(self._values[number])
