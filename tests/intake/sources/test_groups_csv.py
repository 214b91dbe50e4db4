from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli.process import ROOT
from app.intake.rules import Incoming
from app.intake.run import open_import
from app.intake.sources.groups_csv import COLUMNS, FORMAT
from app.intake.tables import RowError

Read = Callable[..., Incoming | RowError]
_TIMES = ["evening", "weekend"]


def said(read: Read, **cells: str) -> dict[str, Any]:
    row = read("groups-csv", {"団体名": "ひまわりの会", **cells})
    assert isinstance(row, Incoming), row
    return dict(row.said)


class TestRead:
    @pytest.mark.parametrize(
        ("column", "label", "code", "field", "value"),
        [
            ("団体種別", "自主防災組織", "disaster_association", "organisation_type", None),
            ("法人格", "一般社団法人", "general_association", "legal_form", None),
            ("分野", "", "13;2", "fields", [2, 13]),
            ("活動日", "平日の夜、土日・祝日", "evening;weekend", "activity_times", _TIMES),
            ("市区町村", "武蔵野市", "132039", "municipality", "132039"),
            (
                "活動エリア",
                "東京都武蔵野市、静岡県富士市",
                "132039;22210",
                "areas",
                ["132039", "222101"],
            ),
            ("設立年", "平成17年", "2005", "founded_year", 2005),
            ("会員数", "１，２００名", "1200", "member_count", 1200),
            ("会員数", "1,200人", "1200", "member_count", 1200),
            ("新規受け入れ", "可", "1", "accepting_members", True),
            ("見学体験", "不可", "0", "visits_welcome", False),
            ("確認日", "令和8年4月1日", "2026-04-01", "confirmed_on", "2026-04-01"),
            ("入力方法", "代理入力（用紙）", "paper", "entry_method", "paper"),
            ("確認間隔", "6か月", "6", "confirm_every_months", 6),
        ],
    )
    def test_a_label_says_the_same_as_a_code(
        self, read: Read, column: str, label: str, code: str, field: str, value: object
    ) -> None:
        if column == "分野":
            from app.vocabulary.fields import Field

            label = f"{Field('13').label}；{Field('2').short}"
        labelled = said(read, 都道府県="東京都", **{column: label})[field]
        assert labelled == said(read, 都道府県="東京都", **{column: code})[field]
        assert labelled == (value if value is not None else code)

    def test_reads_every_column_of_the_template(self, read: Read) -> None:
        """Contacts stay private unless the row says otherwise; nothing of the row is lost."""
        values = said(
            read,
            代表者="花山 花子",
            代表者フリガナ="ハナヤマ ハナコ",
            電話="0422-00-0000",
            電話公開="公開",
            メール="a@example.jp",
            住所="緑町1-1",
            緯度="35.7",
            経度="139.5",
            住所公開="0",
            ウェブサイト="https://example.jp/",
            写真="https://example.jp/a.jpg",
            登録="youth:SY-1:令和6年4月1日:2027-03-31",
            掲載同意ウェブ="1",
            掲載同意冊子="0",
        )
        assert [(c["kind"], c["is_public"]) for c in values["contacts"]] == [
            ("representative", False),
            ("phone", True),
            ("email", False),
        ]
        assert values["address"]["is_public"] is False
        assert values["links"] == [{"kind": "website", "url": "https://example.jp/"}]
        assert values["photos"][0]["alt"] == "ひまわりの会"
        assert values["registrations"] == [
            {
                "scheme": "youth",
                "number": "SY-1",
                "valid_from": "2024-04-01",
                "valid_until": "2027-03-31",
            }
        ]
        assert values["consents"] == {"web": True, "booklet": False}

    @pytest.mark.parametrize(
        ("column", "value", "reason"),
        [
            ("団体名", "", "必ず入力してください。"),
            ("団体名", "長" * 201, "200文字以内"),
            ("フリガナ", "漢字の読み", "かな"),
            ("法人番号", "7000012050003", "検査数字"),
            ("法人番号", "12", "13桁"),
            ("郵便番号", "180", "7桁"),
            ("市区町村", "存在しない市", "市区町村"),
            ("活動エリア", "999999", "市区町村コード"),
            ("緯度", "北", "数で"),
            ("緯度", "35.7", "両方"),
            ("分野", "21", "1〜20"),
            ("活動日", "毎月", "次のどれか"),
            ("会員数", "約十名", "数で"),
            ("会員数", "-1", "0以上"),
            ("会員数", "1_0", "数で"),
            ("会員数", "١٢", "数で"),
            ("会員数", "①", "数で"),
            ("緯度", "3_5.7", "数で"),
            ("確認間隔", "1_2", "月の数"),
            ("設立年", "昭和99", "平成10年"),
            ("外部ID", "x" * 201, "200文字"),
            ("設立年", "むかし", "平成10年"),
            ("新規受け入れ", "たぶん", "1（はい）"),
            ("団体種別", "なぞの団体", "次のどれか"),
            ("確認日", "令和8年13月1日", "日付"),
            ("確認日", "2999-01-01", "未来"),
            ("確認間隔", "ときどき", "月の数"),
            ("登録", "youth:1:きのう", "制度:番号"),
            ("メール", "not an address", "メールアドレス"),
            ("電話", "でんわ", "電話番号"),
            ("ウェブサイト", "javascript:alert(1)", "http"),
            ("写真", "ftp://example.jp/a.jpg", "http"),
            ("目的", "逆向き\u202eの字", "使えない文字"),
        ],
    )
    def test_names_the_column_the_value_and_the_reason(
        self, read: Read, column: str, value: str, reason: str
    ) -> None:
        row = read("groups-csv", {"団体名": "ひまわりの会", "都道府県": "東京都", column: value})
        assert isinstance(row, RowError)
        assert reason in row.reason
        assert (row.row, row.column, row.value) == (2, column, value)

    @pytest.mark.parametrize("column", ["代表者フリガナ", "写真の説明", "確認者", "Instagram"])
    def test_finds_the_column_of_what_belongs_together(self, read: Read, column: str) -> None:
        cells = {"代表者": "花山", "写真": "https://example.jp/a.jpg", "確認日": "2026-04-01"}
        row = read("groups-csv", {"団体名": "会", **cells, column: "長" * 201})
        assert isinstance(row, RowError)
        assert row.column == column

    @pytest.mark.parametrize(
        ("cells", "reason"),
        [
            ({"設立年": "2199"}, "設立年が未来"),
            ({"会員数": "3", "市内会員数": "4"}, "市内の会員数が会員数より多く"),
        ],
    )
    def test_what_does_not_fit_together(
        self, read: Read, cells: dict[str, str], reason: str
    ) -> None:
        row = read("groups-csv", {"団体名": "会", **cells})
        assert isinstance(row, RowError)
        assert reason in row.reason

    def test_a_row_is_known_by_its_id_else_by_name_and_place(self, read: Read) -> None:
        own = read("groups-csv", {"団体名": "会", "外部ID": "a-1"})
        other = read("groups-csv", {"団体名": "会", "都道府県": "東京都", "市区町村": "武蔵野市"})
        assert isinstance(own, Incoming)
        assert isinstance(other, Incoming)
        assert (own.source_id, other.source_id) == ("a-1", "会/武蔵野市")

    def test_long_names_that_differ_at_their_end_are_two_groups(self, read: Read) -> None:
        keys = set()
        for place in ("武蔵野市", "三鷹市"):
            cells = {"団体名": "長" * 200, "都道府県": "東京都", "市区町村": place}
            row = read("groups-csv", cells)
            assert isinstance(row, Incoming)
            assert len(row.source_id) <= 200
            keys.add(row.source_id)
        assert len(keys) == 2

    def test_an_empty_cell_says_that_there_is_nothing(self, read: Read) -> None:
        """A column that the file does not have says nothing."""
        empty = said(
            read, 電話="", メール="", 住所="", 目的="", 分野="", 会員数="", ウェブサイト=""
        )
        assert {name: empty[name] for name in ("contacts", "address", "purpose", "fields")} == {
            "contacts": [],
            "address": None,
            "purpose": None,
            "fields": [],
        }
        assert (empty["member_count"], empty["links"]) == (None, [])
        assert set(said(read, 電話公開="", 住所公開="")) == {"name", "legal_form"}

    @pytest.mark.parametrize(
        "column", ["団体種別", "確認間隔", "入力方法", "確認日", "掲載同意ウェブ"]
    )
    def test_what_cannot_be_taken_back_is_not_said_by_an_empty_cell(
        self, read: Read, column: str
    ) -> None:
        assert set(said(read, **{column: ""})) == {"name", "legal_form"}

    def test_refuses_an_id_a_second_time(self, tmp_path: Path) -> None:
        path = tmp_path / "file.csv"
        path.write_text("外部ID,団体名\na,一\nb,二\na,三\n")
        format_, table = open_import("groups-csv", path)
        *_, last = format_.read(table.rows())
        assert last == RowError(4, "外部ID", "a", "2行目と同じ団体です。")


class TestColumns:
    def test_begin_with_those_of_the_corpus(self, shared: Path) -> None:
        """What the generator of the search corpus writes is the beginning of the layout."""
        source = (shared / "search" / "make_corpus.py").read_text()
        line = next(x for x in source.splitlines() if x.startswith("GROUP_COLUMNS"))
        headings = line.split('"')[1].split()
        assert COLUMNS[: len(headings)] == headings

    def test_are_all_read(self) -> None:
        assert FORMAT.unknown(COLUMNS) == []
        assert FORMAT.unknown(["団体名", "", "団体名前"]) == ["団体名前"]

    def test_the_demo_uses_them_all(self) -> None:
        format_, table = open_import("groups-csv", ROOT / "app" / "demo" / "groups.csv")
        assert list(table.headings) == COLUMNS
        assert all(isinstance(row, Incoming) for row in format_.read(table.rows()))
