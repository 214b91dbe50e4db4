"""What may be asked of the search."""

import re
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.core.paging import DEFAULT, MOST
from app.organisations.forms import Area
from app.vocabulary.organisations import LegalForm, OrganisationType
from app.vocabulary.times import ActivityTime

_POSITION = re.compile(r"(-?\d{1,2}(?:\.\d{1,10})?),\s?(-?\d{1,3}(?:\.\d{1,10})?)", re.ASCII)
_LONGEST = 10_000


def check_position(value: str) -> str:
    match = _POSITION.fullmatch(value)
    if not match or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
        raise ValueError("緯度,経度（例: 35.7178,139.5661）で指定してください。")
    return value


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Kind = Literal["organisation"]
Sort = Literal["relevance", "distance", "updated"]


class SearchForm(BaseModel):
    """The parameters of a search; one given several times means "one of"."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=_LONGEST, description="さがす言葉。文でもよい")] = ""
    kind: Annotated[list[Kind], Field(description="さがすもの")] = []
    field: Annotated[
        list[Annotated[int, Field(ge=1, le=20)]], Field(max_length=20, description="活動分野 1〜20")
    ] = []
    stage: Annotated[list[Code], Field(max_length=50, description="ステージ")] = []
    area: Annotated[
        list[Area], Field(max_length=100, description="市区町村コード、または都道府県コード2桁")
    ] = []
    legal_form: Annotated[list[LegalForm], Field(max_length=30, description="法人格")] = []
    organisation_type: Annotated[
        list[OrganisationType], Field(max_length=20, description="団体種別")
    ] = []
    when: Annotated[list[ActivityTime], Field(max_length=4, description="活動する時")] = []
    accepting: Annotated[bool | None, Field(description="新しい人を受け入れているか")] = None
    near: Annotated[str | None, AfterValidator(check_position), Field(description="緯度,経度")] = (
        None
    )
    radius_km: Annotated[
        float | None, Field(gt=0, le=500, allow_inf_nan=False, description="near からの距離")
    ] = None
    sort: Sort = "relevance"
    interpret: Annotated[
        Literal["on", "off"], Field(description="off: 言葉から場所や時間を読み取らない")
    ] = "on"
    limit: Annotated[int, Field(ge=1, le=MOST)] = DEFAULT
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0

    @model_validator(mode="after")
    def _distance_needs_a_centre(self) -> Self:
        if self.near is None and (self.radius_km is not None or self.sort == "distance"):
            raise ValueError("距離でさがすときは、near で場所を指定してください。")
        return self

    @property
    def position(self) -> tuple[float, float] | None:
        match = _POSITION.fullmatch(self.near) if self.near else None
        return (float(match[1]), float(match[2])) if match else None

    def codes(self) -> dict[str, tuple[str, ...]]:
        """The code lists filtered by."""
        given = {
            "field": tuple(map(str, self.field)),
            "stage": tuple(self.stage),
            "area": tuple(self.area),
            "legal_form": tuple(form.value for form in self.legal_form),
            "organisation_type": tuple(kind.value for kind in self.organisation_type),
            "when": tuple(when.value for when in self.when),
            "accepting": () if self.accepting is None else (str(self.accepting).lower(),),
        }
        return {name: codes for name, codes in given.items() if codes}


class PageForm(SearchForm):
    """The same in a link people follow: what others have added to it is not read."""

    model_config = ConfigDict(extra="ignore")

    @field_validator("sort", mode="before")
    @classmethod
    def _known(cls, sort: str) -> str:
        return sort if sort in get_args(Sort) else "relevance"


class SuggestForm(BaseModel):
    """What has been typed so far."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=_LONGEST)] = ""
    limit: Annotated[int, Field(ge=1, le=20)] = 8
