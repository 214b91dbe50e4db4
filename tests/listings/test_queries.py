"""Reading listings: in order, filtered, in few statements, on both databases."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event

from app.core.db import Database
from app.core.errors import InvalidCursor, NotFound
from app.core.paging import encode_cursor
from app.listings.actions import create_listings
from app.listings.queries import (
    ListingFilter,
    count_findable,
    get_listing,
    get_shown,
    list_ids,
    list_ids_of,
    list_records,
    page_listings,
)
from app.listings.rows import Draft
from app.organisations.actions import create_organisations
from app.organisations.rows import Draft as OrganisationDraft
from app.vocabulary.listings import ListingKind, ListingStatus, Side
from app.vocabulary.organisations import Status
from app.vocabulary.skills import Skill

TODAY = date(2026, 11, 21)
Add = Callable[..., uuid.UUID]


@pytest.fixture
def add_owner(database: Database) -> Add:
    """A new organisation's id."""

    def add_owner(
        status: Status = Status.PUBLISHED, *, web: bool | None = None, name: str = "会"
    ) -> uuid.UUID:
        consents = {} if web is None else {"web": web}
        draft = OrganisationDraft({"name": name, "consents": consents}, status=status)
        with database.write() as session:
            create_organisations(session, drafts=[draft], actor="係")
        return draft.id

    return add_owner


@pytest.fixture
def add(database: Database, add_owner: Add) -> Add:
    """A new listing's id; published, of a new published organisation, unless told otherwise."""

    def add(
        side: Side = Side.NEED,
        status: ListingStatus = ListingStatus.PUBLISHED,
        owner: uuid.UUID | None = None,
        **values: Any,
    ) -> uuid.UUID:
        values = {"kind": "people", "title": "手伝い", **values}
        values["organisation_id"] = str(owner or add_owner())
        draft = Draft(side, values, status=status)
        with database.write() as session:
            create_listings(session, drafts=[draft], actor="係")
        return draft.id

    return add


class TestGetListing:
    def test_of_either_side_or_of_one(self, database: Database, add: Add) -> None:
        offer = add(Side.OFFER)
        with database.read() as session:
            assert get_listing(session, offer).id == offer
            assert get_listing(session, offer, side=Side.OFFER).side is Side.OFFER
            with pytest.raises(NotFound, match="この募集は登録されていません。"):
                get_listing(session, offer, side=Side.NEED)
            with pytest.raises(NotFound):
                get_listing(session, uuid.uuid4())

    @pytest.mark.parametrize("status", Status)
    @pytest.mark.parametrize("web", [True, False, None])
    def test_knows_what_the_public_may_know_of_the_organisation(
        self, database: Database, add: Add, add_owner: Add, status: Status, web: bool | None
    ) -> None:
        listing = add(owner=add_owner(status, web=web, name="みどりの会"))
        with database.read() as session:
            owner = get_listing(session, listing).organisation
        assert owner.name == "みどりの会"
        assert owner.findable is (status is Status.PUBLISHED and web is not False)


class TestGetShown:
    def test_an_operator_sees_what_the_public_does_not(self, database: Database, add: Add) -> None:
        draft, published = add(status=ListingStatus.DRAFT), add()
        with database.read() as session:
            assert get_shown(session, draft, operator=True).id == draft
            assert get_shown(session, published, operator=False).id == published
            with pytest.raises(NotFound):
                get_shown(session, draft, operator=False)


class TestListRecords:
    def test_those_that_exist_in_order(self, database: Database, add: Add) -> None:
        made = [add(), add(Side.OFFER), add(status=ListingStatus.DRAFT)]
        with database.read() as session:
            found = list_records(session, [made[2], uuid.uuid4(), made[0], made[1], made[0]])
            assert [record.id for record in found] == made
            assert list_records(session, []) == []


class TestListIds:
    def test_every_need_in_every_state_by_id(self, database: Database, add: Add) -> None:
        made = [add(status=status) for status in ListingStatus]
        add(Side.OFFER)
        with database.read() as session:
            assert list_ids(session, after=None, limit=100) == made
            assert list_ids(session, after=made[1], limit=2) == made[2:4]
            assert list_ids(session, after=made[-1], limit=2) == []

    def test_of_organisations(self, database: Database, add: Add, add_owner: Add) -> None:
        one, other = add_owner(), add_owner()
        made = [add(owner=owner) for owner in (one, other, one)]
        add(Side.OFFER, owner=one)
        with database.read() as session:
            assert list_ids_of(session, [one]) == [made[0], made[2]]
            assert list_ids_of(session, [one, other]) == made
            assert list_ids_of(session, [uuid.uuid4()]) == []
            assert list_ids_of(session, []) == []


class TestCountFindable:
    def test_agrees_with_the_records(self, database: Database, add: Add, add_owner: Add) -> None:
        owners = [
            add_owner(status, web=web) for status, web in product(Status, (True, False, None))
        ]
        days = [None, *((TODAY + timedelta(days=n)).isoformat() for n in (-1, 0, 1))]
        made = [add(owner=owner) for owner in owners]
        made += [add(status=status, owner=owners[3]) for status in ListingStatus]
        made += [
            add(owner=owners[3], available_until=until, deadline=deadline)
            for until, deadline in product(days, days)
        ]
        add(Side.OFFER)
        with database.read() as session:
            for day in (TODAY - timedelta(days=9), TODAY, TODAY + timedelta(days=1)):
                found = [r.findable_on(day) for r in list_records(session, made)]
                assert count_findable(session, day) == sum(found)
            assert 0 < count_findable(session, TODAY) < len(made)


class TestPageListings:
    def test_shows_each_once(self, database: Database, add: Add) -> None:
        made, seen, cursor = [add() for _ in range(5)], [], None
        with database.read() as session:
            while True:
                page = page_listings(session, ListingFilter(), cursor=cursor, limit=2)
                assert page.total == 5
                seen += [record.id for record in page.rows]
                cursor = page.next_cursor
                if cursor is None:
                    break
        assert seen == made

    @pytest.mark.parametrize("cursor", ["x", encode_cursor("x"), encode_cursor(1)])
    def test_refuses_a_broken_cursor(self, database: Database, cursor: str) -> None:
        with database.read() as session, pytest.raises(InvalidCursor):
            page_listings(session, ListingFilter(), cursor=cursor, limit=2)

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ({}, "abc"),
            ({"side": Side.NEED}, "ab"),
            ({"side": Side.OFFER}, "c"),
            ({"kinds": (ListingKind.SKILL, ListingKind.FOOD)}, "bc"),
            ({"fields": (2,)}, "ab"),
            ({"fields": (1, 20)}, "bc"),
            ({"fields": (3,)}, ""),
            ({"skills": (Skill.TAX,)}, "b"),
            ({"skills": (Skill.SOCIAL_WORKER, Skill.TAX)}, "bc"),
            ({"areas": ("13",)}, "ab"),
            ({"areas": ("132039", "271004")}, "ac"),
            ({"areas": ("01",)}, ""),
            ({"fields": (2,), "areas": ("132047",)}, "b"),
            ({"statuses": (ListingStatus.PUBLISHED, ListingStatus.DRAFT)}, "abcd"),
            ({"statuses": (ListingStatus.CLOSED,)}, ""),
            ({"public": False}, "abce"),
        ],
    )
    def test_filters(
        self,
        database: Database,
        add: Add,
        add_owner: Add,
        wanted: dict[str, Any],
        found: str,
    ) -> None:
        add(title="a", fields=[2], municipality="132039")
        add(
            title="b",
            kind="skill",
            fields=[1, 2],
            required_skills=["tax"],
            municipality="132047",
        )
        add(
            Side.OFFER,
            title="c",
            kind="food",
            fields=[20],
            preferred_skills=["social_worker"],
            municipality="271004",
        )
        add(title="d", status=ListingStatus.DRAFT)
        add(title="e", owner=add_owner(Status.SUSPENDED))
        with database.read() as session:
            page = page_listings(session, ListingFilter(**wanted), cursor=None, limit=9)
        assert "".join(record.title for record in page.rows) == found
        assert page.total == len(found)

    def test_of_one_organisation(self, database: Database, add: Add, add_owner: Add) -> None:
        owner = add_owner()
        made = [add(owner=owner), add(Side.OFFER, owner=owner)]
        add()
        with database.read() as session:
            wanted = ListingFilter(organisations=(owner,))
            page = page_listings(session, wanted, cursor=None, limit=9)
        assert [record.id for record in page.rows] == made

    def test_takes_two_statements_however_many(self, database: Database, add: Add) -> None:
        counts, statements = [], []

        def note(_: object, __: object, statement: str, *___: object) -> None:
            statements.append(statement)

        event.listen(database.reader, "before_cursor_execute", note)
        for _ in range(3):
            add(fields=[1, 2], slots=["sat-morning"], required_skills=["tax"])
            with database.read() as session:
                statements.clear()
                page_listings(session, ListingFilter(), cursor=None, limit=20)
                counts.append(len([s for s in statements if "SELECT" in s]))
        assert counts == [2, 2, 2]
