"""A seeded market of needs, offers and residents: synthetic, with marginals from the sources.

63 groups whose fields are skewed (Dirichlet 1.5 over the twenty), 3 to 12 wishes a group, places
around 武蔵野市, times in the blocks in which people have time, and much that nobody has filled in.
Every listing exists twice: whole, as it is in truth, and as it was written down.
"""

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from app.core.clock import TOKYO
from app.core.db import Database
from app.listings.models import Engagement, Listing
from app.listings.rules import lacks_headcount
from app.listings.words import MOST_WORDS
from app.matching.models import Counted
from app.organisations.models import Organisation, OrganisationField
from app.people.models import Person
from app.vocabulary.fields import Interest
from app.vocabulary.listings import (
    ContactRoute,
    EngagementState,
    ListingStatus,
    PartyKind,
    Side,
    Urgency,
)
from app.vocabulary.organisations import EntryMethod, LegalForm, OrganisationType, Status
from bench.listings import STAGES, Author
from bench.words import FIELDS, Vocabulary, idf_of

Rows = list[dict[str, Any]]
GROUPS = 63
WISHES = (3, 12)
_BATCH = 5_000
_SKEW = 1.5
LEFT_OUT = (0.2, 0.4)  # how much of what could be said is not
# What a form makes one fill in.
_ALWAYS = {"kind", "title", "organisation_id", "minutes", "negotiable", "stages", "conditions"}
_EMPTY: Mapping[str, Any] = {
    **dict.fromkeys(column.name for column in Listing.__table__.columns),  # type: ignore[attr-defined]
    **dict.fromkeys(("fields", "required_skills", "preferred_skills", "slots", "conditions"), 0),
    **dict.fromkeys(("engaged", "exposure"), 0),
    "stages": [],
    "wished_types": [],
    "windows": [],
    "details": {},
    "words": {},
    "negotiable": False,
    "urgency": Urgency.NORMAL,
    "contact_route": ContactRoute.OFFICE,
    "entry_method": EntryMethod.SELF,
    "version": 1,
    "status": ListingStatus.PUBLISHED,
}


@dataclass(frozen=True)
class Size:
    """How many of each; `offers` and `needs` None: as many as the groups wish for."""

    groups: int = GROUPS
    needs: int | None = None
    offers: int | None = None
    people: int = 0
    busy: bool = True  # some are paused, refused, engaged or over
    kinds: int = 8
    left_out: tuple[float, float] = LEFT_OUT


@dataclass
class Market:
    """The rows as written down; `whole`: every listing, by id, as it is in truth."""

    seed: int
    groups: Rows = field(default_factory=list)
    fields: Rows = field(default_factory=list)
    needs: Rows = field(default_factory=list)
    offers: Rows = field(default_factory=list)
    people: Rows = field(default_factory=list)
    refusals: Rows = field(default_factory=list)
    whole: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)


def make_market(size: Size, *, seed: int, now: datetime, keep_whole: bool = False) -> Market:
    """The same market for the same seed and day."""
    return _Maker(size, seed, now, keep_whole=keep_whole).market


class _Maker:
    def __init__(self, size: Size, seed: int, now: datetime, *, keep_whole: bool) -> None:
        self._size, self._now, self._keep_whole = size, now, keep_whole
        self._rng = rng = random.Random(seed)
        self._today = now.astimezone(TOKYO).date()
        self._words = Vocabulary(rng)
        self._author = Author(rng, self._today, size.kinds)
        skew = [rng.gammavariate(_SKEW, 1) for _ in range(FIELDS)]
        self._field_weights = skew
        self.market = Market(seed)
        self._themes: dict[uuid.UUID, list[int]] = {}
        for number in range(size.groups):
            self._add_group(number)
        self._add_listings()
        for number in range(size.people):
            self.market.people.append(self._person(number))
        self._weigh_words()
        if size.busy:
            self._add_refusals()

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)

    def _some_fields(self) -> list[int]:
        count = self._rng.choices((1, 2, 3, 4), (40, 35, 18, 7))[0]
        return sorted(set(self._rng.choices(range(1, FIELDS + 1), self._field_weights, k=count)))

    def _add_group(self, number: int) -> None:
        id_, rng = self._id(), self._rng
        self._themes[id_] = self._some_fields()
        types = tuple(OrganisationType)
        self.market.groups.append(
            _empty_group()
            | {
                "id": id_,
                "organisation_type": rng.choices(types, [60, 6, 4, 4, 4, 12, 5, 3, 2])[0],
                "legal_form": rng.choices(
                    (LegalForm.NONE, LegalForm.NPO, LegalForm.STOCK_COMPANY, LegalForm.RELIGIOUS),
                    (60, 25, 12, 3),
                )[0],
                "name": f"団体{number}",
                "stage_code": rng.choice(STAGES) if rng.random() < 0.7 else None,
                "municipality_code": self._author.municipality(),
                "created_at": self._now,
                "updated_at": self._now,
            }
        )
        rows = [{"organisation_id": id_, "field": number} for number in self._themes[id_]]
        self.market.fields.extend(rows)

    # ------------------------------------------------------------------------------ listings

    def _add_listings(self) -> None:
        groups = list(self._themes)
        for side, wanted, rows in (
            (Side.NEED, self._size.needs, self.market.needs),
            (Side.OFFER, self._size.offers, self.market.offers),
        ):
            for group in self._owners(groups, wanted):
                rows.append(self._listing(side, group, len(rows)))

    def _owners(self, groups: Sequence[uuid.UUID], wanted: int | None) -> Iterator[uuid.UUID]:
        if wanted is not None:
            yield from self._rng.choices(groups, k=wanted)
            return
        for group in groups:
            yield from [group] * self._rng.randint(*WISHES)

    def _listing(self, side: Side, group: uuid.UUID, number: int) -> dict[str, Any]:
        rng = self._rng
        themes = self._themes[group] if rng.random() < 0.8 else self._some_fields()
        words = self._words.text(themes, rng.randint(8, 20))
        whole = self._author.listing(side) | {
            "id": self._id(),
            "side": side,
            "organisation_id": group,
            "title": f"{words[0]}と{words[1]}（{number}）",
            "description": "、".join(words),
            "fields": sum(1 << theme for theme in themes),
            "words": words,
            "created_at": self._now,
            "updated_at": self._now,
            "published_at": self._now,
        }
        if self._keep_whole:
            self.market.whole[whole["id"]] = _EMPTY | whole
        written = _EMPTY | self._written(whole)
        return written | (self._state(written) if self._size.busy else {})

    def _written(self, whole: Mapping[str, Any]) -> dict[str, Any]:
        """A part of it is left out, and a text is never complete."""
        share = self._rng.uniform(*self._size.left_out)
        asked = {"quantity"} if lacks_headcount(whole["side"], whole["kind"], None) else set()
        always = _ALWAYS | asked  # what publishing asks for
        said = {
            name: value
            for name, value in whole.items()
            if name in always or name not in self._author.says or self._rng.random() >= share
        }
        if said.get("latitude") is None or said.get("longitude") is None:
            said["latitude"] = said["longitude"] = None
        words = whole["words"]
        least = 1 - self._size.left_out[1]
        said["words"] = words[: max(3, int(len(words) * self._rng.uniform(least, 1)))]
        if self._rng.random() < share / 4:
            said["words"] = []
        return said

    def _state(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Some are not open, some are over, some have found somebody."""
        rng = self._rng
        state: dict[str, Any] = {}
        if rng.random() < 0.06:
            state["status"] = rng.choice(
                (ListingStatus.PAUSED, ListingStatus.DRAFT, ListingStatus.CLOSED)
            )
        if rng.random() < 0.25:
            state["exposure"] = rng.randint(1, 4)
            state["engaged"] = min(state["exposure"], row["quantity"] or 3)
        if rng.random() < 0.2:
            state["deadline"] = self._today + timedelta(days=rng.randint(-10, 60))
        if rng.random() < 0.1:
            state["available_from"] = self._today + timedelta(days=rng.randint(-30, 60))
        if rng.random() < 0.1:
            state["available_until"] = self._today + timedelta(days=rng.randint(-10, 90))
        if rng.random() < 0.1:
            state["unit"] = rng.choice(("箱", row["kind"].unit))
        return state

    def _weigh_words(self) -> None:
        """Words → words with their idf; the sixteen most telling are kept."""
        listings = [*self.market.needs, *self.market.offers]
        idf = idf_of(row["words"] for row in listings)
        for row in [*listings, *self.market.people, *self.market.whole.values()]:
            row["words"] = _telling(row["words"], idf)

    # -------------------------------------------------------------------------------- people

    def _person(self, number: int) -> dict[str, Any]:
        rng = self._rng
        interests = rng.sample(tuple(Interest), rng.choice((1, 1, 2, 2, 3)))
        themes = [int(field) for interest in interests for field in interest.fields]
        said = self._author.person()
        return {
            **dict.fromkeys(column.name for column in Person.__table__.columns),  # type: ignore[attr-defined]
            **said,
            "id": self._id(),
            "version": 1,
            "name": f"個人{number}",
            "interests": [str(interest) for interest in interests],
            "words": self._words.text(themes, rng.randint(3, 8)) if rng.random() < 0.6 else [],
            "matching_consent": not self._size.busy or rng.random() < 0.9,
            "guardian_consent": rng.random() < 0.5,
            "paused": self._size.busy and rng.random() < 0.05,
            "engaged": rng.randint(0, 2) if self._size.busy else 0,
            "exposure": rng.randint(0, 2) if self._size.busy else 0,
            "created_at": self._now,
            "updated_at": self._now,
        }

    def _add_refusals(self) -> None:
        rng = self._rng
        for need in rng.sample(self.market.needs, min(len(self.market.needs), 200)):
            for other in rng.sample(self.market.offers, min(3, len(self.market.offers))):
                ago = rng.randint(0, 300)
                self.market.refusals.append(
                    {
                        "listing_id": need["id"],
                        "party_kind": PartyKind.LISTING,
                        "party_id": other["id"],
                        "state": EngagementState.DECLINED,
                        "quantity": 1,
                        "at": self._now - timedelta(days=ago, hours=1),
                    }
                )


def _telling(words: Sequence[str], idf: Mapping[str, float]) -> dict[str, float]:
    telling = sorted({word for word in words if word in idf}, key=lambda word: (-idf[word], word))
    return {word: idf[word] for word in sorted(telling[:MOST_WORDS])}


def _empty_group() -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        column.name
        for column in Organisation.__table__.columns  # type: ignore[attr-defined]
    )
    lists = "other_names activity_times keywords goals links photos edited_fields".split()
    return (
        empty
        | {name: [] for name in lists}
        | {
            "version": 1,
            "status": Status.PUBLISHED,
            "entry_method": EntryMethod.SELF,
            "confirm_every_months": 12,
        }
    )


def store(database: Database, market: Market, now: datetime) -> None:
    """Write it into an empty, migrated database; the nightly counts count as made."""
    for model, rows in (
        (Organisation, market.groups),
        (OrganisationField, market.fields),
        (Listing, market.needs),
        (Listing, market.offers),
        (Person, market.people),
        (Engagement, market.refusals),
        (Counted, [{"id": 1, "counted_at": now}]),
    ):
        for start in range(0, len(rows), _BATCH):
            with database.write() as session:
                table = model.__table__  # type: ignore[attr-defined]
                session.execute(insert(table), rows[start : start + _BATCH])
