"""Errors in the users' words, and the RFC 9457 problem document each becomes.

    DomainError
    ├── Malformed              400  not readable at all: broken JSON
    ├── UnknownHost            400  this service has another name
    ├── Unauthorised           401  who are you?
    ├── NotFound               404  not there, or not for you to know
    ├── Conflict               409  not now, not in this state; AlreadyExists
    ├── StaleVersion           412  somebody else was faster
    ├── Invalid                422  read, and wrong: names each place at fault; InvalidCursor
    ├── VersionRequired        428  say which version you saw
    └── Unavailable            503  try again; DatabaseUnavailable

Rooms derive their own from these. `code` is stable English for programs, `title` and `detail` are
Japanese for people; nothing a caller sent is echoed back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

_CODE_SPACE = "urn:musubi:problem:"
RETRY_AFTER_S = 5


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong: where (`body.name`, `query.limit`), a stable code, a sentence."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """Base of all errors a caller is told about."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "受け付けられません"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str = "", errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = tuple(errors)

    def problem(self) -> dict[str, Any]:
        """The problem document (RFC 9457)."""
        return problem(self.status, self.code, self.title, self.detail, self.errors)


def problem(
    status: int, code: str, title: str, detail: str = "", errors: Sequence[FieldError] = ()
) -> dict[str, Any]:
    """The document. Without a `detail` of its own it says what is wrong with the fields."""
    document: dict[str, Any] = {
        "type": _CODE_SPACE + code,
        "title": title,
        "status": int(status),
        "code": code,
    }
    document["detail"] = detail or "".join(dict.fromkeys(e.message for e in errors)) or title
    if errors:
        document["errors"] = [vars(error) for error in errors]
    return document


class Malformed(DomainError):
    code = "malformed"
    title = "送られた内容を読み取れません"


class UnknownHost(DomainError):
    code = "unknown_host"
    title = "このアドレスでは利用できません"

    def __init__(self) -> None:
        super().__init__("案内されている正しいアドレスからご利用ください。")


class Unauthorised(DomainError):
    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorised"
    title = "この操作には権限が必要です"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class NotFound(DomainError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    title = "見つかりません"


class Conflict(DomainError):
    status = HTTPStatus.CONFLICT
    code = "conflict"
    title = "今の状態ではできません"


class AlreadyExists(Conflict):
    code = "already_exists"
    title = "すでに登録されています"


class StaleVersion(DomainError):
    status = HTTPStatus.PRECONDITION_FAILED
    code = "stale_version"
    title = "ほかの人が先に更新しました"

    def __init__(self) -> None:
        super().__init__("最新の内容を読み込み直してから、もう一度変更してください。")


class Invalid(DomainError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"
    title = "入力に誤りがあります"

    @classmethod
    def at(cls, field: str, code: str, message: str) -> "Invalid":
        return cls(message, [FieldError(field, code, message)])


class InvalidCursor(Invalid):
    def __init__(self) -> None:
        message = "続きの位置が正しくありません。最初のページからたどり直してください。"
        super().__init__(message, [FieldError("query.cursor", "invalid_cursor", message)])


class VersionRequired(DomainError):
    status = HTTPStatus.PRECONDITION_REQUIRED
    code = "version_required"
    title = "更新には If-Match が必要です"

    def __init__(self) -> None:
        super().__init__("読み込んだときの ETag を If-Match ヘッダーで送ってください。")


class Unavailable(DomainError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    title = "ただいま利用できません"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(RETRY_AFTER_S)}

    def __init__(self) -> None:
        super().__init__("しばらくしてから、もう一度お試しください。")


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"


# ----------------------------------------------------------- Pydantic's errors, in Japanese

_SENTENCES = {
    "missing": "必ず入力してください。",
    "extra_forbidden": "この項目はありません。",
    "json_invalid": "JSON として読み取れません。",
    "string_type": "文字列で入力してください。",
    "string_too_short": "{min_length}文字以上で入力してください。",
    "string_too_long": "{max_length}文字以内で入力してください。",
    "string_pattern_mismatch": "形式が正しくありません。",
    "string_unicode": "読み取れない文字が含まれています。",
    "int_type": "整数で入力してください。",
    "int_parsing": "整数で入力してください。",
    "int_parsing_size": "数が大きすぎます。",
    "int_from_float": "整数で入力してください。",
    "float_type": "数で入力してください。",
    "float_parsing": "数で入力してください。",
    "finite_number": "数で入力してください。",
    "bool_type": "true か false で入力してください。",
    "bool_parsing": "true か false で入力してください。",
    "greater_than": "{gt}より大きい数を入力してください。",
    "greater_than_equal": "{ge}以上の数を入力してください。",
    "less_than": "{lt}より小さい数を入力してください。",
    "less_than_equal": "{le}以下の数を入力してください。",
    "too_long": "{max_length}件以内にしてください。",
    "too_short": "{min_length}件以上にしてください。",
    "list_type": "一覧（配列）で入力してください。",
    "dict_type": "項目の組（オブジェクト）で入力してください。",
    "model_attributes_type": "項目の組（オブジェクト）で入力してください。",
    "model_type": "項目の組（オブジェクト）で入力してください。",
    "enum": "決められた値から選んでください: {expected}",
    "literal_error": "決められた値から選んでください: {expected}",
    "date_type": "日付（例: 2026-04-01）で入力してください。",
    "date_parsing": "日付（例: 2026-04-01）で入力してください。",
    "date_from_datetime_parsing": "日付（例: 2026-04-01）で入力してください。",
    "date_from_datetime_inexact": "日付（例: 2026-04-01）で入力してください。",
    "uuid_parsing": "ID の形式が正しくありません。",
    "uuid_type": "ID の形式が正しくありません。",
    "url_parsing": "アドレス（例: https://example.jp/）で入力してください。",
    "url_scheme": "http:// または https:// で始まるアドレスを入力してください。",
    "url_too_long": "アドレスが長すぎます。",
}
_UNKNOWN = "値が正しくありません。"


def field_errors(found: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors as ours.

    `value_error`s raised by our own validators bring their sentence.
    """
    return [
        FieldError(
            ".".join(str(part) for part in error["loc"]), str(error["type"]), _sentence(error)
        )
        for error in found
    ]


def _sentence(error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    if error["type"] == "value_error":
        return str(context.get("error", _UNKNOWN))
    sentence = _SENTENCES.get(error["type"], _UNKNOWN)
    if "expected" in context:
        context = {**context, "expected": _in_japanese(context["expected"])}
    try:
        return sentence.format(**context)
    except (KeyError, IndexError):
        return _UNKNOWN


def _in_japanese(expected: str) -> str:
    """Pydantic's "'a', 'b' or 'c'" as a Japanese list."""
    return "、".join(value.strip("'") for value in re.split(", | or ", expected))
