"""What coordinators may change about matching, and the proposals that are kept."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from app.core.db import UTCDateTime, choice, json_column
from app.vocabulary.listings import ListingKind


class Compatibility(SQLModel, table=True):
    """Gate H1: which kind of need an offer of a kind may answer."""

    __tablename__ = "compatibility"

    need_kind: ListingKind = Field(primary_key=True, sa_type=choice(ListingKind))
    offer_kind: ListingKind = Field(primary_key=True, sa_type=choice(ListingKind))


class Weight(SQLModel, table=True):
    """What a criterion counts for a kind of need; no row means the default."""

    __tablename__ = "match_weight"
    __table_args__ = (CheckConstraint("weight BETWEEN 0 AND 100", name="weight_range"),)

    kind: ListingKind = Field(primary_key=True, sa_type=choice(ListingKind))
    criterion: str = Field(primary_key=True, max_length=40)
    weight: float


class Proposal(SQLModel, table=True):
    """A match that was kept: what the engine said, which engine, and what it knew."""

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_listing_id", "listing_id", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    listing_id: uuid.UUID = Field(foreign_key="listing.id", ondelete="CASCADE")
    candidate_kind: str = Field(max_length=20)
    candidate_id: uuid.UUID
    engine_version: str = Field(max_length=80)
    score: float
    explanation: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(json_column(), nullable=False)
    )
    inputs: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(json_column(), nullable=False)
    )
    actor: str = Field(max_length=100)
    created_at: datetime = Field(sa_type=UTCDateTime)


class Counted(SQLModel, table=True):
    """When the nightly counts (exposure, words) were last made; one row."""

    __tablename__ = "matching_counted"

    id: int = Field(default=1, primary_key=True)
    counted_at: datetime = Field(sa_type=UTCDateTime)
