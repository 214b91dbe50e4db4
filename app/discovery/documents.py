"""Organisations as documents of the index. Contact details have no way in."""

from typing import Any

from app.core.text import shortened
from app.organisations.records import Record
from app.places.rules import PREFECTURES, area_name, enclosing, find_municipality
from search import Document

KIND = "organisation"
SUMMARY = 120


def organisation_document(record: Record) -> Document:
    """What is searched, filtered and shown of a published organisation."""
    address = record.public_address
    codes = [record.municipality, *record.areas]
    areas = tuple(dict.fromkeys(c for code in codes if code for c in enclosing(code)))
    position = None
    if address and address.latitude is not None and address.longitude is not None:
        position = (address.latitude, address.longitude)
    return Document(
        id=str(record.id),
        kind=KIND,
        name=record.name,
        kana=record.kana or "",
        other_names=tuple(record.other_names),
        summary=shortened(record.message or record.purpose or record.activities or "", SUMMARY),
        purpose=joined(record.purpose),
        activities=joined(record.activities, record.message, record.achievements),
        keywords=tuple(record.keywords),
        places=_places(record),
        codes={
            "field": tuple(str(number) for number in record.fields),
            "stage": (record.stage,) if record.stage else (),
            "area": areas,
            "legal_form": (record.legal_form.value,),
            "organisation_type": (record.organisation_type.value,),
            "when": tuple(record.activity_times),
            "accepting": yes_or_no(value=record.accepting_members),
        },
        position=position,
        updated_at=int(record.updated_at.timestamp()),
        card=_card(record),
    )


def joined(*texts: str | None) -> str:
    return "\n".join(text for text in texts if text)


def yes_or_no(*, value: bool | None) -> tuple[str, ...]:
    return () if value is None else ("true" if value else "false",)


def _places(record: Record) -> tuple[str, ...]:
    """Place names as people type them; the street only where the address is public."""
    place = find_municipality(record.municipality) if record.municipality else None
    address = record.public_address
    return tuple(
        name
        for name in (
            place.prefecture if place else "",
            place.name if place else "",
            (address.street or "") if address else "",
            record.meeting_place or "",
            *(area_name(code) for code in record.areas if code != record.municipality),
        )
        if name
    )


def _card(record: Record) -> dict[str, Any]:
    """What a result shows besides name and summary."""
    source = record.sources[0] if record.sources else None
    place = find_municipality(record.municipality) if record.municipality else None
    return {
        "source": source.source if source else None,
        "source_id": source.source_id if source else None,
        "place": place.name if place else None,
        "prefecture": PREFECTURES[place.code[:2]] if place else None,
        "municipality": place.code if place else None,
        "organisation_type": record.organisation_type.value,
        "legal_form": record.legal_form.value,
        "fields": record.fields,
        "stage": record.stage,
        "when": record.activity_times,
        "schedule": record.schedule,
        "accepting": record.accepting_members,
        "visits_welcome": record.visits_welcome,
        "confirmed_on": record.confirmed_on.isoformat() if record.confirmed_on else None,
    }
