"""What operators do to a record, over HTTP and on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import product
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from app.core.clock import today
from app.main import API

ORGANISATIONS = f"{API}/organisations"
Make = Callable[..., dict[str, Any]]
Act = Callable[..., Response]
# state → (move → state after it); a move that is missing is refused.
ALLOWED = {
    "draft": {"publish": "published", "close": "closed"},
    "published": {"suspend": "suspended", "close": "closed"},
    "suspended": {"publish": "published", "close": "closed"},
    "closed": {},
}
STEPS = {"draft": [], "published": ["publish"], "suspended": ["publish", "suspend"]}
STEPS["closed"] = ["close"]


def at_once(*calls: Callable[[], Response]) -> list[Response]:
    """Answers to requests that leave together."""
    barrier = Barrier(len(calls))

    def call(one: Callable[[], Response]) -> Response:
        barrier.wait(timeout=10)
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


class TestCreateOrganisation:
    def test_two_at_once_with_one_corporate_number_make_one_record(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        def create(name: str) -> Callable[[], Response]:
            body = {"name": name, "corporate_number": "7000012050002"}
            return lambda: client.post(ORGANISATIONS, json=body, headers=operator)

        answers = at_once(*(create(f"会{number}") for number in range(4)))
        assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
        listed = client.get(ORGANISATIONS, params={"status": "draft"}, headers=operator).json()
        winner = next(a.json() for a in answers if a.status_code == 201)
        assert [item["name"] for item in listed["items"]] == [winner["name"]]

    def test_a_refused_record_leaves_nothing_of_itself(
        self,
        client: TestClient,
        operator: dict[str, str],
        full: dict[str, Any],
        make: Make,
        count_rows: Callable[[], dict[str, int]],
    ) -> None:
        make(**full)
        before = count_rows()
        body = {**full, "corporate_number": None}
        answer = client.post(ORGANISATIONS, json=body, headers=operator)
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["field"] == "body.registrations"
        assert count_rows() == before

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("office", "nowhere"),
            ("stage", "nowhere"),
            ("registrations", [{"scheme": "youth"}, {"scheme": "nowhere"}]),
        ],
    )
    def test_codes_must_be_in_the_citys_lists(
        self,
        client: TestClient,
        operator: dict[str, str],
        count_rows: Callable[[], dict[str, int]],
        field: str,
        value: Any,
    ) -> None:
        before = count_rows()
        answer = client.post(ORGANISATIONS, json={"name": "会", field: value}, headers=operator)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, f"body.{field}")
        assert count_rows() == before


class TestUpdateOrganisation:
    def test_of_two_at_once_one_wins_and_the_other_is_told(
        self, make: Make, act: Act, client: TestClient
    ) -> None:
        record = make()
        answers = at_once(
            *(lambda n=n: act(record, message=f"案{n}", fields=[n]) for n in range(1, 5))
        )
        assert sorted(a.status_code for a in answers) == [200, 412, 412, 412]
        winner = next(a.json() for a in answers if a.status_code == 200)
        read = client.get(f"{ORGANISATIONS}/{record['id']}").json()
        assert (read["message"], read["fields"]) == (winner["message"], winner["fields"])
        assert {a.json().get("code") for a in answers} == {None, "stale_version"}

    @pytest.mark.parametrize("seen", ["1", 'W/"2"', '"x"', '"999999999999999999"', '"٢"'])
    def test_a_version_that_never_was_is_stale(
        self, client: TestClient, operator: dict[str, str], make: Make, seen: str
    ) -> None:
        headers: dict[str, Any] = {**operator, "If-Match": seen.encode()}
        path = f"{ORGANISATIONS}/{make()['id']}"
        assert client.patch(path, json={"name": "新"}, headers=headers).status_code == 412

    def test_changes_only_what_is_sent(self, make: Make, act: Act, full: dict[str, Any]) -> None:
        record = make(**full)
        changed = act(record, message="新しい一言").json()
        moving = {"message", "version", "updated_at", "edited_fields"}
        assert {k for k in record if record[k] != changed[k]} == moving
        assert changed["edited_fields"] == ["message"]

    def test_sending_what_is_there_changes_nothing(
        self, make: Make, act: Act, full: dict[str, Any]
    ) -> None:
        record = make(**full)
        assert act(record, **full).json() == record

    def test_null_and_empty_lists_empty_the_record(
        self, make: Make, act: Act, full: dict[str, Any]
    ) -> None:
        emptied = {
            name: [] if isinstance(value, list) else None
            for name, value in full.items()
            if name
            not in {
                "name",
                "organisation_type",
                "legal_form",
                "consents",
                "entry_method",
                "confirm_every_months",
            }
        }
        record = act(make(**full), consents={}, **emptied)
        assert record.status_code == 200, record.text
        assert {name: record.json()[name] for name in emptied} == emptied

    def test_a_part_is_held_against_what_is_already_there(self, make: Make, act: Act) -> None:
        """Of ten members, eleven cannot live in the city, in whichever order one says so."""
        record = make(member_count=10)
        answer = act(record, local_member_count=11)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.local_member_count"


class TestMoves:
    @pytest.mark.parametrize(
        ("state", "move"), list(product(ALLOWED, ["publish", "suspend", "close"]))
    )
    def test_every_state_and_every_move(
        self,
        client: TestClient,
        operator: dict[str, str],
        make: Make,
        act: Act,
        state: str,
        move: str,
    ) -> None:
        record = make(publish=False)
        for step in STEPS[state]:
            record = act(record, step).json()
        assert record["status"] == state
        answer = act(record, move)
        target = ALLOWED[state].get(move)
        if target:
            assert (answer.status_code, answer.json()["status"]) == (200, target)
            return
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "move_not_allowed")
        assert "この操作はできません" in problem["detail"]
        path = f"{ORGANISATIONS}/{record['id']}"
        assert client.get(path, headers=operator).json() == record

    @pytest.mark.parametrize("move", ["publish", "suspend", "close", "confirm"])
    def test_a_stale_version_moves_nothing(self, make: Make, act: Act, move: str) -> None:
        record = make(publish=move != "publish")
        body = {"by": "職員", "how": "phone"} if move == "confirm" else {}
        old = {**record, "version": record["version"] + 1}
        assert act(old, move, **body).status_code == 412
        assert act(record, move, **body).status_code == 200

    def test_closing_keeps_when_why_and_who_follows(self, make: Make, act: Act) -> None:
        closed = act(
            make(),
            "close",
            closed_on="令和8年3月31日",
            reason="解散",
            successor_number="7000012050002",
        ).json()
        assert (closed["closed_on"], closed["closed_reason"]) == ("2026-03-31", "解散")
        assert closed["successor_number"] == "7000012050002"
        assert act(make(), "close").json()["closed_on"] == today().isoformat()

    def test_who_refuses_the_web_cannot_be_published_and_vanishes(
        self, client: TestClient, make: Make, act: Act
    ) -> None:
        refused = make(publish=False, consents={"web": False, "booklet": True})
        answer = act(refused, "publish")
        assert (answer.status_code, answer.json()["code"]) == (409, "consent_refused")
        record = act(make(), consents={"web": False}).json()
        assert record["consents"] == {"web": False}
        assert client.get(f"{ORGANISATIONS}/{record['id']}").status_code == 404
        assert client.get(ORGANISATIONS).json()["total"] == 0

    def test_each_use_is_answered_by_itself(self, make: Make, act: Act) -> None:
        """An answer for one use does not undo the refusal of another."""
        refused = make(publish=False, consents={"web": False})
        record = act(refused, consents={"booklet": True}).json()
        assert record["consents"] == {"booklet": True, "web": False}
        record = act(record, consents={"web": True}).json()
        assert record["consents"] == {"booklet": True, "web": True}


class TestConfirm:
    def test_says_when_how_and_by_whom_and_is_no_edit(
        self, client: TestClient, make: Make, act: Act
    ) -> None:
        record = make()
        confirmed = act(record, "confirm", by="センター 職員", how="visit", on="2026-04-01").json()
        assert (confirmed["confirmed_on"], confirmed["confirmed_how"]) == ("2026-04-01", "visit")
        assert confirmed["confirmed_by"] == "センター 職員"
        assert confirmed["updated_at"] == record["updated_at"]
        assert confirmed["edited_fields"] == []
        assert confirmed["version"] == record["version"] + 1
        public = client.get(f"{ORGANISATIONS}/{record['id']}").json()
        assert (public["confirmed_on"], public["confirmed_by"]) == ("2026-04-01", None)

    def test_an_edit_confirms_nothing(self, make: Make, act: Act) -> None:
        record = act(make(), "confirm", by="職員", how="phone", on="2026-04-01").json()
        edited = act(record, message="新").json()
        assert edited["confirmed_on"] == "2026-04-01"
        assert edited["updated_at"] > record["updated_at"]

    def test_a_closed_record_is_not_confirmed(self, make: Make, act: Act) -> None:
        closed = act(make(), "close").json()
        refused = act(closed, "confirm", by="職員", how="phone")
        assert (refused.status_code, refused.json()["code"]) == (409, "move_not_allowed")
        assert "活動終了" in refused.json()["detail"]

    def test_without_a_day_it_was_today(self, make: Make, act: Act) -> None:
        confirmed = act(make(), "confirm", by="職員", how="phone").json()
        assert date.fromisoformat(confirmed["confirmed_on"]) == today()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"by": "職員"},
            {"by": " ", "how": "phone"},
            {"by": "職員", "how": "夢"},
            {"by": "職員", "how": "phone", "on": "2999-01-01"},
            {"by": "職員", "how": "phone", "on": "2026-02-30"},
            {"by": "職員", "how": "phone", "on": 20260401},
        ],
    )
    def test_refuses_half_a_confirmation(
        self, make: Make, act: Act, count_rows: Callable[[], dict[str, int]], body: dict[str, Any]
    ) -> None:
        record = make()
        before = count_rows()
        assert act(record, "confirm", **body).status_code == 422
        assert count_rows() == before


class TestStageHistory:
    def test_a_stage_is_added_to_and_never_overwritten(self, make: Make, act: Act) -> None:
        record = make(stage="preparation")
        for stage in ("launch", "launch", "growth", "launch"):
            record = act(record, stage=stage).json()
        stages = [change["stage"] for change in record["stage_history"]]
        assert stages == ["preparation", "launch", "growth", "launch"]
        assert {change["since"] for change in record["stage_history"]} == {today().isoformat()}
        emptied = act(record, stage=None).json()
        assert emptied["stage"] is None
        assert emptied["stage_history"] == record["stage_history"]


class TestHistory:
    def test_tells_every_action_once_newest_first(
        self, client: TestClient, operator: dict[str, str], make: Make, act: Act
    ) -> None:
        record = make(message="旧")
        record = act(record, message="新", contacts=[{"kind": "phone", "value": "0422-00-0000"}])
        record = act(record.json(), "confirm", by="職員", how="phone", on="2026-04-01")
        record = act(record.json(), "suspend")
        record = act(record.json(), "publish")
        record = act(record.json(), "close", closed_on="2026-05-01", reason="解散")
        assert act(record.json(), "publish").status_code == 409
        path = f"{ORGANISATIONS}/{record.json()['id']}/history"
        entries = client.get(path, headers=operator).json()["items"]
        told = [(entry["action"], entry["fields"]) for entry in entries]
        assert told == [
            ("close", ["closed_on", "closed_reason", "status"]),
            ("publish", ["status"]),
            ("suspend", ["status"]),
            ("confirm", ["confirmed_by", "confirmed_how", "confirmed_on"]),
            ("update", ["contacts", "message"]),
            ("publish", ["status"]),
            ("create", []),
        ]
        assert {entry["actor"] for entry in entries} == {"operator"}
        assert entries[0]["details"]["closed_reason"] == [None, "解散"]
        assert entries[0]["details"]["status"] == ["published", "closed"]
        assert entries[4]["details"] == {"message": ["旧", "新"], "contacts": []}

    def test_the_public_learns_what_changed_but_not_who_nor_how(
        self, client: TestClient, make: Make, act: Act
    ) -> None:
        record = act(make(message="旧い言葉"), message="新しい言葉").json()
        answer = client.get(f"{ORGANISATIONS}/{record['id']}/history")
        assert [entry["fields"] for entry in answer.json()["items"]] == [
            ["message"],
            ["status"],
            [],
        ]
        for hidden in ("operator", "旧い言葉", "新しい言葉"):
            assert hidden not in answer.text

    def test_is_read_page_by_page(
        self, client: TestClient, operator: dict[str, str], make: Make, act: Act
    ) -> None:
        record = make()
        for number in range(3):
            record = act(record, message=f"{number}").json()
        path, seen, cursor = f"{ORGANISATIONS}/{record['id']}/history", [], None
        while True:
            page = client.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})})
            assert page.json()["total"] == 5
            seen += [entry["id"] for entry in page.json()["items"]]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                break
        assert seen == sorted(seen, reverse=True)
        assert len(set(seen)) == 5
