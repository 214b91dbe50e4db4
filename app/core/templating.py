"""Jinja templates: autoescaped, their Japanese source strings marked for translation."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.core.clock import in_tokyo, wareki, wareki_year

_APP = Path(__file__).resolve().parent.parent


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_APP / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(day=_day, moment=_moment, year=_year, marked=_marked)
    return environment


def _day(value: date | str) -> str:
    """2026年11月21日（令和8年）; before 明治 without the era."""
    day = date.fromisoformat(value) if isinstance(value, str) else value
    western = f"{day.year}年{day.month}月{day.day}日"
    try:
        return f"{western}（{wareki(day).split('年')[0]}年）"
    except ValueError:
        return western


def short_day(day: date, today: date) -> str:
    """12月5日（土）, with the year when it is another than today's."""
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日（{'月火水木金土日'[day.weekday()]}）"


def _moment(value: datetime) -> str:
    at = in_tokyo(value)
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def _year(value: int) -> str:
    era = wareki_year(value)
    return f"{value}年（{era}）" if era else f"{value}年"


def _marked(text: str, ranges: list[list[int]]) -> list[tuple[bool, str]]:
    """`text` cut into pieces, each with whether it is to be marked."""
    pieces, at = [], 0
    for start, end in ranges:
        if start > at:
            pieces.append((False, text[at:start]))
        pieces.append((True, text[start:end]))
        at = end
    if at < len(text):
        pieces.append((False, text[at:]))
    return pieces


_templates = Jinja2Templates(env=_environment())


def page(request: Request, name: str, **context: Any) -> HTMLResponse:
    """The rendered template."""
    return _templates.TemplateResponse(request, name, context)
