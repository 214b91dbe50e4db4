"""The column types that both databases share."""

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import StatementError

from app.core.db import Database, UTCDateTime, choice, json_column

JAPAN = timezone(timedelta(hours=9))


class Colour(StrEnum):
    RED = "r"
    BLUE = "b"


@pytest.fixture
def things(database: Database) -> Table:
    """A table with one column of each type of ours, in the test's own database."""
    metadata = MetaData()
    table = Table(
        "thing",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("at", UTCDateTime),
        Column("colour", choice(Colour)),
        Column("said", json_column()),
    )
    metadata.create_all(database.engine)
    return table


class TestUTCDateTime:
    def test_refuses_a_moment_without_a_time_zone(self, database: Database, things: Table) -> None:
        naive = datetime(2026, 4, 1, 9, 0)  # noqa: DTZ001 - the fault itself
        with (
            pytest.raises(StatementError, match="without a time zone"),
            database.write() as session,
        ):
            session.execute(insert(things).values(id=1, at=naive))

    @pytest.mark.parametrize(
        "given",
        [
            datetime(2026, 4, 1, 9, 0, tzinfo=JAPAN),
            datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(1868, 10, 23, tzinfo=JAPAN),
        ],
    )
    def test_gives_the_same_moment_back_in_utc(
        self, database: Database, things: Table, given: datetime
    ) -> None:
        with database.write() as session:
            session.execute(insert(things).values(id=1, at=given))
        with database.read() as session:
            kept = session.execute(select(things.c.at)).scalar_one()
        assert kept == given
        assert kept.tzinfo is UTC

    def test_keeps_nothing_as_nothing(self, database: Database, things: Table) -> None:
        with database.write() as session:
            session.execute(insert(things).values(id=1, at=None))
        with database.read() as session:
            assert session.execute(select(things.c.at)).scalar_one() is None


class TestChoice:
    def test_stores_values_not_names(self, database: Database, things: Table) -> None:
        with database.write() as session:
            session.execute(insert(things).values(id=1, colour=Colour.RED))
        with database.read() as session:
            assert session.execute(text("SELECT colour FROM thing")).scalar_one() == "r"
            assert session.execute(select(things.c.colour)).scalar_one() is Colour.RED

    @pytest.mark.parametrize("bogus", ["green", "RED", ""])
    def test_refuses_what_is_not_on_the_list(
        self, database: Database, things: Table, bogus: str
    ) -> None:
        with (
            pytest.raises(StatementError, match="not among the defined"),
            database.write() as session,
        ):
            session.execute(insert(things).values(id=1, colour=bogus))


class TestJsonColumn:
    def test_gives_back_what_was_put_in(self, database: Database, things: Table) -> None:
        said = {
            "名前": ["结", "𠮷", "👩‍👩‍👧", 'a"b\\c'],
            "n": None,
            "f": 0.1,
            "deep": {"x": [1, True]},
        }
        with database.write() as session:
            session.execute(insert(things).values(id=1, said=said))
        with database.read() as session:
            assert session.execute(select(things.c.said)).scalar_one() == said
