"""Decisions about organisations: numbers, moves of a record, who sees what, when to ask again.

Pure.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.core.errors import Conflict
from app.vocabulary.organisations import LegalForm, OrganisationType, PublicationUse, Status

_CORPORATE_NUMBER = re.compile(r"[1-9]\d{12}", re.ASCII)
_POSTCODE = re.compile(r"\d{7}", re.ASCII)

# From where a record may go where: state and move as data.
MOVES: Mapping[str, tuple[frozenset[Status], Status]] = {
    "publish": (frozenset({Status.DRAFT, Status.SUSPENDED}), Status.PUBLISHED),
    "suspend": (frozenset({Status.PUBLISHED}), Status.SUSPENDED),
    "close": (frozenset({Status.DRAFT, Status.PUBLISHED, Status.SUSPENDED}), Status.CLOSED),
}
# Of these, history keeps the name and not the value: they may hold somebody's home or telephone.
PERSONAL = frozenset({"address", "contacts"})
# What the public never sees of a record, beside the contacts and addresses that are not public.
OPERATORS_ONLY = frozenset({"edited_fields", "consents", "confirmed_by"})


class MoveNotAllowed(Conflict):
    code = "move_not_allowed"


class ConsentRefused(Conflict):
    code = "consent_refused"
    title = "掲載の同意がありません"


def check_move(move: str, current: Status) -> Status:
    """The state after `move`. Raises MoveNotAllowed."""
    allowed, target = MOVES[move]
    if current not in allowed:
        raise MoveNotAllowed(f"「{current.label}」の記録には、この操作はできません。")
    return target


def check_confirmation(current: Status) -> None:
    """What has ended is not looked after any more. Raises MoveNotAllowed."""
    if current is Status.CLOSED:
        raise MoveNotAllowed(f"「{current.label}」の記録は確認できません。")


def check_publication(consents: Mapping[PublicationUse, bool]) -> None:
    """Publishing needs that nobody has said no. Raises ConsentRefused."""
    if consents.get(PublicationUse.WEB) is False:
        raise ConsentRefused("ウェブへの掲載に同意していない団体は公開できません。")


def is_findable(status: Status, consents: Mapping[PublicationUse, bool]) -> bool:
    """Whether the public finds a record: published, and the web not refused."""
    return status is Status.PUBLISHED and consents.get(PublicationUse.WEB) is not False


def is_visible(status: Status, consents: Mapping[PublicationUse, bool]) -> bool:
    """Whether the public may open a record: findable, or closed and so marked."""
    return consents.get(PublicationUse.WEB) is not False and status in (
        Status.PUBLISHED,
        Status.CLOSED,
    )


def normalise_corporate_number(written: str) -> str:
    """The 13 digits of a 法人番号. Raises ValueError when its check digit is wrong.

    The first digit is 9 minus the remainder by 9 of the others, weighted 2 and 1 in turn from the
    left (法人番号の指定等に関する省令 第2条).
    """
    number = unicodedata.normalize("NFKC", written).replace("-", "").replace(" ", "")
    if not _CORPORATE_NUMBER.fullmatch(number):
        raise ValueError("法人番号は13桁の数字です。")
    total = sum(int(digit) * (2 - index % 2) for index, digit in enumerate(number[1:]))
    if int(number[0]) != 9 - total % 9:
        raise ValueError("法人番号に誤りがあります（検査数字が合いません）。")
    return number


def normalise_postcode(written: str) -> str:
    """Seven digits. Raises ValueError."""
    postcode = unicodedata.normalize("NFKC", written).lstrip("〒").replace("-", "").strip()
    if not _POSTCODE.fullmatch(postcode):
        raise ValueError("郵便番号は7桁の数字です。")
    return postcode


# The corporate form a registered name begins or ends with.
_FORMS = (
    ("認定特定非営利活動法人", LegalForm.CERTIFIED_NPO),
    ("認定NPO法人", LegalForm.CERTIFIED_NPO),
    ("特定非営利活動法人", LegalForm.NPO),
    ("NPO法人", LegalForm.NPO),
    ("一般社団法人", LegalForm.GENERAL_ASSOCIATION),
    ("公益社団法人", LegalForm.PUBLIC_ASSOCIATION),
    ("一般財団法人", LegalForm.GENERAL_FOUNDATION),
    ("公益財団法人", LegalForm.PUBLIC_FOUNDATION),
    ("社会福祉法人", LegalForm.SOCIAL_WELFARE),
    ("学校法人", LegalForm.SCHOOL_CORPORATION),
    ("医療法人", LegalForm.MEDICAL),
    ("宗教法人", LegalForm.RELIGIOUS),
    ("労働者協同組合", LegalForm.WORKER_COOPERATIVE),
    ("協同組合", LegalForm.COOPERATIVE),
    ("企業組合", LegalForm.COOPERATIVE),
    ("株式会社", LegalForm.STOCK_COMPANY),
    ("有限会社", LegalForm.LIMITED_COMPANY),
    ("合同会社", LegalForm.LLC),
    ("合名会社", LegalForm.PARTNERSHIP),
    ("合資会社", LegalForm.PARTNERSHIP),
)
_COMPANIES = frozenset(
    {LegalForm.STOCK_COMPANY, LegalForm.LIMITED_COMPANY, LegalForm.LLC, LegalForm.PARTNERSHIP}
)


def legal_form_of(name: str, otherwise: LegalForm = LegalForm.NONE) -> LegalForm:
    """The legal form a name states."""
    plain = unicodedata.normalize("NFKC", name).replace(" ", "")
    return next(
        (form for words, form in _FORMS if plain.startswith(words) or plain.endswith(words)),
        otherwise,
    )


def organisation_type_of(legal_form: LegalForm) -> OrganisationType:
    """The most likely part an organisation of this form plays."""
    if legal_form in _COMPANIES:
        return OrganisationType.COMPANY
    if legal_form is LegalForm.SCHOOL_CORPORATION:
        return OrganisationType.SCHOOL
    if legal_form is LegalForm.GOVERNMENT:
        return OrganisationType.CITY_DIVISION
    return OrganisationType.CIVIC_GROUP


def check_member_counts(members: int | None, local: int | None) -> None:
    """Those who live in the city are among the members. Raises ValueError."""
    if members is not None and local is not None and local > members:
        raise ValueError("市内の会員数が会員数より多くなっています。")


def is_possibly_outdated(confirmed_on: date | None, every_months: int, today: date) -> bool:
    """情報が古い可能性: two periods have passed since a human confirmed the record."""
    if confirmed_on is None:
        return False
    months = (today.year - confirmed_on.year) * 12 + today.month - confirmed_on.month
    return months - (today.day < confirmed_on.day) >= 2 * every_months


def changed_values(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `wanted` that differs from `current`."""
    return {name: value for name, value in wanted.items() if current.get(name) != value}


def history(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the change log keeps: field → [before, after], personal ones without values."""
    return {
        name: [] if name in PERSONAL else [before.get(name), value] for name, value in after.items()
    }
