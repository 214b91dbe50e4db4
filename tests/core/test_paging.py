"""A cursor is ours, or it is refused."""

import base64
import json

import pytest

from app.core.errors import InvalidCursor
from app.core.paging import decode_cursor, encode_cursor


class TestCursor:
    @pytest.mark.parametrize("position", [[0], [2**31 - 1], ["武蔵野"], ["a/b+c?", 7], ["", 0, ""]])
    def test_comes_back_as_it_went(self, position: list[str | int]) -> None:
        cursor = encode_cursor(*position)
        assert cursor.replace("-", "").replace("_", "").isalnum()
        assert decode_cursor(cursor, *(type(part) for part in position)) == position

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "a",
            "abcd",
            "=",
            "%%%%",
            "日本",
            "\ud800",
            "\0",
            encode_cursor(),
            encode_cursor("1"),
            encode_cursor(1, 2),
            encode_cursor(-1),
            encode_cursor(2**31),
            encode_cursor(True),
            encode_cursor(1) + "\n",
            base64.urlsafe_b64encode(b"1").decode(),
            base64.urlsafe_b64encode(b"[1.0]").decode(),
            base64.urlsafe_b64encode(b"\xff\xfe").decode(),
            base64.urlsafe_b64encode(json.dumps({"0": 1}).encode()).decode(),
            base64.urlsafe_b64encode(b"[" * 100).decode(),
            base64.urlsafe_b64encode(b"[" + b"9" * 5000 + b"]").decode(),
        ],
    )
    def test_refuses_what_was_not_made_here(self, cursor: str) -> None:
        with pytest.raises(InvalidCursor) as caught:
            decode_cursor(cursor, int)
        assert caught.value.errors[0].field == "query.cursor"
