"""What a city hall may set, all by environment variables that begin with MUSUBI_."""

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

# A name, `*.name` for all below it, `*` for any, or an IPv6 address; without a port.
Host = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        pattern=r"^(\*|(\*\.)?[A-Za-z0-9._-]+|\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]*\])$",
    ),
]
# Not an IPv6 address, which begins with a bracket too.
_JSON_LIST = re.compile(r'\s*\[\s*["\]]')


class Settings(BaseSettings):
    """The installation's settings; defaults suit `make run` on one's own machine."""

    model_config = SettingsConfigDict(env_prefix="MUSUBI_", extra="ignore")

    data_dir: Path = Field(
        Path("var"), description="Where SQLite, the search index, keys and logs are kept."
    )
    demo: bool = Field(
        default=True, description="Load the invented demo city into an empty database."
    )
    database_url: str = Field(
        "", description="SQLAlchemy URL; PostgreSQL by postgresql+psycopg://. Empty: SQLite."
    )
    search: Literal["auto", "embedded"] = Field(
        "auto", description="auto: Meilisearch where one can be had; embedded: SQLite FTS5 only."
    )
    meili_url: str = Field("", description="An existing Meilisearch, e.g. http://meilisearch:7700.")
    meili_key: SecretStr = Field(
        SecretStr(""), description="Its master key, or an admin key that may create keys."
    )
    allowed_hosts: Annotated[list[Host], NoDecode] = Field(
        ["*"],
        min_length=1,
        description="Host names this service answers to, with commas between them.",
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        """The names in a line with commas or, as some tools write lists, in JSON."""
        if not isinstance(given, str):
            return given
        if _JSON_LIST.match(given):
            return json.loads(given)
        return [name for name in given.split(",") if name.strip()]

    @cached_property
    def url(self) -> str:
        """The database, SQLite in the data directory unless another is named."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'musubi.sqlite3'}"

    @property
    def runs_meilisearch(self) -> bool:
        """Whether a Meilisearch of our own is to run, where there is one."""
        return self.search == "auto" and not self.meili_url

    @property
    def embedded_path(self) -> Path:
        """The file of the embedded search engine."""
        return self.data_dir / "search.sqlite3"

    @property
    def operator_token_path(self) -> Path:
        """The file whose content lets its reader write, until accounts exist."""
        return self.data_dir / "operator-token"
