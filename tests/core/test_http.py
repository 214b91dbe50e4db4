"""What every request meets: limits, headers, tokens, versions, and one kind of error."""

import re
import traceback
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.core.http import BODY_LIMIT
from app.main import API, build_routes, create_app
from app.settings import Settings

ORGANISATIONS = f"{API}/organisations"
Make = Callable[..., dict[str, Any]]
JSON = {"content-type": "application/json"}


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """A problem document as RFC 9457 wants it, in Japanese, with the headers of every answer."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:musubi:problem:{code}"
    sentences = [problem["title"], *(error["message"] for error in problem.get("errors", ()))]
    assert all(re.search(r"[ぁ-ん]", sentence) for sentence in sentences), sentences
    return problem


class TestBody:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b'{"name":', 400, "malformed"),
            (b"name=a", 400, "malformed"),
            (b'{"name":"\xff"}', 400, "malformed"),
            (b'{"name":"a","member_count":' + b"9" * 5000 + b"}", 400, "malformed"),
            (b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "malformed"),
            (b"", 422, "invalid"),
            (b"null", 422, "invalid"),
            (b"[]", 422, "invalid"),
            (b'"a"', 422, "invalid"),
            (b'{"name":"a\\u0000b"}', 422, "invalid"),
            (b'{"name":"\\ud800"}', 422, "invalid"),
            (b'{"name":"a","\\udfff":1}', 422, "invalid"),
            (b'{"name":"a","consents":{"\\ud800":true}}', 422, "invalid"),
            (b'{"name":"a","member_count":NaN}', 422, "invalid"),
            (b'{"name":"a","member_count":1e400}', 422, "invalid"),
            (b'{"name":"\\u202eabc"}', 422, "invalid"),
            (b'{"name":"a","__proto__":{}}', 422, "invalid"),
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_what_cannot_be_read_is_said_and_nothing_is_kept(
        self,
        client: TestClient,
        operator: dict[str, str],
        body: bytes,
        status: int,
        code: str,
    ) -> None:
        answer = client.post(ORGANISATIONS, content=body, headers={**operator, **JSON})
        assert_problem(answer, status, code)
        everything = {"status": ["draft", "published"]}
        assert client.get(ORGANISATIONS, params=everything, headers=operator).json()["total"] == 0

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
    )
    def test_another_content_type_is_not_guessed_at(
        self, client: TestClient, operator: dict[str, str], kind: str
    ) -> None:
        headers = {**operator, "content-type": kind}
        answer = client.post(ORGANISATIONS, content=b'{"name":"a"}', headers=headers)
        assert assert_problem(answer, 422, "invalid")["errors"][0]["field"] == "body"

    def test_emoji_and_rare_characters_come_back_unchanged(
        self, client: TestClient, make: Make
    ) -> None:
        name = "🌻𠮷野家族👨‍👩‍👧‍👦の会 ｶﾅ㈱"
        assert client.get(f"{ORGANISATIONS}/{make(name=name)['id']}").json()["name"] == name

    def test_what_was_sent_is_not_sent_back(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        body = {"name": "a", "contacts": [{"kind": "email", "value": "himitsu at example"}]}
        answer = client.post(ORGANISATIONS, json=body, headers=operator)
        assert_problem(answer, 422, "invalid")
        assert "himitsu" not in answer.text

    def test_a_body_that_says_it_is_too_large_is_not_read(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        body = b'{"name":"' + b"a" * 10_000_000 + b'"}'
        answer = client.post(ORGANISATIONS, content=body, headers={**operator, **JSON})
        assert_problem(answer, 413, "too_large")

    def test_a_body_without_a_length_is_cut_off_while_it_streams(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        chunk, chunks, sent, taken = b"a" * 50_000, 200, [], 0

        async def receive() -> dict[str, Any]:
            nonlocal taken
            taken += 1
            return {"type": "http.request", "body": chunk, "more_body": taken < chunks}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [(k.lower().encode(), v.encode()) for k, v in {**operator, **JSON}.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": ORGANISATIONS,
            "raw_path": ORGANISATIONS.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "server": ("testserver", 80),
            "client": ("127.0.0.1", 1),
        }
        anyio.run(client.app, scope, receive, send)
        assert sent[0]["status"] == 413
        assert dict(sent[0]["headers"])[b"content-type"] == b"application/problem+json"
        assert taken <= BODY_LIMIT // len(chunk) + 1

    def test_a_body_just_below_the_limit_is_read(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        rest = b'{"name":"a"}'
        body = b" " * (BODY_LIMIT - len(rest)) + rest
        headers = {**operator, **JSON}
        assert client.post(ORGANISATIONS, content=body, headers=headers).status_code == 201
        assert client.post(ORGANISATIONS, content=b" " + body, headers=headers).status_code == 413


class TestAddress:
    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", f"{API}/nothing", 404, "not_found"),
            ("GET", "/nothing", 404, "not_found"),
            ("GET", "/static/nothing.css", 404, "not_found"),
            ("GET", "/static/..%2f..%2fsettings.py", 404, "not_found"),
            ("DELETE", ORGANISATIONS, 405, "method_not_allowed"),
            ("BREW", ORGANISATIONS, 405, "method_not_allowed"),
            ("GET", f"{ORGANISATIONS}/", 404, "not_found"),
            ("GET", "/search/", 404, "not_found"),
            ("GET", "/static", 404, "not_found"),
            ("GET", f"{ORGANISATIONS}/zzz", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?limit=0", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?limit=-1", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?limit=99999999999999999999", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?cursor=abc", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?cursor=WyJhIl0", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?cursor=WyJcdWQ4MDAiXQ", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?color=red", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?office=%00", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?stage=a%00b", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}?area=%00", 422, "invalid"),
            ("GET", f"{API}/search?q=%00", 422, "invalid"),
            ("GET", f"{ORGANISATIONS}/%00", 422, "invalid"),
        ],
    )
    def test_leads_to_a_problem_document(
        self, client: TestClient, method: str, path: str, status: int, code: str
    ) -> None:
        assert_problem(client.request(method, path), status, code)

    @pytest.mark.parametrize("office", ["%ff", "%ed%a0%80", "%F0%9F%8C%BB", "' OR 1=1 --", "%"])
    def test_odd_characters_are_no_code(self, client: TestClient, make: Make, office: str) -> None:
        make()
        assert_problem(client.get(f"{ORGANISATIONS}?office={office}"), 422, "invalid")

    def test_a_person_is_shown_a_page_instead(self, client: TestClient) -> None:
        answer = client.get("/nothing", headers={"accept": "text/html,*/*"})
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "見つかりません" in answer.text
        answer = client.get(f"{API}/nothing", headers={"accept": "text/html"})
        assert_problem(answer, 404, "not_found")


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", f"{ORGANISATIONS}?limit=0"])
    def test_protect_every_answer(self, client: TestClient, path: str) -> None:
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy

    def test_every_answer_has_an_id_of_its_own_or_the_callers(self, client: TestClient) -> None:
        ids = {client.get("/healthz").headers["x-request-id"] for _ in range(3)}
        assert len(ids) == 3
        given = {"x-request-id": "caller-0123_ABC"}
        assert client.get("/nothing", headers=given).headers["x-request-id"] == "caller-0123_ABC"

    @pytest.mark.parametrize(
        "given", ["", "short", "a" * 65, "a b c d e f g", "<script>alert", "é" * 9]
    )
    def test_an_id_that_could_harm_a_log_is_replaced(self, client: TestClient, given: str) -> None:
        headers = {"x-request-id": given.encode("latin-1")}
        assert client.get("/healthz", headers=headers).headers["x-request-id"] != given


class OwnRoutes:
    """For tests that add a route: those that all others share stay as they are."""

    @pytest.fixture
    def routes(self) -> FastAPI:
        return build_routes(Settings().allowed_hosts)


class TestUnexpected(OwnRoutes):
    def test_is_answered_like_any_other_error(self, client: TestClient) -> None:
        def broken() -> None:
            raise RuntimeError

        client.app.add_api_route("/broken", broken)  # type: ignore[attr-defined]
        answer = client.get("/broken", headers={"x-request-id": "broken-0001"})
        problem = assert_problem(answer, 500, "unexpected")
        assert answer.headers["x-request-id"] == "broken-0001"
        assert "RuntimeError" not in str(problem)


class TestMethods:
    @pytest.mark.parametrize("path", ["/", "/search?q=合唱", ORGANISATIONS, "/static/icon.svg"])
    def test_head_is_get_without_the_body(self, client: TestClient, path: str) -> None:
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-length", "content-security-policy"):
            assert head.headers[name] == get.headers[name]

    def test_head_tells_of_errors_too(self, client: TestClient) -> None:
        answer = client.head(f"{ORGANISATIONS}?limit=0")
        assert (answer.status_code, answer.content) == (422, b"")
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            (ORGANISATIONS, "GET, HEAD, POST"),
            (f"{ORGANISATIONS}/{uuid.UUID(int=0)}", "GET, HEAD, PATCH"),
            (f"{ORGANISATIONS}/{uuid.UUID(int=0)}/publish", "POST"),
            ("/search", "GET, HEAD"),
            ("/static/icon.svg", "GET, HEAD"),
        ],
    )
    def test_another_is_told_which_there_are(
        self, client: TestClient, path: str, allowed: str
    ) -> None:
        for method in ("OPTIONS", "DELETE"):
            answer = client.request(method, path)
            assert_problem(answer, 405, "method_not_allowed")
            assert answer.headers["allow"] == allowed


class TestHost:
    @pytest.fixture
    def named(self, sqlite_settings: Settings) -> Iterator[TestClient]:
        """A service that answers to two names and those below a third."""
        names = ["musubi.example.jp", "[::1]", "*.example.com"]
        settings = sqlite_settings.model_copy(update={"allowed_hosts": names})
        with TestClient(create_app(settings)) as client:
            yield client

    @pytest.mark.parametrize(
        "host",
        ["musubi.example.jp", "MUSUBI.example.jp:8000", "[::1]", "[::1]:8000", "a.example.com"],
    )
    def test_its_names_are_answered(self, named: TestClient, host: str) -> None:
        assert named.get("/", headers={"host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host", ["", "example.jp", "x.musubi.example.jp", "example.com", "127.0.0.1", "[::2]:80"]
    )
    def test_another_name_is_refused_in_words(self, named: TestClient, host: str) -> None:
        assert_problem(named.get("/", headers={"host": host}), 400, "unknown_host")
        page = named.get("/", headers={"host": host, "accept": "text/html"})
        assert (page.status_code, page.headers["content-type"][:9]) == (400, "text/html")

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_whoever_watches_may_use_any(self, named: TestClient, path: str) -> None:
        assert named.get(path, headers={"host": "127.0.0.1:8000"}).status_code == 200


class TestToken:
    @pytest.mark.parametrize(
        "given", ["Bearer", "Bearer ", "Bearer x", "Basic eDp4", "x", "Bearer é", ""]
    )
    def test_a_wrong_one_is_refused_even_where_none_is_needed(
        self, client: TestClient, given: str
    ) -> None:
        answer = client.get(ORGANISATIONS, headers={"authorization": given.encode("latin-1")})
        assert_problem(answer, 401, "unauthorised")
        assert answer.headers["www-authenticate"] == "Bearer"

    def test_the_scheme_may_be_written_in_any_case(
        self, client: TestClient, operator: dict[str, str]
    ) -> None:
        headers = {"authorization": operator["Authorization"].replace("Bearer", "bEARER")}
        assert client.get(f"{ORGANISATIONS}?status=draft", headers=headers).status_code == 200


class TestVersions:
    @pytest.mark.parametrize(
        "given", ['W/"2"', '"x"', "1", '"1","2"', "", '"-1"', '"' + "9" * 30 + '"']
    )
    def test_an_etag_that_never_was_is_stale(
        self, client: TestClient, operator: dict[str, str], make: Make, given: str
    ) -> None:
        path = f"{ORGANISATIONS}/{make()['id']}"
        answer = client.patch(path, json={"name": "新"}, headers={**operator, "if-match": given})
        assert_problem(answer, 412, "stale_version")

    def test_no_etag_is_asked_for(
        self, client: TestClient, operator: dict[str, str], make: Make
    ) -> None:
        path = f"{ORGANISATIONS}/{make()['id']}"
        answer = client.patch(path, json={"name": "新"}, headers=operator)
        assert_problem(answer, 428, "version_required")

    def test_what_has_not_changed_is_not_sent_again(self, client: TestClient, make: Make) -> None:
        path = f"{ORGANISATIONS}/{make()['id']}"
        tag = client.get(path).headers["etag"]
        for given in (tag, f"W/{tag}", f'"0", W/{tag}', "*"):
            again = client.get(path, headers={"if-none-match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        for given in ('"0"', 'W/"0"', "", "W/*"):
            assert client.get(path, headers={"if-none-match": given}).status_code == 200

    def test_a_star_stands_for_whichever_version_there_is(
        self, client: TestClient, operator: dict[str, str], make: Make
    ) -> None:
        headers = {**operator, "if-match": "*"}
        record = make()
        path = f"{ORGANISATIONS}/{record['id']}"
        answer = client.patch(path, json={"name": "新"}, headers=headers)
        assert answer.json()["version"] == record["version"] + 1
        assert client.post(f"{path}/suspend", headers=headers).status_code == 200
        missing = f"{ORGANISATIONS}/{uuid.uuid4()}"
        assert_problem(client.patch(missing, json={}, headers=headers), 404, "not_found")


class TestLog(OwnRoutes):
    def test_tells_the_route_and_never_who_or_what(self, client: TestClient, make: Make) -> None:
        def broken(who: str) -> None:
            raise RuntimeError

        client.app.add_api_route("/broken/{who}", broken)  # type: ignore[attr-defined]
        with structlog.testing.capture_logs() as logs:
            make(name="秘密の会", contacts=[{"kind": "phone", "value": "0422-00-9999"}])
            client.get(f"{API}/search?q=秘密の悩み")
            client.get(f"{ORGANISATIONS}?color=秘密")
            client.get("/broken/秘密太郎?q=秘密の悩み", headers={"authorization": "秘密".encode()})
        assert [log["event"] for log in logs] == ["unexpected", "answered"]
        assert logs[1]["route"] == "/broken/{who}"
        written = "".join(traceback.format_exception(logs[0].pop("exc_info"))) + str(logs)
        assert "秘密" not in written
        assert "0422" not in written


class TestMetrics:
    def test_count_answers_by_route_however_many_addresses_are_tried(
        self, client: TestClient, make: Make
    ) -> None:
        path = f"{ORGANISATIONS}/{make()['id']}"
        for method, tried in (("GET", path), ("BREW", path), ("GET", "/aa"), ("GET", "/bb")):
            client.request(method, tried)
        client.get("/search")
        client.get(f"{API}/search")
        text = client.get("/metrics").text
        counted = set(re.findall(r"^http_requests_total\{(.+?)\} \d", text, re.MULTILINE))
        pattern = f'route="{ORGANISATIONS}/{{organisation_id}}"'
        assert f'method="GET",{pattern},status="200"' in counted
        assert any('method="other"' in labels for labels in counted)
        assert 'method="GET",route="/search",status="200"' in counted
        assert f'method="GET",route="{API}/search",status="200"' in counted
        assert 'method="GET",route="other",status="404"' in counted
        assert not re.search("BREW|/aa|" + path, text)
