import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from search import Document, MeiliIndex, SearchUnavailable, WriteRejected, project
from search.index import Ask, Filters
from search.meili import MeiliSearcher, request_body
from search.queries import Request
from search.settings import meilisearch_settings
from tests.faulty import FaultyServer
from tests.search.conftest import KIND, Engine, ask

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def faulty(meilisearch: tuple[str, str]) -> Iterator[FaultyServer]:
    server = FaultyServer(meilisearch[0])
    yield server
    server.stop()


class TestMeiliIndex:
    def test_a_setting_that_was_changed_is_put_right(self, meili_engine: Engine) -> None:
        index = meili_engine.index
        assert isinstance(index, MeiliIndex)
        remote = index._client.index(index.uid)
        index._done(remote.update_settings({"rankingRules": ["typo"]}).task_uid)
        index.prepare()
        assert remote.get_settings()["rankingRules"] == meilisearch_settings()["rankingRules"]

    def test_a_refused_document_is_said_to_be_refused(self, meili_engine: Engine) -> None:
        lost = project(Document("not an id!", KIND, "会"))
        with pytest.raises(WriteRejected) as refused:
            meili_engine.index.settle(meili_engine.index.write([lost], []))
        assert "not an id!" in refused.value.reason

    def test_the_key_for_searching_can_do_nothing_else(
        self, meilisearch: tuple[str, str], meili_engine: Engine
    ) -> None:
        url, _ = meilisearch
        assert isinstance(meili_engine.index, MeiliIndex)
        key = meili_engine.index.search_key()
        assert key == meili_engine.index.search_key()
        weak = MeiliIndex(url, key, KIND)
        for attempt in (weak.prepare, weak.count, weak.drop, lambda: weak.write([], ["1"])):
            with pytest.raises(SearchUnavailable):
                attempt()

    def test_nobody_there_is_said_at_once(self) -> None:
        started = time.monotonic()
        with pytest.raises(SearchUnavailable):
            MeiliIndex(NOBODY, "key").prepare()
        assert time.monotonic() - started < 5


class TestMeiliSearcher:
    def test_after_two_failures_it_rests_and_then_tries_again(
        self, meilisearch: tuple[str, str], meili_engine: Engine
    ) -> None:
        url, key = meilisearch
        request = Request(KIND, ask(""))
        meili_engine.put(Document("1", KIND, "会"))

        async def play() -> None:
            searcher = MeiliSearcher(NOBODY, key, rest_s=0.2)
            for _ in range(2):
                with pytest.raises(SearchUnavailable):
                    await searcher.answer(request)
            with pytest.raises(SearchUnavailable, match="resting"):
                await searcher.answer(request)
            await searcher._session.close()
            searcher._session = MeiliSearcher(url, key)._session
            with pytest.raises(SearchUnavailable, match="resting"):
                await searcher.answer(request)
            await asyncio.sleep(0.21)
            assert (await searcher.answer(request)).total == meili_engine.index.count()
            await searcher.close()

        asyncio.run(play())

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"not json",
            b"null",
            b"[]",
            b"{}",
            b'{"hits": null, "estimatedTotalHits": 1}',
            b'{"hits": [{"hit": 1}], "estimatedTotalHits": 1, "facetDistribution": {"codes": {}}}',
            b'{"hits": [], "estimatedTotalHits": 0, "facetDistribution": {"codes": null}}',
            b'{"hits": [], "estimatedTotalHits": "?", "facetDistribution": {"codes": {}}}',
            b'{"hits": [{"hit": "{"}], "estimatedTotalHits": 1, "facetDistribution": {}}',
        ],
    )
    def test_an_answer_that_cannot_be_read_is_none(self, faulty: FaultyServer, body: bytes) -> None:
        faulty.fault = (200, body)

        async def play() -> None:
            searcher = MeiliSearcher(faulty.url, "key")
            with pytest.raises(SearchUnavailable):
                await searcher.answer(Request(KIND, ask("会"), facets=("stage",)))
            await searcher.close()

        asyncio.run(play())
        with pytest.raises(SearchUnavailable):
            MeiliIndex(faulty.url, "key").prepare()
        with pytest.raises(SearchUnavailable):
            MeiliIndex(faulty.url, "key").write([project(Document("1", KIND, "会"))], ["2"])

    def test_a_question_keeps_its_turn_until_it_is_answered(
        self, meilisearch: tuple[str, str], meili_engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meili_engine.put(Document("1", KIND, "会"))
        begun: list[str] = []
        peak = 0

        async def play() -> None:
            searcher = MeiliSearcher(*meilisearch, timeout_s=5, most=2)
            conduct = searcher._conduct

            async def watched(conductor: Any) -> Any:
                nonlocal peak
                begun.append("")
                peak = max(peak, len(begun))
                answer = await conduct(conductor)
                begun.pop()
                return answer

            monkeypatch.setattr(searcher, "_conduct", watched)
            questions = [Request(KIND, ask(text)) for text in ("会", "ない言葉", "会 ない言葉") * 3]
            answers = await asyncio.gather(*map(searcher.answer, questions))
            assert [answer.total for answer in answers[::3]] == [1, 1, 1]
            await searcher.close()

        asyncio.run(play())
        assert peak == 2

    def test_counts_are_remembered_until_the_index_changes(
        self, meilisearch: tuple[str, str], meili_engine: Engine
    ) -> None:
        url, key = meilisearch
        meili_engine.put(Document("1", KIND, "会", codes={"stage": ("a",)}))
        request = Request(KIND, ask(""), facets=("stage",))

        async def play() -> list[int]:
            searcher, counts = MeiliSearcher(url, key, timeout_s=5), []
            counts.append((await searcher.answer(request)).facets["stage"]["a"])
            meili_engine.put(Document("2", KIND, "会", codes={"stage": ("a",)}))
            counts.append((await searcher.answer(request)).facets["stage"]["a"])
            searcher.forget_counts()
            counts.append((await searcher.answer(request)).facets["stage"]["a"])
            await searcher.close()
            return counts

        assert asyncio.run(play()) == [1, 1, 2]


class TestRequestBody:
    def test_a_value_cannot_leave_its_quotes(self) -> None:
        evil = 'x" OR id != "\\'
        body = request_body(Ask(KIND, filters=Filters({"area": (evil,)}), without=(evil,)))
        assert body["filter"] == [
            'codes IN ["area=x\\" OR id != \\"\\\\"]',
            'id NOT IN ["x\\" OR id != \\"\\\\"]',
        ]

    def test_only_what_a_card_shows_is_fetched(self) -> None:
        assert request_body(Ask(KIND, ("会",)))["attributesToRetrieve"] == ["hit"]
