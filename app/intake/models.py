"""What an import wanted to say and a human had already said otherwise."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from app.core.db import UTCDateTime, json_column


class NeedSource(SQLModel, table=True):
    """A row of a list that a need came from, and what it said last."""

    __tablename__ = "need_source"
    __table_args__ = (Index("ix_need_source_listing_id", "listing_id"),)

    source: str = Field(primary_key=True, max_length=60)
    source_id: str = Field(primary_key=True, max_length=200)
    listing_id: uuid.UUID = Field(foreign_key="listing.id", ondelete="CASCADE")
    said: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(json_column(), nullable=False)
    )
    imported_at: datetime = Field(sa_type=UTCDateTime)


class Suggestion(SQLModel, table=True):
    """A value an import brought for a field a human has edited: it waits for a human to decide."""

    __tablename__ = "suggestion"
    __table_args__ = (Index("ix_suggestion_source", "source", "source_id"),)

    organisation_id: uuid.UUID = Field(
        primary_key=True, foreign_key="organisation.id", ondelete="CASCADE"
    )
    field: str = Field(primary_key=True, max_length=60)
    source: str = Field(primary_key=True, max_length=60)
    source_id: str = Field(max_length=200)
    value: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(json_column(), nullable=False)
    )
    suggested_at: datetime = Field(sa_type=UTCDateTime)
