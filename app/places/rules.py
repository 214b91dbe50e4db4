"""Codes and names of places. Pure; reads its code list once."""

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from search.text import normalise

_FILE = Path(__file__).with_name("municipalities.csv")
_WEIGHTS = (6, 5, 4, 3, 2)
_PREFECTURES = (
    "北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 "
    "東京都 神奈川県 新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 "
    "滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県 "
    "香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県"
).split()
PREFECTURES = {f"{number:02}": name for number, name in enumerate(_PREFECTURES, 1)}
# Codes that older data still carry → the municipality that took them over.
_FORMER = {
    "221317": "221384",  # 浜松市中区 → 中央区 (2024)
    "221325": "221384",
    "221333": "221384",
    "221341": "221384",
    "221350": "221392",
    "221368": "221392",
    "221376": "221406",
    "233048": "232386",  # 愛知郡長久手町 → 長久手市 (2012)
}
_WARD = re.compile("(.+市).+区")
_COUNTY = re.compile("^(?:.+?郡|.+?島)(?=.+[町村])")
# Names that older data still carry.
_FORMER_NAMES = {
    ("静岡県", "浜松市中区"): "221384",
    ("静岡県", "浜松市東区"): "221384",
    ("静岡県", "浜松市西区"): "221384",
    ("静岡県", "浜松市南区"): "221384",
    ("静岡県", "浜松市北区"): "221392",
    ("静岡県", "浜松市浜北区"): "221392",
    ("愛知県", "長久手町"): "232386",
}


@dataclass(frozen=True)
class Municipality:
    """A 市区町村, or a ward of a city; `position` is (latitude, longitude) of its office."""

    code: str
    prefecture: str
    name: str
    kana: str
    position: tuple[float, float] | None

    @property
    def full_name(self) -> str:
        return self.prefecture + self.name


@cache
def municipalities() -> dict[str, Municipality]:
    """All of them by code, in the order of the codes."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Municipality(
                row["code"],
                row["prefecture"],
                row["name"],
                row["kana"],
                (float(row["latitude"]), float(row["longitude"])) if row["latitude"] else None,
            )
            for row in csv.DictReader(file)
        }


def find_municipality(code: str) -> Municipality | None:
    return municipalities().get(_FORMER.get(code, code))


def check_digit(five: str) -> str:
    """The sixth digit of a 全国地方公共団体コード (JIS X 0402, modulus 11)."""
    total = sum(int(digit) * weight for digit, weight in zip(five, _WEIGHTS, strict=True))
    return str((11 - total % 11) % 10)


def normalise_code(written: str) -> str | None:
    """The six digits of a known municipality; five, or a former code, will do."""
    digits = unicodedata.normalize("NFKC", written).strip()
    if not digits.isascii() or not digits.isdigit():
        return None
    place = find_municipality(digits + check_digit(digits)) if len(digits) == 5 else None
    if place is None and len(digits) in (5, 6):
        place = find_municipality(digits.zfill(6))
    return place.code if place else None


def normalise_area(written: str) -> str | None:
    """The code of a municipality (6 digits) or of a prefecture (2, also written with 6)."""
    digits = unicodedata.normalize("NFKC", written).strip()
    if digits in PREFECTURES:
        return digits
    if digits.isascii() and digits.isdigit() and len(digits) == 6 and digits[2:5] == "000":
        prefecture = digits[:2]
        return (
            prefecture
            if prefecture in PREFECTURES and digits[5] == check_digit(digits[:5])
            else None
        )
    return normalise_code(digits)


def area_name(code: str) -> str:
    """What people call a prefecture or municipality code; the code itself where it is unknown."""
    if code in PREFECTURES:
        return PREFECTURES[code]
    place = find_municipality(code)
    return place.name if place else code


def enclosing(code: str) -> tuple[str, ...]:
    """The code with all that lie around it: ward, city, prefecture."""
    place = find_municipality(code)
    if place is None:
        return (code,)
    around = [place.code]
    if (ward := _WARD.fullmatch(place.name)) and (city := find_by_name(place.prefecture, ward[1])):
        around.append(city.code)
    return (*around, place.code[:2])


def within(code: str) -> tuple[str, ...]:
    """The codes of all municipalities in a prefecture or municipality, itself included."""
    return _within().get(code, (code,))


@cache
def _within() -> dict[str, tuple[str, ...]]:
    inside: dict[str, list[str]] = defaultdict(list)
    for code in municipalities():
        for around in enclosing(code):
            inside[around].append(code)
    return {code: tuple(codes) for code, codes in inside.items()}


@cache
def _by_name() -> dict[tuple[str, str], Municipality]:
    names = {(_plain(m.prefecture), _plain(m.name)): m for m in municipalities().values()}
    return names | {name: municipalities()[code] for name, code in _FORMER_NAMES.items()}


def find_by_name(prefecture: str, name: str) -> Municipality | None:
    """The municipality written so, with or without its 郡."""
    plain = _plain(name)
    known = _by_name()
    return known.get((_plain(prefecture), plain)) or known.get(
        (_plain(prefecture), _COUNTY.sub("", plain))
    )


def find_in_address(address: str, prefecture: str = "") -> Municipality | None:
    """The municipality an address begins with; `prefecture` where the address leaves it out."""
    plain = _plain(address)
    for name in _PREFECTURES:
        if plain.startswith(name):
            prefecture, plain = name, plain.removeprefix(name)
            break
    # As written first: 蒲郡市 lies in no 郡.
    candidates = [
        written[:length]
        for written in (plain, _COUNTY.sub("", plain))
        for length in range(min(len(written), 12), 1, -1)
    ]
    known = _by_name()
    return next(
        (known[prefecture, name] for name in candidates if (prefecture, name) in known), None
    )


def _plain(name: str) -> str:
    return re.sub(r"\s", "", normalise(name))


@cache
def _named() -> dict[str, tuple[str, ...]]:
    """Names people use → codes: whole names, names without 市, wards by themselves, readings."""
    names: dict[str, dict[str, None]] = defaultdict(dict)
    for code, name in PREFECTURES.items():
        names[name][code] = None
        if name != "北海道":
            names[name[:-1]][code] = None
    for place in municipalities().values():
        name = _plain(place.name)
        ward = _WARD.fullmatch(name)
        for known in (name, place.kana, name.removeprefix(ward[1]) if ward else name):
            names[known][place.code] = None
        if len(name) > 2 and not _WARD.fullmatch(name):
            names[name[:-1]][place.code] = None
    return {name: tuple(codes) for name, codes in names.items()}


def named(name: str) -> tuple[str, ...]:
    """Codes of everything of this name, prefectures first: 「京都」 is two."""
    return _named().get(_plain(name), ())
