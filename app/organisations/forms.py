"""What may come in about an organisation. Names are those of `queries.Record`."""

import re
from datetime import date
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.core.clock import today
from app.core.text import (
    Day,
    Line,
    Name,
    SecureAddress,
    Text,
    WebAddress,
    check_email,
    check_line,
    check_telephone,
)
from app.organisations.rules import (
    check_member_counts,
    normalise_corporate_number,
    normalise_postcode,
)
from app.places.rules import normalise_area, normalise_code
from app.vocabulary.goals import Goal
from app.vocabulary.organisations import (
    ConfirmationMethod,
    ContactKind,
    EntryMethod,
    LegalForm,
    LinkKind,
    OrganisationType,
    PublicationUse,
)
from app.vocabulary.times import ActivityTime

_KANA = re.compile(
    r"[ぁ-ゖァ-ヺー・･ｦ-ﾟ0-9０-９A-Za-zＡ-Ｚａ-ｚ\s.,、。（）()「」&＆!！?？'’:：/／〜~－-]*"
)
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_OLDEST = 1600


def check_kana(value: str) -> str:
    value = check_line(value)
    if not _KANA.fullmatch(value):
        raise ValueError("フリガナは、かなで入力してください。")
    return value


def _check_municipality(value: str) -> str:
    code = normalise_code(value)
    if code is None:
        raise ValueError("市区町村コードが正しくありません。")
    return code


def _check_code(value: str) -> str:
    if not _CODE.fullmatch(value):
        raise ValueError("コードは半角の英数字です。")
    return value


def _unique(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _check_area(value: str) -> str:
    code = normalise_area(value)
    if code is None:
        raise ValueError("市区町村コード（6桁）または都道府県コード（2桁）で指定してください。")
    return code


# A municipality or a whole prefecture, as a parameter of a query.
Area = Annotated[str, AfterValidator(_check_area)]
Kana = Annotated[StrictStr, StringConstraints(max_length=200), AfterValidator(check_kana)]
Code = Annotated[StrictStr, AfterValidator(_check_code)]
MunicipalityCode = Annotated[StrictStr, AfterValidator(_check_municipality)]
CorporateNumber = Annotated[StrictStr, AfterValidator(normalise_corporate_number)]
Postcode = Annotated[StrictStr, AfterValidator(normalise_postcode)]
FieldNumber = Annotated[StrictInt, Field(ge=1, le=20)]
# Wider than `Line`, whose own limit would win if another were put around it.
LongLine = Annotated[StrictStr, StringConstraints(max_length=500), AfterValidator(check_line)]
Street = Annotated[StrictStr, StringConstraints(max_length=300), AfterValidator(check_line)]
Count = Annotated[StrictInt, Field(ge=0, le=10_000_000)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AddressForm(_Form):
    postcode: Postcode | None = Field(None, examples=["1800001"])
    street: Street | None = Field(None, description="町名から番地まで", examples=["緑町9-9-99"])
    building: Line | None = None
    latitude: Annotated[StrictFloat | StrictInt, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[StrictFloat | StrictInt, Field(ge=-180, le=180)] | None = None
    is_public: StrictBool = Field(default=False, description="住所を公開するか")

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("緯度と経度は両方入力してください。")
        return self


class ContactForm(_Form):
    kind: ContactKind
    value: Name = Field(examples=["0422-00-0000"])
    kana: Kana | None = None
    note: Line | None = None
    is_public: StrictBool = Field(default=False, description="この連絡先を公開するか")

    @field_validator("value")
    @classmethod
    def _well_formed(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("kind")
        if kind is ContactKind.EMAIL:
            return check_email(value)
        if kind in (ContactKind.PHONE, ContactKind.MOBILE, ContactKind.FAX):
            return check_telephone(value)
        return value


class LinkForm(_Form):
    kind: LinkKind = LinkKind.WEBSITE
    url: WebAddress


class PhotoForm(_Form):
    url: SecureAddress
    alt: Name = Field(description="写真の内容を言葉で")


class RegistrationForm(_Form):
    scheme: Code = Field(description="登録制度のコード（/vocabularies の registration_scheme）")
    number: Annotated[Line, StringConstraints(max_length=60)] | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None

    @field_validator("valid_until")
    @classmethod
    def _in_order(cls, value: date | None, info: ValidationInfo) -> date | None:
        begins = info.data.get("valid_from")
        if begins and value and value < begins:
            raise ValueError("登録の終わりが始まりより前です。")
        return value


EXAMPLE: dict[str, Any] = {
    "name": "みどり町おはなしの会（架空）",
    "kana": "ミドリチョウオハナシノカイ",
    "organisation_type": "civic_group",
    "fields": [2, 13],
    "municipality": "132039",
    "purpose": "絵本の読み聞かせを通して、子どもたちに本の楽しさを伝える。",
    "activity_times": ["weekend"],
    "accepting_members": True,
    "contacts": [{"kind": "email", "value": "ohanashi@example.jp", "is_public": True}],
}


class OrganisationForm(_Form):
    """A new record."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    name: Name = Field(description="団体名")
    kana: Kana | None = Field(
        None, description="正式なフリガナ。読みで見つかるかどうかは、これで決まります。"
    )
    other_names: Annotated[list[Name], Field(max_length=20)] = Field([], description="略称・別名")
    organisation_type: OrganisationType = OrganisationType.CIVIC_GROUP
    legal_form: LegalForm = LegalForm.NONE
    corporate_number: CorporateNumber | None = Field(None, description="法人番号（13桁）")
    office: Code | None = Field(None, description="担当の窓口のコード")
    municipality: MunicipalityCode | None = Field(None, description="所在の市区町村コード")
    areas: Annotated[list[MunicipalityCode], Field(max_length=100), AfterValidator(_unique)] = (
        Field([], description="活動エリアの市区町村コード")
    )
    address: AddressForm | None = None
    contacts: Annotated[list[ContactForm], Field(max_length=30)] = []
    meeting_place: LongLine | None = Field(None, description="主な活動場所")
    schedule: LongLine | None = Field(None, description="活動日時（書かれたまま）")
    activity_times: Annotated[list[ActivityTime], Field(max_length=4), AfterValidator(_unique)] = []
    fields: Annotated[list[FieldNumber], Field(max_length=20), AfterValidator(_unique)] = Field(
        [], description="活動分野（特定非営利活動促進法 別表の番号 1〜20）"
    )
    stage: Code | None = None
    keywords: Annotated[list[Name], Field(max_length=50), AfterValidator(_unique)] = []
    purpose: Text | None = Field(None, description="目的")
    activities: Text | None = Field(None, description="主な活動内容")
    achievements: Text | None = Field(None, description="実績")
    message: Text | None = Field(None, description="一言PR")
    membership_fee: LongLine | None = Field(None, description="会費")
    member_count: Count | None = None
    local_member_count: Count | None = Field(None, description="会員のうち市内の人数")
    founded_year: Annotated[StrictInt, Field(ge=_OLDEST, le=2200)] | None = None
    visits_welcome: StrictBool | None = Field(None, description="見学・体験ができるか")
    accepting_members: StrictBool | None = Field(None, description="新しい人を受け入れているか")
    links: Annotated[list[LinkForm], Field(max_length=20)] = []
    photos: Annotated[list[PhotoForm], Field(max_length=20)] = []
    goals: Annotated[list[Goal], Field(max_length=17), AfterValidator(_unique)] = Field(
        [], description="SDGs の目標の番号"
    )
    registrations: Annotated[list[RegistrationForm], Field(max_length=50)] = []
    consents: dict[PublicationUse, StrictBool] = Field(
        {}, description="掲載の同意（用途ごと）。書かれていない用途は、まだ聞いていない扱いです。"
    )
    entry_method: EntryMethod = EntryMethod.SELF
    confirm_every_months: Annotated[StrictInt, Field(ge=1, le=60)] = Field(
        12, description="何か月ごとに内容を確認するか"
    )

    @field_validator("local_member_count")
    @classmethod
    def _among_the_members(cls, value: int | None, info: ValidationInfo) -> int | None:
        check_member_counts(info.data.get("member_count"), value)
        return value

    @field_validator("founded_year")
    @classmethod
    def _founded_already(cls, value: int | None) -> int | None:
        if value and value > today().year:
            raise ValueError("設立年が未来です。")
        return value

    def values(self) -> dict[str, Any]:
        """What was sent, as `Record` holds it."""
        sent = self.model_dump(mode="json", include=self.model_fields_set)
        return {**sent, "fields": sorted(sent["fields"])} if "fields" in sent else sent


class OrganisationPatch(OrganisationForm):
    """A change: only what is sent is changed; null or an empty list empties."""

    name: Name = ""


class CloseForm(_Form):
    """活動終了."""

    closed_on: Day | None = Field(None, description="終了日。書かなければ今日")
    reason: Line | None = None
    successor_number: CorporateNumber | None = Field(None, description="引き継いだ法人の法人番号")

    @field_validator("closed_on")
    @classmethod
    def _not_in_future(cls, value: date | None) -> date | None:
        if value and value > today():
            raise ValueError("終了日が未来です。")
        return value


class ConfirmForm(_Form):
    """A human has looked: who, how, when."""

    by: Name = Field(examples=["市民活動センター 職員"])
    how: ConfirmationMethod
    on: Day | None = Field(None, description="確認した日。書かなければ今日")

    @field_validator("on")
    @classmethod
    def _not_in_future(cls, value: date | None) -> date | None:
        if value and value > today():
            raise ValueError("確認日が未来です。")
        return value
