from datetime import date

import pytest

from app.organisations.rules import (
    ConsentRefused,
    MoveNotAllowed,
    check_move,
    check_publication,
    history,
    is_findable,
    is_possibly_outdated,
    is_visible,
    legal_form_of,
    normalise_corporate_number,
    normalise_postcode,
)
from app.vocabulary.organisations import LegalForm, PublicationUse, Status


class TestNormaliseCorporateNumber:
    def test_accepts_a_number_with_the_right_check_digit(self) -> None:
        assert normalise_corporate_number("7000012050002") == "7000012050002"

    def test_accepts_full_width_digits_and_hyphens(self) -> None:
        assert normalise_corporate_number("７０００－０１２０－５０００２") == "7000012050002"

    @pytest.mark.parametrize("written", ["7000012050003", "1000012050002", "0000000000000"])
    def test_refuses_a_wrong_check_digit(self, written: str) -> None:
        with pytest.raises(ValueError, match="法人番号"):
            normalise_corporate_number(written)

    @pytest.mark.parametrize("written", ["", "700001205000", "70000120500020", "700001205000x"])
    def test_refuses_anything_but_thirteen_digits(self, written: str) -> None:
        with pytest.raises(ValueError, match="13桁"):
            normalise_corporate_number(written)

    def test_refuses_every_single_wrong_digit(self) -> None:
        right = "7000012050002"
        for place in range(13):
            for digit in set("0123456789") - {right[place]}:
                wrong = right[:place] + digit + right[place + 1 :]
                if (int(digit) - int(right[place])) % 9 == 0:
                    continue  # modulus 9 cannot tell 0 from 9
                with pytest.raises(ValueError, match="法人番号"):
                    normalise_corporate_number(wrong)


class TestNormalisePostcode:
    def test_takes_the_usual_spellings(self) -> None:
        assert {normalise_postcode(w) for w in ("180-0001", "〒１８０－０００１", "1800001")} == {
            "1800001"
        }

    def test_refuses_others(self) -> None:
        with pytest.raises(ValueError, match="7桁"):
            normalise_postcode("180-001")


class TestCheckMove:
    @pytest.mark.parametrize(
        ("move", "current", "target"),
        [
            ("publish", Status.DRAFT, Status.PUBLISHED),
            ("publish", Status.SUSPENDED, Status.PUBLISHED),
            ("suspend", Status.PUBLISHED, Status.SUSPENDED),
            ("close", Status.PUBLISHED, Status.CLOSED),
            ("close", Status.DRAFT, Status.CLOSED),
        ],
    )
    def test_allows(self, move: str, current: Status, target: Status) -> None:
        assert check_move(move, current) is target

    @pytest.mark.parametrize(
        ("move", "current"),
        [
            ("publish", Status.PUBLISHED),
            ("publish", Status.CLOSED),
            ("suspend", Status.DRAFT),
            ("suspend", Status.CLOSED),
            ("close", Status.CLOSED),
        ],
    )
    def test_refuses_and_names_the_state(self, move: str, current: Status) -> None:
        with pytest.raises(MoveNotAllowed, match=current.label):
            check_move(move, current)


class TestConsent:
    def test_publishing_needs_that_nobody_said_no(self) -> None:
        check_publication({})
        check_publication({PublicationUse.WEB: True, PublicationUse.BOOKLET: False})
        with pytest.raises(ConsentRefused):
            check_publication({PublicationUse.WEB: False})

    def test_who_refuses_the_web_is_neither_found_nor_seen(self) -> None:
        refused = {PublicationUse.WEB: False}
        assert is_findable(Status.PUBLISHED, {})
        assert not is_findable(Status.PUBLISHED, refused)
        assert is_visible(Status.CLOSED, {})
        assert not is_visible(Status.CLOSED, refused)

    def test_drafts_and_suspended_records_are_not_seen(self) -> None:
        assert not is_visible(Status.DRAFT, {})
        assert not is_visible(Status.SUSPENDED, {})
        assert not is_findable(Status.CLOSED, {})


class TestLegalFormOf:
    @pytest.mark.parametrize(
        ("name", "form"),
        [
            ("特定非営利活動法人ひまわり", LegalForm.NPO),
            ("ＮＰＯ法人　ひまわり", LegalForm.NPO),
            ("認定特定非営利活動法人ひまわり", LegalForm.CERTIFIED_NPO),
            ("ひまわり株式会社", LegalForm.STOCK_COMPANY),
            ("ひまわりの会", LegalForm.NONE),
        ],
    )
    def test_reads_it_off_the_name(self, name: str, form: LegalForm) -> None:
        assert legal_form_of(name) is form


class TestIsPossiblyOutdated:
    def test_only_after_two_periods(self) -> None:
        confirmed = date(2024, 11, 21)
        assert not is_possibly_outdated(confirmed, 12, date(2026, 11, 20))
        assert is_possibly_outdated(confirmed, 12, date(2026, 11, 21))

    def test_never_confirmed_is_another_matter(self) -> None:
        assert not is_possibly_outdated(None, 12, date(2026, 11, 21))


class TestHistory:
    def test_keeps_no_personal_values(self) -> None:
        kept = history({"name": "旧", "contacts": []}, {"name": "新", "contacts": ["秘密"]})
        assert kept == {"name": ["旧", "新"], "contacts": []}
