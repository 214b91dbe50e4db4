"""Which engine answers: Meilisearch when it can, the embedded one when it cannot.

Nobody else knows which.
"""

import threading

from starlette.concurrency import run_in_threadpool

from app.core.errors import Unavailable
from app.discovery.shelves import SHELVES
from app.settings import Settings
from search import (
    Answer,
    EmbeddedIndex,
    Index,
    MeiliIndex,
    MeiliSearcher,
    Request,
    SearchUnavailable,
)
from search.local import LocalMeilisearch, Say

MEILISEARCH = "meilisearch"


class SearchDown(Unavailable):
    """Neither engine answers."""

    code = "search_unavailable"
    title = "ただいま検索できません"


class Engines:
    """The engines of this installation.

    Each has an index of every kind of documents. `feeders` are for the one thread that keeps the
    indexes in step; `answer` is for the event loop. `meili_holds` names the kinds of which
    Meilisearch holds everything, so that a half-built index never answers. `local`: a server of
    our own that was started before.
    """

    def __init__(
        self,
        settings: Settings,
        say: Say = lambda _: None,
        *,
        local: LocalMeilisearch | None = None,
    ) -> None:
        self._settings = settings
        self.embedded = {kind: EmbeddedIndex(settings.embedded_path, kind) for kind in SHELVES}
        self._local = local
        if settings.runs_meilisearch and local is None:
            self._local = LocalMeilisearch(settings.data_dir, say)
        self._target: tuple[str, str] | None = None
        self._searcher: MeiliSearcher | None = None
        self._searching: tuple[str, str] | None = None
        self.meili_holds: frozenset[str] = frozenset()
        self._changed = threading.Event()

    @property
    def uses_meili(self) -> bool:
        return self._settings.search == "auto"

    @property
    def meili_ready(self) -> bool:
        """Whether Meilisearch answers whatever is asked."""
        return self.meili_holds >= SHELVES.keys()

    # -------------------------------------------------------------------------- for the feeder

    def feeders(self) -> list[Index]:
        """The indexes that can be fed now; brings a local Meilisearch back when it has died."""
        return [*self.embedded.values(), *self.meili().values()]

    def meili(self) -> dict[str, MeiliIndex]:
        """The indexes of Meilisearch by kind, once it answers; none when there is none."""
        address = self._address()
        if address is None:
            return {}
        indexes = {kind: MeiliIndex(*address, kind) for kind in SHELVES}
        if self._target is None or self._target[0] != address[0]:
            try:
                self._target = (address[0], next(iter(indexes.values())).search_key())
            except SearchUnavailable:
                return {}
        return indexes

    def _address(self) -> tuple[str, str] | None:
        if not self.uses_meili:
            return None
        if self._local is None:
            return self._settings.meili_url, self._settings.meili_key.get_secret_value()
        url = self._local.ensure()
        return (url, self._local.key) if url else None

    def stop(self) -> None:
        """End a Meilisearch of our own."""
        if self._local:
            self._local.stop()

    # ---------------------------------------------------------------------- for the event loop

    def prepare(self) -> None:
        """Whoever asks before anything is indexed finds nothing rather than an error."""
        for index in self.embedded.values():
            index.prepare()

    async def answer(self, request: Request) -> tuple[Answer, bool]:
        """The answer and whether Meilisearch did not give it. Raises SearchDown when nobody can."""
        if request.kind in self.meili_holds:
            try:
                searcher = await self._current()
                return await searcher.answer(request), False
            except SearchUnavailable:
                pass
        try:
            return await run_in_threadpool(self.embedded[request.kind].answer, request), True
        except SearchUnavailable as error:
            raise SearchDown from error

    def changed(self) -> None:
        """The indexes hold something new: what was counted before no longer holds."""
        self._changed.set()

    async def _current(self) -> MeiliSearcher:
        if self._searcher is None or self._searching != self._target:
            if self._target is None:
                raise SearchUnavailable("no server yet")
            if self._searcher:
                await self._searcher.close()
            self._searching = self._target
            self._searcher = MeiliSearcher(*self._target)
        if self._changed.is_set():
            self._changed.clear()
            self._searcher.forget_counts()
        return self._searcher

    async def warm_up(self) -> None:
        for kind in self.meili_holds:
            await (await self._current()).warm_up(kind)

    async def close(self) -> None:
        if self._searcher:
            await self._searcher.close()
