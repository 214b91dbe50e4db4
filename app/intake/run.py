"""A whole import: read, check, keep, index."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import IntegrityError

from app.core.db import Database, WriteSession
from app.core.errors import StaleVersion
from app.intake.actions import Outcome, apply_batch
from app.intake.rules import IMPORTER, CityLists, Incoming, UnknownCode, with_codes
from app.intake.sources import SourceFormat, groups_csv, houjin_bangou, kodomo_shokudo
from app.intake.tables import Row, RowError, Table, UnreadableFile, open_table
from app.organisations.queries import list_offices, list_schemes, list_stages

FORMATS = {
    format_.name: format_
    for format_ in (groups_csv.FORMAT, kodomo_shokudo.FORMAT, houjin_bangou.FORMAT)
}
_BATCH = 500
Progress = Callable[[int], None]


class Feed(Protocol):
    """Whoever makes the rows searchable while and after they are kept."""

    def step(self) -> object: ...


@dataclass
class Report:
    """What an import did; `errors` are the rows it could not keep."""

    format: str
    rows: int = 0
    refused: int = 0
    outcome: Outcome = field(default_factory=Outcome)
    errors: list[RowError] = field(default_factory=list)

    def counts(self) -> dict[str, int | str]:
        return {
            "format": self.format,
            "rows": self.rows,
            **asdict(self.outcome),
            "refused": self.refused,
        }


def open_import(format_name: str, path: Path) -> tuple[SourceFormat, Table]:
    """The format and the file's table. Raises UnreadableFile."""
    format_ = FORMATS[format_name]
    problems = []
    for required in format_.alternatives:
        try:
            return format_, open_table(path, required, format_.understood)
        except UnreadableFile as error:
            problems.append(error)
    raise problems[0]


def check(database: Database, format_: SourceFormat, table: Table, progress: Progress) -> Report:
    """What an import would find wrong, without keeping anything."""
    report = Report(format_.name)
    for _ in _read(database, format_, table, progress, report):
        report.outcome.kept += 1
    return report


def keep(
    database: Database,
    format_: SourceFormat,
    table: Table,
    *,
    source: str | None = None,
    progress: Progress,
    feed: Feed | None = None,
    report: Report | None = None,
) -> Report:
    """Keep every good row, in batches that are each kept as a whole.

    Where it is interrupted, a `report` of the caller's says what has been kept so far.
    """
    report = report or Report(format_.name)
    actor = IMPORTER + (source or format_.name)
    read = _read(database, format_, table, progress, report)
    for batch in _batches(_renamed(read, source)):
        _apply(database.write, batch, actor, report)
        if feed:
            feed.step()
    return report


def keep_all(
    database: Database,
    format_: SourceFormat,
    table: Table,
    *,
    source: str | None = None,
    progress: Progress,
) -> Report:
    """Keep every row in one transaction; where one is refused, nothing (the report's errors)."""
    report = Report(format_.name)
    actor = IMPORTER + (source or format_.name)
    read = _read(database, format_, table, progress, report)
    with database.write() as session:
        for batch in _batches(_renamed(read, source)):
            _apply(lambda: _part(session), batch, actor, report)
        if report.errors:
            session.rollback()
            report.outcome = Outcome()
    return report


@contextmanager
def _part(session: WriteSession) -> Iterator[WriteSession]:
    """A part of a transaction that may fail by itself; what was read for it is forgotten."""
    try:
        with session.begin_nested():
            yield session
    finally:
        session.expunge_all()


def _apply(
    begin: Callable[[], AbstractContextManager[WriteSession]],
    batch: list[Incoming],
    actor: str,
    report: Report,
) -> None:
    try:
        outcome = _attempt(begin, batch, actor)
    except IntegrityError as error:
        if "unique" not in str(error.orig).lower():
            raise
        # Something that must be unique is not: find the row, keep the others.
        if len(batch) == 1:
            reason = "法人番号または登録番号が、ほかの団体と重なっています。"
            report.errors.append(RowError(batch[0].row, "", "", reason))
            report.refused += 1
            return
        for incoming in batch:
            _apply(begin, [incoming], actor, report)
    else:
        report.outcome.add(outcome)


def _attempt(
    begin: Callable[[], AbstractContextManager[WriteSession]], batch: list[Incoming], actor: str
) -> Outcome:
    """Once more where somebody edited one of them in between. Raises StaleVersion after that."""
    try:
        with begin() as session:
            return apply_batch(session, batch=batch, actor=actor)
    except StaleVersion:
        with begin() as session:
            return apply_batch(session, batch=batch, actor=actor)


def _read(
    database: Database, format_: SourceFormat, table: Table, progress: Progress, report: Report
) -> Iterator[Incoming]:
    """The good rows, in the city's own codes; the others go to the report."""
    lists = _city_lists(database)
    for item in format_.read(_tracked(table, progress, report)):
        resolved = item if isinstance(item, RowError) else _resolved(item, lists)
        if isinstance(resolved, RowError):
            report.refused += 1
            report.errors.append(resolved)
        else:
            yield resolved


# Fields of the city's own lists → their column, and the list's name.
_COLUMNS = {
    "stage": ("ステージ", "ステージ"),
    "office": ("担当窓口", "担当窓口"),
    "registrations": ("登録", "登録制度"),
}


def _resolved(incoming: Incoming, lists: CityLists) -> Incoming | RowError:
    try:
        said = with_codes(incoming.said, lists)
    except UnknownCode as error:
        column, list_ = _COLUMNS[error.field]
        return RowError(incoming.row, column, error.written, f"{list_}の一覧にありません。")
    return replace(incoming, said=said)


def _city_lists(database: Database) -> CityLists:
    with database.read() as session:
        return CityLists(
            {key: s.code for s in list_stages(session) for key in (s.code, s.label)},
            {key: o.code for o in list_offices(session) for key in (o.code, o.name)},
            {key: s.code for s in list_schemes(session) for key in (s.code, s.name)},
        )


def _tracked(table: Table, progress: Progress, report: Report) -> Iterator[Row | RowError]:
    for row in table.rows():
        report.rows += 1
        progress(1)
        yield row


def _renamed(read: Iterable[Incoming], source: str | None) -> Iterator[Incoming]:
    for incoming in read:
        yield incoming.renamed(source) if source else incoming


def _batches(read: Iterable[Incoming]) -> Iterator[list[Incoming]]:
    batch: list[Incoming] = []
    for incoming in read:
        batch.append(incoming)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
