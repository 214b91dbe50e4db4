"""Who may be matched, and how consents hang together."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.rules import (
    Unavailable,
    changed_values,
    check_position,
    history,
    is_paused,
    may_be_matched,
    settle_consents,
)
from app.vocabulary.people import AgeBand

TODAY = date(2026, 11, 21)
MINORS = [AgeBand.UNDER_15, AgeBand.FROM_15]
ADULTS = [None, AgeBand.FROM_18, AgeBand.FROM_65, AgeBand.FROM_75]
EMPTY: dict[str, Any] = {"age_band": None, "guardian_consent": False, "matching_consent": False}


@dataclass(frozen=True)
class Profile:
    matching_consent: bool = True
    guardian_consent: bool = False
    age_band: AgeBand | None = None
    paused: bool = False
    paused_until: date | None = None


class TestMayBeMatched:
    def test_without_consent_never(self) -> None:
        said = Profile(matching_consent=False, guardian_consent=True)
        assert may_be_matched(said, TODAY) is Unavailable.NO_CONSENT

    @pytest.mark.parametrize("band", ADULTS)
    def test_adults_need_no_guardian(self, band: AgeBand | None) -> None:
        assert may_be_matched(Profile(age_band=band), TODAY) is None

    @pytest.mark.parametrize("band", MINORS)
    def test_minors_need_one(self, band: AgeBand) -> None:
        assert may_be_matched(Profile(age_band=band), TODAY) is Unavailable.GUARDIAN
        assert may_be_matched(Profile(age_band=band, guardian_consent=True), TODAY) is None

    def test_whoever_pauses_is_left_alone(self) -> None:
        assert may_be_matched(Profile(paused=True), TODAY) is Unavailable.PAUSED
        assert may_be_matched(Profile(paused_until=TODAY), TODAY) is Unavailable.PAUSED
        yesterday = TODAY - timedelta(days=1)
        assert may_be_matched(Profile(paused_until=yesterday), TODAY) is None

    @given(
        st.builds(
            Profile,
            matching_consent=st.booleans(),
            guardian_consent=st.booleans(),
            age_band=st.sampled_from([None, *AgeBand]),
            paused=st.booleans(),
            paused_until=st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
        )
    )
    def test_nobody_is_matched_whom_any_rule_spares(self, person: Profile) -> None:
        spared = (
            not person.matching_consent
            or (person.age_band in MINORS and not person.guardian_consent)
            or person.paused
            or (person.paused_until or date.min) >= TODAY
        )
        assert (may_be_matched(person, TODAY) is None) is not spared


class TestIsPaused:
    def test_a_pause_without_an_end_goes_on(self) -> None:
        assert is_paused(paused=True, until=None, today=TODAY)
        assert not is_paused(paused=False, until=None, today=TODAY)

    def test_the_last_day_belongs_to_it(self) -> None:
        days = [TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)]
        found = [is_paused(paused=False, until=day, today=TODAY) for day in days]
        assert found == [False, True, True]


class TestSettleConsents:
    @pytest.mark.parametrize("band", MINORS)
    def test_a_minor_is_not_to_be_matched_without_a_guardian(self, band: AgeBand) -> None:
        wanted = {"age_band": band.value, "matching_consent": True}
        with pytest.raises(ValueError, match="保護者の同意"):
            settle_consents(wanted, EMPTY)
        agreed = {**wanted, "guardian_consent": True}
        assert settle_consents(agreed, EMPTY) == agreed

    def test_a_guardian_who_withdraws_takes_the_other_consent_along(self) -> None:
        before = {"age_band": "15_17", "guardian_consent": True, "matching_consent": True}
        settled = settle_consents({"guardian_consent": False}, before)
        assert settled == {"guardian_consent": False, "matching_consent": False}

    def test_who_turns_out_to_be_a_minor_is_no_longer_matched(self) -> None:
        before = {**EMPTY, "matching_consent": True}
        settled = settle_consents({"age_band": "15_17"}, before)
        assert settled["matching_consent"] is False

    def test_adults_answer_for_themselves(self) -> None:
        wanted = {"age_band": "65_74", "matching_consent": True}
        assert settle_consents(wanted, EMPTY) == wanted


class TestCheckPosition:
    def test_is_whole_or_absent(self) -> None:
        check_position(None, None)
        check_position(35.7, 139.5)
        for half in ((35.7, None), (None, 139.5)):
            with pytest.raises(ValueError, match="両方"):
                check_position(*half)


class TestChangedValues:
    def test_is_what_differs(self) -> None:
        assert changed_values({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": 3, "c": 4}


class TestHistory:
    def test_names_fields_and_holds_no_value(self) -> None:
        assert history({"phone": "090", "name": "花子"}) == {"name": [], "phone": []}
