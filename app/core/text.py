"""Checked text: what a form accepts as a line, a paragraph, an address on the web, a day.

Text is stored as it was written; only what cannot be seen and would mislead is refused.
"""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StrictStr, StringConstraints

from app.core.clock import parse_date

# NUL and other controls, bidirectional overrides (a name that reads backwards), characters without
# width (two names that look the same), lone surrogates. A joiner may only join two emoji.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
    "|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d"
    "|\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])"
)
_BREAKS = re.compile(r"[\t\r\n\u2028\u2029]")
_WEB = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?", re.ASCII | re.IGNORECASE)
_SECURE = re.compile("https:", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+", re.ASCII)
_TELEPHONE = re.compile(r"[0-9０-９+＋()（）\s./・~〜ー－‐-]{5,40}.{0,40}")
_LONGEST_LINE = 200
_LONGEST_TEXT = 10_000
_LONGEST_ADDRESS = 1_000


def check_text(value: str) -> str:
    """`value` without spaces around it. Raises ValueError when it holds invisible characters."""
    if _FORBIDDEN.search(value):
        raise ValueError("使えない文字（制御文字など）が含まれています。")
    return value.strip()


def check_line(value: str) -> str:
    value = check_text(value)
    if _BREAKS.search(value):
        raise ValueError("改行やタブは使えません。")
    return value


def check_name(value: str) -> str:
    value = check_line(value)
    if not value:
        raise ValueError("必ず入力してください。")
    return value


def check_web_address(value: str) -> str:
    value = check_line(value)
    if not _WEB.fullmatch(value):
        raise ValueError("http:// または https:// で始まるアドレスを入力してください。")
    return value


def check_secure_address(value: str) -> str:
    value = check_web_address(value)
    if not _SECURE.match(value):
        raise ValueError("https:// で始まるアドレスを入力してください。")
    return value


def check_email(value: str) -> str:
    value = check_line(value)
    if not _EMAIL.fullmatch(value):
        raise ValueError("メールアドレスの形式が正しくありません。")
    return value


def check_telephone(value: str) -> str:
    value = check_line(value)
    if not _TELEPHONE.fullmatch(value):
        raise ValueError("電話番号の形式が正しくありません。")
    return value


def check_day(value: object) -> date:
    """A day in any way people write it, 和暦 included. Raises ValueError."""
    if isinstance(value, date):
        return value
    try:
        return parse_date(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("日付（例: 2026-04-01、令和8年4月1日）で入力してください。") from None


Day = Annotated[date, BeforeValidator(check_day)]
Name = Annotated[StrictStr, StringConstraints(max_length=_LONGEST_LINE), AfterValidator(check_name)]
Line = Annotated[StrictStr, StringConstraints(max_length=_LONGEST_LINE), AfterValidator(check_line)]
Text = Annotated[StrictStr, StringConstraints(max_length=_LONGEST_TEXT), AfterValidator(check_text)]
EmailAddress = Annotated[
    StrictStr, StringConstraints(max_length=_LONGEST_LINE), AfterValidator(check_email)
]
Telephone = Annotated[
    StrictStr, StringConstraints(max_length=_LONGEST_LINE), AfterValidator(check_telephone)
]
WebAddress = Annotated[
    StrictStr, StringConstraints(max_length=_LONGEST_ADDRESS), AfterValidator(check_web_address)
]
SecureAddress = Annotated[
    StrictStr, StringConstraints(max_length=_LONGEST_ADDRESS), AfterValidator(check_secure_address)
]


def shortened(text: str, length: int) -> str:
    """At most `length` characters on one line, with … where something was left out."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
