"""What every page of results shows: labels for codes and links for every next step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from app.core.clock import today
from app.core.templating import short_day
from app.discovery.forms import FILTERS, SearchForm
from app.places.rules import area_name
from app.vocabulary.fields import Field
from app.vocabulary.listings import Frequency, ListingKind
from app.vocabulary.organisations import LegalForm, OrganisationType
from app.vocabulary.times import ActivityTime
from search.thesaurus import thesaurus

# What new words in the search box do away with.
_OF_WORDS = ("q", "interpret", "offset")
_SPAN = ("day", "from", "until")
_MOST_VALUES = 30
_SORTS = (("relevance", "合う順"), ("updated", "新しい順"), ("distance", "近い順"))
_YES_NO = {
    "accepting": {"true": "受け入れている", "false": "受け入れていない"},
    "online": {"true": "オンラインでできる", "false": "会場でする"},
    "family": {"true": "親子でできる", "false": "大人向け"},
    "beginner": {"true": "はじめて歓迎", "false": "経験のある方"},
    "single_day": {"true": "一回だけ", "false": "何回か"},
    "students": {"true": "学生もできる", "false": "社会人向け"},
    "travel_paid": {"true": "交通費あり", "false": "交通費なし"},
}

Given = Sequence[tuple[str, str]]


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
            **_YES_NO,
            "stage": self._stages,
            "field": {field.value: field.short for field in Field},
            "when": {when.value: when.label for when in ActivityTime},
            "legal_form": {form.value: form.label for form in LegalForm},
            "organisation_type": {kind.value: kind.label for kind in OrganisationType},
            "listing_kind": {kind.value: kind.label for kind in ListingKind},
            "frequency": {frequency.value: frequency.label for frequency in Frequency},
        }.get(name, {})
        return known.get(code, code)


@dataclass(frozen=True)
class Shown:
    """How one kind is shown: where, what its lists are called, which stand open."""

    path: str
    noun: str
    facets: Mapping[str, str]
    opened: tuple[str, ...]
    relaxed: Mapping[str, str]


class Results:
    """One answer on its page."""

    def __init__(
        self,
        shown: Shown,
        request: Request,
        form: SearchForm,
        answer: Mapping[str, Any],
        labels: Labels,
    ) -> None:
        self.shown, self.form, self.answer, self.labels = shown, form, answer, labels
        self.given = _given(request, form)

    def context(self) -> dict[str, Any]:
        """What the templates of all kinds need."""
        form, given, answer = self.form, self.given, self.answer
        more = form.offset + form.limit < answer["total"]
        return {
            "form": form,
            "answer": answer,
            "facets": self._facets(),
            "chosen": self._chosen(),
            "kept": without(given, *_OF_WORDS),
            "sorts": self._sorts(),
            "understood": self._understood(),
            "literally": self.link([*without(given, "interpret"), ("interpret", "off")]),
            "interpreting": self.link(without(given, "interpret")),
            "unconditionally": self.link(without(given, *FILTERS[form.sought], *_SPAN)),
            "first": self.link(given),
            "relaxed": self._relaxed(),
            "previous": self._page_link(-1) if form.offset else None,
            "next": self._page_link(1) if more else None,
        }

    def _facets(self) -> list[dict[str, Any]]:
        chosen, shown = self.form.codes(), []
        for name, label in self.shown.facets.items():
            counts = sorted(
                self.answer["facets"].get(name, {}).items(), key=lambda item: (-item[1], item[0])
            )
            values = [
                {
                    "label": self.labels.of(name, code),
                    "number": number,
                    "href": self.link([*without(self.given, name), (name, code)]),
                }
                for code, number in counts
                if _narrows(name, code, chosen.get(name, ()))
            ][:_MOST_VALUES]
            if values:
                opened = name in self.shown.opened
                shown.append({"label": label, "values": values, "open": opened})
        return shown

    def _chosen(self) -> list[dict[str, str]]:
        pairs = [(n, code) for n, codes in self.form.codes().items() for code in codes]
        chosen = [self._without(name, code) for name, code in pairs if name != "day"]
        if days := self.form.days:
            rest = without(self.given, *_SPAN)
            chosen.append({"label": f"日：{days_label(days)}", "without": self.link(rest)})
        return chosen

    def _without(self, name: str, code: str) -> dict[str, str]:
        rest = [(n, v) for n, v in self.given if (n, v) != (name, code)]
        if len(rest) == len(self.given):  # written in another way than we write it
            rest = without(self.given, name)
        label = f"{self.shown.facets.get(name, '')}：{self.labels.of(name, code)}"
        return {"label": label.lstrip("："), "without": self.link(rest)}

    def _sorts(self) -> list[dict[str, Any]]:
        rest = without(self.given, "sort")
        return [
            {
                "label": label,
                "current": self.form.sort == sort,
                "href": self.link([*rest, ("sort", sort)]),
            }
            for sort, label in _SORTS
            if sort != "distance" or self.form.near
        ]

    def _understood(self) -> str:
        interpreted = self.answer["interpreted"]
        parts = [
            self.labels.of(name, code)
            for name, codes in interpreted.items()
            if name not in ("corrected", "day")
            for code in codes
        ]
        if days := interpreted.get("day"):
            parts.insert(0, days_label(map(date.fromisoformat, days)))
        corrected = interpreted.get("corrected")
        return "、".join(([f"「{corrected}」のことですか"] if corrected else []) + parts)

    def _relaxed(self) -> str:
        known = {"words": "一部の言葉だけに合うもの", "theme": "近い分野のもの"}
        known |= {"reading": "読みが合うもの", **self.shown.relaxed}
        parts = [known.get(name, name) for name in self.answer["relaxed"]]
        few = f"すべてに合う{self.shown.noun}が少ないため、"
        return f"{few}{'、'.join(parts)}も出しています。" if parts else ""

    def _page_link(self, step: int) -> str:
        rest = without(self.given, "offset")
        offset = max(0, self.form.offset + step * self.form.limit)
        pairs = [*rest, ("offset", str(offset))] if offset else rest
        return f"{self.shown.path}?{urlencode(pairs)}"

    def link(self, given: Given) -> str:
        """The first page of these conditions."""
        return f"{self.shown.path}?{urlencode(without(given, 'offset'))}"


def cards(hits: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The hits, the first of the nearest ones marked."""
    shown, some_near = [], False
    for number, hit in enumerate(hits):
        near = hit["match"] == "near"
        shown.append({**hit, "first_near": near and not some_near and number > 0})
        some_near = some_near or near
    return shown


def place_of(hit: Mapping[str, Any]) -> str:
    return "".join(part for part in (hit["prefecture"], hit["place"]) if part)


def distance_of(hit: Mapping[str, Any]) -> str:
    return f"約{hit['distance_km']:.1f}km" if hit["distance_km"] is not None else ""


def day_label(day: date) -> str:
    """12月5日（土）, with its year when that is not this one."""
    return short_day(day, today())


def days_label(days: Iterable[date]) -> str:
    """Days in a row by the first and the last of them."""
    runs: list[list[date]] = []
    for day in sorted(set(days)):
        if runs and (day - runs[-1][-1]).days == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return "、".join("〜".join(map(day_label, sorted({run[0], run[-1]}))) for run in runs)


def without(given: Given, *names: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in given if name not in names]


def _given(request: Request, form: SearchForm) -> list[tuple[str, str]]:
    """The parameters that were read, as they were written."""
    pairs = request.query_params.multi_items()
    known = {field.alias or name for name, field in type(form).model_fields.items()} - {"kind"}
    read = [(name, value) for name, value in pairs if value and name in known]
    return [(name, form.sort if name == "sort" else value) for name, value in read]


def _narrows(name: str, code: str, chosen: Sequence[str]) -> bool:
    """Whether a value asks for less than the chosen ones: two of a list mean "one of"."""
    if name != "area":
        return not chosen
    return not chosen or (code.startswith(tuple(chosen)) and code not in chosen)
