"""Records to test with: one with everything in it, and a count of all that is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import SQLModel, func, select

from app.main import API
from app.organisations.models import Office


@pytest.fixture
def office(client: TestClient) -> str:
    """The code of an office that looks after records."""
    with client.app.state.database.write() as session:  # type: ignore[attr-defined]
        session.add(Office(code="center", name="市民活動センター"))
    return "center"


@pytest.fixture
def full(office: str) -> dict[str, Any]:
    """The body of a record that leaves nothing out; every private part says 秘密 or 0000."""
    return {
        "name": "みどり町おはなしの会",
        "kana": "ミドリチョウオハナシノカイ",
        "other_names": ["おはなし会", "みどりの会"],
        "organisation_type": "intermediary",
        "legal_form": "npo",
        "corporate_number": "7000012050002",
        "office": office,
        "municipality": "132039",
        "areas": ["132039", "132047"],
        "address": {
            "postcode": "1800001",
            "street": "緑町9-9-99",
            "building": "みどりビル3階",
            "latitude": 35.7178,
            "longitude": 139.5661,
            "is_public": True,
        },
        "contacts": [
            {
                "kind": "representative",
                "value": "緑花子",
                "kana": "ミドリハナコ",
                "note": "会長",
                "is_public": True,
            },
            {"kind": "email", "value": "ohanashi@example.jp", "is_public": True},
            {"kind": "phone", "value": "0422-99-9999", "note": "平日のみ", "is_public": True},
            {"kind": "contact_person", "value": "秘密太郎", "kana": "ヒミツタロウ"},
            {"kind": "mobile", "value": "090-0000-0000", "note": "秘密の番号"},
        ],
        "meeting_place": "緑町コミュニティセンター",
        "schedule": "毎週土曜 10時から",
        "activity_times": ["evening", "weekend"],
        "fields": [2, 13],
        "stage": "growth",
        "keywords": ["絵本", "読み聞かせ"],
        "purpose": "本の楽しさを伝える。",
        "activities": "読み聞かせ。\n紙芝居。",
        "achievements": "二十年続けています。",
        "message": "いっしょに読みましょう。",
        "membership_fee": "月五百円",
        "member_count": 30,
        "local_member_count": 21,
        "founded_year": 2004,
        "visits_welcome": True,
        "accepting_members": False,
        "links": [{"kind": "blog", "url": "https://example.jp/ohanashi?a=1&b=2"}],
        "photos": [{"url": "https://example.jp/photo.jpg", "alt": "紙芝居のようす"}],
        "goals": ["4", "17"],
        "registrations": [
            {
                "scheme": "volunteer_group",
                "number": "第12号",
                "valid_from": "2025-04-01",
                "valid_until": "2028-03-31",
            },
            {"scheme": "youth", "number": None, "valid_from": None, "valid_until": None},
        ],
        "consents": {"web": True, "booklet": False},
        "entry_method": "paper",
        "confirm_every_months": 6,
    }


@pytest.fixture
def count_rows(client: TestClient) -> Callable[[], dict[str, int]]:
    """How many rows each table holds: what a refused request must not change."""

    def count() -> dict[str, int]:
        with client.app.state.database.read() as session:  # type: ignore[attr-defined]
            return {
                name: session.exec(select(func.count()).select_from(table)).one()
                for name, table in SQLModel.metadata.tables.items()
                # The engines' own, which they keep in their own time.
                if name not in {"waiting", "index_state"}
            }

    return count


@pytest.fixture
def act(client: TestClient, operator: dict[str, str]) -> Callable[..., Response]:
    """Send an operator's change (`publish`, `confirm` …; none: PATCH) for a record as seen."""

    def act(record: dict[str, Any], action: str = "", **body: Any) -> Response:
        headers = {**operator, "If-Match": f'"{record["version"]}"'}
        path = f"{API}/organisations/{record['id']}"
        if action:
            return client.post(f"{path}/{action}", json=body or None, headers=headers)
        return client.patch(path, json=body, headers=headers)

    return act
