"""What may be said of a resident, over HTTP: each fault at its field, nothing kept."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.clock import today, years_after
from app.main import API, create_app
from app.settings import Settings

PEOPLE = f"{API}/people"
WRONG = [
    ("name", ""),
    ("name", None),
    ("name", "は\u202eな"),
    ("name", "な" * 201),
    ("email", "hana"),
    ("email", "ha na@example.jp"),
    ("phone", "電話"),
    ("phone", 9000000000),
    ("interests", ["子ども"]),
    ("interests", "children"),
    ("skills", ["magic"]),
    ("skills", [0]),
    ("slots", ["sat"]),
    ("slots", ["holiday-morning"]),
    ("municipality", "999999"),
    ("latitude", 19.9),
    ("latitude", 46.1),
    ("longitude", 121.9),
    ("longitude", 154.1),
    ("latitude", "35.7"),
    ("latitude", "NaN"),
    ("reach_km", 0),
    ("reach_km", -1),
    ("reach_km", 1001),
    ("online", "はい"),
    ("frequency", "weekly"),
    ("age_band", "17"),
    ("matching_consent", None),
    ("matching_consent", 1),
    ("limit_per_month", 0),
    ("limit_per_month", 32),
    ("limit_per_month", 2.5),
    ("consented_at", "2026-04-01T00:00:00Z"),
    ("engaged", 0),
    ("words", {"絵本": 1.0}),
    ("nationality", "日本"),
    ("gender", "女"),
]


@pytest.fixture
def client(sqlite_settings: Settings) -> Any:
    """What a form accepts does not depend on the database."""
    with TestClient(create_app(sqlite_settings)) as client:
        yield client


class TestPersonForm:
    def test_says_which_field_is_at_fault(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        for field, value in WRONG:
            body = {"name": "はな", "latitude": 35.7, "longitude": 139.5, field: value}
            answer = client.post(PEOPLE, json=body, headers=operator)
            assert answer.status_code == 422, (field, value)
            at = {error["field"].split(".")[1] for error in answer.json()["errors"]}
            assert at == {field}, (field, value)
        assert client.get(PEOPLE, headers=operator).json()["total"] == 0

    @pytest.mark.parametrize("half", ["latitude", "longitude"])
    def test_a_position_is_whole(
        self, client: TestClient, operator: dict[str, str], half: str
    ) -> None:
        body = {"name": "はな", half: {"latitude": 35.7, "longitude": 139.5}[half]}
        answer = client.post(PEOPLE, json=body, headers=operator)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.longitude")

    def test_does_not_repeat_what_somebody_wrote(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        body = {"name": "秘密花子", "email": "秘密", "phone": "秘密", "slots": ["秘密"]}
        answer = client.post(PEOPLE, json=body, headers=operator)
        assert answer.status_code == 422
        assert "秘密" not in answer.text


class TestPauseForm:
    def test_a_pause_ends_today_at_the_earliest_and_in_three_years_at_the_latest(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        made = client.post(PEOPLE, json={"name": "はな"}, headers=operator).json()
        path = f"{PEOPLE}/{made['id']}/pause"
        wrong = client.post(path, json={"until": "2020-01-01"}, headers=operator)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "body.until")
        for far in ("9999-12-31", years_after(today(), 3) + timedelta(days=1)):
            late = client.post(path, json={"until": str(far)}, headers=operator)
            assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "body.until")
            assert "3年以内" in late.json()["errors"][0]["message"]
        right = client.post(path, json={"until": today().isoformat()}, headers=operator)
        assert right.json()["paused_until"] == today().isoformat()
        last = client.post(path, json={"until": str(years_after(today(), 3))}, headers=operator)
        assert last.status_code == 200
