"""The error tree and the documents it becomes."""

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from app.core.errors import (
    DomainError,
    FieldError,
    Invalid,
    StaleVersion,
    Unavailable,
    field_errors,
)
from app.main import create_app  # noqa: F401 - every room's errors are known


def tree(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


class TestDomainError:
    @pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
    def test_has_an_english_code_a_japanese_title_and_a_status(
        self, kind: type[DomainError]
    ) -> None:
        assert re.fullmatch(r"[a-z_]+", kind.code)
        assert re.search(r"[ぁ-ん]", kind.title)
        assert 400 <= HTTPStatus(kind.status) < 500 or issubclass(kind, Unavailable)

    def test_becomes_a_problem_document(self) -> None:
        error = Invalid("直してください。", [FieldError("body.name", "missing", "必須です。")])
        assert error.problem() == {
            "type": "urn:musubi:problem:invalid",
            "title": "入力に誤りがあります",
            "status": 422,
            "code": "invalid",
            "detail": "直してください。",
            "errors": [{"field": "body.name", "code": "missing", "message": "必須です。"}],
        }

    def test_always_says_something(self) -> None:
        assert StaleVersion().problem()["detail"] != StaleVersion.title
        named = Invalid(errors=[FieldError("body.name", "missing", "必須です。")])
        assert named.problem()["detail"] == "必須です。"
        assert DomainError().problem()["detail"]
        assert "errors" not in DomainError().problem()


class TestFieldErrors:
    @pytest.mark.parametrize(
        ("found", "sentence"),
        [
            ({"type": "missing"}, "必ず入力してください。"),
            (
                {"type": "string_too_long", "ctx": {"max_length": 9}},
                "9文字以内で入力してください。",
            ),
            ({"type": "value_error", "ctx": {"error": ValueError("だめです。")}}, "だめです。"),
            ({"type": "value_error"}, "値が正しくありません。"),
            (
                {"type": "enum", "ctx": {"expected": "'draft', 'published' or 'closed'"}},
                "決められた値から選んでください: draft、published、closed",
            ),
            (
                {"type": "literal_error", "ctx": {"expected": "'on' or 'off'"}},
                "決められた値から選んでください: on、off",
            ),
            (
                {"type": "literal_error", "ctx": {"expected": "1, 2 or 3"}},
                "決められた値から選んでください: 1、2、3",
            ),
            ({"type": "enum", "ctx": {"expected": "'a'"}}, "決められた値から選んでください: a"),
            ({"type": "string_too_long"}, "値が正しくありません。"),
            ({"type": "not_known_yet", "msg": "English"}, "値が正しくありません。"),
        ],
    )
    def test_speaks_japanese_whatever_pydantic_says(
        self, found: dict[str, object], sentence: str
    ) -> None:
        (error,) = field_errors([{"loc": ("body", "links", 0, "url"), **found}])
        assert error == FieldError("body.links.0.url", str(found["type"]), sentence)
