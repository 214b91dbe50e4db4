"""The front page and what the site says about itself."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.core.db import ReadSession, get_read_session
from app.core.templating import page
from app.organisations.queries import count_findable
from app.vocabulary.fields import Interest
from app.vocabulary.times import ActivityTime

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(
    request: Request, session: Annotated[ReadSession, Depends(get_read_session, scope="function")]
) -> HTMLResponse:
    total = count_findable(session)
    interests = [
        {
            "label": interest.label,
            "query": urlencode([("field", field.value) for field in interest.fields]),
        }
        for interest in Interest
    ]
    return page(
        request,
        "site/home.html",
        interests=interests,
        times=list(ActivityTime),
        total=total,
        demo=request.app.state.settings.demo,
    )


@router.get("/about")
def about(request: Request) -> HTMLResponse:
    degraded = not request.app.state.engines.meili_ready
    return page(request, "site/about.html", degraded=degraded)


@router.get("/favicon.ico")
def favicon() -> RedirectResponse:
    return RedirectResponse("/static/icon.svg", 308)
