from collections.abc import Callable
from pathlib import Path

import pytest

from app.intake.rules import Incoming
from app.intake.run import open_import
from app.intake.tables import RowError

Read = Callable[..., Incoming | RowError]
PLACE = {
    "全国地方公共団体コード": "132039",
    "ID": "1",
    "都道府県": "東京都",
    "市区町村名": "武蔵野市",
    "名称": "ひまわり食堂",
    "住所": "東京都武蔵野市緑町1-1",
}


def row(read: Read, **cells: str) -> Incoming:
    said = read("kodomo-shokudo", {**PLACE, **cells})
    assert isinstance(said, Incoming), said
    return said


class TestRead:
    def test_a_place_with_its_days_and_contacts(self, read: Read) -> None:
        incoming = row(
            read,
            開催曜日="木",
            開催開始時間="17:00",
            開催終了時間="19:00",
            電話番号1="0422-00-0000",
            参加費_小学生="100",
            緯度="35.7",
            経度="139.5",
        )
        said = incoming.said
        assert incoming.source_id == "132039-1"
        assert said["municipality"] == "132039"
        assert said["address"]["street"] == "緑町1-1"
        assert (said["schedule"], said["activity_times"]) == ("木 17:00〜19:00", ["evening"])
        assert "小学生100円" in said["activities"]
        assert said["contacts"][0]["is_public"] is True

    def test_without_an_id_it_is_known_by_code_name_and_address(self, read: Read) -> None:
        known = row(read, ID="").source_id
        assert known == "132039/ひまわり食堂/東京都武蔵野市緑町1-1"

    def test_whoever_runs_it_is_the_organisation_where_known_by_number(self, read: Read) -> None:
        number = "7000012050002"
        said = row(read, 法人番号=number, 運営団体名="NPO法人ひまわり").said
        assert (said["name"], said["corporate_number"]) == ("NPO法人ひまわり", number)
        assert said["other_names"] == ["ひまわり食堂"]

    def test_line_breaks_become_spaces(self, read: Read) -> None:
        """A line break in one cell of the city's list does not cost the whole place."""
        said = row(read, 方書="ひまわりビル\n2階", 開催日時特記事項="月1回\n要予約").said
        assert said["address"]["building"] == "ひまわりビル 2階"
        assert said["schedule"] == "月1回 要予約"

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("名称", ""),
            ("名称_カナ", "漢字"),
            ("緯度", "95.5"),
            ("経度", "nan"),
            ("住所", "長" * 301),
        ],
    )
    def test_names_the_column_and_the_value(self, read: Read, column: str, value: str) -> None:
        position = {"緯度": "35", "経度": "139"} if column in ("緯度", "経度") else {}
        error = read("kodomo-shokudo", {**PLACE, **position, column: value})
        assert isinstance(error, RowError)
        assert (error.row, error.column, error.value) == (2, column, value)

    def test_several_days_are_one_place_and_one_id_for_two_places_two(self, tmp_path: Path) -> None:
        path = tmp_path / "places.csv"
        lines = [
            "1,ひまわり食堂,緑町1,木",
            "1,ひまわり食堂,緑町1,土",
            "1,すみれ食堂,緑町2,金",
        ]
        heading = "全国地方公共団体コード,ID,名称,住所,開催曜日"
        path.write_text("\n".join([heading, *(f"132039,{line}" for line in lines)]))
        format_, table = open_import("kodomo-shokudo", path)
        himawari, sumire = (i for i in format_.read(table.rows()) if isinstance(i, Incoming))
        assert himawari.said["schedule"] == "木／土"
        assert sumire.source_id == "132039/すみれ食堂/緑町2"
