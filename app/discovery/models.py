"""What each index was built from."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.core.db import UTCDateTime


class IndexState(SQLModel, table=True):
    """The fingerprint of the pipeline an index was last built with; another one needs a rebuild."""

    __tablename__ = "index_state"

    engine: str = Field(primary_key=True, max_length=20)
    kind: str = Field(primary_key=True, max_length=40)
    fingerprint: str = Field(max_length=60)
    built_at: datetime = Field(sa_type=UTCDateTime)
