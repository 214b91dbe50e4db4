"""What may come in about a resident. Names are those of `records.PersonRecord`."""

from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
)

from app.core.clock import today, years_after
from app.core.text import Day, EmailAddress, Name, Telephone, Text
from app.organisations.forms import MunicipalityCode
from app.vocabulary.fields import Interest
from app.vocabulary.listings import Frequency
from app.vocabulary.people import AgeBand
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS


def _check_slot(value: str) -> str:
    if value not in SLOTS:
        raise ValueError("曜日と時間帯（例: sat-morning）で入力してください。")
    return value


def _unique(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


Slot = Annotated[
    StrictStr, AfterValidator(_check_slot), Field(json_schema_extra={"enum": list(SLOTS)})
]
_LONGEST_PAUSE_YEARS = 3
_Number = StrictFloat | StrictInt

EXAMPLE: dict[str, Any] = {
    "name": "はな（架空）",
    "email": "hana@example.jp",
    "interests": ["children"],
    "skills": ["reading_aloud", "accounting"],
    "can_do": "絵本の読み聞かせと、会計のお手伝いができます。",
    "slots": ["sat-morning", "sun-morning"],
    "municipality": "132039",
    "reach_km": 5.0,
    "online": True,
    "frequency": "once",
    "matching_consent": True,
}


class PersonForm(BaseModel):
    """A new profile. Only the name is needed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    name: Name = Field(description="呼び名。本名でなくてよい")
    email: EmailAddress | None = None
    phone: Telephone | None = None
    interests: Annotated[list[Interest], Field(max_length=9), AfterValidator(_unique)] = Field(
        [], description="関心のあること"
    )
    skills: Annotated[list[Skill], Field(max_length=63), AfterValidator(_unique)] = Field(
        [], description="できること（技能）"
    )
    can_do: Text | None = Field(None, description="できること（自由に）")
    slots: Annotated[list[Slot], Field(max_length=42), AfterValidator(_unique)] = Field(
        [], description="都合のよい曜日と時間帯"
    )
    negotiable: StrictBool = Field(default=False, description="日時は相談できるか")
    municipality: MunicipalityCode | None = None
    latitude: Annotated[_Number, Field(ge=20, le=46)] | None = None
    longitude: Annotated[_Number, Field(ge=122, le=154)] | None = None
    reach_km: Annotated[_Number, Field(gt=0, le=1000)] | None = Field(
        None, description="何 km まで行けるか"
    )
    online: StrictBool | None = Field(None, description="オンラインでできるか")
    frequency: Frequency | None = None
    first_time: StrictBool | None = Field(None, description="はじめてか")
    age_band: AgeBand | None = Field(
        None, description="年代。法律や保険で必要なときだけ聞いてください。"
    )
    guardian_consent: StrictBool = Field(default=False, description="保護者の同意（18歳未満）")
    matching_consent: StrictBool = Field(default=False, description="紹介を受けることへの同意")
    limit_per_month: Annotated[StrictInt, Field(ge=1, le=31)] = Field(
        2, description="一か月に引き受けられる回数"
    )

    def values(self) -> dict[str, Any]:
        """What was sent, as `PersonRecord` holds it."""
        return self.model_dump(mode="json", include=self.model_fields_set)


class PersonPatch(PersonForm):
    """A change: only what is sent is changed; null or an empty list empties."""

    name: Name = ""


class PauseForm(BaseModel):
    """お休み."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"until": "2027-03-31"}]}
    )

    until: Day | None = Field(None, description="お休みの最後の日。書かなければ、再開するまで")

    @field_validator("until")
    @classmethod
    def _soon(cls, value: date | None) -> date | None:
        if value and value < today():
            raise ValueError("お休みの終わりが過去の日付です。")
        if value and value > years_after(today(), _LONGEST_PAUSE_YEARS):
            raise ValueError(f"お休みの終わりは{_LONGEST_PAUSE_YEARS}年以内の日付にしてください。")
        return value
