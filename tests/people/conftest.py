"""Residents to test with: one who says everything, and how they are written."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from app.main import API

PEOPLE = f"{API}/people"


@pytest.fixture
def full() -> dict[str, Any]:
    """The body of a profile that leaves nothing out; everything in it says 秘密 or 0000."""
    return {
        "name": "秘密花子",
        "email": "secret-0000@example.jp",
        "phone": "090-0000-0000",
        "interests": ["children", "culture"],
        "skills": ["accounting", "reading_aloud", "childcare_worker"],
        "can_do": "秘密の特技",
        "slots": ["mon-early", "sat-morning", "sun-night"],
        "negotiable": True,
        "municipality": "132039",
        "latitude": 35.7178,
        "longitude": 139.5661,
        "reach_km": 3.5,
        "online": True,
        "frequency": "short",
        "first_time": True,
        "age_band": "18_64",
        "guardian_consent": False,
        "matching_consent": True,
        "limit_per_month": 4,
    }


@pytest.fixture
def add(client: TestClient, operator: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """Register somebody; the profile as returned."""

    def add(**values: Any) -> dict[str, Any]:
        answer = client.post(PEOPLE, json={"name": "はな", **values}, headers=operator)
        assert answer.status_code == 201, answer.text
        record: dict[str, Any] = answer.json()
        return record

    return add


@pytest.fixture
def act(client: TestClient, operator: dict[str, str]) -> Callable[..., Response]:
    """Send an operator's change (`pause`, `resume`; none: PATCH) for a profile as seen."""

    def act(person: dict[str, Any], action: str = "", **body: Any) -> Response:
        headers = {**operator, "If-Match": f'"{person["version"]}"'}
        path = f"{PEOPLE}/{person['id']}"
        if action:
            return client.post(f"{path}/{action}", json=body or None, headers=headers)
        return client.patch(path, json=body, headers=headers)

    return act
