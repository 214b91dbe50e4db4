"""Bad input of every kind: a problem document that names the field, and nothing kept."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from app.main import API

ORGANISATIONS = f"{API}/organisations"
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")
HUGE = "あ" * 300_000
CONTACT = {"kind": "phone", "value": "0422-00-0000"}
BAD_VALUES = [
    # characters that cannot be seen and would mislead
    ("name", "会\x00", "name"),
    ("name", "会\u202eあ", "name"),
    ("name", "会\u2066あ", "name"),
    ("name", "会\ufeff", "name"),
    ("name", "会\nあ", "name"),
    ("purpose", "目的\x00", "purpose"),
    ("purpose", "目的\u202e", "purpose"),
    ("keywords", ["絵本", "絵\x1b本"], "keywords.1"),
    ("kana", "カイ\x00", "kana"),
    # lengths
    ("name", "", "name"),
    ("name", "　 ", "name"),
    ("name", "あ" * 201, "name"),
    ("purpose", HUGE, "purpose"),
    ("meeting_place", "あ" * 501, "meeting_place"),
    ("keywords", ["a"] * 51, "keywords"),
    ("areas", ["132039"] * 101, "areas"),
    ("contacts", [CONTACT] * 31, "contacts"),
    # types
    ("name", 1, "name"),
    ("name", ["会"], "name"),
    ("name", {"ja": "会"}, "name"),
    ("member_count", "30", "member_count"),
    ("member_count", 3.5, "member_count"),
    ("member_count", True, "member_count"),
    ("visits_welcome", "はい", "visits_welcome"),
    ("visits_welcome", 1, "visits_welcome"),
    ("fields", 2, "fields"),
    ("fields", {"2": True}, "fields"),
    ("fields", ["2"], "fields.0"),
    ("fields", [2, None], "fields.1"),
    ("address", "緑町", "address"),
    ("contacts", [None], "contacts.0"),
    ("consents", ["web"], "consents"),
    ("consents", {"web": 1}, "consents.web"),
    ("consents", {"web": None}, "consents.web"),
    # null where there must be something
    ("name", None, "name"),
    ("fields", None, "fields"),
    ("organisation_type", None, "organisation_type"),
    ("entry_method", None, "entry_method"),
    ("confirm_every_months", None, "confirm_every_months"),
    # numbers out of range
    ("member_count", -1, "member_count"),
    ("member_count", 10**30, "member_count"),
    ("fields", [0], "fields.0"),
    ("fields", [10**20], "fields.0"),
    ("confirm_every_months", 0, "confirm_every_months"),
    ("founded_year", 2999, "founded_year"),
    ("founded_year", 1599, "founded_year"),
    ("founded_year", 2100, "founded_year"),
    ("address", {"latitude": 91, "longitude": 0}, "address.latitude"),
    ("address", {"latitude": 35.7}, "address"),
    # codes and forms
    ("organisation_type", "サークル", "organisation_type"),
    ("legal_form", "NPO", "legal_form"),
    ("municipality", "999999", "municipality"),
    ("municipality", "13203x", "municipality"),
    ("activity_times", ["night"], "activity_times.0"),
    ("goals", ["18"], "goals.0"),
    ("stage", "成長", "stage"),
    ("office", "a\x00b", "office"),
    ("corporate_number", "7000012050003", "corporate_number"),
    ("corporate_number", "123", "corporate_number"),
    ("kana", "漢字", "kana"),
    ("address", {"postcode": "180"}, "address.postcode"),
    ("links", [{"url": "javascript:alert(1)"}], "links.0.url"),
    ("links", [{"url": "https://"}], "links.0.url"),
    ("photos", [{"url": "https://example.jp/a.jpg", "alt": ""}], "photos.0.alt"),
    ("photos", [{"url": "http://example.jp/a.jpg", "alt": "花"}], "photos.0.url"),
    ("contacts", [{"kind": "email", "value": "届かない"}], "contacts.0.value"),
    ("contacts", [{"kind": "phone", "value": "いつでも"}], "contacts.0.value"),
    ("consents", {"radio": True}, "consents.radio.[key]"),
    # days
    ("registrations", [{"scheme": "youth", "valid_from": "2026-02-30"}], "registrations.0"),
    ("registrations", [{"scheme": "youth", "valid_from": "昭和99年1月1日"}], "registrations.0"),
    ("registrations", [{"scheme": "youth", "valid_from": 1}], "registrations.0.valid_from"),
    ("registrations", [{"scheme": "youth", "valid_from": "10000-01-01"}], "registrations.0"),
    (
        "registrations",
        [{"scheme": "youth", "valid_from": "2026-04-02", "valid_until": "2026-04-01"}],
        "registrations.0.valid_until",
    ),
    # what belongs together
    ("local_member_count", 10_000_001, "local_member_count"),
    # names that do not exist or are not for writing
    ("色", "青", "色"),
    ("id", "01890000-0000-7000-8000-000000000000", "id"),
    ("status", "published", "status"),
    ("version", 9, "version"),
    ("confirmed_on", "2026-04-01", "confirmed_on"),
    ("sources", [], "sources"),
    ("contacts", [{**CONTACT, "id": 1}], "contacts.0.id"),
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"name"',
    b"\xff\xfe",
    b'{"name": "\xe4\xbc"}',
    b'{"name": "\\ud800"}',
    b'{"name": "a", "member_count": ' + b"9" * 5_000 + b"}",
    b'{"name": "a", "member_count": 1e999}',
    b'{"name": "a", "address": {"latitude": NaN, "longitude": NaN}}',
    b'{"name": "a", "address": {"latitude": Infinity, "longitude": 0}}',
    b'{"name": ' + b"[" * 100_000,
    b"\xef\xbb\xbf\x00",
]


def check_problem(answer: Response, *statuses: int) -> dict[str, Any]:
    """A problem document that speaks to people in Japanese and to programs in English."""
    assert answer.status_code in statuses, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].endswith(problem["code"])
    assert re.fullmatch("[a-z_]+", problem["code"])
    for sentence in (problem["title"], problem["detail"]):
        assert JAPANESE.search(sentence)
    for error in problem.get("errors", []):
        assert JAPANESE.search(error["message"])
    return problem


class TestOrganisationForm:
    def test_names_the_field_and_keeps_nothing(
        self,
        client: TestClient,
        operator: dict[str, str],
        count_rows: Callable[[], dict[str, int]],
    ) -> None:
        before = count_rows()
        for field, value, at in BAD_VALUES:
            body = {"name": "会", field: value}
            problem = check_problem(client.post(ORGANISATIONS, json=body, headers=operator), 422)
            places = [error["field"] for error in problem["errors"]]
            assert any(place.startswith(f"body.{at}") for place in places), (field, value)
            assert count_rows() == before, (field, value)

    def test_an_unreadable_body_is_refused(
        self,
        client: TestClient,
        operator: dict[str, str],
        count_rows: Callable[[], dict[str, int]],
    ) -> None:
        before = count_rows()
        headers = {**operator, "Content-Type": "application/json"}
        for body in BODIES:
            check_problem(client.post(ORGANISATIONS, content=body, headers=headers), 400, 422)
        assert count_rows() == before

    def test_ten_megabytes_are_too_much(self, client: TestClient, operator: dict[str, str]) -> None:
        body = b'{"name": "' + b"a" * 10_000_000 + b'"}'
        headers = {**operator, "Content-Type": "application/json"}
        problem = check_problem(client.post(ORGANISATIONS, content=body, headers=headers), 413)
        assert problem["code"] == "too_large"

    def test_more_of_the_city_than_there_are(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        body = {"name": "会", "member_count": 3, "local_member_count": 4}
        problem = check_problem(client.post(ORGANISATIONS, json=body, headers=operator), 422)
        assert problem["errors"][0]["field"] == "body.local_member_count"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "🌻ひまわり🌻の会👨‍👩‍👧"),
            ("name", "邊󠄂の会 𠮷野家"),
            ("name", "Ünïcödé ﾊﾝｶｸ ㈱"),
            ("name", "あ" * 200),
            ("name", "'; DROP TABLE organisation; --"),
            ("kana", "ヒマワリノカイ（みどり）"),
            ("purpose", "一行目\n二行目\t字下げ"),
            ("meeting_place", "あ" * 500),
            ("schedule", "あ" * 500),
            ("membership_fee", "あ" * 500),
            ("purpose", "あ" * 10_000),
            ("member_count", 0),
            ("founded_year", 1600),
            ("fields", list(range(1, 21))),
            ("goals", [str(n) for n in range(1, 18)]),
        ],
    )
    def test_keeps_what_is_right_as_written(
        self, client: TestClient, make: Callable[..., Any], field: str, value: Any
    ) -> None:
        record = make(**{field: value})
        assert client.get(f"{ORGANISATIONS}/{record['id']}").json()[field] == value

    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("2026-04-01", "2026-04-01"),
            ("令和8年4月1日", "2026-04-01"),
            ("R8.4.1", "2026-04-01"),
            ("２０２６／４／１", "2026-04-01"),
        ],
    )
    def test_days_may_be_written_as_people_do(
        self, make: Callable[..., Any], written: str, kept: str
    ) -> None:
        registration = {"scheme": "youth", "valid_from": written}
        assert make(registrations=[registration])["registrations"][0]["valid_from"] == kept


class TestOrganisationPatch:
    @pytest.mark.parametrize(
        ("field", "value"),
        [("name", None), ("name", ""), ("fields", [21]), ("色", "青"), ("consents", {"web": 1})],
    )
    def test_refuses_the_whole_change(
        self,
        client: TestClient,
        operator: dict[str, str],
        make: Callable[..., Any],
        act: Callable[..., Response],
        count_rows: Callable[[], dict[str, int]],
        field: str,
        value: Any,
    ) -> None:
        record = make(keywords=["絵本"])
        before = count_rows()
        answer = act(record, message="新", **{field: value})
        check_problem(answer, 422)
        path = f"{ORGANISATIONS}/{record['id']}"
        assert client.get(path, headers=operator).json() == record
        assert count_rows() == before


class TestCloseForm:
    @pytest.mark.parametrize(
        "body",
        [
            {"closed_on": "2026-13-01"},
            {"closed_on": "いつか"},
            {"closed_on": "2999-01-01"},
            {"successor_number": "7000012050003"},
            {"reason": "あ" * 201},
            {"color": "青"},
        ],
    )
    def test_refuses(
        self, make: Callable[..., Any], act: Callable[..., Response], body: dict[str, Any]
    ) -> None:
        record = make()
        check_problem(act(record, "close", **body), 422)
        assert act(record, "suspend").status_code == 200


class TestIds:
    @pytest.mark.parametrize("written", ["x", "1", "%00", "0" * 500, "☃", "null"])
    @pytest.mark.parametrize("path", ["", "/history", "/suggestions"])
    def test_what_is_no_id_is_refused(
        self, client: TestClient, operator: dict[str, str], written: str, path: str
    ) -> None:
        answer = client.get(f"{ORGANISATIONS}/{written}{path}", headers=operator)
        check_problem(answer, 422)

    @pytest.mark.parametrize("action", ["accept", "dismiss"])
    @pytest.mark.parametrize("source", ["%00", "a%00b", "nowhere", "あ" * 200])
    def test_a_suggestion_that_cannot_be_is_refused(
        self,
        client: TestClient,
        operator: dict[str, str],
        make: Callable[..., Any],
        source: str,
        action: str,
    ) -> None:
        path = f"{ORGANISATIONS}/{make()['id']}/suggestions/{source}/name/{action}"
        check_problem(client.post(path, headers=operator), 404, 422)
