"""`groups-csv`: the project's own layout for a city's list of groups; codes or Japanese labels.

`COLUMNS` is the layout (`musubi template groups-csv` prints it). Only 団体名 is needed in a row; a
row is known by its 外部ID, or by its name where it has none. A list in a cell is separated by ; or
、. An empty cell says that there is nothing; a column that the file does not have says nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.core.clock import parse_date, parse_year, today
from app.core.text import Name
from app.intake.cells import (
    CellError,
    areas_of,
    choice,
    decimal,
    entry_method,
    fields_of,
    flag,
    goals_of,
    listed,
    months,
    municipality_of,
    parsed,
    registrations_of,
    times_of,
    whole,
    yes_or_no,
)
from app.intake.rules import Incoming
from app.intake.sources import LONGEST_ID, Reading, SourceFormat, key_of, refusal
from app.intake.tables import Row, RowError
from app.organisations.forms import OrganisationForm
from app.organisations.rules import legal_form_of
from app.vocabulary.organisations import (
    ConfirmationMethod,
    ContactKind,
    LegalForm,
    LinkKind,
    OrganisationType,
    PublicationUse,
)

NAME = "groups-csv"
COLUMNS = (
    "外部ID 団体名 フリガナ 団体種別 法人番号 郵便番号 都道府県 市区町村 住所 緯度 経度 分野 "
    "ステージ 目的 活動内容 キーワード 活動日 会員数 設立年 新規受け入れ 法人格 別名 建物名 "
    "住所公開 活動エリア 主な活動場所 活動日時 市内会員数 会費 実績 一言PR 見学体験 SDGs "
    "代表者 代表者フリガナ 代表者公開 連絡責任者 連絡責任者フリガナ 連絡責任者公開 電話 "
    "電話公開 携帯電話 携帯電話公開 FAX FAX公開 メール メール公開 ウェブサイト Facebook "
    "Instagram X LINE 写真 写真の説明 登録 担当窓口 確認日 確認者 確認方法 確認間隔 入力方法 "
    "掲載同意ウェブ 掲載同意冊子 掲載同意オープンデータ"
).split()
_NAME: TypeAdapter[str] = TypeAdapter(Name)
# 団体種別 that older lists use for what is a 法人格 here.
_LEGAL_FORMS_AS_TYPES = {"NPO法人": LegalForm.NPO, "認定NPO法人": LegalForm.CERTIFIED_NPO}


def read(rows: Iterable[Row | RowError]) -> Reading:
    """What each row says; a repeated 外部ID is refused."""
    seen: dict[str, int] = {}
    for row in rows:
        if isinstance(row, RowError):
            yield row
            continue
        read_row = _read_row(row)
        if isinstance(read_row, Incoming):
            first = seen.setdefault(read_row.source_id, row.number)
            if first != row.number:
                reason = f"{first}行目と同じ団体です。"
                yield RowError(row.number, "外部ID", read_row.source_id, reason)
                continue
        yield read_row


def _read_row(row: Row) -> Incoming | RowError:
    cells = row.cells
    try:
        values = _values(cells)
        form = OrganisationForm.model_validate(values)
        said = form.values() | _confirmation(cells) | _of_city_lists(cells)
    except CellError as error:
        return RowError(row.number, error.column, cells.get(error.column, ""), error.reason)
    except ValidationError as error:
        return refusal(row, error, _COLUMN_OF | _columns_of_items(values))
    source_id = cells.get("外部ID") or key_of(f"{said['name']}/{cells.get('市区町村', '')}")
    if len(source_id) > LONGEST_ID:
        reason = f"外部IDは{LONGEST_ID}文字以内で書いてください。"
        return RowError(row.number, "外部ID", source_id, reason)
    return Incoming(row.number, NAME, source_id, _nothing(cells) | said)


def _nothing(cells: Mapping[str, str]) -> dict[str, Any]:
    """What the columns that are there would say, were they all empty.

    What a record always has (団体種別 …) and what has happened (確認日, 掲載同意) is not taken back
    by an empty cell.
    """
    return {
        name: [] if name in _LISTS else None
        for name, columns in _EMPTIED.items()
        if any(column in cells for column in columns)
    }


def _values(cells: Mapping[str, str]) -> dict[str, Any]:
    """The form's values for the cells that are filled."""
    values: dict[str, Any] = {}
    for column, (name, parse) in _SIMPLE.items():
        if written := cells.get(column):
            values[name] = parsed(column, written, parse)
    values |= _kinds(cells, values.get("name", ""))
    values |= _place(cells)
    contacts = [contact for kind in ContactKind if (contact := _contact(cells, kind))]
    links = [
        {"kind": kind, "url": cells[column]} for column, kind in _LINKS.items() if cells.get(column)
    ]
    consents = {
        use: yes_or_no(column, cells[column])
        for column, use in _CONSENTS.items()
        if cells.get(column)
    }
    filled = {"contacts": contacts, "links": links, "consents": consents}
    if cells.get("写真"):
        photo = {"url": cells["写真"], "alt": cells.get("写真の説明") or cells.get("団体名", "")}
        filled["photos"] = [photo]
    return values | {name: value for name, value in filled.items() if value}


def _kinds(cells: Mapping[str, str], name: str) -> dict[str, Any]:
    """団体種別 and 法人格, apart."""
    kind, form = cells.get("団体種別", ""), cells.get("法人格", "")
    values: dict[str, Any] = {}
    if kind in _LEGAL_FORMS_AS_TYPES:
        values["legal_form"] = _LEGAL_FORMS_AS_TYPES[kind]
    elif kind:
        values["organisation_type"] = choice(OrganisationType, "団体種別", kind)
    if form:
        values["legal_form"] = choice(LegalForm, "法人格", form)
    values.setdefault("legal_form", legal_form_of(name))
    return values


def _place(cells: Mapping[str, str]) -> dict[str, Any]:
    """Municipality and address.

    Where the file has no 住所公開, its addresses are meant for the public.
    """
    values: dict[str, Any] = {}
    if written := cells.get("市区町村"):
        values["municipality"] = municipality_of(cells.get("都道府県", ""), written)
    address: dict[str, Any] = {
        name: cells[column]
        for name, column in (("postcode", "郵便番号"), ("street", "住所"), ("building", "建物名"))
        if cells.get(column)
    }
    for name, column in (("latitude", "緯度"), ("longitude", "経度")):
        if cells.get(column):
            address[name] = parsed(column, cells[column], decimal)
    if address:
        said = cells.get("住所公開")
        public = True if said is None else bool(said) and yes_or_no("住所公開", said)
        values["address"] = {**address, "is_public": public}
    return values


def _contact(cells: Mapping[str, str], kind: ContactKind) -> dict[str, Any] | None:
    column = kind.label
    if not cells.get(column):
        return None
    public = cells.get(f"{column}公開", "")
    contact = {
        "kind": kind,
        "value": cells[column],
        "is_public": bool(public) and yes_or_no(f"{column}公開", public),
    }
    return contact | ({"kana": kana} if (kana := cells.get(f"{column}フリガナ")) else {})


def _of_city_lists(cells: Mapping[str, str]) -> dict[str, Any]:
    """What is named by the code or the label of a list that the city keeps."""
    named = {"stage": cells.get("ステージ"), "office": cells.get("担当窓口")}
    said: dict[str, Any] = {name: written for name, written in named.items() if written}
    if written := cells.get("登録"):
        said["registrations"] = parsed("登録", written, registrations_of)
    return said


def _confirmation(cells: Mapping[str, str]) -> dict[str, Any]:
    if not cells.get("確認日"):
        return {}
    day = parsed("確認日", cells["確認日"], parse_date)
    if day > today():
        raise CellError("確認日", "確認日が未来です。")
    how, by = cells.get("確認方法", ""), cells.get("確認者", "")
    return {
        "confirmed_on": day.isoformat(),
        "confirmed_by": parsed("確認者", by, _NAME.validate_python) if by else None,
        "confirmed_how": choice(ConfirmationMethod, "確認方法", how).value if how else None,
    }


_SIMPLE: dict[str, tuple[str, Callable[[str], Any]]] = {
    "団体名": ("name", str),
    "フリガナ": ("kana", str),
    "別名": ("other_names", listed),
    "法人番号": ("corporate_number", str),
    "分野": ("fields", fields_of),
    "目的": ("purpose", str),
    "活動内容": ("activities", str),
    "実績": ("achievements", str),
    "一言PR": ("message", str),
    "キーワード": ("keywords", listed),
    "活動日": ("activity_times", times_of),
    "活動日時": ("schedule", str),
    "主な活動場所": ("meeting_place", str),
    "活動エリア": ("areas", areas_of),
    "会員数": ("member_count", whole),
    "市内会員数": ("local_member_count", whole),
    "会費": ("membership_fee", str),
    "設立年": ("founded_year", parse_year),
    "新規受け入れ": ("accepting_members", flag),
    "見学体験": ("visits_welcome", flag),
    "SDGs": ("goals", goals_of),
    "確認間隔": ("confirm_every_months", months),
    "入力方法": ("entry_method", entry_method),
}
_LINKS = {
    "ウェブサイト": LinkKind.WEBSITE,
    "Facebook": LinkKind.FACEBOOK,
    "Instagram": LinkKind.INSTAGRAM,
    "X": LinkKind.X,
    "LINE": LinkKind.LINE,
}
_CONSENTS = {
    "掲載同意ウェブ": PublicationUse.WEB,
    "掲載同意冊子": PublicationUse.BOOKLET,
    "掲載同意オープンデータ": PublicationUse.OPEN_DATA,
}
_ADDRESS = ("郵便番号", "住所", "建物名", "緯度", "経度")
_ALWAYS_THERE = frozenset({"name", "confirm_every_months", "entry_method"})
# What is taken back when all of its columns are empty.
_EMPTIED: dict[str, tuple[str, ...]] = {
    **{name: (column,) for column, (name, _) in _SIMPLE.items() if name not in _ALWAYS_THERE},
    "municipality": ("市区町村",),
    "address": _ADDRESS,
    "contacts": tuple(kind.label for kind in ContactKind),
    "links": tuple(_LINKS),
    "photos": ("写真",),
    "stage": ("ステージ",),
    "office": ("担当窓口",),
    "registrations": ("登録",),
}
_LISTS = frozenset(
    "other_names fields keywords activity_times areas goals contacts links photos "
    "registrations".split()
)
_COLUMN_OF = {name: column for column, (name, _) in _SIMPLE.items()} | {
    "postcode": "郵便番号",
    "street": "住所",
    "building": "建物名",
    "latitude": "緯度",
    "longitude": "経度",
    "address": "緯度",
    "photos.0": "写真",
    "photos.0.alt": "写真の説明",
    "municipality": "市区町村",
}


def _columns_of_items(values: Mapping[str, Any]) -> dict[str, str]:
    """Of contacts and links, each of which has a column of its own."""
    columns: dict[str, str] = {}
    for place, contact in enumerate(values.get("contacts", ())):
        columns[f"contacts.{place}"] = contact["kind"].label
        columns[f"contacts.{place}.kana"] = f"{contact['kind'].label}フリガナ"
    for place, link in enumerate(values.get("links", ())):
        columns[f"links.{place}"] = next(c for c, kind in _LINKS.items() if kind is link["kind"])
    return columns


FORMAT = SourceFormat(
    NAME, "市民活動団体の名簿（このサイトの書式）", (("団体名",),), read, frozenset(COLUMNS)
)
