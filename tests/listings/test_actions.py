"""Making, changing, moving and ending needs and offers."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlmodel import col, func, select

from app.core.changes import Change, Waiting
from app.core.db import Database, WriteSession
from app.core.errors import DomainError, Invalid, NotFound, StaleVersion
from app.listings.actions import (
    create_listing,
    create_listings,
    expire_listings,
    move_listing,
    publish_listing,
    unsaved_listing,
    update_listing,
)
from app.listings.models import Listing, WordCount
from app.listings.queries import get_listing
from app.listings.records import ListingRecord
from app.listings.rows import Draft
from app.listings.rules import ListingOver, MoveNotAllowed, OrganisationNotPublished
from app.organisations.actions import (
    create_organisation,
    publish_organisation,
    suspend_organisation,
)
from app.vocabulary.listings import ListingStatus, Side

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
WORDS = {"kind": "people", "title": "絵本の読み聞かせ", "quantity": 10}


@pytest.fixture
def owner(database: Database) -> uuid.UUID:
    """A published organisation."""
    with database.write() as session:
        made = create_organisation(session, values={"name": "ひまわりの会"}, actor="係")
        return publish_organisation(session, id=made.id, version=None, actor="係").id


def new(database: Database, owner: uuid.UUID, **values: Any) -> ListingRecord:
    with database.write() as session:
        values = {**WORDS, "organisation_id": str(owner), **values}
        return create_listing(session, side=Side.NEED, values=values, actor="係")


def change(database: Database, made: ListingRecord, **values: Any) -> ListingRecord:
    with database.write() as session:
        return update_listing(
            session, id=made.id, version=made.version, values=values, actor="別の係"
        )


def publish(database: Database, made: ListingRecord, today: date = TODAY) -> ListingRecord:
    with database.write() as session:
        return publish_listing(session, id=made.id, version=None, actor="係", today=today)


def move(database: Database, made: ListingRecord, name: str) -> ListingRecord:
    with database.write() as session:
        return move_listing(session, id=made.id, move=name, version=None, actor="係")


def history(database: Database, id_: uuid.UUID) -> list[tuple[str, str, dict[str, Any]]]:
    with database.read() as session:
        found = select(Change).where(col(Change.entity_id) == str(id_)).order_by(col(Change.id))
        return [(each.action, each.actor, each.details) for each in session.exec(found)]


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


class TestCreateListing:
    def test_makes_a_draft_with_its_words_and_history(
        self, database: Database, owner: uuid.UUID
    ) -> None:
        made = new(database, owner, fields=[2], quantity=3)
        assert (made.status, made.version, made.side) == (ListingStatus.DRAFT, 1, Side.NEED)
        assert made.organisation.name == "ひまわりの会"
        assert set(made.words) == {"絵本", "読み聞かせ"}
        assert (made.open_quantity, made.published_at) == (3, None)
        assert history(database, made.id) == [("create", "係", {})]

    def test_every_engine_hears_of_it(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner)
        with database.read() as session:
            waiting = select(Waiting).where(col(Waiting.entity_id) == str(made.id))
            assert {row.kind for row in session.exec(waiting)} == {"listing"}

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"organisation_id": str(uuid.uuid4())}, "body.organisation_id"),
            ({"stages": ["launch", "x"]}, "body.stages"),
            ({"min_age": 2, "max_age": 1}, "body.max_age"),
        ],
    )
    def test_refuses_what_cannot_be_and_keeps_nothing(
        self, database: Database, owner: uuid.UUID, values: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            new(database, owner, **values)
        assert [error.field for error in refused.value.errors] == [field]
        with database.read() as session:
            assert session.exec(select(func.count()).select_from(Listing)).one() == 0


class TestCreateListings:
    def test_takes_as_many_statements_for_many_as_for_few(
        self, database: Database, owner: uuid.UUID
    ) -> None:
        """But for the history, whose numbers SQLite gives one at a time."""

        def create(number: int) -> int:
            drafts = [
                Draft(
                    Side.NEED,
                    {**WORDS, "organisation_id": str(owner), "quantity": n + 1 or None},
                    status=ListingStatus.PUBLISHED,
                    action="import",
                    source="opportunities-csv",
                    source_id=f"{number}-{n}",
                )
                for n in range(number)
            ]
            with database.write() as session, counting(database) as statements:
                create_listings(session, drafts=drafts, actor="取込")
            return len([s for s in statements if "INTO change" not in s])

        assert create(60) == create(2)
        with database.read() as session:
            rows = session.exec(select(Listing)).all()
        assert len(rows) == 62
        assert {row.status for row in rows} == {ListingStatus.PUBLISHED}
        assert all(row.published_at and row.words and row.source_id for row in rows)
        assert history(database, rows[0].id)[0][:2] == ("import", "取込")

    def test_none_is_nothing(self, database: Database) -> None:
        with database.write() as session, counting(database) as statements:
            create_listings(session, drafts=[], actor="取込")
        assert statements == []


class TestUnsavedListing:
    def test_is_what_would_be_made_and_is_not_kept(
        self, database: Database, owner: uuid.UUID
    ) -> None:
        values = {**WORDS, "organisation_id": str(owner), "slots": ["sat-morning"]}
        with database.read() as session:
            seen = unsaved_listing(session, Draft(Side.OFFER, values))
            with pytest.raises(Invalid):
                unsaved_listing(session, Draft(Side.OFFER, {**values, "latitude": 35.0}))
        assert (seen.side, seen.slots, seen.organisation.name) == (
            Side.OFFER,
            ["sat-morning"],
            "ひまわりの会",
        )
        assert set(seen.words) == {"絵本", "読み聞かせ"}
        with database.read() as session, pytest.raises(NotFound):
            get_listing(session, seen.id)


class TestUpdateListing:
    def test_changes_what_is_named_and_tells_what(
        self, database: Database, owner: uuid.UUID
    ) -> None:
        made = new(database, owner, fields=[2], place="図書館", slots=["sat-morning"])
        changed = change(database, made, fields=[2, 13], place=None, slots=["sat-morning"])
        assert (changed.version, changed.fields, changed.place) == (2, [2, 13], None)
        assert changed.slots == ["sat-morning"]
        assert changed.updated_at > made.updated_at
        assert history(database, made.id)[-1] == (
            "update",
            "別の係",
            {"fields": [[2], [2, 13]], "place": ["図書館", None]},
        )

    def test_the_same_again_is_no_change(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner, fields=[2], deadline="2026-12-01")
        assert change(database, made, fields=[2], deadline="2026-12-01") == made
        assert len(history(database, made.id)) == 1

    def test_new_text_has_new_words(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner)
        assert set(change(database, made, title="将棋の相手").words) == {"将棋", "相手"}

    def test_other_values_leave_the_words(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner)
        with database.write() as session:
            session.add(WordCount(word="絵本", listings=50))
        assert change(database, made, minutes=30).words == made.words

    def test_whoever_saw_an_older_one_is_refused(
        self, database: Database, owner: uuid.UUID
    ) -> None:
        made = new(database, owner)
        change(database, made, minutes=30)
        with pytest.raises(StaleVersion):
            change(database, made, minutes=60)

    def test_of_two_at_once_one_is_kept(self, database: Database, owner: uuid.UUID) -> None:
        made, refused, start = new(database, owner), [], Barrier(2)

        def write(minutes: int) -> None:
            start.wait()
            try:
                change(database, made, minutes=minutes)
            except StaleVersion:
                refused.append(minutes)

        threads = [Thread(target=write, args=(minutes,)) for minutes in (30, 60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.read() as session:
            kept = get_listing(session, made.id)
        assert (kept.version, [kept.minutes, *refused]) in ((2, [30, 60]), (2, [60, 30]))

    def test_no_fewer_than_are_promised(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner, quantity=5)
        with database.write() as session:
            session.execute(update(Listing).values(engaged=3))
        assert change(database, made, quantity=3).open_quantity == 0
        with pytest.raises(Invalid) as refused:
            change(database, made.model_copy(update={"version": 2}), quantity=2)
        assert [error.field for error in refused.value.errors] == ["body.quantity"]


class TestPublishListing:
    def test_shows_it_to_everybody(self, database: Database, owner: uuid.UUID) -> None:
        made = publish(database, new(database, owner))
        assert (made.status, made.version) == (ListingStatus.PUBLISHED, 2)
        assert made.published_at
        assert history(database, made.id)[-1] == (
            "publish",
            "係",
            {"status": ["draft", "published"]},
        )

    def test_needs_a_published_organisation(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner)
        with database.write() as session:
            suspend_organisation(session, id=owner, version=None, actor="係")
        with pytest.raises(OrganisationNotPublished):
            publish(database, made)

    def test_needs_time_left(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner, deadline=TODAY.isoformat())
        with pytest.raises(ListingOver):
            publish(database, made, TODAY + timedelta(days=1))
        assert publish(database, made, TODAY).status is ListingStatus.PUBLISHED

    def test_what_expired_comes_back_with_a_new_day(
        self, database: Database, owner: uuid.UUID
    ) -> None:
        made = publish(database, new(database, owner, deadline=TODAY.isoformat()))
        tomorrow = TODAY + timedelta(days=1)
        with database.write() as session:
            assert expire_listings(session, tomorrow, NOW) == 1
            made = get_listing(session, made.id)
        later = change(database, made, deadline=tomorrow.isoformat())
        assert publish(database, later, tomorrow).status is ListingStatus.PUBLISHED

    def test_whose_side_is_asked_for(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner)
        with database.write() as session, pytest.raises(NotFound):
            publish_listing(
                session, id=made.id, side=Side.OFFER, version=None, actor="係", today=TODAY
            )


class TestMoveListing:
    def test_goes_its_way_and_back(self, database: Database, owner: uuid.UUID) -> None:
        made = publish(database, new(database, owner))
        assert move(database, made, "pause").status is ListingStatus.PAUSED
        assert publish(database, made).status is ListingStatus.PUBLISHED
        assert move(database, made, "fulfil").status is ListingStatus.FULFILLED
        closed = move(database, made, "close")
        assert (closed.status, closed.version) == (ListingStatus.CLOSED, 6)
        with pytest.raises(MoveNotAllowed):
            publish(database, made)
        actions = [action for action, _, _ in history(database, made.id)]
        assert actions == ["create", "publish", "pause", "publish", "fulfil", "close"]

    def test_an_older_version_is_refused(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner)
        publish(database, made)
        with database.write() as session, pytest.raises(StaleVersion):
            move_listing(session, id=made.id, move="close", version=made.version, actor="係")


class TestExpireListings:
    @pytest.fixture
    def expire(self, database: Database) -> Callable[[], int]:
        def expire() -> int:
            with database.write() as session:
                return expire_listings(session, TODAY, NOW)

        return expire

    def test_takes_what_is_public_or_paused_and_over(
        self, database: Database, owner: uuid.UUID, expire: Callable[[], int]
    ) -> None:
        before = TODAY - timedelta(days=9)
        past, last = (TODAY - timedelta(days=1)).isoformat(), TODAY.isoformat()
        until = publish(database, new(database, owner, available_until=past), before)
        deadline = publish(database, new(database, owner, deadline=past), before)
        move(database, deadline, "pause")
        kept = [
            publish(database, new(database, owner, deadline=last), before),
            publish(database, new(database, owner)),
            new(database, owner, deadline=past),
            move(database, new(database, owner, deadline=past), "close"),
        ]
        assert expire() == 2
        with database.read() as session:
            after = [get_listing(session, each.id) for each in (until, deadline)]
            assert [get_listing(session, each.id) for each in kept] == kept
        assert {each.status for each in after} == {ListingStatus.EXPIRED}
        assert {each.updated_at for each in after} == {NOW}
        assert after[0].version == until.version + 1
        assert history(database, until.id)[-1] == (
            "expire",
            "system",
            {"status": ["published", "expired"]},
        )
        assert history(database, deadline.id)[-1][2] == {"status": ["paused", "expired"]}
        assert expire() == 0

    def test_takes_many(
        self,
        database: Database,
        owner: uuid.UUID,
        expire: Callable[[], int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("app.listings.actions._BATCH", 2)
        values = {**WORDS, "organisation_id": str(owner), "deadline": "2026-01-01"}
        drafts = [Draft(Side.OFFER, values, status=ListingStatus.PUBLISHED) for _ in range(5)]
        with database.write() as session:
            create_listings(session, drafts=drafts, actor="係")
        assert expire() == 5
        assert expire() == 0


class TestTransaction:
    def test_a_failure_later_keeps_nothing(self, database: Database, owner: uuid.UUID) -> None:
        made = new(database, owner)

        def fail(session: WriteSession) -> None:
            update_listing(session, id=made.id, version=1, values={"minutes": 5}, actor="係")
            raise DomainError("後で失敗")

        with pytest.raises(DomainError), database.write() as session:
            fail(session)
        with database.read() as session:
            assert get_listing(session, made.id) == made
        assert len(history(database, made.id)) == 1
