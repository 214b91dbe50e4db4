"""A search from its form to what is shown."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.core.clock import today
from app.discovery.engines import Engines
from app.discovery.forms import FACETS, SearchForm, SuggestForm
from app.discovery.lexicon import LEXICON
from app.discovery.opportunities import days_to_come
from app.places.rules import area_name, named
from search import Answer, Filters, Request, understand
from search.geo import distance_km
from search.text import normalise
from search.thesaurus import thesaurus

KIND = "organisation"


async def search(engines: Engines, form: SearchForm) -> dict[str, Any]:
    """The body of `GET /search`."""
    started = time.perf_counter()
    answer, degraded = await engines.answer(request_of(form))
    return {
        "query": form.q,
        "total": answer.total,
        "degraded": degraded,
        "took_ms": round((time.perf_counter() - started) * 1000, 1),
        "hits": [
            _hit(hit, answer, form, near=form.offset + place >= answer.full)
            for place, hit in enumerate(answer.hits)
        ],
        "facets": {name: answer.facets.get(name, {}) for name in FACETS[form.sought]},
        "interpreted": _interpreted(answer),
        "relaxed": list(answer.relaxed),
    }


def request_of(form: SearchForm) -> Request:
    """What is asked of the engines for a form."""
    codes = form.filters()
    kind = form.sought
    question = understand(
        form.q,
        LEXICON,
        kind=kind,
        given=frozenset(codes),
        interpret=form.interpret == "on",
        today=today(),
    )
    filters = Filters(codes, form.position, form.radius_km)
    return Request(kind, question, filters, form.sort, FACETS[kind], form.offset, form.limit)


def _interpreted(answer: Answer) -> dict[str, Any]:
    interpreted: dict[str, Any] = {name: list(codes) for name, codes in answer.understood.items()}
    if answer.corrected:
        interpreted["corrected"] = answer.corrected
    return interpreted


def _hit(hit: Mapping[str, Any], answer: Answer, form: SearchForm, *, near: bool) -> dict[str, Any]:
    here = tuple(hit["position"]) if hit["position"] else None
    position = form.position
    return {
        "kind": form.sought,
        "id": hit["id"],
        "name": hit["name"],
        "summary": hit["summary"],
        **hit["card"],
        **_of_kind(hit, form.sought),
        "position": {"lat": here[0], "lng": here[1]} if here else None,
        "distance_km": round(distance_km(position, here), 2) if position and here else None,
        "match": "near" if near else "full",
        "highlights": {
            text: ranges
            for text, marks in hit["marks"].items()
            if (ranges := highlight(marks, answer.needles))
        },
    }


def _of_kind(hit: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if kind == KIND:
        return {"kana": hit["kana"] or None}
    return {"days": days_to_come(hit["card"]["days"])}


def highlight(marks: Iterable[Sequence[Any]], needles: frozenset[str]) -> list[list[int]]:
    """The `[start, end)` ranges to mark in a text, in code points, in order and apart."""
    ranges: list[list[int]] = []
    for _, start, length in sorted(
        (mark for mark in marks if mark[0] in needles), key=lambda mark: (mark[1], -mark[2])
    ):
        if ranges and start <= ranges[-1][1]:
            ranges[-1][1] = max(ranges[-1][1], start + length)
        else:
            ranges.append([start, start + length])
    return ranges


async def suggest(engines: Engines, form: SuggestForm) -> dict[str, Any]:
    """The body of `GET /search/suggest`: themes, places and names beginning with what was typed."""
    typed = normalise(form.q).strip()
    suggestions = [*_themes(typed), *_places(typed)] if typed else []
    if typed:
        question = understand(form.q, LEXICON, interpret=False)
        request = Request(KIND, question, limit=form.limit)
        answer, _ = await engines.answer(request)
        suggestions += [
            {"kind": KIND, "text": hit["name"], "id": hit["id"]}
            for hit in answer.hits[: answer.full]
        ]
    return {"query": form.q, "suggestions": suggestions[: form.limit]}


_MOST_THEMES, _MOST_PLACES = 3, 2


def _themes(typed: str) -> list[dict[str, Any]]:
    found = thesaurus().completions(typed)[:_MOST_THEMES]
    return [{"kind": "theme", "text": theme.label, "id": theme.code} for theme in found]


def _places(typed: str) -> list[dict[str, Any]]:
    return [
        {"kind": "place", "text": area_name(code), "id": code}
        for code in named(typed)[:_MOST_PLACES]
    ]
