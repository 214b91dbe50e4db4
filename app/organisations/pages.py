"""An organisation's own page, as the public sees it."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from app.core.clock import today
from app.core.db import ReadSession, get_read_session
from app.core.templating import page
from app.core.text import shortened
from app.organisations.api import get_shown
from app.organisations.queries import (
    list_offices,
    list_schemes,
    list_stages,
)
from app.organisations.records import ContactRecord, Record, RegistrationRecord
from app.organisations.rules import is_possibly_outdated
from app.places.rules import area_name, find_municipality
from app.vocabulary.fields import Field
from app.vocabulary.goals import Goal
from app.vocabulary.organisations import ContactKind, LinkKind, Status
from app.vocabulary.times import ActivityTime

router = APIRouter(include_in_schema=False)

_YES_NO = {True: "歓迎しています", False: "今は受け付けていません", None: ""}
_SOURCES = {
    "groups-csv": "市民活動団体の名簿",
    "kodomo-shokudo": "自治体オープンデータ（子ども食堂）",
    "houjin-bangou": "国税庁法人番号公表サイト",
    "demo": "試しに使うための架空の名簿",
}


@router.get("/organisations/{organisation_id}")
def read_organisation(
    request: Request,
    session: Annotated[ReadSession, Depends(get_read_session, scope="function")],
    organisation_id: uuid.UUID,
) -> HTMLResponse:
    record = get_shown(session, organisation_id, operator=False).for_public()
    stages = {stage.code: stage.label for stage in list_stages(session)}
    schemes = {scheme.code: scheme.name for scheme in list_schemes(session)}
    offices = {office.code: office.name for office in list_offices(session)}
    return page(
        request,
        "organisations/organisation.html",
        record=record,
        closed=record.status is Status.CLOSED,
        outdated=is_possibly_outdated(record.confirmed_on, record.confirm_every_months, today()),
        summary=shortened(record.message or record.purpose or record.name, 120),
        facts=[fact for fact in (_place(record), _times(record)) if fact],
        texts=_texts(record),
        accepting=_YES_NO[record.accepting_members],
        visits=_YES_NO[record.visits_welcome],
        times=_times(record),
        areas="、".join(area_name(code) for code in record.areas),
        address=_address(record),
        contacts=[_contact(contact) for contact in record.contacts],
        links=[{"label": LinkKind(link.kind).label, "url": link.url} for link in record.links],
        fields="\n".join(Field(str(number)).label for number in record.fields),
        stage=stages.get(record.stage or "", ""),
        members=_members(record),
        goals="、".join(Goal(goal).label for goal in record.goals),
        registrations="\n".join(_registration(r, schemes) for r in record.registrations),
        office=offices.get(record.office or "", ""),
        sources="、".join(
            dict.fromkeys(_SOURCES.get(source.source, source.source) for source in record.sources)
        ),
    )


def _place(record: Record) -> str:
    place = find_municipality(record.municipality) if record.municipality else None
    return place.full_name if place else ""


def _times(record: Record) -> str:
    return "・".join(ActivityTime(code).label for code in record.activity_times)


def _texts(record: Record) -> list[tuple[str, str]]:
    texts = (
        ("目的", record.purpose),
        ("主な活動", record.activities),
        ("これまでの活動", record.achievements),
    )
    return [(title, text) for title, text in texts if text]


def _address(record: Record) -> str:
    address = record.address
    if address is None:
        return ""
    postcode = f"〒{address.postcode[:3]}-{address.postcode[3:]} " if address.postcode else ""
    return f"{postcode}{_place(record)}{address.street or ''} {address.building or ''}".strip()


def _contact(contact: ContactRecord) -> dict[str, Any]:
    schemes = {ContactKind.EMAIL: "mailto:", ContactKind.PHONE: "tel:", ContactKind.MOBILE: "tel:"}
    scheme = schemes.get(contact.kind)
    return {
        "label": contact.kind.label,
        "value": contact.value,
        "kana": contact.kana,
        "note": contact.note,
        "href": scheme + contact.value if scheme else None,
    }


def _registration(registration: RegistrationRecord, schemes: Mapping[str, str]) -> str:
    """The official list, the number there and how long it holds."""
    until = registration.valid_until
    parts = (
        schemes.get(registration.scheme, registration.scheme),
        registration.number or "",
        f"（{until.year}年{until.month}月{until.day}日まで）" if until else "",
    )
    return " ".join(part for part in parts if part)


def _members(record: Record) -> str:
    if record.member_count is None:
        return ""
    local = record.local_member_count
    return f"{record.member_count}人" + (f"（うち市内{local}人）" if local is not None else "")
