"""The search page: the API's answer, with labels for codes and links for every next step."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from app.core.db import Database
from app.core.templating import page
from app.discovery import queries
from app.discovery.forms import OrganisationsPageForm, SearchForm
from app.organisations.queries import list_stages
from app.places.rules import area_name
from app.vocabulary.fields import Field
from app.vocabulary.organisations import LegalForm, OrganisationType
from app.vocabulary.times import ActivityTime
from search.thesaurus import thesaurus

router = APIRouter(include_in_schema=False)

_FACETS = {
    "area": "場所",
    "when": "活動する時",
    "field": "分野",
    "accepting": "新しい人の受け入れ",
    "stage": "ステージ",
    "organisation_type": "団体の種類",
    "legal_form": "法人格",
}
_OPEN = ("area", "when")
# What new words in the search box do away with.
_OF_WORDS = ("q", "interpret", "offset")
_MOST_VALUES = 30
_YES_NO = {"true": "受け入れている", "false": "受け入れていない"}
_SORTS = (("relevance", "合う順"), ("updated", "新しい順"), ("distance", "近い順"))
_RELAXED = {
    "words": "一部の言葉だけに合うもの",
    "theme": "近い分野のもの",
    "reading": "読みが合うもの",
    "area": "場所を広げたもの",
    "when": "活動する時を問わないもの",
    "accepting": "新しい人の受け入れを問わないもの",
    "field": "分野を問わないもの",
}


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


@router.get("/search")
async def search(
    request: Request,
    form: Annotated[OrganisationsPageForm, Query()],
    database: Annotated[Database, Depends(_database)],
) -> HTMLResponse:
    answer = await queries.search(request.app.state.engines, form)
    return await run_in_threadpool(_render, request, form, answer, database)


def _render(
    request: Request, form: SearchForm, answer: dict[str, Any], database: Database
) -> HTMLResponse:
    with database.read() as session:
        labels = Labels({stage.code: stage.label for stage in list_stages(session)})
    given = _given(request, form)
    return page(
        request,
        "discovery/search.html",
        form=form,
        answer=answer,
        cards=_cards(answer["hits"], labels),
        facets=_facets(answer["facets"], form, given, labels),
        chosen=_chosen(form, given, labels),
        kept=_without(given, *_OF_WORDS),
        sorts=_sorts(form, given),
        understood=_understood(answer["interpreted"], labels),
        literally=_link([*_without(given, "interpret"), ("interpret", "off")]),
        interpreting=_link(_without(given, "interpret")),
        unconditionally=_link(_without(given, *_FACETS)),
        first=_link(given),
        relaxed=_relaxed(answer),
        previous=_page_link(form, given, -1) if form.offset else None,
        next=_page_link(form, given, 1) if form.offset + form.limit < answer["total"] else None,
    )


def _given(request: Request, form: SearchForm) -> list[tuple[str, str]]:
    """The parameters that were read, as they were written."""
    pairs = request.query_params.multi_items()
    known = type(form).model_fields.keys() - {"kind"}
    read = [(name, value) for name, value in pairs if value and name in known]
    return [(name, form.sort if name == "sort" else value) for name, value in read]


class Labels:
    """What people call the codes of a list."""

    def __init__(self, stages: Mapping[str, str]) -> None:
        self._stages = stages

    def of(self, name: str, code: str) -> str:
        if name == "area":
            return area_name(code)
        if name == "theme":
            return thesaurus().themes[code].label
        known: Mapping[str, str] = {
            "stage": self._stages,
            "accepting": _YES_NO,
            "field": {field.value: field.short for field in Field},
            "when": {when.value: when.label for when in ActivityTime},
            "legal_form": {form.value: form.label for form in LegalForm},
            "organisation_type": {kind.value: kind.label for kind in OrganisationType},
        }.get(name, {})
        return known.get(code, code)


def _cards(hits: Sequence[Mapping[str, Any]], labels: Labels) -> list[dict[str, Any]]:
    cards = []
    some_near = False
    for number, hit in enumerate(hits):
        near = hit["match"] == "near"
        cards.append(
            {
                **hit,
                "first_near": near and not some_near and number > 0,
                "facts": _facts(hit, labels),
                "tags": [labels.of("field", str(field)) for field in hit["fields"]],
            }
        )
        some_near = some_near or near
    return cards


def _facts(hit: Mapping[str, Any], labels: Labels) -> list[str]:
    """Place, time and whether one may join: what people decide by."""
    when = hit["schedule"] or "・".join(labels.of("when", code) for code in hit["when"])
    joining = {True: "新しい人を受け入れています", False: ""}.get(hit["accepting"], "")
    distance = f"約{hit['distance_km']:.1f}km" if hit["distance_km"] is not None else ""
    place = "".join(part for part in (hit["prefecture"], hit["place"]) if part)
    return [fact for fact in (place, distance, when, joining) if fact]


def _facets(
    facets: Mapping[str, Mapping[str, int]],
    form: SearchForm,
    given: Sequence[tuple[str, str]],
    labels: Labels,
) -> list[dict[str, Any]]:
    chosen = form.codes()
    shown = []
    for name, label in _FACETS.items():
        counts = sorted(facets.get(name, {}).items(), key=lambda item: (-item[1], item[0]))
        values = [
            {
                "label": labels.of(name, code),
                "number": number,
                "href": _link([*_without(given, name), (name, code)]),
            }
            for code, number in counts
            if _narrows(name, code, chosen.get(name, ()))
        ][:_MOST_VALUES]
        if values:
            shown.append({"label": label, "values": values, "open": name in _OPEN})
    return shown


def _narrows(name: str, code: str, chosen: Sequence[str]) -> bool:
    """Whether a value asks for less than the chosen ones: two of a list mean "one of"."""
    if name != "area":
        return not chosen
    return not chosen or (code.startswith(tuple(chosen)) and code not in chosen)


def _chosen(
    form: SearchForm, given: Sequence[tuple[str, str]], labels: Labels
) -> list[dict[str, str]]:
    chosen = []
    for name, codes in form.codes().items():
        for code in codes:
            rest = [(n, v) for n, v in given if (n, v) != (name, code)]
            if len(rest) == len(given):  # written in another way than we write it
                rest = _without(given, name)
            label = f"{_FACETS[name]}：{labels.of(name, code)}"
            chosen.append({"label": label, "without": _link(rest)})
    return chosen


def _sorts(form: SearchForm, given: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    rest = _without(given, "sort")
    return [
        {"label": label, "current": form.sort == sort, "href": _link([*rest, ("sort", sort)])}
        for sort, label in _SORTS
        if sort != "distance" or form.near
    ]


def _understood(interpreted: Mapping[str, Any], labels: Labels) -> str:
    parts = [
        labels.of(name, code)
        for name, codes in interpreted.items()
        if name != "corrected"
        for code in codes
    ]
    corrected = interpreted.get("corrected")
    return "、".join(([f"「{corrected}」のことですか"] if corrected else []) + parts)


def _relaxed(answer: Mapping[str, Any]) -> str:
    parts = [_RELAXED.get(name, name) for name in answer["relaxed"]]
    return f"すべてに合う団体が少ないため、{'、'.join(parts)}も出しています。" if parts else ""


def _page_link(form: SearchForm, given: Sequence[tuple[str, str]], step: int) -> str:
    rest = _without(given, "offset")
    offset = max(0, form.offset + step * form.limit)
    return _link([*rest, ("offset", str(offset))] if offset else rest, keep_offset=True)


def _without(given: Sequence[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in given if name not in names]


def _link(given: Sequence[tuple[str, str]], *, keep_offset: bool = False) -> str:
    pairs = given if keep_offset else _without(given, "offset")
    return "/search?" + urlencode(pairs)
