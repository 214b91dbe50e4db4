"""What may be asked of the search."""

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.core.clock import today
from app.core.paging import DEFAULT, MOST
from app.core.text import Day
from app.discovery.documents import yes_or_no
from app.organisations.forms import Area
from app.vocabulary.listings import Frequency, ListingKind
from app.vocabulary.organisations import LegalForm, OrganisationType
from app.vocabulary.times import ActivityTime
from search.days import MOST_DAYS, day_codes

_POSITION = re.compile(r"(-?\d{1,2}(?:\.\d{1,10})?),\s?(-?\d{1,3}(?:\.\d{1,10})?)", re.ASCII)
_LONGEST = 10_000
_BURDENS = ("online", "family", "beginner", "single_day", "students", "travel_paid")
# By what each kind is counted; by these it is filtered, and opportunities by day.
FACETS: dict[str, tuple[str, ...]] = {
    "organisation": (
        "field",
        "stage",
        "area",
        "legal_form",
        "organisation_type",
        "when",
        "accepting",
    ),
    "opportunity": (
        "field",
        "area",
        "when",
        "listing_kind",
        "frequency",
        *_BURDENS,
        "organisation_type",
    ),
}
_VOLUNTEERING = (ListingKind.PEOPLE.value, ListingKind.SKILL.value)
FILTERS = {**FACETS, "opportunity": (*FACETS["opportunity"], "day")}


def check_position(value: str) -> str:
    match = _POSITION.fullmatch(value)
    if not match or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:
        raise ValueError("緯度,経度（例: 35.7178,139.5661）で指定してください。")
    return value


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Kind = Literal["organisation", "opportunity"]
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
    listing_kind: Annotated[list[ListingKind], Field(max_length=10, description="募集の種別")] = []
    frequency: Annotated[list[Frequency], Field(max_length=5, description="募集: 関わり方")] = []
    online: Annotated[bool | None, Field(description="募集: オンラインでできるか")] = None
    family: Annotated[bool | None, Field(description="募集: 親子で参加できるか")] = None
    beginner: Annotated[bool | None, Field(description="募集: 経験がなくてもよいか")] = None
    single_day: Annotated[bool | None, Field(description="募集: 一回だけか")] = None
    students: Annotated[bool | None, Field(description="募集: 学生が参加できるか")] = None
    travel_paid: Annotated[bool | None, Field(description="募集: 交通費が出るか")] = None
    day: Annotated[list[Day], Field(max_length=MOST_DAYS, description="募集: この日にできる")] = []
    from_: Annotated[Day | None, Field(alias="from", description="募集: 期間の始まり")] = None
    until: Annotated[Day | None, Field(description="募集: 期間の終わり（その日を含む）")] = None
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

    @field_validator("kind")
    @classmethod
    def _one_kind(cls, kinds: list[Kind]) -> list[Kind]:
        if len(set(kinds)) > 1:
            raise ValueError(
                "さがすものは、organisation か opportunity のどちらか一つにしてください。"
            )
        return kinds

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if (self.from_ is None) != (self.until is None):
            raise ValueError("期間でさがすときは、from と until の両方を指定してください。")
        if self.span_fault:
            raise ValueError(f"期間は、from から until まで{MOST_DAYS}日以内にしてください。")
        return self

    @model_validator(mode="after")
    def _filters_of_the_kind(self) -> Self:
        if foreign := self.codes().keys() - set(FILTERS[self.sought]):
            names = "、".join(sorted(foreign))
            raise ValueError(f"kind={self.sought} では使えない条件です: {names}")
        return self

    @property
    def sought(self) -> Kind:
        return self.kind[0] if self.kind else "organisation"

    @property
    def span_fault(self) -> str:
        """What is wrong with the span, in a sentence; nothing where nothing is."""
        days = (self.until - self.from_).days if self.from_ and self.until else 0
        if days < 0:
            return "終わりの日は、はじまりの日より後にしてください。"
        return f"期間は{MOST_DAYS}日以内にしてください。" if days >= MOST_DAYS else ""

    @property
    def days(self) -> list[date]:
        """The days asked for, each and all of the span."""
        span = []
        if self.from_ and self.until and not self.span_fault:
            span = [self.from_ + timedelta(n) for n in range((self.until - self.from_).days + 1)]
        return [*self.day, *span]

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
            "listing_kind": tuple(kind.value for kind in self.listing_kind),
            "frequency": tuple(frequency.value for frequency in self.frequency),
            "day": day_codes(self.days),
            **{name: yes_or_no(value=getattr(self, name)) for name in ("accepting", *_BURDENS)},
        }
        return {name: codes for name, codes in given.items() if codes}

    def filters(self) -> dict[str, tuple[str, ...]]:
        """The code lists asked by: those chosen, and what the page takes for granted."""
        return self.codes()


class _PageForm(SearchForm):
    """The same in a link people follow: what others have added to it is not read."""

    model_config = ConfigDict(extra="ignore")

    @field_validator("sort", mode="before")
    @classmethod
    def _known(cls, sort: str) -> str:
        return sort if sort in get_args(Sort) else "relevance"

    @model_validator(mode="before")
    @classmethod
    def _without_the_empty(cls, sent: dict[str, Any]) -> dict[str, Any]:
        """A form sends its empty fields too."""
        kept = {n: [v for v in s if v] if isinstance(s, list) else s for n, s in sent.items()}
        filled = {name: value for name, value in kept.items() if value}
        return filled | _span(filled)

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        """A span that cannot be is said beside its fields."""
        return self

    @field_validator("kind", mode="before")
    @classmethod
    def _of_the_page(cls, _: object) -> object:
        return cls.model_fields["kind"].default

    def codes(self) -> dict[str, tuple[str, ...]]:
        own = FILTERS[self.sought]
        return {name: codes for name, codes in super().codes().items() if name in own}


def _span(sent: dict[str, Any]) -> dict[str, str]:
    """Both ends of a span of days of which only one was filled in."""
    first, last = sent.get("from"), sent.get("until")
    longest = timedelta(days=MOST_DAYS - 1)
    try:
        if first and not last:
            return {"until": (date.fromisoformat(first) + longest).isoformat()}
        if last and not first:
            end = date.fromisoformat(last)
            return {"from": max(min(today(), end), end - longest).isoformat()}
    except (ValueError, OverflowError):
        pass  # the field itself says so
    return {}


class OrganisationsPageForm(_PageForm):
    """The page of organisations."""


class OpportunitiesPageForm(_PageForm):
    """The page of opportunities: where one lends a hand, unless all kinds are asked for."""

    kind: list[Kind] = ["opportunity"]
    all_kinds: bool = False

    def filters(self) -> dict[str, tuple[str, ...]]:
        usual = {} if self.all_kinds else {"listing_kind": _VOLUNTEERING}
        return usual | self.codes()


class SuggestForm(BaseModel):
    """What has been typed so far."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=_LONGEST)] = ""
    limit: Annotated[int, Field(ge=1, le=20)] = 8
