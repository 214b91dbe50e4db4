"""Bad input of every kind: a problem document that names the field, and nothing kept."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from app.core.clock import today
from app.listings.forms import EXAMPLE, ListingForm, ListingPatch, WindowForm
from app.listings.rows import Draft, as_record, new_row
from app.main import API
from app.vocabulary.listings import Condition, Side
from app.vocabulary.skills import Skill
from app.vocabulary.times import SLOTS

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
Make = Callable[..., dict[str, Any]]


def in_days(days: int, time: str = "") -> str:
    return (today() + timedelta(days=days)).isoformat() + time


SOON, LATER = in_days(3, "T10:00"), in_days(3, "T12:00")
# What is sent beside the title, and the field at fault. Everything else is a need for people.
BAD_VALUES: list[tuple[dict[str, Any], str]] = [
    # what must be there
    ({"title": ""}, "title"),
    ({"title": "　"}, "title"),
    ({"title": None}, "title"),
    ({"kind": None}, "kind"),
    ({"organisation_id": None}, "organisation_id"),
    # what is unknown
    ({"organisation_id": "01890000-0000-7000-8000-000000000000"}, "organisation_id"),
    ({"organisation_id": "x"}, "organisation_id"),
    ({"kind": "money"}, "kind"),
    ({"required_skills": ["juggling"]}, "required_skills.0"),
    ({"preferred_skills": ["cooking", "会計"]}, "preferred_skills.1"),
    ({"slots": ["sat-noonish"]}, "slots.0"),
    ({"slots": ["土曜午前"]}, "slots.0"),
    ({"fields": [0]}, "fields.0"),
    ({"fields": [1, 21]}, "fields.1"),
    ({"stages": ["unknown"]}, "stages"),
    ({"wished_types": ["club"]}, "wished_types.0"),
    ({"conditions": ["rich"]}, "conditions.0"),
    ({"municipality": "999999"}, "municipality"),
    ({"urgency": "now"}, "urgency"),
    ({"frequency": "always"}, "frequency"),
    ({"contact_route": "telepathy"}, "contact_route"),
    # what is not for writing
    ({"side": "offer"}, "side"),
    ({"status": "published"}, "status"),
    ({"engaged": 1}, "engaged"),
    ({"exposure": 0}, "exposure"),
    ({"words": {}}, "words"),
    ({"open_quantity": 1}, "open_quantity"),
    ({"id": "01890000-0000-7000-8000-000000000000"}, "id"),
    ({"source": "x"}, "source"),
    ({"色": "青"}, "色"),
    # numbers
    ({"quantity": 0}, "quantity"),
    ({"quantity": -1}, "quantity"),
    ({"quantity": 1_000_000_001}, "quantity"),
    ({"quantity": 10**30}, "quantity"),
    ({"quantity": 1.5}, "quantity"),
    ({"quantity": "3"}, "quantity"),
    ({"quantity": True}, "quantity"),
    ({"least_quantity": 0}, "least_quantity"),
    ({"least_quantity": 3, "quantity": 2}, "least_quantity"),
    ({"minutes": 0}, "minutes"),
    ({"minutes": 1441}, "minutes"),
    ({"min_age": -1}, "min_age"),
    ({"max_age": 121}, "max_age"),
    ({"min_age": 20, "max_age": 19}, "max_age"),
    ({"reach_km": -0.1}, "reach_km"),
    ({"reach_km": 501}, "reach_km"),
    ({"reach_km": "5"}, "reach_km"),
    # places
    ({"latitude": 0, "longitude": 139.5}, "latitude"),
    ({"latitude": 35.7, "longitude": 0}, "longitude"),
    ({"latitude": 19.9, "longitude": 139.5}, "latitude"),
    ({"latitude": 46.1, "longitude": 139.5}, "latitude"),
    ({"latitude": 35.7, "longitude": -139.5}, "longitude"),
    ({"latitude": 35.7}, "longitude"),
    ({"longitude": 139.5}, "latitude"),
    ({"latitude": True, "longitude": 139.5}, "latitude"),
    # days
    ({"available_from": "2026-02-30"}, "available_from"),
    ({"available_until": 20261201}, "available_until"),
    ({"available_until": "5026-12-01"}, "available_until"),
    ({"available_until": in_days(366 * 3 + 32)}, "available_until"),
    ({"available_until": in_days(366 * 3)}, "available_until"),
    ({"available_from": in_days(-366 * 3)}, "available_from"),
    ({"available_until": in_days(-366 * 3)}, "available_until"),
    ({"deadline": in_days(-366 * 3)}, "deadline"),
    ({"kind": "food", "best_before": in_days(-366 * 3)}, "best_before"),
    ({"kind": "food", "best_before": in_days(366 * 3)}, "best_before"),
    ({"deadline": "9999-12-31"}, "deadline"),
    ({"available_from": in_days(2), "available_until": in_days(1)}, "available_until"),
    # exact times
    ({"windows": [{"starts_at": LATER, "ends_at": SOON}]}, "windows.0"),
    ({"windows": [{"starts_at": SOON, "ends_at": SOON}]}, "windows.0"),
    ({"windows": [{"starts_at": SOON, "ends_at": in_days(4, "T10:01")}]}, "windows.0"),
    ({"windows": [{"starts_at": "5026-12-01T10:00", "ends_at": LATER}]}, "windows.0.starts_at"),
    ({"windows": [{"starts_at": SOON, "ends_at": "5026-12-01T11:00"}]}, "windows.0.ends_at"),
    (
        {"windows": [{"starts_at": "0001-01-01T00:00", "ends_at": SOON}]},
        "windows.0.starts_at",
    ),
    (
        {"windows": [{"starts_at": SOON, "ends_at": "9999-12-31T23:59:59-12:00"}]},
        "windows.0.ends_at",
    ),
    ({"windows": [{"starts_at": in_days(3), "ends_at": LATER}]}, "windows.0.starts_at"),
    ({"windows": [{"starts_at": 0, "ends_at": LATER}]}, "windows.0.starts_at"),
    ({"windows": [{"starts_at": SOON}]}, "windows.0.ends_at"),
    ({"windows": [{"starts_at": SOON, "ends_at": LATER}] * 17}, "windows"),
    ({"windows": [{"starts_at": SOON, "ends_at": LATER}] * 2}, "windows"),
    ({"windows": [[SOON, LATER]]}, "windows.0"),
    # what another kind carries
    ({"temperature": "frozen"}, "temperature"),
    ({"best_before": in_days(9)}, "best_before"),
    ({"kind": "goods", "temperature": "ambient"}, "temperature"),
    ({"kind": "goods", "best_before": in_days(9)}, "best_before"),
    ({"kind": "goods", "details": {"allergens": ["卵"]}}, "details.allergens"),
    ({"kind": "food", "details": {"condition": "新品"}}, "details.condition"),
    ({"details": {"hours": 3}}, "details.hours"),
    ({"kind": "skill", "details": {"driving": True}}, "details.driving"),
    ({"kind": "fund", "details": {"fee": "無料"}}, "details.fee"),
    ({"details": {"colour": "青"}}, "details.colour"),
    ({"kind": "skill", "details": {"hours": 0}}, "details.hours"),
    ({"kind": "food", "details": {"allergens": "卵"}}, "details.allergens"),
    ({"kind": "goods", "details": {"photos": ["http://example.jp/a.jpg"]}}, "details.photos.0"),
    ({"kind": "goods", "details": {"lot_size": 0}}, "details.lot_size"),
    ({"details": []}, "details"),
    ({"details": None}, "details"),
    # texts
    ({"title": "あ" * 201}, "title"),
    ({"title": "会\u202e"}, "title"),
    ({"title": "一行\n二行"}, "title"),
    ({"description": "あ" * 10_001}, "description"),
    ({"description": "\x00"}, "description"),
    ({"unit": "あ" * 21}, "unit"),
    ({"cost": "あ" * 501}, "cost"),
    ({"video_url": "javascript:alert(1)"}, "video_url"),
    ({"online": "はい"}, "online"),
    ({"negotiable": None}, "negotiable"),
]


class TestBadInput:
    @pytest.mark.parametrize("side", ["need", "offer"])
    def test_names_the_field_and_keeps_nothing(
        self,
        client: TestClient,
        operator: dict[str, str],
        make: Make,
        count_rows: Callable[[], dict[str, int]],
        side: str,
    ) -> None:
        body = {"organisation_id": make()["id"], "kind": "people", "title": "お手伝い"}
        before, wrong = count_rows(), []
        for values, field in BAD_VALUES:
            answer = client.post(f"{API}/{side}s", json={**body, **values}, headers=operator)
            errors = answer.json().get("errors", [])
            said = [error["field"] for error in errors]
            if answer.status_code != 422 or said != [f"body.{field}"]:
                wrong.append((values, answer.status_code, said))
            assert all(JAPANESE.search(error["message"]) for error in errors)
        assert wrong == []
        assert count_rows() == before

    def test_a_change_is_checked_with_what_it_leaves(
        self, make_listing: Make, act: Callable[..., Any]
    ) -> None:
        made = make_listing(
            quantity=5, least_quantity=3, min_age=18, available_until=in_days(9), publish=False
        )
        for values, field in (
            ({"quantity": 2}, "least_quantity"),
            ({"max_age": 17}, "max_age"),
            ({"available_from": in_days(10)}, "available_until"),
            ({"latitude": 35.7}, "longitude"),
            ({"details": {"hours": 3}}, "details.hours"),
            ({"temperature": "frozen"}, "temperature"),
            ({"stages": ["x"]}, "stages"),
            ({"kind": "goods"}, "kind"),
            ({"organisation_id": made["organisation"]["id"]}, "organisation_id"),
            ({"title": ""}, "title"),
            ({"title": None}, "title"),
        ):
            answer = act(made, **values)
            assert answer.status_code == 422, values
            assert [e["field"] for e in answer.json()["errors"]] == [f"body.{field}"]

    def test_not_a_number_is_no_number(
        self, client: TestClient, operator: dict[str, str], make: Make
    ) -> None:
        for name in ("latitude", "longitude", "reach_km"):
            body = (
                f'{{"organisation_id": "{make()["id"]}", "kind": "people", "title": "会", '
                f'"{name}": NaN}}'
            )
            answer = client.post(f"{API}/needs", content=body, headers=operator)
            assert answer.status_code in (400, 422), name


class TestValues:
    def test_are_what_the_record_holds(self, full: dict[str, Any]) -> None:
        """What is written, stored and read again is the same, whatever the kind of value."""
        id_ = "01936f00-0000-7000-8000-000000000001"
        values = ListingForm.model_validate({**full, "organisation_id": id_}).values()
        at = datetime(2026, 12, 1, tzinfo=UTC)
        row = new_row(Draft(Side.OFFER, values), {}, at)
        record = as_record(row, {"id": id_, "name": "会"}).model_dump(mode="json")
        assert {name: record[name] for name in full} == full == {n: values[n] for n in full}

    def test_hold_each_member_of_a_set_once_and_in_order(self) -> None:
        sets = {
            "fields": [20, 1, 20],
            "required_skills": ["social_worker", "accounting", "social_worker"],
            "slots": ["sun-night", "mon-early", "sun-night"],
            "conditions": ["no_resale", "local", "no_resale"],
        }
        values = ListingForm.model_validate({**EXAMPLE, **sets}).values()
        assert {name: values[name] for name in sets} == {
            "fields": [1, 20],
            "required_skills": ["accounting", "social_worker"],
            "slots": ["mon-early", "sun-night"],
            "conditions": ["local", "no_resale"],
        }

    def test_every_member_of_every_set_can_be_kept(self) -> None:
        sets = {
            "fields": list(range(1, 21)),
            "required_skills": [skill.value for skill in Skill],
            "slots": list(SLOTS),
            "conditions": [condition.value for condition in Condition],
        }
        values = ListingForm.model_validate({**EXAMPLE, **sets}).values()
        row = new_row(Draft(Side.NEED, values), {}, datetime(2026, 12, 1, tzinfo=UTC))
        assert max(row[name] for name in sets) < 2**63  # a column holds no more
        organisation = {"id": EXAMPLE["organisation_id"], "name": "会"}
        record = as_record(row, organisation).model_dump(mode="json")
        assert {name: record[name] for name in sets} == sets

    def test_put_times_in_order(self) -> None:
        windows = [
            {"starts_at": in_days(5, "T10:00"), "ends_at": in_days(5, "T11:00")},
            {"starts_at": in_days(4, "T10:00"), "ends_at": in_days(4, "T11:00")},
        ]
        values = ListingForm.model_validate({**EXAMPLE, "windows": windows}).values()
        assert [w["starts_at"] for w in values["windows"]] == [
            in_days(4, "T01:00:00Z"),
            in_days(5, "T01:00:00Z"),
        ]

    def test_of_a_change_are_only_what_was_sent(self) -> None:
        assert ListingPatch.model_validate({}).values() == {}
        assert ListingPatch.model_validate({"place": None, "slots": []}).values() == {
            "place": None,
            "slots": [],
        }


class TestWindowForm:
    @pytest.mark.parametrize(
        ("written", "hour"),
        [("T10:00", 1), ("T10:00:00+09:00", 1), ("T10:00Z", 10), ("T10:00:00.5+00:00", 10)],
    )
    def test_a_time_without_a_zone_is_tokyos(self, written: str, hour: int) -> None:
        window = WindowForm.model_validate(
            {"starts_at": in_days(3, written), "ends_at": in_days(4, "T00:00Z")}
        )
        assert (window.starts_at.hour, window.starts_at.tzinfo) == (hour, UTC)

    def test_may_cross_midnight(self) -> None:
        window = WindowForm.model_validate(
            {"starts_at": in_days(3, "T22:00"), "ends_at": in_days(4, "T02:00")}
        )
        assert window.ends_at - window.starts_at == timedelta(hours=4)

    def test_is_whole(self) -> None:
        with pytest.raises(ValidationError):
            WindowForm.model_validate({"starts_at": SOON, "ends_at": LATER, "note": "x"})
