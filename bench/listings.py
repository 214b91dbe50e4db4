"""What a listing or a resident of the synthetic market says."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from app.core.bits import mask_of
from app.core.clock import TOKYO
from app.vocabulary.listings import Condition, Frequency, ListingKind, Side, Temperature
from app.vocabulary.organisations import OrganisationType
from app.vocabulary.people import AgeBand
from app.vocabulary.skills import Skill
from app.vocabulary.times import PERIODS

STAGES = ("preparation", "launch", "growth", "maturity", "succession")
_KIND_WEIGHTS = (30, 20, 10, 8, 4, 8, 10, 10)
# 武蔵野市 and its neighbours.
_CITIES = {"132039": 60, "132047": 12, "132101": 8, "132292": 8, "131156": 8, "131202": 4}
_CENTRE = (35.7178, 139.5661)
_SPREAD = (0.025, 0.032)  # degrees: about 2.8 km
# When people have time: days, first and last period, how often.
_BLOCKS: Sequence[tuple[Sequence[int], tuple[int, int], int]] = (
    ((5,), (1, 1), 18),
    ((6,), (1, 1), 10),
    ((5, 6), (1, 3), 14),
    ((5,), (2, 3), 10),
    ((0, 1, 2, 3, 4), (1, 1), 10),
    ((0, 1, 2, 3, 4), (1, 3), 12),
    ((2,), (2, 3), 6),
    ((4,), (4, 4), 6),
    ((0, 1, 2, 3, 4), (4, 4), 10),
    ((5, 6), (0, 0), 4),
)
_NEEDED = (60, 120, 120, 180, 240, None)  # minutes
_SLOT_MINUTES = 180
_SKILLED = (ListingKind.SKILL, ListingKind.ADVICE)
_SOLID = (ListingKind.GOODS, ListingKind.FOOD)
_HEADS = (ListingKind.PEOPLE, ListingKind.SKILL, ListingKind.ADVICE, ListingKind.PARTNER)


class Author:
    """Draws the values of listings and people."""

    # What may be left out.
    says = frozenset(
        "fields required_skills preferred_skills slots windows latitude longitude "
        "municipality_code reach_km online quantity least_quantity frequency beginners "
        "wished_types temperature best_before".split()
    )

    def __init__(self, rng: random.Random, today: date, kinds: int) -> None:
        self._rng, self._today = rng, today
        self._kinds = tuple(ListingKind)[:kinds]
        self._skills = [skill.number for skill in Skill]
        # Some skills are common, most are not.
        self._skill_weights = [rng.gammavariate(1, 1) for _ in self._skills]

    def municipality(self) -> str:
        return self._rng.choices(tuple(_CITIES), tuple(_CITIES.values()))[0]

    def listing(self, side: Side) -> dict[str, Any]:
        rng = self._rng
        kind = rng.choices(self._kinds, _KIND_WEIGHTS[: len(self._kinds)])[0]
        return {
            "kind": kind,
            **self._skills_of(kind, side),
            **self._when(),
            **self._where(),
            **self._how_much(kind, side),
            **self._how(),
            "stages": rng.sample(STAGES, rng.randint(1, 3))
            if side is Side.OFFER and rng.random() < 0.3
            else [],
            "conditions": self._conditions(side),
            "wished_types": [str(t) for t in rng.sample(tuple(OrganisationType), 2)]
            if rng.random() < 0.2
            else [],
            **(self._ages() if side is Side.NEED and kind is ListingKind.PEOPLE else {}),
        }

    def person(self) -> dict[str, Any]:
        """Most say what interests them and where they live; the rest is often left out."""
        rng = self._rng
        where, when = self._where(), self._when()
        known = rng.random() < 0.7
        return {
            "skills": self._some_skills((0, 0, 1, 2, 3)),
            "slots": when["slots"] if rng.random() < 0.7 else 0,
            "negotiable": rng.random() < 0.15,
            "municipality_code": where["municipality_code"],
            "latitude": where["latitude"] if known else None,
            "longitude": where["longitude"] if known else None,
            "reach_km": where["reach_km"],
            "online": where["online"] if rng.random() < 0.6 else None,
            "frequency": rng.choice(tuple(Frequency)) if rng.random() < 0.6 else None,
            "first_time": rng.random() < 0.5 if rng.random() < 0.6 else None,
            "age_band": rng.choice(tuple(AgeBand)) if rng.random() < 0.5 else None,
            "limit_per_month": rng.choice((1, 2, 2, 3, 4)),
        }

    # ---------------------------------------------------------------------------------- parts

    def _some_skills(self, counts: Sequence[int]) -> int:
        some = self._rng.choices(self._skills, self._skill_weights, k=self._rng.choice(counts))
        return mask_of(set(some))

    def _skills_of(self, kind: ListingKind, side: Side) -> dict[str, int]:
        if kind in _SKILLED:
            required, preferred = (0, 1, 1, 2), (0, 1, 2)
        elif kind is ListingKind.PEOPLE:
            required, preferred = (0, 0, 0, 1), (0, 0, 1, 2)
        else:
            required = preferred = (0, 0, 0, 0, 1)
        if side is Side.OFFER:
            required, preferred = (1, 2, 3) if kind in _SKILLED else required, (0,)
        return {
            "required_skills": self._some_skills(required),
            "preferred_skills": self._some_skills(preferred),
        }

    def _when(self) -> dict[str, Any]:
        rng = self._rng
        blocks = rng.choices(_BLOCKS, [block[2] for block in _BLOCKS], k=rng.choice((1, 1, 2)))
        slots = {
            day * len(PERIODS) + period
            for days, (first, last), _ in blocks
            for day in days
            for period in range(first, last + 1)
        }
        exact = rng.random() < 0.2
        said = 0 if exact and rng.random() < 0.7 else mask_of(slots)
        windows = self._windows(sorted(slots)) if exact else []
        # Nobody asks for more than the times hold that are named.
        longest = min(_minutes(*window) for window in windows) if windows else _SLOT_MINUTES
        return {
            "slots": said,
            "windows": windows,
            "negotiable": rng.random() < 0.12,
            "minutes": rng.choice([m for m in _NEEDED if m is None or m <= longest]),
        }

    def _windows(self, slots: Sequence[int]) -> list[list[str]]:
        """Up to four days in the next eight weeks; now and then past midnight."""
        rng = self._rng
        found = []
        days = rng.sample(range(1, 56), rng.randint(1, 4))
        for ahead in sorted(days):
            day = self._today + timedelta(days=ahead)
            period = PERIODS[rng.choice(slots) % len(PERIODS)]
            start = datetime.combine(day, time(), TOKYO) + timedelta(
                hours=period.hours[0], minutes=rng.choice((0, 0, 30))
            )
            ends = start + timedelta(minutes=rng.choice((60, 120, 180, 240, 600)))
            found.append([start.isoformat(), ends.isoformat()])
        return found

    def _where(self) -> dict[str, Any]:
        rng = self._rng
        return {
            "latitude": round(rng.gauss(_CENTRE[0], _SPREAD[0]), 6),
            "longitude": round(rng.gauss(_CENTRE[1], _SPREAD[1]), 6),
            "municipality_code": self.municipality(),
            "reach_km": rng.choice((None, 2.0, 3.0, 5.0, 10.0)),
            "online": rng.random() < 0.2,
        }

    def _how_much(self, kind: ListingKind, side: Side) -> dict[str, Any]:
        rng = self._rng
        many: int
        if kind in _HEADS:
            many = (
                rng.choice((1, 1, 2, 2, 3, 4, 8)) if side is Side.NEED else rng.choice((1, 1, 2, 5))
            )
        elif kind is ListingKind.FUND:
            many = rng.choice((1, 3, 5, 10, 30, 100)) * 10_000
        else:
            many = rng.choice((5, 10, 15, 20, 30, 50, 100))
        found: dict[str, Any] = {"quantity": many}
        if rng.random() < 0.2:
            found["least_quantity"] = max(1, many // rng.choice((2, 3, 5)))
        if kind is ListingKind.FOOD:
            found["temperature"] = rng.choices(tuple(Temperature), (60, 25, 15))[0]
            if side is Side.OFFER:
                found["best_before"] = self._today + timedelta(days=rng.randint(-2, 120))
        return found

    def _how(self) -> Mapping[str, Any]:
        rng = self._rng
        return {
            "frequency": rng.choices(tuple(Frequency), (45, 25, 30))[0],
            "beginners": rng.random() < 0.7,
        }

    def _conditions(self, side: Side) -> int:
        rng = self._rng
        share = 0.15 if side is Side.OFFER else 0.3
        return sum(condition.bit for condition in Condition if rng.random() < share / 2)

    def _ages(self) -> dict[str, Any]:
        rng = self._rng
        if rng.random() > 0.15:
            return {}
        return {
            "min_age": rng.choice((15, 18, 18, 20)),
            "max_age": rng.choice((None, None, 64, 74)),
        }


def _minutes(begins: str, ends: str) -> float:
    return (datetime.fromisoformat(ends) - datetime.fromisoformat(begins)) / timedelta(minutes=1)
