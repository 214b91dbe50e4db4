"""The steps by themselves: an engine is played by the list of what each ask would find."""

from collections.abc import Callable
from typing import Any

from search.index import Ask, Found
from search.queries import ENOUGH, Answer, Request, steps
from tests.search.conftest import KIND, ask

Finds = Callable[[Ask], int]


def hits(number: int, prefix: str = "x") -> list[dict[str, Any]]:
    return [{"id": f"{prefix}{n}", "bare": "別の名", "kana": ""} for n in range(number)]


def conduct(typed: str, finds: Finds, **values: Any) -> tuple[Answer, list[Ask]]:
    """The answer when each ask finds as many as `finds` says, and all that was asked."""
    conductor, asked = steps(Request(KIND, ask(typed), **values)), []
    try:
        step = next(conductor)
        while True:
            asked.append(step)
            found = finds(step)
            step = conductor.send(Found(found, hits(min(found, step.limit))))
    except StopIteration as finished:
        return finished.value, asked


class TestSteps:
    def test_one_request_is_enough_when_enough_is_found(self) -> None:
        answer, asked = conduct("不登校", lambda _: 50)
        assert len(asked) == 1
        assert (answer.total, answer.full, answer.relaxed) == (50, 50, ())

    def test_something_is_given_up_only_when_too_little_is_found(self) -> None:
        answer, _ = conduct("平日の夜に不登校", lambda a: 0 if "when" in a.filters.codes else 30)
        assert "when" in answer.relaxed
        assert (answer.full, answer.total) == (0, ENOUGH)

    def test_a_filter_that_was_chosen_is_never_given_up(self) -> None:
        from search import Filters

        chosen = Filters({"stage": ("x",)})
        _, asked = conduct("平日の夜に不登校", lambda _: 0, filters=chosen)
        assert all(a.filters.codes["stage"] == ("x",) for a in asked)

    def test_a_filter_that_is_the_whole_question_is_kept(self) -> None:
        answer, asked = conduct("平日の夜", lambda _: 0)
        questions = [a for a in asked if not a.group.startswith("name")]
        assert [a.filters.codes for a in questions] == [{"when": ("evening",)}]
        assert (answer.total, answer.relaxed) == (0, ())

    def test_ends_however_long_the_question(self) -> None:
        _, asked = conduct(" ".join(f"語{n}" for n in range(1000)), lambda _: 0)
        assert len(asked) < 30
        assert all(len(a.words) <= 10 for a in asked)

    def test_a_sorted_list_holds_only_what_answers_the_question(self) -> None:
        answer, asked = conduct("不登校 カフェ", lambda _: 1, sort="updated")
        assert (answer.total, answer.relaxed, len(asked)) == (1, (), 1)

    def test_pages_beyond_the_end_are_empty(self) -> None:
        answer, _ = conduct("不登校", lambda a: 3, offset=40, limit=20)
        assert answer.hits == []
