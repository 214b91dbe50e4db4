"""What every command needs first: a place to write and a database in shape."""

import gc
import shutil
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from app.cli.telling import fail, reason
from app.core.db import Database
from app.core.errors import DatabaseUnavailable
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
_NEEDED_BYTES = 50_000_000


def prepare_for_much() -> None:
    """Before a command that goes through every record.

    To look for cycles among millions of short-lived values costs an eighth of its time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def check_data_dir(folder: Path) -> None:
    """Raises Failure unless there is room to write."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        fail(f"データを置く場所 {folder} に書き込めません: {reason(error)}")
    if shutil.disk_usage(folder).free < _NEEDED_BYTES:
        fail(f"ディスクの空きがありません（{folder}）。空きを作ってから、もう一度お試しください。")


def open_database(settings: Settings) -> Database:
    """The database, made when there is none.

    Raises Failure when it is out of reach or out of date.
    """
    check_data_dir(settings.data_dir)
    try:
        database = Database(settings)
        with database.engine.connect() as connection:
            empty = not inspect(connection).get_table_names()
            current = MigrationContext.configure(connection).get_current_revision()
    except (SQLAlchemyError, DatabaseUnavailable, ImportError) as error:
        fail(f"データベースに接続できません: {_first_line(error)}")
    if empty:
        migrate_database(settings)
    elif current != ScriptDirectory.from_config(alembic_config()).get_current_head():
        fail("データベースの形が古いままです。`make migrate` を実行してください。")
    return database


def migrate_database(settings: Settings) -> None:
    """Bring the database to the newest shape. Raises Failure."""
    check_data_dir(settings.data_dir)
    config = alembic_config()
    try:
        database = Database(settings)
    except (SQLAlchemyError, ImportError) as error:
        fail(f"データベースに接続できません: {_first_line(error)}")
    try:
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        fail(f"データベースを準備できません: {_first_line(error)}")
    finally:
        database.close()


def alembic_config() -> Config:
    return Config(toml_file=ROOT / "pyproject.toml")


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
