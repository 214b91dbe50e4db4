"""Columns of what is matched on: cut, joined, numbered, and kept as plain values."""

import threading
import uuid
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.core.clock import TOKYO
from app.matching.traits import (
    KINDS,
    MOST_WINDOWS,
    MOST_WORDS,
    Numbers,
    Traits,
    kind_number,
    kinds_of,
    minutes_of,
    moment_of,
    table,
)
from tests.matching.parties import fields, many, need, need_row, window, words


class TestMinutesOf:
    @given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 1, 1)))  # noqa: DTZ001 - made up
    @hypothesis_settings(max_examples=60)
    def test_leads_back(self, moment: datetime) -> None:
        at = moment.replace(tzinfo=UTC, second=0, microsecond=0)
        assert moment_of(minutes_of(at)) == at

    def test_is_the_same_in_every_time_zone(self) -> None:
        at = datetime(2026, 12, 5, 23, 30, tzinfo=TOKYO)
        assert (
            minutes_of(at) == minutes_of(at.astimezone(UTC)) == minutes_of(at.replace(hour=22)) + 60
        )

    def test_days_begin_at_midnight_in_tokyo(self) -> None:
        assert minutes_of(datetime(1970, 1, 1, tzinfo=TOKYO)) == 0
        assert minutes_of(datetime(2026, 12, 5, tzinfo=TOKYO)) % 1440 == 0


class TestTable:
    def test_of_nobody_is_empty(self) -> None:
        assert len(table([])) == 0
        assert table([]).windows.shape == (0, MOST_WINDOWS, 2)

    def test_what_is_unknown_says_so(self) -> None:
        row = table([{"id": "x"}])
        assert np.isnan(row.latitude[0])
        assert np.isnan(row.quantity[0])
        assert (row.stage[0], row.online[0], row.fields[0]) == (-1, -1, 0)
        assert not row.exact[0]
        assert (row.words[0] == -1).all()

    def test_holds_so_many_words_and_windows(self) -> None:
        dates = [window(f"2026-12-{n:02}T10:00", f"2026-12-{n:02}T11:00") for n in range(1, 21)]
        row = need(windows=dates, **words(*range(30)))
        assert row.words[0].tolist() == list(range(MOST_WORDS))
        assert [tuple(pair) for pair in row.windows[0].tolist()] == dates[:MOST_WINDOWS]

    def test_knows_which_fields_lie_near(self) -> None:
        row = need(fields=fields(1, 13))
        assert int(row.near_fields[0]) == fields(2, 10)


class TestTraits:
    def test_rows_of_rows_are_the_same_rows(self) -> None:
        whole = many(need_row(quantity=n) for n in range(6))
        some = whole.take(np.array([5, 3, 1])).take(np.array([False, True, True]))
        assert some.quantity.tolist() == [3, 1]
        assert some.settled().id.tolist() == whole.id[[3, 1]].tolist()
        assert some.row(1).quantity.tolist() == [1]
        assert len(some) == 2

    def test_join_keeps_order_and_forgets_nobody(self) -> None:
        parts = [many(need_row(quantity=n) for n in some) for some in ((1, 2), (), (3,))]
        joined = Traits.join(parts)
        assert joined.quantity.tolist() == [1, 2, 3]
        assert joined.windows.shape == (3, MOST_WINDOWS, 2)
        assert len(Traits.join([many([])])) == 0

    def test_finds_a_row_by_its_id(self) -> None:
        whole = many([need_row(id="a"), need_row(id="b")])
        assert (whole.find("b"), whole.find("c")) == (1, None)

    def test_knows_its_columns_and_no_others(self) -> None:
        with pytest.raises(AttributeError):
            need().sex  # noqa: B018

    def test_remembers_by_the_other_table_itself(self) -> None:
        here, one, two = need(), need(), need()
        made = [
            here.remembered("x", other, lambda n=n: np.array([n]))
            for n, other in enumerate((one, two, one))
        ]
        assert [int(value[0]) for value in made] == [0, 1, 2]
        assert here.remembered("x", one, lambda: np.array([9])).tolist() == [2]


class TestKinds:
    def test_the_number_of_a_kind_is_its_place(self) -> None:
        rows = many(need_row(kind=kind) for kind in KINDS)
        assert kind_number(rows).tolist() == list(range(len(KINDS)))
        assert [kinds_of(int(mask)) for mask in rows.kinds] == [[kind] for kind in KINDS]


class TestNumbers:
    def test_one_for_each_value(self) -> None:
        numbers = Numbers()
        assert [numbers.of(value) for value in ("a", "b", "a", None)] == [0, 1, 0, -1]
        assert numbers.value(1) == "b"

    def test_threads_do_not_share_a_number(self) -> None:
        """Whatever comes between while a number is given; two groups of one number were one."""
        numbers = Numbers()
        given: dict[str, int] = {}
        other = threading.Thread(target=lambda: given.update(other=numbers.of("other")))

        class Slow(uuid.UUID):
            """Python looks a value up, and other threads may run meanwhile."""

            looks = 0

            def __hash__(self) -> int:
                Slow.looks += 1
                if Slow.looks == 2:  # asked for in vain, now being given
                    other.start()
                    other.join(0.2)
                return super().__hash__()

        slow = Slow(int=1)
        given["slow"] = numbers.of(slow)
        other.join()
        assert {numbers.value(number) for number in given.values()} == {"other", str(slow)}
        assert len(set(given.values())) == 2
