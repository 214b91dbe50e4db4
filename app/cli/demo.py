"""The invented city: groups and needs by import, then offers, residents and dates."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from app.cli.telling import bars, say
from app.core import clock
from app.core.db import Database, ReadSession, WriteSession
from app.discovery.drain import Drain
from app.intake.run import keep, open_import
from app.listings.actions import create_listing, publish_listing
from app.listings.forms import ListingForm
from app.listings.models import Listing
from app.listings.shifts import create_shifts
from app.organisations.models import Source
from app.organisations.queries import count_organisations
from app.people.actions import create_person
from app.people.forms import PersonForm
from app.vocabulary.listings import Side
from search import Index

SOURCE = "demo"
_DEMO = Path(__file__).resolve().parent.parent / "demo"


def load_demo(database: Database, indexes: Sequence[Index]) -> None:
    """Fill an empty registry with the invented city; one with anything in it stays as it is."""
    with database.read() as session:
        if count_organisations(session):
            return
    with bars("架空の団体と募集を登録しています") as progress:
        drain = Drain(database, indexes)
        for format_name in ("groups-csv", "opportunities-csv"):
            path = _DEMO / f"{format_name.removesuffix('-csv')}.csv"
            format_, table = open_import(format_name, path)
            keep(database, format_, table, source=SOURCE, progress=progress, feed=drain)
        with database.write() as session:
            _load_offers(session)
            _load_people(session)
            _load_shifts(session, clock.today())
        drain.run()
    say("試しに使うための架空の団体と募集を登録しました（MUSUBI_DEMO=0 で登録しません）。")


def _read(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((_DEMO / name).read_text(encoding="utf-8"))
    return rows


def _load_offers(session: WriteSession) -> None:
    owners = _ids(session, select(Source.source_id, Source.organisation_id), Source)
    for offer in _read("offers.json"):
        owner = owners[offer.pop("organisation")]
        form = ListingForm.model_validate({**offer, "organisation_id": owner})
        made = create_listing(session, side=Side.OFFER, values=form.values(), actor=SOURCE)
        publish_listing(session, id=made.id, version=None, actor=SOURCE, today=clock.today())


def _load_people(session: WriteSession) -> None:
    for person in _read("people.json"):
        create_person(session, values=PersonForm.model_validate(person).values(), actor=SOURCE)


def _load_shifts(session: WriteSession, today: date) -> None:
    """Weekly dates from next week on, so that the demo never looks out of date."""
    needs = _ids(session, select(Listing.source_id, Listing.id), Listing)
    for shift in _read("shifts.json"):
        ahead = 7 + (shift["weekday"] - today.weekday()) % 7
        first = today + timedelta(days=ahead)
        create_shifts(
            session,
            listing_id=needs[shift["need"]],
            starts_at=_at(first, shift["from"]),
            ends_at=_at(first, shift["to"]),
            capacity=shift["capacity"],
            rule=f"FREQ=WEEKLY;COUNT={shift['weeks']}",
            note=shift.get("note"),
            now=clock.now(),
            actor=SOURCE,
        )


def _at(day: date, written: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(written), clock.TOKYO)


def _ids(
    session: ReadSession, query: Any, table: type[Source] | type[Listing]
) -> Mapping[str, uuid.UUID]:
    """Id in the demo's files → id here."""
    return dict(session.exec(query.where(col(table.source) == SOURCE)).all())
