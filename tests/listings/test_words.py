"""What a text is about: the same words and weights every time, on every database."""

import uuid
from collections.abc import Callable
from math import log

import pytest
from sqlmodel import select

from app.core.clock import now
from app.core.db import Database
from app.listings.actions import create_listings
from app.listings.models import Listing, WordCount
from app.listings.queries import list_records
from app.listings.rows import Draft
from app.listings.words import MOST_WORDS, content_words, recount_words, text_of, weigh
from app.organisations.actions import create_organisations
from app.organisations.rows import Draft as OrganisationDraft
from app.people.models import Person
from app.vocabulary.listings import ListingStatus, Side
from app.vocabulary.organisations import Status


class TestContentWords:
    def test_are_in_one_form_and_each_once(self) -> None:
        assert content_words("こども食堂の調理。子ども食堂で、調理します。") == (
            "子供",
            "食堂",
            "調理",
        )

    @pytest.mark.parametrize(
        "text",
        ["", "　\n", "です。", "の", "10時", "2026-12-05", "03-0000-0000", "a b c", "😀" * 9],
    )
    def test_nothing_that_says_nothing(self, text: str) -> None:
        assert set(content_words(text)) <= {"時"}

    def test_no_word_longer_than_a_word(self) -> None:
        assert content_words("x" * 5_000) == ()

    def test_ignores_what_every_listing_says(self) -> None:
        assert content_words("ボランティア募集") == ()


class TestTextOf:
    def test_holds_free_text_and_no_addresses_nor_numbers(self) -> None:
        details = {
            "lot_size": 7,
            "driving": True,
            "allergens": ["小麦", "卵"],
            "photos": ["https://example.jp/a.jpg"],
            "storage": "冷暗所",
        }
        text = text_of("題", "内容", details)
        assert text.splitlines() == ["題", "題", "内容", "小麦", "卵", "冷暗所"]

    def test_the_order_of_details_does_not_matter(self) -> None:
        one = text_of("題", None, {"topic": "会計", "format": "面談"})
        assert one == text_of("題", None, {"format": "面談", "topic": "会計"})


TEXT = "絵本の読み聞かせ。小学校の図書室で、子どもたちに紙芝居と絵本を読みます。"


@pytest.fixture
def counted(database: Database) -> Database:
    """A night in which 100 listings held 絵本 ten times and 図書 once."""
    with database.write() as session:
        for word, listings in (("", 100), ("絵本", 10), ("図書", 1)):
            session.add(WordCount(word=word, listings=listings))
    return database


class TestWeigh:
    def test_the_rarer_the_more(self, counted: Database) -> None:
        with counted.read() as session:
            (words,) = weigh(session, [TEXT])
        assert words["絵本"] == round(log(101 / 10.5), 4)
        assert words["図書"] == round(log(101 / 1.5), 4)
        assert words["紙芝居"] == round(log(101 / 0.5), 4)

    def test_is_the_same_in_any_company(self, counted: Database) -> None:
        with counted.read() as session:
            alone = weigh(session, [TEXT])
            together = weigh(session, ["花壇の手入れ", TEXT, ""])
        assert together[1:] == [*alone, {}]
        assert list(alone[0]) == sorted(alone[0])

    def test_keeps_the_most_telling(self, counted: Database) -> None:
        """Said twice tells more than said once; what all say tells least."""
        rare = "陶芸 剣道 将棋 囲碁 俳句 短歌 書道 茶道 華道 弓道 柔道 太鼓 民謡 手芸 写経"
        with counted.read() as session:
            (words,) = weigh(session, [f"絵本 {rare} 読書 読書"])
        assert len(words) == MOST_WORDS
        assert "絵本" not in words
        assert "読書" in words

    def test_before_the_first_count_every_word_weighs_the_same(self, database: Database) -> None:
        with database.read() as session:
            (words,) = weigh(session, [TEXT])
        assert set(words.values()) == {round(log(2), 4)}

    def test_nothing_asked_nothing_answered(self, database: Database) -> None:
        with database.read() as session:
            assert weigh(session, []) == []


@pytest.fixture
def add(database: Database) -> Callable[..., list[uuid.UUID]]:
    """Ids of new listings of these titles, all of one organisation."""
    owner = OrganisationDraft({"name": "会"}, status=Status.PUBLISHED)
    with database.write() as session:
        create_organisations(session, drafts=[owner], actor="係")

    def add(*titles: str, status: ListingStatus = ListingStatus.PUBLISHED) -> list[uuid.UUID]:
        values = {"kind": "people", "organisation_id": str(owner.id)}
        drafts = [Draft(Side.NEED, {**values, "title": t}, status=status) for t in titles]
        with database.write() as session:
            create_listings(session, drafts=drafts, actor="係")
        return [draft.id for draft in drafts]

    return add


class TestRecountWords:
    def test_counts_published_listings_and_weighs_everything_anew(
        self, database: Database, add: Callable[..., list[uuid.UUID]]
    ) -> None:
        made = add("絵本", "絵本と紙芝居", "将棋")
        made += add("将棋と囲碁", status=ListingStatus.DRAFT)
        person = Person(
            id=uuid.uuid4(), name="花子", can_do="将棋が得意", created_at=now(), updated_at=now()
        )
        with database.write() as session:
            session.add(person)
        assert recount_words(database) == 5
        with database.read() as session:
            rows = session.exec(select(WordCount.word, WordCount.listings))
            assert dict(rows.all()) == {"": 3, "絵本": 2, "紙芝居": 1, "将棋": 1}
            records = list_records(session, made)
            (found,) = session.exec(select(Person))
        rare, usual, unknown = (round(log(4 / (n + 0.5)), 4) for n in (1, 2, 0))
        assert [record.words for record in records] == [
            {"絵本": usual},
            {"紙芝居": rare, "絵本": usual},
            {"将棋": rare},
            {"囲碁": unknown, "将棋": rare},
        ]
        assert found.words["将棋"] == rare
        # Nobody changed anything: no new version.
        assert {record.version for record in records} == {1}

    def test_a_second_time_changes_nothing(
        self, database: Database, add: Callable[..., list[uuid.UUID]]
    ) -> None:
        add("絵本")
        assert recount_words(database) == 1
        assert recount_words(database) == 0

    def test_nothing_at_all(self, database: Database) -> None:
        assert recount_words(database) == 0
        with database.read() as session:
            assert session.exec(select(WordCount)).one().listings == 0

    def test_reads_all_of_many(
        self,
        database: Database,
        add: Callable[..., list[uuid.UUID]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("app.listings.words._BATCH", 2)
        add(*["絵本"] * 5)
        assert recount_words(database) == 5
        with database.read() as session:
            assert (
                list(session.exec(select(Listing.words))) == [{"絵本": round(log(6 / 5.5), 4)}] * 5
            )
