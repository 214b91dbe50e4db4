from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import today
from app.intake.rules import IncomingNeed
from app.intake.sources.opportunities_csv import COLUMNS, NAME
from app.intake.tables import RowError
from app.vocabulary.listings import ListingKind
from app.vocabulary.times import WEEKDAYS

Read = Callable[..., Any]
ROW = {"外部ID": "n1", "団体外部ID": "g1", "件名": "花だんの植え替え", "定員": "5"}
NEXT = today() + timedelta(days=30)


@pytest.fixture
def said(read: Read) -> Callable[..., dict[str, Any]]:
    """What a row with these cells says."""

    def said(**cells: str) -> dict[str, Any]:
        need = read(NAME, {**ROW, **cells})
        assert isinstance(need, IncomingNeed), need
        return dict(need.said)

    return said


@pytest.fixture
def refused(read: Read) -> Callable[..., RowError]:
    def refused(**cells: str) -> RowError:
        error = read(NAME, {**ROW, **cells})
        assert isinstance(error, RowError), error
        return error

    return refused


class TestCells:
    @pytest.mark.parametrize(
        ("cells", "name", "value"),
        [
            ({"件名": "題"}, "title", "題"),
            ({"内容": "苗を植えます。"}, "description", "苗を植えます。"),
            ({"分野": "7;13"}, "fields", [7, 13]),
            ({"都道府県": "東京都", "市区町村": "武蔵野市"}, "municipality", "132039"),
            ({"緯度": "35.7", "経度": "139.5"}, "latitude", 35.7),
            ({"活動日": "evening"}, "slots", [f"{day}-evening" for day in WEEKDAYS[:5]]),
            ({"活動日": "土日・祝日"}, "slots",
             [f"{day}-{p}" for day in ("sat", "sun") for p in ("morning", "noon", "afternoon")]),
            ({"活動日": "holiday"}, "details", {"when": ["holiday"]}),
            ({"オンライン": "1"}, "online", True),
            ({"親子": "0"}, "family", False),
            ({"初心者": "はい"}, "beginners", True),
            ({"学生": "可"}, "students", True),
            ({"交通費": "なし"}, "travel_paid", False),
            ({"定員": "20人"}, "quantity", 20),
            ({"一回だけ": "1"}, "frequency", "once"),
            ({"一回だけ": "0", "頻度": "継続"}, "frequency", "regular"),
            ({"期間終了": NEXT.isoformat()}, "available_until", NEXT.isoformat()),
            ({"締切": f"{NEXT.year}年{NEXT.month}月{NEXT.day}日"}, "deadline", NEXT.isoformat()),
            ({"対象年齢": "18歳以上"}, "min_age", 18),
            ({"対象年齢": "15〜20歳"}, "max_age", 20),
            ({"対象年齢": "65歳まで"}, "max_age", 65),
            ({"必要な技能": "普通自動車免許"}, "required_skills", ["driving"]),
            ({"あるとよい技能": "手話；英語"}, "preferred_skills", ["english", "sign_language"]),
            ({"持ち物": "軍手"}, "belongings", "軍手"),
            ({"保険": "団体で加入"}, "insurance", "団体で加入"),
            ({"費用": "無料"}, "cost", "無料"),
        ],
    )  # fmt: skip
    def test_say(
        self, said: Callable[..., Any], cells: dict[str, str], name: str, value: object
    ) -> None:
        assert said(**cells)[name] == value

    @pytest.mark.parametrize(
        ("written", "kind"),
        [
            ("", "people"),
            ("人手", "people"),
            ("技能", "skill"),
            ("物品", "goods"),
            ("food", "food"),
        ],
    )
    def test_the_kind(self, read: Read, written: str, kind: str) -> None:
        assert read(NAME, {**ROW, "種類": written}).kind is ListingKind(kind)

    def test_an_empty_cell_says_that_there_is_nothing(self, said: Callable[..., Any]) -> None:
        cells = {"内容": "", "分野": "", "オンライン": "", "定員": "", "活動日": "", "対象年齢": ""}
        told = said(種類="物品", **cells)
        nothing = {"description": None, "online": None, "quantity": None}
        ages = {"min_age": None, "max_age": None}
        expected = {"title": ROW["件名"], **nothing, **ages}
        assert told == {**expected, "fields": [], "slots": [], "details": {}}

    def test_a_column_that_is_not_there_says_nothing(self, said: Callable[..., Any]) -> None:
        assert said() == {"title": ROW["件名"], "quantity": 5}

    def test_every_column_is_read(self) -> None:
        assert len(set(COLUMNS)) == len(COLUMNS)


class TestRefused:
    @pytest.mark.parametrize(
        ("cells", "column", "reason"),
        [
            ({"外部ID": ""}, "外部ID", "必ず"),
            ({"団体外部ID": ""}, "団体外部ID", "必ず"),
            ({"件名": ""}, "件名", "必ず"),
            ({"外部ID": "x" * 201}, "外部ID", "200文字以内"),
            ({"種類": "ひと"}, "種類", "次のどれか"),
            ({"分野": "21"}, "分野", "1〜20"),
            ({"市区町村": "どこか市"}, "市区町村", "見つかりません"),
            ({"緯度": "35.7"}, "経度", "両方"),
            ({"緯度": "99", "経度": "139"}, "緯度", "日本国内"),
            ({"活動日": "毎日"}, "活動日", "次のどれか"),
            ({"種類": "物品", "活動日": "holiday"}, "活動日", "長期休み"),
            ({"親子": "たぶん"}, "親子", "1（はい）か 0"),
            ({"定員": "多数"}, "定員", "数で"),
            ({"定員": "0"}, "定員", "1"),
            ({"定員": ""}, "定員", "人数を書いて"),
            ({"種類": "技能", "定員": ""}, "定員", "人数を書いて"),
            ({"締切": "いつか"}, "締切", "日付"),
            ({"対象年齢": "大人"}, "対象年齢", "18歳以上"),
            ({"必要な技能": "なんでも"}, "必要な技能", "次のどれか"),
            ({"対象年齢": "20〜15"}, "対象年齢", "上限"),
            ({"件名": "題\x07"}, "件名", "使えない文字"),
        ],
    )
    def test_with_a_sentence(
        self, refused: Callable[..., RowError], cells: dict[str, str], column: str, reason: str
    ) -> None:
        error = refused(**cells)
        assert error.column == column
        assert reason in error.reason
