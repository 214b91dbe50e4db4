"""Lists of needs into the registry: once, whole, and never over what people have edited."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, update
from sqlmodel import func, select

from app.core.changes import Change
from app.core.clock import now, today
from app.core.db import Database
from app.intake.run import Report, check, keep_all, open_import
from app.listings.actions import expire_listings, move_listing, update_listing
from app.listings.models import Listing
from app.listings.queries import list_ids, list_records
from app.listings.records import ListingRecord
from app.vocabulary.listings import ListingStatus
from tests.intake.conftest import Rows, write_csv

Say = Callable[..., Report]
NEEDS = "opportunities-csv"
GROUPS = [{"外部ID": "g1", "団体名": "ひまわりの会"}, {"外部ID": "g2", "団体名": "すみれの会"}]


def row(number: int = 1, group: str = "g1", **cells: str) -> dict[str, str]:
    named = {"外部ID": f"n{number}", "団体外部ID": group, "件名": f"お手伝い{number}"}
    return {**named, "定員": "9", **cells}


@pytest.fixture
def groups(say: Say) -> Report:
    return say("groups-csv", GROUPS)


@pytest.fixture
def needs(database: Database) -> Callable[[], list[ListingRecord]]:
    def needs() -> list[ListingRecord]:
        with database.read() as session:
            return list_records(session, list_ids(session, after=None, limit=1000))

    return needs


@pytest.fixture
def changes(database: Database) -> Callable[[], int]:
    def changes() -> int:
        with database.read() as session:
            return session.exec(select(func.count()).select_from(Change)).one()

    return changes


Needs = Callable[[], list[ListingRecord]]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    seen: list[str] = []

    def note(*sent: Any) -> None:
        seen.append(sent[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("groups")
class TestApply:
    def test_a_new_row_is_a_published_need_of_its_organisation(
        self, say: Say, needs: Needs
    ) -> None:
        report = say(NEEDS, [row(1, 親子="1"), row(2, "g2", 親子="0")])
        assert (report.outcome.created, report.refused) == (2, 0)
        one, two = sorted(needs(), key=lambda need: need.title)
        assert (one.organisation.name, two.organisation.name) == ("ひまわりの会", "すみれの会")
        assert {one.status, two.status} == {ListingStatus.PUBLISHED}
        assert (one.family, two.family) == (True, False)
        assert (one.source, one.source_id, one.entry_method) == (NEEDS, "n1", "import")

    def test_the_same_again_changes_nothing(
        self, say: Say, needs: Needs, changes: Callable[[], int]
    ) -> None:
        say(NEEDS, [row(1), row(2)])
        before = needs(), changes()
        report = say(NEEDS, [row(1), row(2)])
        assert (report.outcome.unchanged, report.outcome.kept) == (2, 2)
        assert (needs(), changes()) == before

    def test_a_changed_row_changes_its_need_alone(self, say: Say, needs: Needs) -> None:
        say(NEEDS, [row(1, 定員="3"), row(2, 定員="3")])
        report = say(NEEDS, [row(1, 定員="5"), row(2, 定員="3")])
        assert (report.outcome.updated, report.outcome.unchanged) == (1, 1)
        found = {need.source_id: (need.quantity, need.version) for need in needs()}
        assert found == {"n1": (5, 2), "n2": (3, 1)}

    def test_what_people_have_edited_stays_where_the_list_says_the_same(
        self, database: Database, say: Say, needs: Needs
    ) -> None:
        say(NEEDS, [row(1, 場所="旧集会所", 定員="3")])
        with database.write() as session:
            values = {"place": "新しい集会所"}
            update_listing(session, id=needs()[0].id, version=None, values=values, actor="係")
        say(NEEDS, [row(1, 場所="旧集会所", 定員="4")])
        (need,) = needs()
        assert (need.place, need.quantity) == ("新しい集会所", 4)

    def test_what_people_have_closed_stays_closed(
        self, database: Database, say: Say, needs: Needs
    ) -> None:
        say(NEEDS, [row(1)])
        with database.write() as session:
            move_listing(session, id=needs()[0].id, move="close", version=None, actor="係")
        say(NEEDS, [row(1, 定員="4")])
        assert needs()[0].status is ListingStatus.CLOSED

    def test_what_is_over_is_not_published_and_comes_back_with_a_new_date(
        self, database: Database, say: Say, needs: Needs
    ) -> None:
        say(NEEDS, [row(1, 締切=(today() - timedelta(days=1)).isoformat())])
        assert needs()[0].status is ListingStatus.EXPIRED
        say(NEEDS, [row(1, 締切=(today() + timedelta(days=9)).isoformat())])
        assert needs()[0].status is ListingStatus.PUBLISHED
        with database.write() as session:
            assert expire_listings(session, today(), now()) == 0

    def test_what_has_lost_its_number_meanwhile_keeps_no_other_out(
        self, database: Database, say: Say, needs: Needs
    ) -> None:
        say(NEEDS, [row(1, 締切=(today() - timedelta(days=1)).isoformat())])
        with database.write() as session:
            session.execute(update(Listing).values(quantity=None))
        later = (today() + timedelta(days=9)).isoformat()
        report = say(NEEDS, [row(1, 締切=later), row(2)])
        (error,) = report.errors
        assert "人数" in error.reason
        assert [need.status for need in needs()] == [ListingStatus.EXPIRED, ListingStatus.PUBLISHED]

    def test_a_row_that_cannot_be_kept_keeps_no_other_out(self, say: Say, needs: Needs) -> None:
        say(NEEDS, [row(1), row(2)])
        report = say(NEEDS, [row(1, 種類="物品", 定員="2"), row(2, 種類="人手", 定員="2")])
        (error,) = report.errors
        assert "変えられません" in error.reason
        assert {need.source_id: need.quantity for need in needs()} == {"n1": 9, "n2": 2}


class TestOrganisations:
    @pytest.mark.usefixtures("groups")
    def test_an_unknown_one_is_a_sentence(self, say: Say, needs: Needs) -> None:
        report = say(NEEDS, [row(1), row(2, "nobody")])
        (error,) = report.errors
        assert (error.row, error.column, error.value) == (3, "団体外部ID", "nobody")
        assert "取り込まれていません" in error.reason
        assert [need.source_id for need in needs()] == ["n1"]

    def test_any_list_will_do_and_the_citys_own_comes_first(self, say: Say, needs: Needs) -> None:
        say("groups-csv", [{"外部ID": "g1", "団体名": "別の名簿の会"}], source="demo")
        say(NEEDS, [row(1)])
        say("groups-csv", [{"外部ID": "g1", "団体名": "ひまわりの会"}])
        say(NEEDS, [row(2)])
        assert [need.organisation.name for need in needs()] == ["別の名簿の会", "ひまわりの会"]

    def test_two_of_one_id_are_a_sentence(self, say: Say, needs: Needs) -> None:
        for source in ("one", "other"):
            say("groups-csv", [{"外部ID": "g1", "団体名": f"{source}の会"}], source=source)
        (error,) = say(NEEDS, [row(1)]).errors
        assert "複数" in error.reason
        assert needs() == []


@pytest.mark.usefixtures("groups")
class TestFile:
    def test_a_repeated_id_is_refused(self, say: Say) -> None:
        report = say(NEEDS, [row(1), row(1)])
        assert (report.outcome.created, report.refused) == (1, 1)
        assert "2行目と同じ" in report.errors[0].reason

    def test_check_finds_the_same_and_keeps_nothing(
        self, database: Database, tmp_path: Any, needs: Needs
    ) -> None:
        rows: Rows = [row(1), row(2, "nobody"), row(3)]
        format_, table = open_import(NEEDS, write_csv(tmp_path / "file.csv", rows))
        report = check(database, format_, table, lambda _: None)
        assert (report.rows, report.refused, report.outcome.kept) == (3, 1, 2)
        assert needs() == []

    def test_all_or_nothing(self, database: Database, tmp_path: Any, needs: Needs) -> None:
        rows: Rows = [row(1), row(2, "nobody")]
        format_, table = open_import(NEEDS, write_csv(tmp_path / "file.csv", rows))
        report = keep_all(database, format_, table, progress=lambda _: None)
        assert report.refused == 1
        assert needs() == []

    def test_more_rows_take_no_more_statements(self, say: Say) -> None:
        """But for the change log, which SQLite numbers row by row."""
        counts = []
        for first, size in ((0, 10), (10, 200)):
            with statements() as seen:
                say(NEEDS, [row(number) for number in range(first, first + size)])
            counts.append(sum("INTO change" not in statement for statement in seen))
        assert counts[1] == counts[0]
