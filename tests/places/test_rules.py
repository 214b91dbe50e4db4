"""Codes and names of places, as people and open data write them."""

import csv
from pathlib import Path

import pytest

from app.places.rules import (
    PREFECTURES,
    area_name,
    check_digit,
    enclosing,
    find_by_name,
    find_in_address,
    find_municipality,
    municipalities,
    named,
    normalise_area,
    normalise_code,
    within,
)

MUSASHINO, MITAKA = "132039", "132047"


class TestMunicipalities:
    def test_are_all_of_japan_with_valid_codes(self) -> None:
        assert len(PREFECTURES) == 47
        assert len(municipalities()) > 1_890
        for code, place in municipalities().items():
            assert check_digit(code[:5]) == code[5]
            assert place.prefecture == PREFECTURES[code[:2]]

    def test_lie_in_japan(self) -> None:
        positions = [place.position for place in municipalities().values() if place.position]
        assert len(positions) > 1_800
        for latitude, longitude in positions:
            assert 20 < latitude < 46
            assert 122 < longitude < 154


class TestNormaliseCode:
    @pytest.mark.parametrize(
        ("written", "code"),
        [
            ("132039", MUSASHINO),
            ("13203", MUSASHINO),
            (" 132039 ", MUSASHINO),
            ("１３２０３９", MUSASHINO),
            ("11002", "011002"),
            ("01100", "011002"),
            ("221317", "221384"),
            ("22131", "221384"),
            ("233048", "232386"),
            ("132038", None),
            ("000000", None),
            ("13", None),
            ("1320390", None),
            ("武蔵野市", None),
            ("", None),
            ("-13203", None),
            ("१३२०३९", None),
            ("13203\0", None),
        ],
    )
    def test_knows_every_way_codes_are_written(self, written: str, code: str | None) -> None:
        assert normalise_code(written) == code


class TestNormaliseArea:
    @pytest.mark.parametrize(
        ("written", "code"),
        [
            ("13", "13"),
            ("130001", "13"),
            ("１３", "13"),
            ("132039", MUSASHINO),
            ("130002", None),
            ("48", None),
            ("480002", None),
            ("1", None),
            ("東京都", None),
        ],
    )
    def test_takes_prefectures_too(self, written: str, code: str | None) -> None:
        assert normalise_area(written) == code


class TestFindByName:
    @pytest.mark.parametrize(
        ("prefecture", "name", "code"),
        [
            ("東京都", "武蔵野市", MUSASHINO),
            ("東京都", "武蔵野 市", MUSASHINO),
            ("東京都", "西多摩郡瑞穂町", "133035"),
            ("東京都", "瑞穂町", "133035"),
            ("東京都", "府中市", "132063"),
            ("広島県", "府中市", "342084"),
            ("静岡県", "浜松市浜北区", "221392"),
            ("愛知県", "長久手町", "232386"),
            ("東京都", "江戸市", None),
            ("", "武蔵野市", None),
        ],
    )
    def test_needs_the_prefecture_and_not_the_county(
        self, prefecture: str, name: str, code: str | None
    ) -> None:
        place = find_by_name(prefecture, name)
        assert (place.code if place else None) == code


class TestFindInAddress:
    @pytest.mark.parametrize(
        ("address", "prefecture", "code"),
        [
            ("東京都武蔵野市架空町1-2-3", "", MUSASHINO),
            ("武蔵野市架空町1-2-3", "東京都", MUSASHINO),
            ("東京都　武蔵野市　架空町", "", MUSASHINO),
            ("北海道札幌市中央区架空町", "", "011011"),
            ("東京都西多摩郡瑞穂町架空", "", "133035"),
            ("愛知県蒲郡市架空町1", "", "232149"),
            ("東京都三宅島三宅村架空", "", "133817"),
            ("武蔵野市架空町", "", None),
            ("東京都", "", None),
            ("", "東京都", None),
        ],
    )
    def test_reads_the_beginning(self, address: str, prefecture: str, code: str | None) -> None:
        place = find_in_address(address, prefecture)
        assert (place.code if place else None) == code

    @pytest.mark.parametrize("place", municipalities().values(), ids=lambda _: "")
    def test_finds_each_of_them_itself(self, place: object) -> None:
        assert find_in_address(f"{place.full_name}架空1-1") == place  # type: ignore[attr-defined]


class TestNamed:
    def test_kyoto_is_a_prefecture_and_a_city_and_no_part_of_tokyo(self) -> None:
        assert named("京都") == ("26", "261009")
        assert named("東京") == ("13",)
        assert named("都") == ()

    @pytest.mark.parametrize("written", ["武蔵野", "武蔵野市", "むさしのし", " 武蔵野 市"])
    def test_knows_what_people_call_a_city(self, written: str) -> None:
        assert MUSASHINO in named(written)

    def test_names_shared_by_many_give_all(self) -> None:
        assert {"132063", "342084"} <= set(named("府中市"))
        assert len(named("中央区")) > 5


class TestEnclosing:
    @pytest.mark.parametrize(
        ("code", "around"),
        [
            (MUSASHINO, (MUSASHINO, "13")),
            ("011011", ("011011", "011002", "01")),
            ("131016", ("131016", "13")),
            ("221317", ("221384", "221309", "22")),
            ("13", ("13",)),
            ("zzz", ("zzz",)),
        ],
    )
    def test_goes_from_ward_to_prefecture(self, code: str, around: tuple[str, ...]) -> None:
        assert enclosing(code) == around


class TestWithin:
    def test_is_the_reverse_of_enclosing(self) -> None:
        assert within(MUSASHINO) == (MUSASHINO,)
        assert {"011002", "011011"} <= set(within("011002"))
        assert MITAKA in within("13")
        assert all(code.startswith("13") for code in within("13"))
        assert within("zzz") == ("zzz",)


class TestAreaName:
    @pytest.mark.parametrize(
        ("code", "name"),
        [("13", "東京都"), (MUSASHINO, "武蔵野市"), ("221317", "浜松市中央区"), ("x", "x")],
    )
    def test_says_it_as_people_do(self, code: str, name: str) -> None:
        assert area_name(code) == name


class TestFindMunicipality:
    def test_follows_former_codes(self) -> None:
        place = find_municipality("221350")
        assert place
        assert place.full_name == "静岡県浜松市浜名区"
        assert find_municipality("999999") is None

    @pytest.mark.real_data
    def test_knows_every_place_of_the_real_registers(self, shared: Path) -> None:
        with (shared / "data" / "kodomo_shokudo.csv").open(encoding="utf-8-sig") as file:
            header = csv.DictReader(file).fieldnames or []
            file.seek(0)
            column = next(name for name in header if "コード" in name and "公共団体" in name)
            codes = {row[column] for row in csv.DictReader(file) if row[column]}
        unknown = {code for code in codes if normalise_area(code) is None}
        assert len(codes) > 30
        assert len(unknown) <= 1  # one code of the register has a wrong check digit
