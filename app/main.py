"""The application: rooms, middleware and the life of one process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import State

from app.core import memory
from app.core.db import Database
from app.core.http import (
    API,
    Edge,
    document_problems,
    install_error_handlers,
)
from app.core.logs import configure_logs
from app.core.tokens import ensure_operator_token
from app.discovery import api as discovery_api
from app.discovery import pages as discovery_pages
from app.discovery.engines import Engines
from app.discovery.sync import Keeper
from app.intake import api as intake_api
from app.listings import api as listings_api
from app.listings import shifts_api
from app.matching import api as matching_api
from app.matching import desk_api, erasing  # noqa: F401 - they register themselves
from app.matching import pages as matching_pages
from app.matching.nightly import NightWatch
from app.organisations import api as organisations_api
from app.organisations import pages as organisations_pages
from app.people import api as people_api
from app.settings import Settings
from app.site import api as site_api
from app.site import pages as site_pages
from search import SearchUnavailable
from search.text import tokenize

_STATIC = Path(__file__).resolve().parent / "static"
# Forty threads on two cores halve the throughput.
_THREADS = 4


def create_app(settings: Settings | None = None, engines: Engines | None = None) -> FastAPI:
    """The service for these settings; `engines` when the caller already runs them."""
    settings = settings or Settings()
    configure_logs()
    app = build_routes(settings.allowed_hosts)
    furnish(app, settings, engines)
    return app


def furnish(app: FastAPI, settings: Settings, engines: Engines | None = None) -> None:
    """Give the routes what they work with."""
    app.state = State()
    app.state.settings = settings
    app.state.database = Database(settings)
    app.state.engines = engines or Engines(settings)
    app.state.ends_engines = engines is None
    app.state.operator_token = ensure_operator_token(settings.operator_token_path)


@contextlib.asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    tokenize("東京")  # loads the dictionary now rather than in the first search
    with contextlib.suppress(SearchUnavailable):
        app.state.engines.prepare()
    keeper = Keeper(app.state.database, app.state.engines)
    keeper.start()
    watch = NightWatch(app.state.database, partial(matching_api.keep_market, app))
    watch.start()
    with contextlib.suppress(SearchUnavailable):
        await app.state.engines.warm_up()
    memory.settle()
    yield
    await anyio.to_thread.run_sync(keeper.end)
    await anyio.to_thread.run_sync(watch.end)
    await app.state.engines.close()
    if app.state.ends_engines:
        app.state.engines.stop()
    app.state.database.close()


def build_routes(hosts: Sequence[str]) -> FastAPI:
    """Every route and what each request passes through, for a service of these names."""
    app = FastAPI(
        title="結び Musubi",
        description="市民活動団体の登録と検索",
        version="1",
        lifespan=_life,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        docs_url=None,
        openapi_url=f"{API}/openapi.json",
        redoc_url=None,
        redirect_slashes=False,  # it would lead to whatever host the caller named
        responses={
            422: {"description": "入力に誤りがある"},
            503: {"description": "一時的に使えない"},
        },
    )
    install_error_handlers(app)
    document_problems(app)
    # The busiest first: routes are tried in turn.
    for router in (
        discovery_api.router,
        organisations_api.one,
        organisations_api.router,
        listings_api.needs,
        listings_api.offers,
        shifts_api.router,
        matching_api.router,
        people_api.router,
        intake_api.router,
        site_api.router,
    ):
        app.include_router(router, prefix=API)
    for router in (
        site_api.health,
        site_pages.router,
        discovery_pages.router,
        organisations_pages.router,
        matching_pages.router,
    ):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(Edge, hosts=hosts)
    return app
