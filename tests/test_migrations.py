"""A database that was migrated is the database of the models, and there is a way back."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlmodel import SQLModel

from app.cli.process import alembic_config, migrate_database
from app.core.db import Database
from app.settings import Settings


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.engine.begin() as connection:
        yield connection


@pytest.fixture
def config(connection: Connection) -> Config:
    config = alembic_config()
    config.attributes["connection"] = connection
    return config


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def shape(connection: Connection) -> dict[str, Any]:
    """Columns, keys, constraints and indexes of every table, in one order."""
    found: dict[str, Any] = {}
    for name in sorted(tables(connection)):
        seen = inspect(connection)
        found[name] = {
            "columns": sorted(
                (c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(name)
            ),
            "key": seen.get_pk_constraint(name)["constrained_columns"],
            "foreign": sorted(
                (
                    str(f["name"]),
                    tuple(f["constrained_columns"]),
                    f["referred_table"],
                    str(f["options"].get("ondelete")),
                )
                for f in seen.get_foreign_keys(name)
            ),
            "unique": sorted(tuple(u["column_names"]) for u in seen.get_unique_constraints(name)),
            "indexes": sorted(
                (str(i["name"]), tuple(i["column_names"])) for i in seen.get_indexes(name)
            ),
            "checks": sorted(str(c["name"]) for c in seen.get_check_constraints(name)),
        }
    return found


class TestMigrations:
    def test_have_one_head(self) -> None:
        assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1

    def test_leave_nothing_for_alembic_to_do(self, config: Config) -> None:
        command.check(config)

    def test_make_what_the_models_say(self, connection: Connection, config: Config) -> None:
        migrated = shape(connection)
        assert set(migrated) == set(SQLModel.metadata.tables)
        command.downgrade(config, "base")
        SQLModel.metadata.create_all(connection)
        assert shape(connection) == migrated

    def test_go_down_and_up_again_one_by_one(self, connection: Connection, config: Config) -> None:
        before = shape(connection)
        revisions = list(ScriptDirectory.from_config(config).walk_revisions())
        for _ in revisions:
            command.downgrade(config, "-1")
        assert tables(connection) == set()
        for _ in revisions:
            command.upgrade(config, "+1")
        assert shape(connection) == before

    def test_seed_the_lists_of_a_city(self, connection: Connection) -> None:
        stages = connection.execute(text("SELECT code, provisional FROM stage ORDER BY position"))
        assert [code for code, provisional in stages if provisional] == [
            "preparation",
            "launch",
            "growth",
            "maturity",
            "succession",
        ]
        schemes = connection.execute(text("SELECT count(*) FROM registration_scheme")).scalar()
        assert schemes == 16

    def test_do_nothing_the_second_time(self, settings: Settings, database: Database) -> None:
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE stage SET label = 'わたしたちの段階'"))
        migrate_database(settings)
        with database.engine.connect() as connection:
            labels = connection.execute(text("SELECT DISTINCT label FROM stage")).scalars().all()
        assert labels == ["わたしたちの段階"]

    def test_work_from_the_command_line_of_alembic(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MUSUBI_DATA_DIR", str(settings.data_dir))
        monkeypatch.setenv("MUSUBI_DATABASE_URL", settings.database_url)
        for step, kept in (("base", set()), ("head", set(SQLModel.metadata.tables))):
            (command.downgrade if step == "base" else command.upgrade)(alembic_config(), step)
            database = Database(settings)
            with database.engine.connect() as connection:
                assert tables(connection) == kept
            database.close()

    def test_a_step_that_fails_leaves_the_database_as_it_was(
        self, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = alembic_config()
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "base")
            connection.execute(text("CREATE TABLE suggestion (id INTEGER)"))
        with pytest.raises(Exception, match="suggestion"):
            migrate_database(settings)
        with database.engine.connect() as connection:
            assert tables(connection) == {"suggestion"}
