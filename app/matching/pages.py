"""A need's or an offer's own page with what fits it beside it, and a group's partners.

A page shows everybody what the public may see: matches among published needs and offers, or groups
where nobody offers anything yet, made from what is published alone. Residents, and what was
refused, are for the API.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from app.core.clock import in_tokyo, now, today
from app.core.db import ReadSession, get_read_session
from app.core.templating import page, short_day
from app.core.text import shortened
from app.listings.queries import get_shown
from app.listings.records import ListingRecord
from app.listings.rules import OF_PEOPLE
from app.listings.shifts import ShiftRecord, list_shifts
from app.matching.api import answer, desk_of, partners
from app.organisations.api import get_shown as get_organisation
from app.organisations.queries import list_stages
from app.places.rules import find_municipality
from app.vocabulary.fields import Field
from app.vocabulary.listings import Condition, ContactRoute, ListingStatus, Side
from app.vocabulary.times import slots_label

router = APIRouter(include_in_schema=False)

Reading = Annotated[ReadSession, Depends(get_read_session, scope="function")]

_SHOWN = 10
_DATES = 12
_POOL = {Side.NEED: "offers", Side.OFFER: "needs"}
_DETAILS = {
    "driving": "運転",
    "hours": "かかる時間の目安",
    "deliverable": "つくってほしいもの",
    "condition": "状態",
    "pickup_place": "受け渡しの場所",
    "pickup_days": "受け渡しの日",
    "lot_size": "まとめて渡す数",
    "allergens": "アレルゲン",
    "storage": "保管",
    "purpose": "使いみち",
    "eligibility": "対象",
    "equipment": "設備",
    "fee": "料金",
    "allowed_use": "使える活動",
    "topic": "相談したいこと",
    "format": "方法",
    "role_sought": "相手に求める役割",
    "role_offered": "こちらができる役割",
    "period": "時期",
}
_HOW = {
    ContactRoute.OFFICE: (
        "担当の窓口に、この募集の名前をお伝えください。"
        "公開している連絡先は、団体のページにあります。"
    ),
    ContactRoute.DIRECT: (
        "担当の窓口に、この募集の名前をお伝えください。"
        "窓口が引き合わせたあと、団体と直接やりとりできます。"
    ),
    ContactRoute.WEB: "団体のページにあるウェブサイトから、この募集の名前をお伝えください。",
}
_UNSAID = "書かれていません"


@router.get("/needs/{listing_id}")
def read_need(request: Request, session: Reading, listing_id: uuid.UUID) -> HTMLResponse:
    return _listing(request, session, listing_id, Side.NEED)


@router.get("/offers/{listing_id}")
def read_offer(request: Request, session: Reading, listing_id: uuid.UUID) -> HTMLResponse:
    return _listing(request, session, listing_id, Side.OFFER)


def _listing(
    request: Request, session: ReadSession, listing_id: uuid.UUID, side: Side
) -> HTMLResponse:
    record = get_shown(session, listing_id, side=side, operator=False).for_public()
    published = record.status is ListingStatus.PUBLISHED
    stages = {stage.code: stage.label for stage in list_stages(session)}
    dates = _dates(session, record)
    return page(
        request,
        "matching/listing.html",
        record=record,
        published=published,
        summary=shortened(record.description or record.title, 120),
        card=_card(record, [date["when"] for date in dates]),
        dates=dates,
        answering=_answering(record) if published else None,
        burden=_burden(record),
        facts=_facts(record, stages),
        matches=_matches(request, session, record) if published else None,
    )


def _matches(request: Request, session: ReadSession, record: ListingRecord) -> Any:
    desk = desk_of(request, session)
    mine = desk.market.listing(session, record.id)
    return answer(desk, mine, [_POOL[record.side]], _SHOWN, or_groups=True)


@router.get("/organisations/{organisation_id}/partners")
def read_partners(request: Request, session: Reading, organisation_id: uuid.UUID) -> HTMLResponse:
    record = get_organisation(session, organisation_id, operator=False).for_public()
    found = partners(desk_of(request, session), organisation_id, _SHOWN)
    return page(request, "matching/partners.html", record=record, matches=found)


# ---------------------------------------------------------------------------------- what is shown


def _answering(record: ListingRecord) -> dict[str, str] | None:
    """How one answers a need."""
    if record.side is Side.OFFER:
        return None
    taking_part = record.kind in OF_PEOPLE
    title = "参加するには" if taking_part else "応えるには"
    return {"title": title, "how": _HOW[record.contact_route]}


def _card(record: ListingRecord, dates: Sequence[str]) -> list[tuple[str, str]]:
    """Where, when and what about: what people decide by (千葉県の調査)."""
    return [
        ("場所", _where(record)),
        ("日", _next(dates) or _when(record) or _UNSAID),
        (
            "分野",
            "・".join(Field(str(number)).short for number in record.fields) or _UNSAID,
        ),
    ]


def _where(record: ListingRecord) -> str:
    place = find_municipality(record.municipality) if record.municipality else None
    parts = (place.full_name if place else "", record.place or "")
    where = " ".join(part for part in parts if part)
    online = "オンラインでもできます" if record.online else ""
    return "　".join(part for part in (where, online) if part) or _UNSAID


def _next(dates: Sequence[str]) -> str:
    if not dates:
        return ""
    more = " ほか" if dates[1:] else ""
    return f"{dates[0]}{more}（下の日程をご覧ください）"


def _when(record: ListingRecord) -> str:
    exact = [_moment(window.starts_at, window.ends_at) for window in record.windows]
    weekly = slots_label(record.slots)
    talk = "応相談" if record.negotiable else ""
    return "、".join(part for part in (*exact, weekly, talk) if part)


def _moment(starts_at: datetime, ends_at: datetime) -> str:
    """12月5日（土）9:00〜12:00."""
    starts, ends = in_tokyo(starts_at), in_tokyo(ends_at)
    day = short_day(starts.date(), today())
    next_day = "" if ends.date() == starts.date() else "翌"
    return f"{day}{starts.hour}:{starts:%M}〜{next_day}{ends.hour}:{ends:%M}"


def _dates(session: ReadSession, record: ListingRecord) -> list[dict[str, Any]]:
    """The next dates that take place, with what is free."""
    found: list[ShiftRecord] = []
    cursor, more, current = None, record.side is Side.NEED, now()
    while more and len(found) < _DATES:
        part = list_shifts(session, record.id, ends_after=current, cursor=cursor, limit=_DATES * 4)
        found += [shift for shift in part.rows if not shift.cancelled]
        cursor, more = part.next_cursor, part.next_cursor is not None
    return [_date(shift) for shift in found[:_DATES]]


def _date(shift: ShiftRecord) -> dict[str, Any]:
    when = _moment(shift.starts_at, shift.ends_at)
    return {"when": when, "free": shift.free, "capacity": shift.capacity, "note": shift.note}


_YES = (
    ("beginners", "はじめての方も歓迎"),
    ("may_stop", "いつでもやめられます"),
    ("family", "親子で参加できます"),
    ("students", "学生も参加できます"),
    ("travel_paid", "交通費が出ます"),
    ("online", "オンラインでできます"),
)


def _burden(record: ListingRecord) -> list[str]:
    """How light it is, as short words."""
    often = [record.frequency.label] if record.frequency else []
    return [*often, *(label for name, label in _YES if getattr(record, name))]


def _facts(record: ListingRecord, stages: dict[str, str]) -> list[tuple[str, str]]:
    unit = record.unit or record.kind.unit
    return [
        ("種別", record.kind.label),
        ("数", f"{record.open_quantity:,}{unit}" if record.open_quantity is not None else ""),
        ("一回の長さ", _length(record.minutes)),
        ("必ず必要な技能・資格", _labels(record.required_skills)),
        (
            "あるとうれしい技能" if record.side is Side.NEED else "できること",
            _labels(record.preferred_skills),
        ),
        ("年齢", _ages(record)),
        ("費用", record.cost or ""),
        ("保険", record.insurance or ""),
        ("持ち物", record.belongings or ""),
        ("温度", record.temperature.label if record.temperature else ""),
        *((_DETAILS[n], _plain(v)) for n, v in record.details.items() if n in _DETAILS),
        ("渡す条件", _labels([Condition(code) for code in record.conditions])),
        ("向いているステージ", "・".join(stages.get(code, code) for code in record.stages)),
        ("希望する相手", _labels(record.wished_types)),
        ("連絡のしかた", record.contact_route.label),
    ]


def _length(minutes: int | None) -> str:
    """150 → 2時間30分."""
    hours, rest = divmod(minutes or 0, 60)
    return (f"{hours}時間" if hours else "") + (f"{rest}分" if rest else "")


def _labels(choices: Sequence[Any]) -> str:
    return "・".join(choice.label for choice in choices)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "あり" if value else "なし"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _ages(record: ListingRecord) -> str:
    least = f"{record.min_age}歳から" if record.min_age is not None else ""
    most = f"{record.max_age}歳まで" if record.max_age is not None else ""
    return least + most
