"""What may come in about a need or an offer. Names are those of `ListingRecord`.

What has to fit together is checked by `rules.check_listing`, for a change with all it leaves as it
was.
"""

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
    model_validator,
)

from app.core.clock import TOKYO, today
from app.core.text import Day, Line, Name, SecureAddress, Text, WebAddress
from app.listings.rules import (
    MOST_WINDOWS,
    check_latitude,
    check_longitude,
    check_near,
    check_window,
)
from app.organisations.forms import Code, FieldNumber, LongLine, MunicipalityCode
from app.vocabulary.listings import (
    Condition,
    ContactRoute,
    Frequency,
    ListingKind,
    Temperature,
    Urgency,
)
from app.vocabulary.organisations import EntryMethod, OrganisationType
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS, ActivityTime

_SLOT_ORDER = {slot: position for position, slot in enumerate(SLOTS)}
_MOST = 1_000_000_000


def _in_order(order: Callable[[Any], Any] | None = None) -> AfterValidator:
    """Each once, as a record shows them."""

    def arrange(values: Iterable[Any]) -> list[Any]:
        return sorted(set(values), key=order)

    return AfterValidator(arrange)


def _check_slot(value: str) -> str:
    if value not in _SLOT_ORDER:
        raise ValueError("曜日と時間帯は sat-morning のように指定してください。")
    return value


def _check_planned(value: date) -> date:
    check_near(value, today())
    return value


def _check_moment(value: object) -> datetime:
    """The moment in UTC; without a time zone it is Tokyo's. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) and "T" in value else "")
    except ValueError:
        raise ValueError("日時（例: 2026-12-05T10:00）で入力してください。") from None
    check_near(moment.date(), today())
    return (moment if moment.tzinfo else moment.replace(tzinfo=TOKYO)).astimezone(UTC)


def _unique(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


Slot = Annotated[StrictStr, AfterValidator(_check_slot)]
PlannedDay = Annotated[Day, AfterValidator(_check_planned)]
Moment = Annotated[
    datetime, BeforeValidator(_check_moment), Field(examples=["2026-12-05T10:00:00+09:00"])
]
Quantity = Annotated[StrictInt, Field(ge=1, le=_MOST)]
Age = Annotated[StrictInt, Field(ge=0, le=120)]
Skills = Annotated[list[Skill], Field(max_length=len(Skill)), _in_order(lambda skill: skill.number)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WindowForm(_Form):
    """An exact time. Without a time zone it is Asia/Tokyo."""

    starts_at: Moment
    ends_at: Moment

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        check_window(self.starts_at, self.ends_at)
        return self


class DetailsForm(_Form):
    """What only some kinds carry; `rules.CARRIES` says which."""

    driving: StrictBool | None = Field(None, description="人手: 運転があるか")
    when: Annotated[list[ActivityTime], Field(max_length=4), AfterValidator(_unique)] | None = (
        Field(None, description="人手・技能: おおよその時（曜日と時間帯で言えないもの）")
    )
    hours: Annotated[StrictInt, Field(ge=1, le=10_000)] | None = Field(
        None, description="技能: 見込みの時間数"
    )
    deliverable: LongLine | None = Field(None, description="技能: できあがるもの")
    condition: Line | None = Field(None, description="物品: 状態")
    pickup_place: LongLine | None = Field(None, description="物品・食品: 受け渡しの場所")
    pickup_days: LongLine | None = Field(None, description="物品・食品: 受け渡しの日")
    lot_size: Quantity | None = Field(None, description="物品・食品: ひとまとまりの数")
    photos: Annotated[list[SecureAddress], Field(max_length=10), AfterValidator(_unique)] | None = (
        Field(None, description="物品・食品: 写真のアドレス")
    )
    allergens: Annotated[list[Name], Field(max_length=30), AfterValidator(_unique)] | None = Field(
        None, description="食品: アレルゲン"
    )
    storage: LongLine | None = Field(None, description="食品: 保存の方法・設備")
    purpose: LongLine | None = Field(None, description="資金: 使いみち")
    eligibility: LongLine | None = Field(None, description="資金: 受けられる団体の条件")
    equipment: LongLine | None = Field(None, description="場所: 設備")
    fee: LongLine | None = Field(None, description="場所: 料金")
    allowed_use: LongLine | None = Field(None, description="場所: 使ってよい用途")
    topic: LongLine | None = Field(None, description="情報・助言: 内容")
    format: Line | None = Field(None, description="情報・助言: 形式（面談・講座など）")
    role_sought: LongLine | None = Field(None, description="協働相手: 相手に求める役割")
    role_offered: LongLine | None = Field(None, description="協働相手: 自分たちの役割")
    period: Line | None = Field(None, description="協働相手: 期間")


EXAMPLE: dict[str, Any] = {
    "organisation_id": "01936f00-0000-7000-8000-000000000001",
    "kind": "people",
    "title": "絵本の読み聞かせを手伝ってくださる方（架空）",
    "description": "小学校で朝の読み聞かせをします。はじめての方は二人一組で入ります。",
    "fields": [2, 13],
    "preferred_skills": ["reading_aloud"],
    "quantity": 3,
    "slots": ["tue-early"],
    "municipality": "132039",
    "frequency": "regular",
    "beginners": True,
    "insurance": "ボランティア保険に団体で加入します。",
}


class ListingValues(_Form):
    """What may be said of a listing of any kind."""

    title: Name = Field(description="件名")
    description: Text | None = Field(None, description="内容")
    fields: Annotated[list[FieldNumber], Field(max_length=20), _in_order()] = Field(
        [], description="活動分野（特定非営利活動促進法 別表の番号 1〜20）"
    )
    required_skills: Skills = Field([], description="必要な技能・資格")
    preferred_skills: Skills = Field([], description="あるとよい技能")
    stages: Annotated[list[Code], Field(max_length=20), AfterValidator(_unique)] = Field(
        [], description="合う団体のステージ（/vocabularies の stage）"
    )
    wished_types: Annotated[
        list[OrganisationType], Field(max_length=20), AfterValidator(_unique)
    ] = Field([], description="希望する相手の団体種別")
    urgency: Urgency = Urgency.NORMAL
    contact_route: ContactRoute = ContactRoute.OFFICE
    details: DetailsForm = Field(
        default_factory=DetailsForm, description="種別ごとの項目。送ると全体が置き換わります。"
    )

    quantity: Quantity | None = Field(
        None, description="数量。書かなければ未定。人手・技能を求めるなら、公開までに書く人数"
    )
    unit: Annotated[Line, StringConstraints(max_length=20)] | None = Field(
        None, description="単位。書かなければ種別の単位（人・個・円など）"
    )
    least_quantity: Quantity | None = Field(None, description="これより少ないと成り立たない数")
    best_before: PlannedDay | None = Field(None, description="食品: 賞味・消費期限")
    temperature: Temperature | None = Field(None, description="食品: 温度帯")
    conditions: Annotated[
        list[Condition], Field(max_length=len(Condition)), _in_order(lambda one: one.bit)
    ] = Field([], description="受け取る団体への条件")

    available_from: PlannedDay | None = Field(None, description="期間の始まり")
    available_until: PlannedDay | None = Field(None, description="期間の終わり（その日を含む）")
    deadline: PlannedDay | None = Field(None, description="応募の締切（その日を含む）")
    slots: Annotated[list[Slot], Field(max_length=len(SLOTS)), _in_order(_SLOT_ORDER.get)] = Field(
        [], description="曜日と時間帯", examples=[["sat-morning", "sun-noon"]]
    )
    windows: Annotated[list[WindowForm], Field(max_length=MOST_WINDOWS)] = Field(
        [], description="決まった日時"
    )
    negotiable: StrictBool = Field(default=False, description="日程は応相談か")
    minutes: Annotated[StrictInt, Field(ge=1, le=1440)] | None = Field(
        None, description="一回に必要な時間（分）"
    )

    municipality: MunicipalityCode | None = Field(None, description="場所の市区町村コード")
    place: LongLine | None = Field(None, description="場所の名前や住所")
    latitude: Annotated[StrictFloat, AfterValidator(check_latitude)] | None = None
    longitude: Annotated[StrictFloat, AfterValidator(check_longitude)] | None = None
    reach_km: Annotated[StrictFloat, Field(ge=0, le=500)] | None = Field(
        None, description="行ける・届けられる距離（km）"
    )
    online: StrictBool | None = Field(None, description="オンラインでできるか")

    frequency: Frequency | None = None
    beginners: StrictBool | None = Field(None, description="経験がなくてもよいか")
    may_stop: StrictBool | None = Field(None, description="途中でやめてもよいか")
    family: StrictBool | None = Field(None, description="親子で参加できるか")
    students: StrictBool | None = Field(None, description="学生が参加できるか")
    travel_paid: StrictBool | None = Field(None, description="交通費が出るか")
    cost: LongLine | None = Field(None, description="費用")
    insurance: LongLine | None = Field(None, description="保険")
    belongings: LongLine | None = Field(None, description="持ち物")
    min_age: Age | None = Field(None, description="年齢の下限（法律か保険が求めるときだけ）")
    max_age: Age | None = Field(None, description="年齢の上限（法律か保険が求めるときだけ）")
    video_url: WebAddress | None = Field(None, description="動画のアドレス")

    def values(self) -> dict[str, Any]:
        """What was sent, as `ListingRecord` holds it, days and moments as ISO 8601."""
        sent = self.model_dump(mode="json", include=self.model_fields_set)
        if "details" in sent:
            said = sent["details"].items()
            sent["details"] = {name: value for name, value in said if value is not None}
        if "windows" in sent:
            sent["windows"].sort(key=lambda window: window["starts_at"])
        return sent


class ListingForm(ListingValues):
    """A new need or offer; which of the two, the route says."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    organisation_id: uuid.UUID = Field(description="だれの募集か")
    kind: ListingKind = Field(description="種別。あとから変えられません。")
    entry_method: EntryMethod = EntryMethod.SELF


class ListingPatch(ListingValues):
    """A change: only what is sent is changed; null or an empty list empties."""

    title: Name = ""
