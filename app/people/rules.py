"""Decisions about residents: who may be matched, how consents hang together.

Pure. No decision asks for a sensitive trait, and none is kept.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

from app.vocabulary.people import AgeBand


class Unavailable(StrEnum):
    """Why somebody is not to be matched now."""

    NO_CONSENT = "no_consent"
    GUARDIAN = "guardian"
    PAUSED = "paused"


class Profile(Protocol):
    """What the decision reads; rows and records both have it."""

    @property
    def matching_consent(self) -> bool: ...
    @property
    def guardian_consent(self) -> bool: ...
    @property
    def age_band(self) -> AgeBand | None: ...
    @property
    def paused(self) -> bool: ...
    @property
    def paused_until(self) -> date | None: ...


def may_be_matched(person: Profile, today: date) -> Unavailable | None:
    """Why this person may not be matched today; None: they may (gate H10)."""
    if not person.matching_consent:
        return Unavailable.NO_CONSENT
    if needs_guardian(person.age_band, guardian_consent=person.guardian_consent):
        return Unavailable.GUARDIAN
    if is_paused(paused=person.paused, until=person.paused_until, today=today):
        return Unavailable.PAUSED
    return None


def needs_guardian(age_band: AgeBand | None, *, guardian_consent: bool) -> bool:
    """Whether a guardian has still to agree (民法 第5条: 未成年者の法律行為)."""
    return age_band is not None and age_band.is_minor and not guardian_consent


def is_paused(*, paused: bool, until: date | None, today: date) -> bool:
    """`paused` until told otherwise; `until` is the last day of a pause with an end."""
    return paused or (until is not None and today <= until)


def settle_consents(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What is wanted, and what follows: a guardian who withdraws takes the other consent along.

    Raises ValueError when a minor is to be matched whose guardian has not agreed.
    """
    after = {**before, **wanted}
    band = AgeBand(after["age_band"]) if after["age_band"] else None
    if not needs_guardian(band, guardian_consent=after["guardian_consent"]):
        return dict(wanted)
    if wanted.get("matching_consent"):
        raise ValueError(
            "18歳未満の方は、保護者の同意（guardian_consent）がないと紹介を受けられません。"
        )
    return {**wanted, "matching_consent": False}


def check_position(latitude: float | None, longitude: float | None) -> None:
    """Both or neither. Raises ValueError."""
    if (latitude is None) != (longitude is None):
        raise ValueError("緯度と経度は両方入力してください。")


def changed_values(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `wanted` that differs from `current`."""
    return {name: value for name, value in wanted.items() if current.get(name) != value}


def history(changed: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the change log keeps of a profile: which fields changed, and never a value."""
    return {name: [] for name in sorted(changed)}
