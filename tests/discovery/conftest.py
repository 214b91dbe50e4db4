"""Parts for the tests of finding: groups, engines that die, a Meilisearch that misbehaves."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import col, func, select

from app.core.changes import Waiting
from app.core.db import Database
from app.discovery.engines import Engines
from app.main import API
from app.organisations import actions
from app.organisations.forms import OrganisationForm
from app.organisations.queries import get_organisation
from search import Entry, Index, MeiliIndex

SEARCH = f"{API}/search"


class Killed(BaseException):
    """The process dies here: nothing of it may catch this."""


@dataclass
class Mortal:
    """An index whose process dies at its `lives`th step; a step is the begin or end of a call."""

    index: Index
    lives: list[int]
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.index.name

    def _step(self) -> None:
        self.lives[0] -= 1
        if self.lives[0] < 0:
            raise Killed

    def prepare(self) -> None:
        self.index.prepare()

    def count(self) -> int:
        return self.index.count()

    def write(self, entries: Sequence[Entry], gone: Sequence[str]) -> object:
        self._step()
        receipt = self.index.write(entries, gone)
        self._step()
        return receipt

    def settle(self, receipt: object) -> None:
        self._step()
        self.index.settle(receipt)
        self._step()

    @contextmanager
    def rebuilding(self) -> Iterator[Index]:
        self._step()
        with self.index.rebuilding() as successor:
            yield Mortal(successor, self.lives)
            self._step()
        self._step()

    def stored(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        return self.index.stored(ids)

    def stored_form(self, entry: Entry) -> Mapping[str, Any]:
        return self.index.stored_form(entry)

    def ids(self) -> Iterable[str]:
        return self.index.ids()


class Registry:
    """Groups in the database, written without a service."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, *names: str, publish: bool = True, **values: Any) -> list[str]:
        with self.database.write() as session:
            ids = []
            for name in names:
                form = OrganisationForm(name=name, **values)
                record = actions.create_organisation(session, values=form.values(), actor="test")
                if publish:
                    actions.publish_organisation(session, id=record.id, version=None, actor="test")
                ids.append(str(record.id))
            return ids

    def rename(self, id_: str, name: str) -> None:
        with self.database.write() as session:
            version = get_organisation(session, uuid.UUID(id_)).version
            actions.update_organisation(
                session,
                id=uuid.UUID(id_),
                version=version,
                values={"name": name},
                actor="test",
            )

    def suspend(self, id_: str) -> None:
        with self.database.write() as session:
            actions.suspend_organisation(session, id=uuid.UUID(id_), version=None, actor="test")

    def waiting(self, engine: str) -> int:
        with self.database.read() as session:
            mine = col(Waiting.engine) == engine
            return session.exec(select(func.count()).select_from(Waiting).where(mine)).one()


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Return as soon as `condition` holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry(database)


@pytest.fixture
def engines(
    request: pytest.FixtureRequest, meilisearch: tuple[str, str], database: Database
) -> Iterator[Engines]:
    """Both engines, empty, for the database of this test."""
    url, key = meilisearch
    for uid in ("organisations", "organisations_new"):
        MeiliIndex(url, key, uid).drop()
    settings = database.settings.model_copy(
        update={"search": "auto", "meili_url": url, "meili_key": SecretStr(key)}
    )
    engines = Engines(settings)
    for index in engines.feeders():
        index.prepare()
    yield engines
    engines.stop()
    engines.embedded._connection().close()


@pytest.fixture(params=["embedded", "meilisearch"])
def index(request: pytest.FixtureRequest, engines: Engines) -> Index:
    """One engine after the other."""
    return {index.name: index for index in engines.feeders()}[request.param]
