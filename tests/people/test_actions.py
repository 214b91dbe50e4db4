"""What operators do to a profile, over HTTP and on both databases."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import col, select

from app.core.changes import Change, Waiting
from app.core.clock import today, wareki
from app.main import API

PEOPLE = f"{API}/people"
UNTIL = today() + timedelta(days=365)
Add = Callable[..., dict[str, Any]]
Act = Callable[..., Response]


def changes(client: TestClient, id_: str) -> list[Change]:
    with client.app.state.database.read() as session:  # type: ignore[attr-defined]
        about = select(Change).where(Change.entity_id == id_).order_by(col(Change.id))
        return list(session.exec(about))


class TestCreatePerson:
    def test_keeps_everything_that_was_said(self, add: Add, full: dict[str, Any]) -> None:
        person = add(**full)
        assert {name: person[name] for name in full} == full
        assert (person["version"], person["words"], person["paused"]) == (1, {}, False)

    def test_consent_is_off_unless_given(self, add: Add) -> None:
        person = add()
        assert (person["matching_consent"], person["consented_at"]) == (False, None)

    def test_consent_has_its_moment(self, add: Add) -> None:
        person = add(matching_consent=True)
        assert person["consented_at"] == person["created_at"]

    def test_a_minor_needs_a_guardian(self, client: TestClient, operator: dict[str, str]) -> None:
        body = {"name": "はな", "age_band": "under_15", "matching_consent": True}
        answer = client.post(PEOPLE, json=body, headers=operator)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.matching_consent"
        assert "保護者の同意" in answer.json()["detail"]
        assert client.get(PEOPLE, headers=operator).json()["total"] == 0
        agreed = client.post(PEOPLE, json={**body, "guardian_consent": True}, headers=operator)
        assert agreed.status_code == 201


class TestUpdatePerson:
    def test_changes_only_what_is_sent(self, add: Add, act: Act, full: dict[str, Any]) -> None:
        person = add(**full)
        changed = act(person, skills=["cook", "tax"]).json()
        assert changed["skills"] == ["tax", "cook"]
        assert {k for k in person if person[k] != changed[k]} == {"skills", "version", "updated_at"}

    def test_sending_what_is_there_changes_nothing(
        self, add: Add, act: Act, full: dict[str, Any]
    ) -> None:
        person = add(**full)
        again = {**full, "slots": full["slots"][::-1], "skills": full["skills"][::-1]}
        assert act(person, **again).json() == person

    def test_consent_comes_and_goes_with_its_moment(self, add: Add, act: Act) -> None:
        given = act(add(), matching_consent=True).json()
        assert given["consented_at"]
        same = act(given, can_do="会計").json()
        assert same["consented_at"] == given["consented_at"]
        gone = act(same, matching_consent=False).json()
        assert (gone["matching_consent"], gone["consented_at"]) == (False, None)

    def test_a_minor_needs_a_guardian(self, add: Add, act: Act) -> None:
        person = add(age_band="15_17")
        answer = act(person, matching_consent=True)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.matching_consent"
        agreed = act(person, matching_consent=True, guardian_consent=True).json()
        assert agreed["matching_consent"]
        withdrawn = act(agreed, guardian_consent=False).json()
        assert (withdrawn["matching_consent"], withdrawn["consented_at"]) == (False, None)

    def test_half_a_position_is_refused(self, add: Add, act: Act) -> None:
        person = add(latitude=35.7, longitude=139.5)
        answer = act(person, latitude=None)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.longitude")
        assert act(person, latitude=None, longitude=None).json()["latitude"] is None

    def test_of_two_who_saw_the_same_version_one_is_told(self, add: Add, act: Act) -> None:
        person = add()
        assert act(person, can_do="会計").status_code == 200
        assert (act(person, can_do="広報").status_code) == 412
        assert (act(person, "pause").status_code) == 412

    def test_needs_a_version(self, client: TestClient, operator: dict[str, str], add: Add) -> None:
        path = f"{PEOPLE}/{add()['id']}"
        assert client.patch(path, json={"can_do": "会計"}, headers=operator).status_code == 428


class TestPausePerson:
    def test_lasts_until_told_otherwise(self, add: Add, act: Act) -> None:
        paused = act(add(), "pause").json()
        assert (paused["paused"], paused["paused_until"], paused["version"]) == (True, None, 2)
        assert act(paused, "pause").json() == paused

    def test_or_up_to_a_day(self, add: Add, act: Act) -> None:
        paused = act(add(), "pause", until=wareki(UNTIL)).json()
        assert (paused["paused"], paused["paused_until"]) == (False, UNTIL.isoformat())
        longer = act(paused, "pause").json()
        assert (longer["paused"], longer["paused_until"]) == (True, None)


class TestResumePerson:
    def test_ends_either(self, add: Add, act: Act) -> None:
        for body in ({}, {"until": UNTIL.isoformat()}):
            resumed = act(act(add(), "pause", **body).json(), "resume").json()
            assert (resumed["paused"], resumed["paused_until"]) == (False, None)


class TestErasePerson:
    def test_leaves_one_line_and_nothing_personal(
        self,
        client: TestClient,
        operator: dict[str, str],
        add: Add,
        act: Act,
        full: dict[str, Any],
    ) -> None:
        person = act(add(**full), can_do="秘密の趣味").json()
        path = f"{PEOPLE}/{person['id']}"
        assert client.delete(path, headers=operator).status_code == 204
        assert client.get(path, headers=operator).status_code == 404
        assert client.delete(path, headers=operator).status_code == 404
        logged = changes(client, person["id"])
        assert [c.action for c in logged] == ["create", "update", "erase"]
        assert (logged[-1].actor, logged[-1].details) == ("operator", {})

    def test_not_what_somebody_else_has_changed_meanwhile(
        self, client: TestClient, operator: dict[str, str], add: Add
    ) -> None:
        path = f"{PEOPLE}/{add()['id']}"
        headers = {**operator, "If-Match": '"2"'}
        assert client.delete(path, headers=headers).status_code == 412
        assert client.get(path, headers=operator).status_code == 200


class TestChangeLog:
    def test_holds_no_value_and_no_engine_hears_of_it(
        self,
        client: TestClient,
        operator: dict[str, str],
        add: Add,
        act: Act,
        full: dict[str, Any],
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        person = act(add(**full), phone="090-0000-1111", latitude=35.1, age_band="65_74").json()
        act(person, "pause", until=UNTIL.isoformat())
        act(person, name="秘密")  # stale: an error, which must not tell either
        client.delete(f"{PEOPLE}/{person['id']}", headers=operator)
        logged = changes(client, person["id"])
        assert [c.action for c in logged] == ["create", "update", "pause", "erase"]
        assert set(logged[1].details) == {"age_band", "latitude", "phone"}
        told = json.dumps([c.details for c in logged], ensure_ascii=False) + caplog.text
        told += "".join(capsys.readouterr())
        for secret in ("秘密", "090-0000", "35.1", "65_74", UNTIL.isoformat()):
            assert secret not in told
        with client.app.state.database.read() as session:  # type: ignore[attr-defined]
            assert session.exec(select(Waiting).where(Waiting.kind == "person")).all() == []
