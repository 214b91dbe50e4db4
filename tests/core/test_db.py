"""The database as both engines have to keep it: real SQLite and PostgreSQL throughout."""

import threading
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import col, func

from app.core import db
from app.core.db import Database, ReadSession, WriteSession, upsert
from app.core.errors import DatabaseUnavailable
from app.main import API, create_app
from app.organisations.models import Office, OrganisationField
from app.settings import Settings

Outage = Callable[[], AbstractContextManager[None]]
Make = Callable[..., dict[str, Any]]
ORGANISATIONS = f"{API}/organisations"


def offices(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.exec(select(Office.code)).scalars())


def add(database: Database, code: str, *, then: type[Exception] | None = None) -> None:
    """Write an office, and raise before the transaction ends if told so."""
    with database.write() as session:
        session.add(Office(code=code, name="秘密太郎"))
        session.flush()
        if then:
            raise then


class TestWriteSession:
    def test_keeps_everything_when_the_block_ends(self, database: Database) -> None:
        with database.write() as session:
            session.add(Office(code="a", name="市"))
            session.add(Office(code="b", name="社協"))
        assert offices(database) == ["a", "b"]

    def test_keeps_nothing_when_the_block_raises(self, database: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            add(database, "a", then=ZeroDivisionError)
        assert offices(database) == []

    def test_tells_after_the_commit_and_only_then(self, database: Database) -> None:
        seen: list[list[str]] = []
        database.after_commit.append(lambda: seen.append(offices(database)))
        with pytest.raises(ZeroDivisionError):
            add(database, "a", then=ZeroDivisionError)
        assert seen == []
        add(database, "b")
        assert seen == [["b"]]

    def test_writers_wait_for_each_other_instead_of_losing_one(self, database: Database) -> None:
        with database.write() as session:
            session.add(Office(code="a", name="市", position=0))
        start = threading.Barrier(4)

        def count_up() -> None:
            start.wait(10)
            for _ in range(10):
                with database.write() as session:
                    office = session.get_one(Office, "a", with_for_update=True)
                    office.position += 1

        threads = [threading.Thread(target=count_up) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with database.read() as session:
            assert session.get_one(Office, "a").position == 40


class TestReadSession:
    @pytest.mark.parametrize("piecewise", [False, True])
    def test_keeps_nothing_done_in_it(self, database: Database, *, piecewise: bool) -> None:
        refused = nullcontext() if database.is_sqlite else pytest.raises(DBAPIError)
        with refused, database.read(piecewise=piecewise) as session:
            session.add(Office(code="a", name="市"))
            session.flush()
        assert offices(database) == []

    def test_is_no_write_session(self, database: Database) -> None:
        with database.read() as session:
            assert type(session) is ReadSession
        with database.write() as session:
            assert isinstance(session, WriteSession)


class TestForeignKeys:
    def test_a_row_cannot_point_at_nothing(self, database: Database) -> None:
        field = OrganisationField(organisation_id=uuid.uuid4(), field=1)
        with pytest.raises(IntegrityError), database.write() as session:
            session.add(field)

    def test_errors_do_not_repeat_what_was_sent(self, database: Database) -> None:
        add(database, "a")
        with pytest.raises(IntegrityError) as caught:
            add(database, "a")
        assert "秘密" not in str(caught.value)


class TestUpsert:
    def test_inserts_what_is_new_and_overwrites_what_is_not(self, database: Database) -> None:
        table = Office.__table__
        with database.write() as session:
            upsert(session, table, [{"code": "a", "name": "市", "position": 1}], key=["code"])
            rows = [
                {"code": "a", "name": "市役所", "position": 2},
                {"code": "b", "name": "社協", "position": 3},
            ]
            upsert(session, table, rows, key=["code"])
            upsert(session, table, [], key=["code"])
        with database.read() as session:
            found = session.execute(select(Office.code, Office.name).order_by(col(Office.code)))
            assert [tuple(row) for row in found] == [("a", "市役所"), ("b", "社協")]


class TestLock:
    def test_only_one_holds_it_and_nobody_waits(self, settings: Settings) -> None:
        one, other = Database(settings), Database(settings)
        with one.lock("index") as first, other.lock("index") as second:
            assert (first, second) == (True, False)
            with other.lock("another") as unrelated:
                assert unrelated
        with other.lock("index") as afterwards:
            assert afterwards
        one.close()
        other.close()

    def test_whoever_fails_lets_go(self, database: Database) -> None:
        with pytest.raises(ZeroDivisionError), database.lock("index"):
            raise ZeroDivisionError
        with database.lock("index") as again:
            assert again


class TestOutages:
    def test_a_database_that_is_gone_is_one_error_and_comes_back(
        self, database: Database, outage: Outage
    ) -> None:
        assert offices(database) == []
        with outage():
            for opened in (database.read, database.write):
                with pytest.raises(DatabaseUnavailable), opened() as session:
                    session.execute(select(func.count()).select_from(Office))
        assert offices(database) == []

    def test_a_server_that_is_down(self, tmp_path: Path) -> None:
        url = "postgresql+psycopg://musubi@127.0.0.1:1/musubi"
        database = Database(Settings(data_dir=tmp_path, database_url=url))
        with (
            structlog.testing.capture_logs() as logs,
            pytest.raises(DatabaseUnavailable),
            database.read() as session,
        ):
            session.connection()
        (line,) = logs
        assert line["event"] == "database unavailable"
        assert "127.0.0.1" in line["said"]

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        database = Database(Settings(data_dir=tmp_path / "nowhere"))
        with pytest.raises(DatabaseUnavailable), database.read() as session:
            session.connection()


class TestSqlite:
    def test_prepares_each_connection(self, sqlite_settings: Settings) -> None:
        database = Database(sqlite_settings)
        with database.engine.connect() as one, database.engine.connect() as other:
            for connection in (one, other):
                pragmas = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
                values = [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in pragmas]
                assert values == ["wal", 1, 2, 5000]
        database.close()

    def test_readers_go_on_while_somebody_writes(self, sqlite_settings: Settings) -> None:
        database = Database(sqlite_settings)
        with database.write() as session:
            session.add(Office(code="a", name="市"))
            session.flush()
            assert offices(database) == []
        assert offices(database) == ["a"]
        database.close()

    def test_a_writer_gives_up_when_another_never_ends(
        self, sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(db, "_BUSY_TIMEOUT_S", 0.1)
        one, other = Database(sqlite_settings), Database(sqlite_settings)
        with one.write() as session:
            session.add(Office(code="a", name="市"))
            session.flush()
            with pytest.raises(DatabaseUnavailable), other.write() as second:
                second.add(Office(code="b", name="社協"))
        with other.write() as second:
            second.add(Office(code="b", name="社協"))
        assert offices(one) == ["a", "b"]
        one.close()
        other.close()

    @pytest.mark.parametrize("content", [b"no database" * 1000, b""])
    def test_a_file_put_in_its_place_is_noticed(
        self, sqlite_settings: Settings, content: bytes
    ) -> None:
        database = Database(sqlite_settings)
        file = sqlite_settings.data_dir / "musubi.sqlite3"
        assert offices(database) == []
        kept = file.rename(file.with_name("kept"))
        file.write_bytes(content)
        with pytest.raises(DatabaseUnavailable):
            offices(database)
        kept.rename(file)
        assert offices(database) == []
        database.close()


class TestDependencies:
    """What a caller sees of the database, through the service."""

    def test_a_database_that_is_gone_answers_503_until_it_is_back(
        self, client: TestClient, operator: dict[str, str], make: Make, outage: Outage
    ) -> None:
        path = f"{ORGANISATIONS}/{make()['id']}"
        with outage():
            for answer in (
                client.get(ORGANISATIONS),
                client.get(path),
                client.post(ORGANISATIONS, json={"name": "新"}, headers=operator),
                client.post(f"{path}/suspend", headers=operator),
            ):
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["code"] == "database_unavailable"
            page = client.get(path.removeprefix(API), headers={"accept": "text/html"})
            assert (page.status_code, "ただいま利用できません" in page.text) == (503, True)
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()["database"]) == (503, "unavailable")
            assert client.get("/healthz").status_code == 200
            assert client.get(f"{API}/search?q=ひまわり").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert client.get(path).json()["status"] == "published"
        assert client.get(ORGANISATIONS).json()["total"] == 1

    @pytest.mark.usefixtures("failing_commit")
    def test_a_commit_that_fails_is_never_answered_as_done(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        answer = client.post(ORGANISATIONS, json={"name": "新"}, headers=operator)
        assert answer.status_code == 500
        assert "location" not in answer.headers
        drafts = client.get(f"{ORGANISATIONS}?status=draft", headers=operator)
        assert drafts.json()["total"] == 0
        assert client.get("/readyz").json()["waiting"] == 0

    def test_a_write_that_cannot_get_in_says_so(
        self,
        sqlite_settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(db, "_BUSY_TIMEOUT_S", 0.1)
        app = create_app(sqlite_settings)
        headers = {"Authorization": f"Bearer {app.state.operator_token}"}
        other = Database(sqlite_settings)
        client = TestClient(app)  # not entered: nobody else writes meanwhile
        with other.write() as session:
            session.connection()
            answer = client.post(ORGANISATIONS, json={"name": "新"}, headers=headers)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert client.get(ORGANISATIONS).status_code == 200
        answer = client.post(ORGANISATIONS, json={"name": "新"}, headers=headers)
        assert answer.status_code == 201
        other.close()
        app.state.database.close()


@pytest.fixture
def failing_commit(database: Database) -> None:
    """The database accepts a new organisation, and refuses only the commit."""
    statements = [
        "CREATE TABLE wanted (id INTEGER PRIMARY KEY)",
        "CREATE TABLE ask (id INTEGER REFERENCES wanted (id) DEFERRABLE INITIALLY DEFERRED)",
    ]
    if database.is_sqlite:
        statements += [
            "CREATE TRIGGER late AFTER INSERT ON organisation BEGIN INSERT INTO ask VALUES (1); END"
        ]
    else:
        statements += [
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN INSERT INTO ask VALUES (1); RETURN NULL; END'",
            "CREATE TRIGGER late AFTER INSERT ON organisation FOR EACH ROW EXECUTE FUNCTION late()",
        ]
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
