"""The pages of organisations and of opportunities: the API's answer, as people read it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from app.core.db import Database
from app.core.templating import page
from app.discovery import queries
from app.discovery.forms import OpportunitiesPageForm, OrganisationsPageForm, SearchForm
from app.discovery.results import (
    Labels,
    Results,
    Shown,
    cards,
    day_label,
    distance_of,
    place_of,
    without,
)
from app.organisations.queries import list_stages
from app.vocabulary.listings import Frequency, ListingKind
from app.vocabulary.times import slots_label

router = APIRouter(include_in_schema=False)

_ORGANISATIONS = Shown(
    path="/search",
    noun="団体",
    facets={
        "area": "場所",
        "when": "活動する時",
        "field": "分野",
        "accepting": "新しい人の受け入れ",
        "stage": "ステージ",
        "organisation_type": "団体の種類",
        "legal_form": "法人格",
    },
    opened=("area", "when"),
    relaxed={
        "area": "場所を広げたもの",
        "when": "活動する時を問わないもの",
        "accepting": "新しい人の受け入れを問わないもの",
        "field": "分野を問わないもの",
    },
)
_OPPORTUNITIES = Shown(
    path="/opportunities",
    noun="募集",
    facets={
        "area": "場所",
        "when": "時",
        "field": "分野",
        "frequency": "関わり方",
        "listing_kind": "求めているもの",
    },
    opened=("area", "field"),
    relaxed={
        "area": "場所を広げたもの",
        "when": "時を問わないもの",
        "day": "日を問わないもの",
        "field": "分野を問わないもの",
        "online": "オンラインに限らないもの",
        "family": "親子に限らないもの",
        "beginner": "経験を問うもの",
        "single_day": "一回だけに限らないもの",
        "students": "学生に限らないもの",
        "travel_paid": "交通費を問わないもの",
    },
)
# The conditions that a person sets in the form, beside words, place and day.
_WISHES = (
    ("beginner", "はじめて歓迎"),
    ("family", "親子でできる"),
    ("online", "オンラインでできる"),
    ("travel_paid", "交通費が出る"),
    ("students", "学生もできる"),
)
_MOST_DAYS, _MOST_SLOTS = 3, 3


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Reading = Annotated[Database, Depends(_database)]


# -------------------------------------------------------------------------------- organisations


@router.get("/search")
async def search(
    request: Request, form: Annotated[OrganisationsPageForm, Query()], database: Reading
) -> HTMLResponse:
    answer = await queries.search(request.app.state.engines, form)
    return await run_in_threadpool(_show_organisations, request, form, answer, database)


def _show_organisations(
    request: Request, form: SearchForm, answer: dict[str, Any], database: Database
) -> HTMLResponse:
    with database.read() as session:
        labels = Labels({stage.code: stage.label for stage in list_stages(session)})
    shown = [
        {
            **hit,
            "facts": _facts(hit, labels),
            "tags": [labels.of("field", str(field)) for field in hit["fields"]],
        }
        for hit in cards(answer["hits"])
    ]
    context = Results(_ORGANISATIONS, request, form, answer, labels).context()
    return page(request, "discovery/search.html", cards=shown, **context)


def _facts(hit: Mapping[str, Any], labels: Labels) -> list[str]:
    """Place, time and whether one may join: what people decide by."""
    when = hit["schedule"] or "・".join(labels.of("when", code) for code in hit["when"])
    joining = {True: "新しい人を受け入れています", False: ""}.get(hit["accepting"], "")
    return [fact for fact in (place_of(hit), distance_of(hit), when, joining) if fact]


# -------------------------------------------------------------------------------- opportunities


@router.get("/opportunities")
async def opportunities(
    request: Request, form: Annotated[OpportunitiesPageForm, Query()]
) -> HTMLResponse:
    answer = await queries.search(request.app.state.engines, form)
    return await run_in_threadpool(_show_opportunities, request, form, answer)


def _show_opportunities(request: Request, form: SearchForm, answer: dict[str, Any]) -> HTMLResponse:
    labels = Labels({})
    results = Results(_OPPORTUNITIES, request, form, answer, labels)
    shown = [
        {
            **hit,
            "where": _where(hit),
            "time": _time(hit, labels),
            "about": _about(hit, labels),
            "tags": _tags(hit),
        }
        for hit in cards(answer["hits"])
    ]
    set_here = {"q", "interpret", "day", "from", "until", "frequency"} | dict(_WISHES).keys()
    return page(
        request,
        "discovery/opportunities.html",
        cards=shown,
        places=_places(answer, form, labels),
        frequencies=[(one.value, one.label, one in form.frequency) for one in Frequency],
        wishes=[(name, label, bool(getattr(form, name))) for name, label in _WISHES],
        set_here=set_here | {"area", "offset", "all_kinds"},
        every_kind=results.link([*without(results.given, "all_kinds"), ("all_kinds", "true")]),
        **results.context(),
    )


def _places(answer: Mapping[str, Any], form: SearchForm, labels: Labels) -> list[tuple[str, str]]:
    """Where there is something, and what has been chosen, by code."""
    codes = {*answer["facets"]["area"], *form.area}
    return [(code, labels.of("area", code)) for code in sorted(codes)]


def _where(hit: Mapping[str, Any]) -> str:
    if hit["online"] and not hit["place"]:
        return "オンライン"
    place = " ".join(part for part in (place_of(hit), hit["venue"], distance_of(hit)) if part)
    return place or "場所は問い合わせのときに"


def _time(hit: Mapping[str, Any], labels: Labels) -> str:
    """The next days; else the weekly times; else the kind of day."""
    days = [day_label(date.fromisoformat(day)) for day in hit["days"]]
    if days:
        return "、".join(days[:_MOST_DAYS]) + (" ほか" if days[_MOST_DAYS:] else "")
    if 0 < len(hit["slots"]) <= _MOST_SLOTS:
        return slots_label(hit["slots"])
    return "・".join(labels.of("when", code) for code in hit["when"]) or "日時は相談して決めます"


def _about(hit: Mapping[str, Any], labels: Labels) -> str:
    fields = [labels.of("field", str(field)) for field in hit["fields"]]
    return "、".join(fields) or ListingKind(hit["listing_kind"]).label


def _tags(hit: Mapping[str, Any]) -> list[str]:
    """What makes it easy to come, and how many are sought until when."""
    frequency = [Frequency(hit["frequency"]).label] if hit["frequency"] else []
    said = {
        "はじめて歓迎": hit["beginners"],
        "親子で": hit["family"],
        "オンライン可": hit["online"],
        "交通費あり": hit["travel_paid"],
        "学生歓迎": hit["students"],
    }
    sought = [f"あと{hit['open_quantity']:,}{hit['unit']}"] if hit["open_quantity"] else []
    deadline = hit["deadline"]
    until = [f"締切 {day_label(date.fromisoformat(deadline))}"] if deadline else []
    return [*frequency, *(label for label, yes in said.items() if yes), *sought, *until]
