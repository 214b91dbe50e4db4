"""Alembic's entry: migrates the database of the settings, or the connection it is handed."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import app.core.changes
import app.discovery.models
import app.intake.models
import app.listings.models
import app.matching.models
import app.organisations.models
import app.people.models  # noqa: F401 - tables register themselves
from app.core.db import Database, UTCDateTime
from app.settings import Settings


def render_item(kind: str, item: Any, _: AutogenContext) -> str | bool:
    """Column types of ours as the database has them: old migrations never import us."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String({item.length})" if item.length else "sa.String()"
    return False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_item=render_item,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    migrate(handed)
else:
    database = Database(Settings())
    with database.engine.connect() as connection:
        migrate(connection)
    database.close()
