"""Listings to test with: one with everything in it, and how to change one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import SQLModel, func, select

from app.core.clock import today
from app.main import API


def in_days(days: int) -> str:
    """A day so many days from today in Tokyo."""
    return (today() + timedelta(days=days)).isoformat()


@pytest.fixture
def full() -> dict[str, Any]:
    """The body of a listing that leaves nothing out, but for what another kind carries."""
    return {
        "kind": "food",
        "title": "お米と缶詰をお分けします",
        "description": "防災備蓄の入れ替えです。",
        "fields": [1, 13],
        "required_skills": ["driving", "food_hygiene"],
        "preferred_skills": ["cooking"],
        "stages": ["launch", "growth"],
        "wished_types": ["civic_group"],
        "urgency": "high",
        "contact_route": "direct",
        "details": {"allergens": ["小麦"], "pickup_place": "倉庫", "lot_size": 10},
        "quantity": 120,
        "unit": "kg",
        "least_quantity": 10,
        "best_before": in_days(100),
        "temperature": "chilled",
        "conditions": ["local", "no_resale"],
        "available_from": in_days(5),
        "available_until": in_days(90),
        "deadline": in_days(80),
        "slots": ["mon-morning", "sat-night"],
        "windows": [
            {"starts_at": f"{in_days(10)}T01:00:00Z", "ends_at": f"{in_days(10)}T03:00:00Z"},
            {"starts_at": f"{in_days(11)}T14:00:00Z", "ends_at": f"{in_days(11)}T16:00:00Z"},
        ],
        "negotiable": True,
        "minutes": 30,
        "municipality": "132039",
        "place": "倉庫の前",
        "latitude": 35.7,
        "longitude": 139.5,
        "reach_km": 12.5,
        "online": False,
        "frequency": "once",
        "beginners": True,
        "may_stop": False,
        "family": True,
        "students": False,
        "travel_paid": False,
        "cost": "無料",
        "insurance": "なし",
        "belongings": "袋",
        "min_age": 18,
        "max_age": 100,
        "video_url": "https://example.jp/video",
        "entry_method": "paper",
    }


@pytest.fixture
def act(client: TestClient, operator: dict[str, str]) -> Callable[..., Response]:
    """Send an operator's change (`publish`, `pause` …; none: PATCH) for a listing as seen."""

    def act(record: dict[str, Any], action: str = "", **body: Any) -> Response:
        headers = {**operator, "If-Match": f'"{record["version"]}"'}
        path = f"{API}/{record['side']}s/{record['id']}"
        if action:
            return client.post(f"{path}/{action}", headers=headers)
        return client.patch(path, json=body, headers=headers)

    return act


@pytest.fixture
def count_rows(client: TestClient) -> Callable[[], dict[str, int]]:
    """How many rows each table holds: what a refused request must not change."""

    def count() -> dict[str, int]:
        with client.app.state.database.read() as session:  # type: ignore[attr-defined]
            return {
                name: session.exec(select(func.count()).select_from(table)).one()
                for name, table in SQLModel.metadata.tables.items()
                # The engines' and the night's own, which they keep in their own time.
                if name not in {"waiting", "index_state", "word_count", "matching_counted"}
            }

    return count
