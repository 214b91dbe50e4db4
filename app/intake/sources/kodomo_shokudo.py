"""`kodomo-shokudo`: 子ども食堂 in the layout of the municipal standard data set (推奨データセット).

A row is known by its municipality code and ID; without an ID, or where one ID stands for two, by
code, name and address. 法人番号 is that of the 運営団体: its places are one organisation with
several source rows.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from app.intake.rules import Incoming, Saying, combine
from app.intake.sources import Reading, SourceFormat, key_of, refusal
from app.intake.tables import Row, RowError
from app.organisations.forms import OrganisationForm
from app.organisations.rules import legal_form_of, normalise_corporate_number
from app.places.rules import PREFECTURES, find_by_name, find_in_address, normalise_code
from app.vocabulary.organisations import ContactKind, EntryMethod, LinkKind

NAME = "kodomo-shokudo"
REQUIRED = ("全国地方公共団体コード", "ID", "名称", "住所")
_CHILDREN, _WELFARE = 13, 1
_WEEKEND = re.compile("[土日祝]")
_WEEKDAY = re.compile("[月火水木金]")
_EVENING_FROM = 16
_WITHHELD = "非公開"
_FEES = "幼児 小学生 中学生 高校生 大人".split()


def read(rows: Iterable[Row | RowError]) -> Reading:
    """What the rows say; rows of one place (several days) are taken together."""
    places: dict[str, tuple[str, list[Incoming]]] = {}
    for row in rows:
        if isinstance(row, RowError):
            yield row
            continue
        incoming = _read_row(row, row.cells["ID"])
        if isinstance(incoming, RowError):
            yield incoming
            continue
        name = row.cells["名称"]
        if places.get(incoming.source_id, (name,))[0] != name:
            incoming = Incoming(row.number, NAME, _known_by(row.cells, ""), incoming.said)
        places.setdefault(incoming.source_id, (name, []))[1].append(incoming)
    for _, same in places.values():
        yield _together(same)


def _together(same: list[Incoming]) -> Incoming:
    if len(same) == 1:
        return same[0]
    said = combine([Saying(NAME, incoming.said) for incoming in same])
    schedules = [i.said["schedule"] for i in same if i.said.get("schedule")]
    if schedules:
        said["schedule"] = "／".join(dict.fromkeys(schedules))
    return Incoming(same[0].row, NAME, same[0].source_id, said)


def _known_by(cells: Mapping[str, str], id_: str) -> str:
    code = cells["全国地方公共団体コード"]
    return key_of(f"{code}-{id_}" if id_ else f"{code}/{cells['名称']}/{cells['住所']}")


def _read_row(row: Row, id_: str) -> Incoming | RowError:
    cells = {heading: _BREAKS.sub(" ", cell) for heading, cell in row.cells.items()}
    try:
        form = OrganisationForm.model_validate(_values(cells))
    except ValidationError as error:
        return refusal(row, error, _COLUMN_OF)
    return Incoming(row.number, NAME, _known_by(cells, id_), form.values())


_BREAKS = re.compile(r"\s*[\r\n\t\u2028\u2029]\s*")
_COLUMN_OF = {
    "name": "名称",
    "kana": "名称_カナ",
    "corporate_number": "法人番号",
    "other_names": "名称",
    "url": "URL",
    "street": "住所",
    "building": "方書",
    "latitude": "緯度",
    "longitude": "経度",
    "address": "住所",
    "purpose": "設置目的",
    "activities": "参加条件",
    "contacts": "電話番号1",
}


def _values(cells: Mapping[str, str]) -> dict[str, Any]:
    operator = cells.get("運営団体名", "")
    values: dict[str, Any] = {
        **_identity(cells, operator),
        "fields": [_WELFARE, _CHILDREN],
        "keywords": ["子ども食堂"],
        "activities": _activities(cells, operator),
        "entry_method": EntryMethod.IMPORT,
    }
    optional = {
        "purpose": cells.get("設置目的"),
        "municipality": _municipality(cells),
        "address": _address(cells),
        "schedule": _schedule(cells),
        "activity_times": _times(cells),
        "contacts": _contacts(cells),
        "links": _links(cells),
    }
    return values | {name: value for name, value in optional.items() if value}


def _identity(cells: Mapping[str, str], operator: str) -> dict[str, Any]:
    """The organisation is the 運営団体 where it is known by number, else the place itself."""
    name, kana = cells["名称"], cells.get("名称_カナ", "")
    number = _number(cells.get("法人番号", ""))
    if number and operator:
        others = [name] if name != operator else []
        form = legal_form_of(operator)
        return {
            "name": operator,
            "other_names": others,
            "corporate_number": number,
            "legal_form": form,
        }
    identity: dict[str, Any] = {"name": name, "legal_form": legal_form_of(name)}
    if number:
        identity["corporate_number"] = number
    return identity | ({"kana": kana} if kana else {})


def _number(written: str) -> str | None:
    try:
        return normalise_corporate_number(written) if written else None
    except ValueError:
        return None


def _municipality(cells: Mapping[str, str]) -> str | None:
    """Some prefectures publish for all their municipalities under their own code."""
    code = normalise_code(cells["全国地方公共団体コード"])
    if code:
        return code
    prefecture = cells.get("都道府県", "") or PREFECTURES.get(
        cells["全国地方公共団体コード"][:2], ""
    )
    place = find_in_address(cells["住所"], prefecture) or find_by_name(
        prefecture, cells.get("市区町村名", "")
    )
    return place.code if place else None


def _address(cells: Mapping[str, str]) -> dict[str, Any] | None:
    street = cells["住所"]
    if not street or _WITHHELD in street:
        return None
    place = find_in_address(street, cells.get("都道府県", ""))
    for known in (cells.get("都道府県", ""), place.name if place else cells.get("市区町村名", "")):
        street = street.removeprefix(known)
    building = cells.get("方書", "")
    address: dict[str, Any] = {"street": street or None, "is_public": True}
    if building and _WITHHELD not in building:
        address["building"] = building
    try:
        position = float(cells.get("緯度", "")), float(cells.get("経度", ""))
    except ValueError:
        return address
    return address | {"latitude": position[0], "longitude": position[1]}


def _schedule(cells: Mapping[str, str]) -> str | None:
    days, hours = cells.get("開催曜日", ""), ""
    if begins := cells.get("開催開始時間"):
        hours = f"{begins}〜{cells.get('開催終了時間', '')}"
    parts = (days, cells.get("開催日", ""), hours, cells.get("開催日時特記事項", ""))
    return " ".join(" ".join(part for part in parts if part).split())[:500] or None


def _times(cells: Mapping[str, str]) -> list[str]:
    """From days and hours: weekdays from four in the afternoon on count as evenings."""
    days = cells.get("開催曜日", "") + cells.get("開催日", "") + cells.get("開催日時特記事項", "")
    days = days.replace("毎月", "").replace("曜日", "").replace("日時", "").replace("開催日", "")
    hour = re.match(r"(\d{1,2}):", cells.get("開催開始時間", ""))
    evening = bool(hour) and int(hour[1]) >= _EVENING_FROM if hour else False
    times = []
    if _WEEKDAY.search(days):
        times.append("evening" if evening else "weekday")
    if _WEEKEND.search(cells.get("開催曜日", "")):
        times.append("weekend")
    return times


def _activities(cells: Mapping[str, str], operator: str) -> str:
    sentences = [
        f"「{cells['名称']}」を開いています。" if operator else "子ども食堂を開いています。"
    ]
    if support := cells.get("実施支援の主な区分", "").strip("・"):
        sentences.append(f"あわせて行う支援: {support.replace(';', '、')}。")
    if cells.get("フードパントリー実施") == "1":
        sentences.append("フードパントリーも行っています。")
    if cells.get("テイクアウト実施") == "1":
        sentences.append("持ち帰りができます。")
    if condition := cells.get("参加条件"):
        sentences.append(f"参加できる人: {condition}。")
    fees = [f"{who}{fee}円" for who in _FEES if (fee := cells.get(f"参加費_{who}", "")).isdigit()]
    if fees:
        sentences.append(f"参加費: {'、'.join(fees)}。".replace("0円", "0円"))
    return "".join(sentences)


def _contacts(cells: Mapping[str, str]) -> list[dict[str, Any]]:
    """The list publishes them as the contacts of the place."""
    contacts = []
    for column, kind in (
        ("電話番号1", ContactKind.PHONE),
        ("電話番号2", ContactKind.PHONE),
        ("FAX番号", ContactKind.FAX),
        ("メールアドレス1", ContactKind.EMAIL),
        ("メールアドレス2", ContactKind.EMAIL),
    ):
        value = cells.get(column, "")
        well_formed = (
            "@" in value if kind is ContactKind.EMAIL else bool(re.match(r"[\d(]{2}", value))
        )
        if value and well_formed:
            note = cells.get(f"{column}_連絡先備考", "").strip("（）") or None
            contacts.append({"kind": kind, "value": value, "note": note, "is_public": True})
    return contacts


def _links(cells: Mapping[str, str]) -> list[dict[str, Any]]:
    url = cells.get("URL", "")
    return [{"kind": LinkKind.WEBSITE, "url": url}] if re.match(r"https?://\S+$", url) else []


FORMAT = SourceFormat(NAME, "子ども食堂一覧（自治体標準オープンデータ）", (REQUIRED,), read)
