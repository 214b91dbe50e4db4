"""A whole import: read, check, keep, index."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy.exc import IntegrityError

from app.core.db import Database, WriteSession
from app.core.errors import Invalid, StaleVersion
from app.intake.actions import Outcome, apply_batch
from app.intake.needs import apply_needs, find_organisations
from app.intake.rules import (
    IMPORTER,
    CityLists,
    Incoming,
    IncomingNeed,
    UnknownCode,
    with_codes,
)
from app.intake.sources import (
    SourceFormat,
    groups_csv,
    houjin_bangou,
    kodomo_shokudo,
    opportunities_csv,
)
from app.intake.tables import Row, RowError, Table, UnreadableFile, open_table
from app.organisations.queries import list_offices, list_schemes, list_stages

FORMATS = {
    format_.name: format_
    for format_ in (
        groups_csv.FORMAT,
        kodomo_shokudo.FORMAT,
        houjin_bangou.FORMAT,
        opportunities_csv.FORMAT,
    )
}
_BATCH = 500
Progress = Callable[[int], None]
Said = Incoming | IncomingNeed
T = TypeVar("T")


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
    batch: list[Said],
    actor: str,
    report: Report,
) -> None:
    try:
        outcome = _attempt(begin, batch, actor)
    except (IntegrityError, Invalid) as error:
        reason = _reason(error)
        if len(batch) == 1:
            report.errors.append(RowError(batch[0].row, "", "", reason))
            report.refused += 1
            return
        for incoming in batch:  # find the row, keep the others
            _apply(begin, [incoming], actor, report)
    else:
        report.outcome.add(outcome)


def _reason(error: IntegrityError | Invalid) -> str:
    """What is wrong with a row that only the registry could tell."""
    if isinstance(error, Invalid):
        return error.errors[0].message if error.errors else error.detail
    if "unique" not in str(error.orig).lower():
        raise error
    return "法人番号または登録番号が、ほかの団体と重なっています。"


def _attempt(
    begin: Callable[[], AbstractContextManager[WriteSession]], batch: list[Said], actor: str
) -> Outcome:
    """Once more where somebody edited one of them in between. Raises StaleVersion after that."""
    try:
        with begin() as session:
            return _applied(session, batch, actor)
    except StaleVersion:
        with begin() as session:
            return _applied(session, batch, actor)


def _applied(session: WriteSession, batch: list[Said], actor: str) -> Outcome:
    """What became of rows of organisations and of needs; a format brings one of the two."""
    needs = [said for said in batch if isinstance(said, IncomingNeed)]
    organisations = [said for said in batch if isinstance(said, Incoming)]
    outcome = Outcome()
    if organisations:
        outcome.add(apply_batch(session, batch=organisations, actor=actor))
    if needs:
        outcome.add(apply_needs(session, batch=needs, actor=actor))
    return outcome


def _read(
    database: Database, format_: SourceFormat, table: Table, progress: Progress, report: Report
) -> Iterator[Said]:
    """The good rows, in the city's own codes; the others go to the report."""
    lists = _city_lists(database)
    for items in _batches(format_.read(_tracked(table, progress, report))):
        with_owners = _with_organisations(database, items)
        for item in with_owners:
            resolved = _resolved(item, lists) if isinstance(item, Incoming) else item
            if isinstance(resolved, RowError):
                report.refused += 1
                report.errors.append(resolved)
            else:
                yield resolved


def _with_organisations(
    database: Database, items: list[Said | RowError]
) -> Iterator[Said | RowError]:
    """The needs among them with their organisation, or why they have none."""
    needs = [item for item in items if isinstance(item, IncomingNeed)]
    if not needs:
        yield from items
        return
    with database.read() as session:
        known = find_organisations(session, {need.organisation for need in needs})
    for item in items:
        yield _owned(item, known) if isinstance(item, IncomingNeed) else item


def _owned(need: IncomingNeed, known: Mapping[str, set[uuid.UUID]]) -> IncomingNeed | RowError:
    owners = known.get(need.organisation, set())
    if len(owners) == 1:
        return replace(need, organisation_id=next(iter(owners)))
    reason = "このIDの団体が複数あります。" if owners else "このIDの団体は取り込まれていません。"
    return RowError(need.row, "団体外部ID", need.organisation, reason)


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


def _renamed(read: Iterable[Said], source: str | None) -> Iterator[Said]:
    for incoming in read:
        yield incoming.renamed(source) if source else incoming


def _batches(read: Iterable[T]) -> Iterator[list[T]]:
    batch: list[T] = []
    for incoming in read:
        batch.append(incoming)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
