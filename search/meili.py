"""Meilisearch: the official client administers, pooled aiohttp asks.

Two roads, for measured reasons (docs/decisions/0003): the official client opens a connection per
call, which is right for tasks and wrong for a search as one types; httpx spends 2.3 ms of CPU on
an answer that aiohttp reads in 0.5; and any keep-alive client that accepts gzip waits 40 ms, so
questions ask for `identity`.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast

import aiohttp
import meilisearch
from meilisearch.errors import (
    MeilisearchApiError,
    MeilisearchCommunicationError,
    MeilisearchTimeoutError,
)
from pydantic_core import from_json, to_json

from search.documents import Entry, code_of
from search.errors import SearchUnavailable, WriteRejected
from search.index import Ask, Facets, Found
from search.queries import Answer, Request, Steps, steps
from search.settings import CODES, GROUPS, meilisearch_settings

_ADMIN_TIMEOUT_S = 30
_TASK_TIMEOUT_S = 600
_POLL_S = 0.05
_WARM_UP_S = 10
_PAGE = 1_000
_SEARCH_KEY_UID = "6d757375-6269-4573-8000-736561726368"
_JSON = {"Content-Type": "application/json"}
# An answer that is not the JSON it should be, whoever sent it.
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
_OPEN_TASKS = ("enqueued", "processing")


class MeiliIndex:
    """Feeds the Meilisearch index of one kind of documents.

    Used by one thread at a time: the client is not safe to share.
    """

    name = "meilisearch"

    def __init__(self, url: str, key: str, kind: str = "organisation", *, suffix: str = "") -> None:
        self.url, self.key, self.kind = url, key, kind
        self.uid = uid_of(kind) + suffix
        self._client = meilisearch.Client(url, key, timeout=_ADMIN_TIMEOUT_S)

    def prepare(self) -> None:
        """Create the index if it is missing and bring its settings up to date."""
        with _reported():
            if self.uid not in self._uids():
                self._done(self._client.create_index(self.uid, {"primaryKey": "id"}).task_uid)
            wanted = meilisearch_settings()
            current = self._client.index(self.uid).get_settings()
            if any(not _covers(current.get(name), value) for name, value in wanted.items()):
                self._done(self._client.index(self.uid).update_settings(wanted).task_uid)

    def _uids(self) -> set[str]:
        found: Any = self._client.get_raw_indexes({"limit": _PAGE})
        return {index["uid"] for index in found["results"]}

    def count(self) -> int:
        with _reported():
            return int(self._client.index(self.uid).get_stats().number_of_documents)

    def write(self, entries: Sequence[Entry], gone: Sequence[str]) -> list[int]:
        """Enqueue the documents; the receipt is the uids of the tasks."""
        with _reported():
            index = self._client.index(self.uid)
            tasks = []
            if entries:
                forms = to_json([self.stored_form(entry) for entry in entries])
                tasks.append(index.add_documents_json(forms, "id").task_uid)
            if gone:
                ids = ",".join(map(_quoted, gone))
                tasks.append(index.delete_documents(filter=f"id IN [{ids}]").task_uid)
            return tasks

    def settle(self, receipt: object) -> None:
        with _reported():
            for task in cast("list[int]", receipt):
                self._done(task)

    def _done(self, task: int) -> None:
        deadline = time.monotonic() + _TASK_TIMEOUT_S
        while time.monotonic() < deadline:
            state = self._client.get_task(task)
            if state.status == "succeeded":
                return
            if state.status not in _OPEN_TASKS:
                raise WriteRejected(str((state.error or {}).get("message", state.status)))
            time.sleep(_POLL_S)
        raise SearchUnavailable(f"task {task} did not finish within {_TASK_TIMEOUT_S} s")

    @contextmanager
    def rebuilding(self) -> Iterator["MeiliIndex"]:
        """A second index beside this one, swapped in when it is complete.

        The caller must not write to this index while the swap runs: tasks follow a swapped index.
        """
        successor = MeiliIndex(self.url, self.key, self.kind, suffix="_new")
        successor.drop()
        successor.prepare()
        yield successor
        with _reported():
            swap: list[Mapping[str, list[str] | bool]] = [{"indexes": [self.uid, successor.uid]}]
            self._done(self._client.swap_indexes(swap).task_uid)
        successor.drop()

    def drop(self) -> None:
        with _reported():
            if self.uid in self._uids():
                self._done(self._client.index(self.uid).delete().task_uid)

    def stored(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        with _reported():
            found = self._client.index(self.uid).get_documents(
                {"ids": list(ids), "limit": len(ids)}
            )
            return {document.id: dict(document) for document in found.results}

    def stored_form(self, entry: Entry) -> Mapping[str, Any]:
        document = entry.document
        form: dict[str, Any] = {
            "id": document.id,
            "hit": entry.hit,
            "updated_at": document.updated_at,
            **entry.words,
            CODES: [code_of(name, c) for name, codes in document.codes.items() for c in codes],
        }
        if document.position:
            form["_geo"] = {"lat": document.position[0], "lng": document.position[1]}
        return form

    def ids(self) -> Iterable[str]:
        offset = 0
        while True:
            with _reported():
                page = self._client.index(self.uid).get_documents(
                    {"fields": ["id"], "limit": _PAGE, "offset": offset}
                )
            yield from (document.id for document in page.results)
            offset += _PAGE
            if offset >= page.total:
                return

    def forget_finished_tasks(self, older_than_days: int = 7) -> None:
        """Prune the task database, which Meilisearch never does by itself (meilisearch#2628)."""
        before = time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - older_than_days * 86_400)
        )
        with _reported():
            statuses = "succeeded,failed,canceled"
            self._client.delete_tasks({"statuses": statuses, "beforeFinishedAt": before})

    def search_key(self) -> str:
        """A key that can only search; made once, the same for as long as the master key is."""
        with _reported():
            try:
                return str(self._client.get_key(_SEARCH_KEY_UID).key)
            except MeilisearchApiError as error:
                if error.code != "api_key_not_found":
                    raise
            return str(
                self._client.create_key(
                    {
                        "uid": _SEARCH_KEY_UID,
                        "name": "musubi search",
                        "actions": ["search"],
                        "indexes": ["*"],
                        "expiresAt": None,
                    }
                ).key
            )


@contextmanager
def _reported() -> Iterator[None]:
    """The client's errors as this package's own."""
    try:
        yield
    except (MeilisearchCommunicationError, MeilisearchTimeoutError) as error:
        raise SearchUnavailable(str(error)) from error
    except MeilisearchApiError as error:
        raise SearchUnavailable(f"{error.code}: {error.message}") from error
    except _UNREADABLE as error:
        raise SearchUnavailable(repr(error)) from error


def _covers(current: object, wanted: object) -> bool:
    """`current` holds everything that is `wanted`; Meilisearch adds defaults of its own."""
    if isinstance(current, Mapping) and isinstance(wanted, Mapping):
        return all(_covers(current.get(name), value) for name, value in wanted.items())
    if isinstance(current, list) and isinstance(wanted, list):
        return len(current) == len(wanted) and all(map(_covers, current, wanted))
    return current == wanted


# ------------------------------------------------------------------------------------ asking


class MeiliSearcher:
    """Asks Meilisearch over kept connections, within one event loop.

    After two failures in a row it refuses for `rest_s` seconds without trying, so that an outage
    does not cost a time-out per question. A whole answer, all its steps together, takes at most
    `timeout_s`.
    """

    def __init__(
        self, url: str, key: str, *, timeout_s: float = 0.6, rest_s: float = 3.0, most: int = 8
    ) -> None:
        self._session = aiohttp.ClientSession(
            base_url=url,
            headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"},
            connector=aiohttp.TCPConnector(limit=most),
            auto_decompress=False,
        )
        # More at once would only queue inside the server, out of reach of our time-out. A turn
        # lasts until the whole answer is there: a question of two steps does not queue twice.
        self._turns = asyncio.Semaphore(most)
        self._timeout_s = timeout_s
        self._rest_s = rest_s
        self._failures = 0
        self._resting_until = 0.0
        self._counts = _Counts()

    async def answer(self, request: Request) -> Answer:
        """Raises SearchUnavailable when there is no readable answer in time."""
        if time.monotonic() < self._resting_until:
            raise SearchUnavailable("resting after failures")
        try:
            async with asyncio.timeout(self._timeout_s), self._turns:
                answer = await self._conduct(steps(request))
        except (aiohttp.ClientError, OSError, *_UNREADABLE) as error:
            self._failures += 1
            if self._failures > 1:
                self._resting_until = time.monotonic() + self._rest_s
            raise SearchUnavailable(repr(error)) from error
        self._failures = 0
        return answer

    async def _conduct(self, conductor: Steps) -> Answer:
        try:
            ask = next(conductor)
            while True:
                ask = conductor.send(await self._ask_counted(ask))
        except StopIteration as finished:
            answer: Answer = finished.value
            return answer

    async def _ask_counted(self, ask: Ask) -> Found:
        """Ask, with counts from memory where the same things were counted a moment ago."""
        if not ask.facets:
            return await self.ask(ask)
        key = counted_set(ask)
        counts = self._counts.get(key)
        if counts is None:
            found = await self.ask(ask)
            self._counts.put(key, found.facets)
            return found
        return replace(await self.ask(replace(ask, facets=())), facets=counts)

    def forget_counts(self) -> None:
        """The index has changed."""
        self._counts.clear()

    async def ask(self, ask: Ask) -> Found:
        path = f"/indexes/{uid_of(ask.kind)}/search"
        body = to_json(request_body(ask))
        async with self._session.post(path, data=body, headers=_JSON) as answer:
            content = await answer.read()
        if answer.status != HTTPStatus.OK:
            raise ValueError(f"{answer.status} {content[:200]!r}")
        body = from_json(content)
        facets = _facets(body["facetDistribution"][CODES], ask.facets) if ask.facets else {}
        hits = from_json(f"[{','.join(hit['hit'] for hit in body['hits'])}]")
        return Found(int(body["estimatedTotalHits"]), hits, facets)

    async def warm_up(self, kind: str) -> None:
        """Ask once without a hurry: the first Japanese question loads the server's dictionary."""
        try:
            async with asyncio.timeout(_WARM_UP_S):
                await self.ask(Ask(kind, ("東京",)))
        except (aiohttp.ClientError, OSError, *_UNREADABLE) as error:
            raise SearchUnavailable(repr(error)) from error

    async def close(self) -> None:
        await self._session.close()


class _Counts:
    """Facet counts by what was counted, for a while: they cost more than the search itself."""

    def __init__(self, most: int = 500, keep_s: float = 30.0) -> None:
        self._kept: OrderedDict[object, tuple[float, Facets]] = OrderedDict()
        self._most, self._keep_s = most, keep_s

    def get(self, key: object) -> Facets | None:
        until, counts = self._kept.get(key, (0.0, None))
        return counts if until > time.monotonic() else None

    def put(self, key: object, counts: Facets) -> None:
        self._kept[key] = (time.monotonic() + self._keep_s, counts)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        self._kept.clear()


def counted_set(ask: Ask) -> object:
    """What decides which documents match: where not every word must, the first one alone."""
    words = ask.words if ask.every else ask.words[:1]
    half_typed = len(ask.words) == 1
    filters = tuple(sorted(ask.filters.codes.items()))
    return (ask.kind, ask.group, words, ask.every, half_typed, filters, ask.filters.near,
            ask.filters.radius_km, ask.facets)  # fmt: skip


def _facets(counts: Mapping[str, int], wanted: Sequence[str]) -> Facets:
    facets: dict[str, dict[str, int]] = {name: {} for name in wanted}
    for value, number in counts.items():
        name, _, code = value.partition("=")
        if name in facets:
            facets[name][code] = number
    return facets


def uid_of(kind: str) -> str:
    """The index that holds documents of a kind."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def request_body(ask: Ask) -> dict[str, Any]:
    """What Meilisearch is sent for an ask."""
    body: dict[str, Any] = {
        "q": " ".join(ask.words),
        "attributesToSearchOn": GROUPS[ask.group],
        "matchingStrategy": "all" if ask.every else "last",
        "attributesToRetrieve": ["hit"],
        "offset": ask.offset,
        "limit": ask.limit,
    }
    if conditions := _filter(ask):
        body["filter"] = conditions
    if ask.facets:
        body["facets"] = [CODES]
    if ask.sort == "updated" or (ask.sort == "relevance" and not ask.words):
        body["sort"] = ["updated_at:desc"]
    elif ask.sort == "distance" and ask.filters.near:
        latitude, longitude = ask.filters.near
        body["sort"] = [f"_geoPoint({latitude:.6f},{longitude:.6f}):asc"]
    return body


def _filter(ask: Ask) -> list[str]:
    conditions = [
        f"{CODES} IN [{','.join(_quoted(code_of(name, code)) for code in codes)}]"
        for name, codes in ask.filters.codes.items()
        if codes
    ]
    if ask.filters.near and ask.filters.radius_km is not None:
        latitude, longitude = ask.filters.near
        metres = round(ask.filters.radius_km * 1000)
        conditions.append(f"_geoRadius({latitude:.6f},{longitude:.6f},{metres})")
    if ask.without:
        conditions.append(f"id NOT IN [{','.join(map(_quoted, ask.without))}]")
    return conditions


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
