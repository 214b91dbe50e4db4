import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from app.core.changes import Change
from app.core.db import Database
from app.intake.run import Report
from app.organisations.models import Source
from app.organisations.records import Record
from app.vocabulary.organisations import Status
from tests.intake.conftest import EVENT

NUMBER = EVENT["corporate_number"]
FIRST = {**EVENT, "seq": "1"}
CLOSED = {"process": "21", "close_date": "2024-02-01", "update_date": "2024-02-03"}
LIFE = [
    FIRST,
    {**FIRST, "process": "12", "street": "緑町２丁目", "update_date": "2024-01-20"},
    {**FIRST, **CLOSED, "street": "緑町２丁目"},
    {**FIRST, "process": "22", "street": "緑町２丁目", "update_date": "2024-03-01"},
    {**FIRST, "process": "12", "street": "緑町３丁目", "update_date": "2024-04-01"},
    {**FIRST, "process": "11", "street": "緑町３丁目", "update_date": "2024-05-01", "kana": "ヒ"},
]
Import = Callable[..., Report]
Records = Callable[[], list[Record]]


class TestApplyBatch:
    def test_imported_groups_are_published(self, say: Import, records: Records) -> None:
        report = say("groups-csv", [{"外部ID": "1", "団体名": "ひまわりの会"}])
        assert (report.outcome.created, report.outcome.kept) == (1, 1)
        [record] = records()
        assert record.status is Status.PUBLISHED
        assert [(s.source, s.source_id) for s in record.sources] == [("groups-csv", "1")]

    @pytest.mark.parametrize("format_name", ["groups-csv", "houjin-bangou", "kodomo-shokudo"])
    def test_the_same_file_twice_changes_nothing(
        self, say: Import, state: Callable[[], Any], format_name: str
    ) -> None:
        rows: dict[str, list[dict[str, str]]] = {
            "groups-csv": [
                {"外部ID": "", "団体名": "ひまわりの会", "電話": "0422-00-0000", "分野": "13;2"},
                {"外部ID": "2", "団体名": "すみれの会", "電話": "", "分野": ""},
            ],
            "houjin-bangou": LIFE,
            "kodomo-shokudo": [
                {"全国地方公共団体コード": "132039", "ID": id_, "名称": "食堂", "住所": "緑町1"}
                for id_ in ("1", "1", "")
            ],
        }
        say(format_name, rows[format_name])
        before = state()
        outcome = say(format_name, rows[format_name]).outcome
        assert (outcome.unchanged, outcome.updated) == (outcome.kept, 0)
        assert state() == before

    def test_one_organisation_for_a_number_with_all_its_sources(
        self, say: Import, records: Records
    ) -> None:
        group = {"外部ID": "a", "団体名": "ひまわり", "法人番号": NUMBER, "電話": "0422-00-0000"}
        say("groups-csv", [group, {**group, "外部ID": "b", "電話": "0422-00-0001"}])
        say("groups-csv", [group], source="another list")
        say("houjin-bangou", [FIRST])
        [record] = records()
        assert sorted((s.source, s.source_id) for s in record.sources) == [
            ("another list", "a"),
            ("groups-csv", "a"),
            ("groups-csv", "b"),
            ("houjin-bangou", NUMBER),
        ]
        # The register of corporations knows the name best; the lists know the telephones.
        assert record.name == "特定非営利活動法人ひまわり"
        assert {c.value for c in record.contacts} == {"0422-00-0000", "0422-00-0001"}

    def test_a_changed_row_is_taken_over_and_told_in_the_history(
        self, say: Import, records: Records, database: Database
    ) -> None:
        row = {"外部ID": "1", "団体名": "ひまわりの会", "目的": "花"}
        say("groups-csv", [row])
        assert say("groups-csv", [{**row, "目的": "木"}]).outcome.updated == 1
        [record] = records()
        assert (record.purpose, record.version) == ("木", 2)
        with database.read() as session:
            last = session.exec(select(Change).order_by(Change.id.desc())).first()  # type: ignore[union-attr]
        assert last is not None
        assert (last.actor, last.details["purpose"]) == ("import:groups-csv", ["花", "木"])


FULL = {
    "外部ID": "1",
    "団体名": "ひまわりの会",
    "電話": "0422-00-0000",
    "電話公開": "1",
    "住所": "緑町1-1",
    "目的": "花を植える",
    "分野": "5",
    "登録": "youth:SY-1",
    "会員数": "3",
    "掲載同意冊子": "1",
}
EMPTY = {**dict.fromkeys(FULL, ""), "外部ID": "1", "団体名": "ひまわりの会"}


class TestWithdrawal:
    """What a list took out of a cell does not stay public."""

    def test_an_emptied_cell_withdraws_what_the_list_said(
        self, say: Import, records: Records, state: Callable[[], Any]
    ) -> None:
        say("groups-csv", [FULL])
        assert records()[0].contacts
        assert say("groups-csv", [EMPTY]).outcome.updated == 1
        [record] = records()
        assert (record.contacts, record.address, record.purpose) == ([], None, None)
        assert (record.fields, record.registrations, record.member_count) == ([], [], None)
        assert [(use.value, given) for use, given in record.consents.items()] == [("booklet", True)]
        before = state()
        assert say("groups-csv", [EMPTY]).outcome.unchanged == 1
        assert state() == before

    def test_a_missing_column_withdraws_nothing_and_an_empty_one_later_does(
        self, say: Import, records: Records
    ) -> None:
        say("groups-csv", [FULL])
        say("groups-csv", [{"外部ID": "1", "団体名": "ひまわりの会", "分野": "13"}])
        [record] = records()
        assert (len(record.contacts), record.purpose) == (1, "花を植える")
        assert record.address
        say("groups-csv", [EMPTY])
        [record] = records()
        assert (record.contacts, record.address, record.purpose) == ([], None, None)

    def test_does_not_erase_what_another_list_says(self, say: Import, records: Records) -> None:
        number = {"法人番号": NUMBER}
        other = {**FULL, **number, "電話": "0422-00-0001", "登録": ""}
        say("groups-csv", [{**FULL, **number}])
        say("groups-csv", [other], source="another list")
        say("groups-csv", [{**EMPTY, **number}])
        [record] = records()
        assert [contact.value for contact in record.contacts] == ["0422-00-0001"]
        assert record.address
        assert record.registrations == []

    def test_does_not_erase_what_the_list_never_said(
        self, make: Callable[..., dict[str, Any]], say: Import, records: Records
    ) -> None:
        make(corporate_number=NUMBER, purpose="人の言葉")
        say("groups-csv", [{**EMPTY, "法人番号": NUMBER}])
        [record] = records()
        assert record.purpose == "人の言葉"


class TestEvents:
    @pytest.mark.parametrize(
        ("rows", "status"),
        [
            (LIFE[:2], Status.PUBLISHED),
            (LIFE[:3], Status.CLOSED),
            (LIFE[:4], Status.PUBLISHED),
            ([FIRST, {**FIRST, "process": "71", "update_date": "2024-02-01"}], Status.PUBLISHED),
            ([FIRST, {**FIRST, **CLOSED, "process": "71"}], Status.CLOSED),
        ],
    )
    def test_are_followed_one_file_at_a_time_or_all_at_once(
        self, say: Import, records: Records, rows: list[dict[str, str]], status: Status
    ) -> None:
        for row in rows:
            say("houjin-bangou", [row])
        apart = records()[0]
        assert apart.status is status
        assert (apart.closed_on is not None) is (status is Status.CLOSED)

    @pytest.mark.parametrize("seed", range(6))
    def test_end_in_the_same_state_in_whatever_order_they_come(
        self, say: Import, records: Records, state: Callable[[], Any], seed: int
    ) -> None:
        """A late file with an old event does not undo what is newer."""
        shuffled = random.Random(seed).sample(LIFE, len(LIFE))  # noqa: S311 - no secret
        for row in shuffled:
            say("houjin-bangou", [row])
        [record] = records()
        assert record.status is Status.PUBLISHED
        assert record.address
        assert (record.address.street, record.kana) == ("緑町３丁目", "ヒ")
        before = state()
        say("houjin-bangou", LIFE)
        assert state() == before

    def test_an_older_version_does_not_come_back_after_one_that_said_the_same(
        self, say: Import, records: Records
    ) -> None:
        say("houjin-bangou", [FIRST])
        say("houjin-bangou", [{**FIRST, "update_date": "2024-03-01"}])
        say("houjin-bangou", [{**FIRST, "update_date": "2024-02-01", "street": "古い町"}])
        [record] = records()
        assert record.address
        assert record.address.street == "緑町１丁目"

    def test_do_not_reopen_what_a_human_closed(
        self, client: Any, operator: dict[str, str], say: Import, records: Records
    ) -> None:
        say("houjin-bangou", [FIRST])
        [record] = records()
        path = f"/api/v1/organisations/{record.id}/close"
        assert client.post(path, json={}, headers=operator).status_code == 200
        say("houjin-bangou", [LIFE[1]])
        assert records()[0].status is Status.CLOSED

    def test_remember_the_newest_version(self, say: Import, database: Database) -> None:
        say("houjin-bangou", LIFE)
        with database.read() as session:
            source = session.get(Source, ("houjin-bangou", NUMBER))
        assert source
        assert (source.revision or "").startswith("2024-05-01")
