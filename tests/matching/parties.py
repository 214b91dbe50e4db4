"""Needs, offers and residents to test pure rules with, one row or many."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
from hypothesis import strategies as st

from app.core.bits import mask_of
from app.core.clock import TOKYO
from app.matching.gates import Question
from app.matching.traits import KINDS, PARTIES, Traits, kinds_mask, minutes_of, table
from app.vocabulary.listings import Condition, ListingKind, PartyKind
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS

PEOPLE, SKILL, GOODS, FOOD = (
    ListingKind.PEOPLE,
    ListingKind.SKILL,
    ListingKind.GOODS,
    ListingKind.FOOD,
)
TODAY = date(2026, 11, 21)
# Diagonal, and 助言 answers 技能, as the migration sets it.
_SAME = np.eye(len(KINDS), dtype=np.bool_)
_AGELESS = {"age_from": -2, "age_to": -2}
_numbers = count(1)


def need(**said: Any) -> Traits:
    """A need for hands that says nothing but what is given."""
    return table([need_row(**said)])


def need_row(**said: Any) -> dict[str, Any]:
    return _row(seeks=True, **_AGELESS | said)


def offer(**said: Any) -> Traits:
    return table([offer_row(**said)])


def offer_row(**said: Any) -> dict[str, Any]:
    return _row(**_AGELESS | said)


def person(**said: Any) -> Traits:
    """A resident who offers hands."""
    row = {"party": PARTIES.index(PartyKind.PERSON), "quantity": -1, "limit": 2, **said}
    return table([_row(**row)])


def _row(kind: ListingKind = PEOPLE, **said: Any) -> dict[str, Any]:
    number = next(_numbers)
    made = {"id": f"party {number}", "organisation": number, "kinds": kinds_mask([kind])}
    return {**made, **said}


def many(rows: Iterable[dict[str, Any]]) -> Traits:
    return table(list(rows))


def question(today: date = TODAY, **said: Any) -> Question:
    return Question(today, said.pop("compatible", _SAME), **said)


def day(days: int) -> int:
    """So many days from `TODAY`, as an ordinal."""
    return (TODAY + timedelta(days=days)).toordinal()


def slots(*names: str) -> int:
    return mask_of(SLOTS.index(name) for name in names)


def skills(*some: Skill) -> int:
    return mask_of(skill.number for skill in some)


def fields(*numbers: int) -> int:
    return mask_of(numbers)


def conditions(*some: Condition) -> int:
    return sum(condition.bit for condition in some)


def window(begins: str, ends: str) -> tuple[int, int]:
    """Exact times, as somebody in Tokyo writes them."""
    return (_minute(begins), _minute(ends))


def _minute(written: str) -> int:
    return minutes_of(datetime.fromisoformat(written).replace(tzinfo=TOKYO))


def words(*numbers: int, idf: int = 30_000) -> dict[str, Sequence[int]]:
    """Content words by number, all as telling as each other."""
    return {"words": list(numbers), "idf": [idf] * len(numbers)}


# ------------------------------------------------------------------------------- made up

_UNKNOWN = float("nan")
_flags = st.sampled_from([-1, 0, 1])
_days = st.integers(-3, 30).map(day)


def _sets(most: int) -> st.SearchStrategy[int]:
    return st.one_of(st.just(0), st.sets(st.integers(0, most), max_size=6).map(mask_of))


_BEGINS = minutes_of(datetime(2026, 11, 23, tzinfo=TOKYO))  # a Monday
windows = st.one_of(
    st.just([]),
    st.lists(
        st.tuples(st.integers(0, 14), st.integers(0, 1439), st.integers(1, 720)),
        max_size=4,
        unique_by=lambda made: made[0],
    ).map(
        lambda some: [
            (_BEGINS + 2 * d * 1440 + m, _BEGINS + 2 * d * 1440 + m + length)
            for d, m, length in sorted(some)
        ]
    ),
)
_words = st.lists(st.integers(0, 12), max_size=6, unique=True).map(lambda some: words(*some))
said = st.fixed_dictionaries(
    {
        "fields": _sets(20).map(lambda mask: mask & ~1),
        "slots": _sets(41),
        "windows": windows,
        "negotiable": st.booleans(),
        "minutes": st.sampled_from([30, 60, 180, 600]),
        "latitude": st.sampled_from([_UNKNOWN, 35.70, 35.71, 36.0]),
        "longitude": st.sampled_from([139.5, 139.6]),
        "reach_km": st.sampled_from([_UNKNOWN, 1.0, 30.0]),
        "online": _flags,
        "quantity": st.sampled_from([_UNKNOWN, -1.0, 0.0, 1.0, 5.0, 12.0]),
        "exposure": st.integers(0, 6),
        "stage": st.integers(-1, 5),
        "suits": _sets(4),
        "type": st.integers(-1, 8),
        "wished": _sets(8),
        "frequency": st.integers(-1, 2),
        "beginners": _flags,
        "first_time": _flags,
        "kind": st.sampled_from(KINDS),
        "placed": st.booleans(),
        "municipality": st.integers(-1, 2),
    }
)
asked = st.fixed_dictionaries({"required": _sets(53), "preferred": _sets(53)})
able = st.fixed_dictionaries({"skills": _sets(53)})
need_rows = st.builds(lambda a, b, c: need_row(**a, **b, **c), said, asked, _words)
offer_rows = st.builds(lambda a, b, c: offer_row(**a, **b, **c), said, able, _words)
