"""The change log stands or falls with the change itself."""

from collections.abc import Sequence

import pytest
from sqlmodel import col, func, select

from app.core.changes import ENGINES, Change, Event, Waiting, list_changes, record
from app.core.db import Database, WriteSession
from app.core.errors import InvalidCursor
from app.core.paging import encode_cursor


def event(entity: str = "a", action: str = "update", **details: object) -> Event:
    return Event("organisation", entity, action, "operator", details)


def log(database: Database, events: Sequence[Event], *, fail: bool = False) -> None:
    with database.write() as session:
        record(session, events)
        if fail:
            raise ZeroDivisionError


def waiting(database: Database) -> dict[tuple[str, str], int]:
    with database.read() as session:
        rows = session.exec(select(Waiting)).all()
    return {(row.engine, row.entity_id): row.change_id for row in rows}


def count(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(Change)).one()


class TestRecord:
    def test_a_change_that_fails_leaves_no_trace(self, database: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            log(database, [event()], fail=True)
        assert count(database) == 0
        assert waiting(database) == {}

    def test_every_engine_is_told_of_the_newest_change_alone(self, database: Database) -> None:
        log(database, [event("a"), event("b"), event("a", "close")])
        with database.read() as session:
            rows = session.exec(select(Change).order_by(col(Change.id))).all()
        assert [(row.entity_id, row.action) for row in rows] == [
            ("a", "update"),
            ("b", "update"),
            ("a", "close"),
        ]
        newest = {"a": rows[2].id, "b": rows[1].id}
        assert waiting(database) == {
            (engine, entity): id_ for engine in ENGINES for entity, id_ in newest.items()
        }

    def test_a_new_change_makes_a_postponed_one_due_again(self, database: Database) -> None:
        log(database, [event()])
        with database.write() as session:
            for row in session.exec(select(Waiting)):
                row.attempts, row.error = 7, "refused"
        log(database, [event()])
        with database.read() as session:
            rows = session.exec(select(Waiting)).all()
        assert [(row.attempts, row.error) for row in rows] == [(0, None)] * len(ENGINES)

    def test_nothing_happened_is_not_logged(self, database: Database) -> None:
        log(database, [])
        assert count(database) == 0

    def test_goes_with_what_the_session_has_not_sent_yet(self, database: Database) -> None:
        def write(session: WriteSession) -> None:
            session.add(Waiting(engine="x", kind="y", entity_id="z", change_id=1, retry_at=at))
            record(session, [event()])

        log(database, [event()])
        with database.read() as session:
            at = session.exec(select(Change.at)).one()
        with database.write() as session:
            write(session)
        assert waiting(database)["x", "z"] == 1


class TestListChanges:
    def test_pages_through_one_entity_newest_first(self, database: Database) -> None:
        log(database, [event("a", f"step{n}") for n in range(5)] + [event("b")])
        seen, cursor = [], None
        with database.read() as session:
            while True:
                page = list_changes(
                    session, kind="organisation", entity_id="a", cursor=cursor, limit=2
                )
                assert page.total == 5
                seen += [row.action for row in page.rows]
                cursor = page.next_cursor
                if cursor is None:
                    break
        assert seen == ["step4", "step3", "step2", "step1", "step0"]

    @pytest.mark.parametrize("position", ["a", -1, 2**31, 2**63])
    def test_refuses_a_position_that_cannot_be(
        self, database: Database, position: str | int
    ) -> None:
        with database.read() as session, pytest.raises(InvalidCursor):
            list_changes(
                session,
                kind="organisation",
                entity_id="a",
                cursor=encode_cursor(position),
                limit=2,
            )
