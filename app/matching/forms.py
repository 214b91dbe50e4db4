"""What may be asked of matching, and what a city may set."""

from typing import Annotated, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, model_validator

from app.listings.forms import ListingForm
from app.vocabulary.listings import ListingKind

MOST = 100
CandidateKind = Literal["offer", "need", "person", "organisation"]
# The criteria by name; `criteria.CRITERIA` holds their rules.
CriterionName = Literal[
    "fields", "text", "skills", "times", "closeness", "quantity", "stage", "burden", "wish"
]
WeightValue = Annotated[StrictFloat | StrictInt, Field(ge=0, le=100, allow_inf_nan=False)]


_WHOM = "さがす相手。書かなければ提供と個人、まだ誰もいなければ団体"


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MatchForm(_Form):
    """How many, of what kind, and whether they would be written to (H11)."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 20
    for_: Annotated[
        list[CandidateKind],
        Field(
            alias="for",
            max_length=4,
            description=_WHOM,
        ),
    ] = []
    notify: Annotated[bool, Field(description="お知らせを送る相手だけにする")] = False


class CaseForm(_Form):
    """A case at the desk: a need or an offer that is not kept."""

    need: ListingForm | None = None
    offer: ListingForm | None = None
    limit: Annotated[StrictInt, Field(ge=1, le=MOST)] = 20
    candidates: Annotated[
        list[CandidateKind], Field(alias="for", max_length=4, description=_WHOM)
    ] = []

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.need is None) == (self.offer is None):
            raise ValueError("need（求める）か offer（提供する）のどちらか一つを入れてください。")
        return self

    @property
    def case(self) -> ListingForm:
        """The one that was given."""
        return cast("ListingForm", self.need or self.offer)


class WeightsForm(_Form):
    """What each criterion counts for needs of a kind; a criterion left out keeps its weight."""

    weights: Annotated[dict[CriterionName, WeightValue], Field(min_length=1)]

    @model_validator(mode="after")
    def _some_count(self) -> Self:
        if len(self.weights) == 9 and not any(self.weights.values()):
            raise ValueError("すべての重みを0にはできません。")
        return self


class CompatibilityForm(_Form):
    """Which kinds of offers may answer a kind of need."""

    offers: Annotated[list[ListingKind], Field(min_length=1, max_length=len(ListingKind))]


class DraftForm(_Form):
    """Who is to be assigned: without names, everybody who agreed and fits."""

    most_per_person: Annotated[StrictInt, Field(ge=1, le=31)] = 1
    people: Annotated[StrictInt, Field(ge=1, le=5_000, description="合う順に何人まで考えるか")] = (
        1_000
    )
