"""`musubi`: run, import, keep in step.

Sentences for people go to standard error, results to standard output. Each command imports what it
needs: most of the time of a restart is reading Python, and `serve` lets Meilisearch start before
that.

Doors of its own: `run` (everything on one machine), `process` (what every command needs first),
`telling` (words for whoever typed it), `demo` (the invented city).
"""

import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from pydantic import ValidationError

from app.cli.telling import Failure, bars, fail, say
from app.core.errors import DomainError
from app.core.logs import configure_logs
from app.settings import Settings
from search import Index, SearchUnavailable
from search.local import LocalMeilisearch

if TYPE_CHECKING:
    from app.intake.run import Report

app = typer.Typer(
    help="結び: まちの団体の登録と検索", no_args_is_help=True, pretty_exceptions_enable=False
)
_LOCK_S = 60
_SHOWN_ERRORS = 200


def main() -> None:
    """The entry of the command line: a known failure is one sentence and exit code 2."""
    configure_logs()
    try:
        app()
    except Failure as failure:
        say(str(failure))
    except DomainError as error:
        say(f"{error.title}: {error.detail}")
    except ValidationError as error:
        say(f"設定 {_variables(error)} の値が正しくありません。")
    sys.exit(2)


def _variables(error: ValidationError) -> str:
    names = dict.fromkeys(f"MUSUBI_{problem['loc'][0]}".upper() for problem in error.errors())
    return "、".join(names)


@app.command()
def run(port: Annotated[int, typer.Option(help="待ち受けるポート")] = 8000) -> None:
    """準備から起動まで、すべてをこの1台で行う。"""
    from app.cli.run import run_everything

    run_everything(Settings(), port)


@app.command()
def serve(
    port: int = 8000,
    host: Annotated[str, typer.Option(help="既定ではこの機械からだけ使える")] = "127.0.0.1",
) -> None:
    """サービスだけを起動する（本番用）。"""
    settings = Settings()
    meilisearch = LocalMeilisearch(settings.data_dir) if settings.runs_meilisearch else None
    if meilisearch and meilisearch.has_run:
        with suppress(OSError):  # which is told later, in a sentence
            meilisearch.ensure()
            # It reads its dictionary while Python reads what follows.
            Thread(target=meilisearch.read_dictionary, daemon=True).start()
    import uvicorn

    from app.cli.process import open_database
    from app.discovery.engines import Engines
    from app.main import create_app

    engines = Engines(settings, local=meilisearch)
    try:
        open_database(settings).close()
        app = create_app(settings, engines)
        uvicorn.run(app, host=host, port=port, access_log=False)
    finally:
        engines.stop()


@app.command()
def worker() -> None:
    """検索の索引を台帳に合わせ続ける（本番用）。"""
    from app.cli.process import open_database
    from app.discovery.engines import Engines
    from app.discovery.sync import Keeper
    from app.matching.nightly import NightWatch

    settings = Settings()
    database, engines = open_database(settings), Engines(settings, say)
    watch = NightWatch(database)
    watch.start()
    try:
        Keeper(database, engines).run()
    except KeyboardInterrupt:
        pass
    finally:
        watch.end()
        engines.stop()
        database.close()


@app.command()
def nightly() -> None:
    """夜の数え直し（見られた回数、言葉、期限）をいま行う。"""
    from app.cli.process import open_database
    from app.core import clock
    from app.matching.nightly import LOCK, run_nightly

    database = open_database(Settings())
    with database.lock(LOCK) as mine:
        if mine:
            run_nightly(database, clock.now())
    database.close()
    if not mine:
        fail("ほかの処理が数え直しています。少し待ってからお試しください。")
    say("数え直しました。")


@app.command()
def migrate() -> None:
    """データベースを最新の形にする。"""
    from app.cli.process import migrate_database

    migrate_database(Settings())
    say("データベースは最新です。")


@app.command()
def reindex() -> None:
    """索引を作り直し、検索を止めずに入れ替える。"""
    from app.cli.process import open_database, prepare_for_much
    from app.discovery.engines import Engines
    from app.discovery.sync import rebuild, waiting_lock

    prepare_for_much()
    settings = Settings()
    database, engines = open_database(settings), Engines(settings, say)
    try:
        indexes = engines.feeders()
        with waiting_lock(database, _LOCK_S), bars("索引を作り直しています") as progress:
            for index in indexes:
                index.prepare()
            rebuild(database, indexes, progress)
        typer.echo(json.dumps(_by_kind((index, index.count()) for index in indexes)))
    except SearchUnavailable as error:
        fail(f"索引を作り直せませんでした: {error}")
    finally:
        engines.stop()
        database.close()


@app.command()
def reconcile() -> None:
    """索引を台帳と突き合わせ、違いを直す。"""
    from app.cli.process import open_database, prepare_for_much
    from app.discovery.engines import Engines
    from app.discovery.sync import bring_up_to_date, waiting_lock
    from app.discovery.sync import reconcile as reconcile_index

    prepare_for_much()
    settings = Settings()
    database, engines = open_database(settings), Engines(settings, say)
    try:
        drifts = []
        indexes = engines.feeders()
        with waiting_lock(database, _LOCK_S):
            bring_up_to_date(database, indexes)
            for index in indexes:
                with bars(f"{index.name} を突き合わせています") as progress:
                    drifts.append((index, vars(reconcile_index(database, index, progress))))
        typer.echo(json.dumps(_by_kind(drifts)))
    except SearchUnavailable as error:
        fail(f"突き合わせられませんでした: {error}")
    finally:
        engines.stop()
        database.close()


def _by_kind(found: Iterable[tuple[Index, object]]) -> dict[str, dict[str, object]]:
    """By engine and kind of document."""
    by_engine: dict[str, dict[str, object]] = {}
    for index, value in found:
        by_engine.setdefault(index.name, {})[index.kind] = value
    return by_engine


@app.command()
def template(format_name: Annotated[str, typer.Argument(metavar="FORMAT")]) -> None:
    """取り込みファイルの見出しを出力する。"""
    from app.intake.sources import groups_csv, opportunities_csv

    layouts = {source.NAME: source.COLUMNS for source in (groups_csv, opportunities_csv)}
    if format_name not in layouts:
        fail(f"見出しを出力できるのは {'、'.join(layouts)} です。")
    typer.echo(",".join(layouts[format_name]))


@app.command("import")
def import_file(
    format_name: Annotated[
        str, typer.Argument(metavar="FORMAT", help="groups-csv など。まちがえると一覧が出ます")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    dry_run: Annotated[bool, typer.Option(help="確かめるだけで、何も取り込まない")] = False,
    strict: Annotated[bool, typer.Option(help="誤りが1行でもあれば、何も取り込まない")] = False,
    source: Annotated[str | None, typer.Option(help="名簿の名前（既定は FORMAT）")] = None,
) -> None:
    """ファイルの団体や募集を取り込み、検索できるようにする。"""
    from app.cli.process import open_database, prepare_for_much
    from app.discovery.drain import Drain
    from app.discovery.engines import Engines
    from app.discovery.sync import bring_up_to_date, waiting_lock
    from app.intake.run import FORMATS, Report, check, keep, keep_all, open_import

    if format_name not in FORMATS:
        fail(f"FORMAT は次のどれかです: {'、'.join(FORMATS)}")
    prepare_for_much()
    settings = Settings()
    database, report = open_database(settings), Report(format_name)
    try:
        format_, table = open_import(format_name, file)
        if unknown := format_.unknown(table.headings):
            say(f"この書式にない列は読みません: {'、'.join(unknown)}")
        if dry_run or strict:
            with bars("確かめています") as progress:
                checked = check(database, format_, table, progress)
            if dry_run or checked.errors:
                _tell(checked, done=False, indexed=False)
                raise typer.Exit(_exit_code(checked, strict=strict))
        engines = Engines(settings, say)
        try:
            with waiting_lock(database, _LOCK_S):
                indexes = engines.feeders()
                bring_up_to_date(database, indexes)
                drain = Drain(database, indexes)
                # All or nothing is one transaction: nobody else may write in the meantime.
                keep_rows = keep_all if strict else partial(keep, feed=drain, report=report)
                with bars("取り込んでいます") as progress:
                    report = keep_rows(database, format_, table, source=source, progress=progress)
                say("検索できるようにしています…")
                drain.run()
        finally:
            engines.stop()
        _tell(report, done=not (strict and report.refused), indexed=drain.complete)
        raise typer.Exit(_exit_code(report, strict=strict))
    except (DomainError, SearchUnavailable) as error:
        _tell_interrupted(report, error)
    finally:
        database.close()


def _tell_interrupted(report: "Report", error: Exception) -> NoReturn:
    """What stopped an import, and what of it is kept all the same."""
    if not report.outcome.kept:
        _tell_counts(report, done=False, indexed=False)
        fail(f"取り込めませんでした: {error}")
    say(f"途中で止まりました: {error}")
    _tell(report, done=True, indexed=False)
    raise typer.Exit(1)


def _exit_code(report: "Report", *, strict: bool = False) -> int:
    """0 all rows kept, 1 some refused, 2 nothing done."""
    if not report.refused:
        return 0
    return 2 if strict or not report.outcome.kept else 1


def _tell(report: "Report", *, done: bool, indexed: bool) -> None:
    """The rows that were refused, a summary, and the counts as the last line of standard output."""
    for error in report.errors[:_SHOWN_ERRORS]:
        say(str(error))
    if len(report.errors) > _SHOWN_ERRORS:
        say(f"ほかに {len(report.errors) - _SHOWN_ERRORS} 行の誤りがあります。")
    outcome = report.outcome
    if not done:
        say(f"{report.rows}行を確かめました。誤り {report.refused}行。何も取り込んでいません。")
    else:
        say(
            f"{report.rows}行のうち {outcome.kept}行を取り込みました（新規 {outcome.created}、"
            f"更新 {outcome.updated}、終了 {outcome.closed}、再開 {outcome.reopened}、"
            f"変更なし {outcome.unchanged}、提案 {outcome.suggestions}、誤り {report.refused}）。"
        )
        if not indexed:
            say("検索エンジンが応答しないため、検索に出るのは復旧のあとになります。")
    _tell_counts(report, done=done, indexed=indexed)


def _tell_counts(report: "Report", *, done: bool, indexed: bool) -> None:
    typer.echo(json.dumps({**report.counts(), "dry_run": not done, "indexed": indexed}))
