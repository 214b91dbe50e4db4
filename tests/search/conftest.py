"""Both engines behind one face, so that every promise is held by each of them."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.discovery.lexicon import LEXICON
from search import (
    Answer,
    Document,
    EmbeddedIndex,
    Filters,
    Index,
    MeiliIndex,
    MeiliSearcher,
    Question,
    Request,
    project,
    understand,
)

KIND = "thing"


def ask(q: str) -> Question:
    """The question behind `q`, with the city's own gazetteer."""
    return understand(q, LEXICON)


class Answers(Protocol):
    def __call__(self, request: Request) -> Answer: ...


@dataclass
class Engine:
    """An engine to feed (`index`) and to ask (`answer`)."""

    index: Index
    answer: Answers

    def put(self, *documents: Document, gone: tuple[str, ...] = ()) -> None:
        self.index.settle(self.index.write([project(d) for d in documents], gone))

    def request(self, q: str = "", **values: Any) -> Answer:
        codes = values.pop("codes", {})
        near, radius_km = values.pop("near", None), values.pop("radius_km", None)
        return self.answer(Request(KIND, ask(q), Filters(codes, near, radius_km), **values))

    def full(self, q: str = "", **values: Any) -> list[str]:
        """The ids that answer the whole question, best first."""
        answer = self.request(q, **values)
        return [hit["id"] for hit in answer.hits[: answer.full]]


@pytest.fixture(scope="module")
def embedded_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    index = EmbeddedIndex(tmp_path_factory.mktemp("embedded") / "search.sqlite3", KIND)
    index.prepare()
    yield Engine(index, index.answer)
    index._connection().close()


@pytest.fixture(scope="module")
def meili_engine(meilisearch: tuple[str, str]) -> Iterator[Engine]:
    url, key = meilisearch
    index = MeiliIndex(url, key, KIND)
    index.drop()
    index.prepare()
    with asyncio.Runner() as runner:

        async def start() -> MeiliSearcher:
            return MeiliSearcher(url, index.search_key(), timeout_s=5)

        searcher = runner.run(start())

        def answer(request: Request) -> Answer:
            searcher.forget_counts()
            return runner.run(searcher.answer(request))

        yield Engine(index, answer)
        runner.run(searcher.close())
    index.drop()


@pytest.fixture(scope="module", params=["embedded", "meili"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """One engine after the other; documents stay for the rest of the module."""
    found: Engine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture
def fresh_file(tmp_path: Path) -> Callable[[], EmbeddedIndex]:
    """Opens the same new index file again and again, as other processes would."""
    opened: list[EmbeddedIndex] = []

    def open_() -> EmbeddedIndex:
        opened.append(EmbeddedIndex(tmp_path / "search.sqlite3", KIND))
        return opened[-1]

    return open_
