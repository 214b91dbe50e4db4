"""`musubi run`: everything on one machine, from nothing to a page in the browser."""

import contextlib
import socket

import uvicorn

from app.cli.demo import load_demo
from app.cli.process import migrate_database, open_database
from app.cli.telling import bars, fail, reason, say
from app.core.db import Database
from app.core.tokens import ensure_operator_token
from app.discovery.engines import Engines
from app.discovery.sync import bring_up_to_date, waiting_lock
from app.main import create_app
from app.settings import Settings
from search import SearchError

_LOCK_S = 30


def run_everything(settings: Settings, port: int) -> None:
    """Prepare what is missing, then serve until Ctrl-C. Raises Failure with one sentence."""
    _check_port(port)
    say("データベースを準備しています…")
    migrate_database(settings)
    ensure_operator_token(settings.operator_token_path)
    database = open_database(settings)
    engines = Engines(settings, say)
    try:
        _prepare(settings, database, engines)
        _serve(settings, engines, port)
    except OSError as error:
        fail(f"起動できません: {reason(error)}")
    finally:
        engines.stop()
        database.close()


def _check_port(port: int) -> None:
    if not 0 < port < 65536:
        fail("ポート番号は 1 から 65535 までです。")
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except PermissionError:
        fail(f"ポート {port} を使う権限がありません。PORT=8123 のように変えてください。")
    except OSError:
        fail(f"ポート {port} はほかで使われています。PORT=8123 のように変えてください。")


def _prepare(settings: Settings, database: Database, engines: Engines) -> None:
    say("検索エンジンを準備しています…")
    indexes = engines.feeders()
    try:
        with waiting_lock(database, _LOCK_S):
            with bars("索引を準備しています") as progress:
                bring_up_to_date(database, indexes, progress)
            if settings.demo:
                load_demo(database, indexes)
    except SearchError as error:
        say(f"検索の準備は起動後に続けます（{error}）。")
    if all(index.name == "embedded" for index in indexes):
        say("Meilisearch が使えないため、簡易検索で動きます。")


class _Server(uvicorn.Server):
    """Tells the address once the service answers."""

    def __init__(self, config: uvicorn.Config, sentence: str) -> None:
        super().__init__(config)
        self._sentence = sentence

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            say(self._sentence)


def _serve(settings: Settings, engines: Engines, port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    token = settings.operator_token_path.resolve()
    sentence = (
        f"\n開きました: {address}\n書き込みの合鍵: {token}\n終わるには Ctrl-C を押してください。"
    )
    config = uvicorn.Config(
        create_app(settings, engines),
        host="127.0.0.1",
        port=port,
        access_log=False,
        log_level="warning",
    )
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config, sentence).run()
    say("終わりました。")
