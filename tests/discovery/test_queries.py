import pytest

from app.discovery.queries import highlight

NEEDLES = frozenset({"子供", "支援"})


class TestHighlight:
    @pytest.mark.parametrize(
        ("marks", "ranges"),
        [
            ([], []),
            ([["合唱", 0, 2]], []),
            ([["子供", 4, 2], ["支援", 0, 2]], [[0, 2], [4, 6]]),
            ([["子供", 0, 2], ["支援", 2, 2]], [[0, 4]]),
            ([["子供", 0, 4], ["支援", 1, 2]], [[0, 4]]),
            ([["子供", 0, 2], ["子供", 0, 5]], [[0, 5]]),
        ],
    )
    def test_gives_ranges_in_order_and_apart(
        self, marks: list[list[object]], ranges: list[list[int]]
    ) -> None:
        assert highlight(marks, NEEDLES) == ranges
