"""What every request passes through, and what every route needs of HTTP.

Middleware is plain ASGI: a request id, headers on every answer, errors included, a limit for bodies
(`BODY_LIMIT`), metrics and one log line without personal data. FastAPI's own limit answers in plain
text, outside of all middleware.
"""

import hmac
import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPMethod
from typing import Annotated, Any, cast

import structlog
from fastapi import FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import Counter, Histogram
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import (
    DomainError,
    FieldError,
    Invalid,
    Malformed,
    StaleVersion,
    Unauthorised,
    UnknownHost,
    VersionRequired,
    field_errors,
    problem,
)
from app.core.templating import page

BODY_LIMIT = 1_000_000
API = "/api/v1"
log = structlog.get_logger()

_REQUESTS = Counter("http_requests", "Answers by route and status", ["method", "route", "status"])
_SECONDS = Histogram("http_request_seconds", "Time to the last byte of an answer", ["route"])
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"content-security-policy": b"; ".join(
        (
            b"default-src 'self'",
            b"img-src 'self' https: data:",
            b"object-src 'none'",
            b"base-uri 'none'",
            b"frame-ancestors 'none'",
            b"form-action 'self'",
        )
    ),
}
_REQUEST_ID = re.compile(r"[\w-]{8,64}", re.ASCII)
_METHODS = frozenset(HTTPMethod)
_PORT = re.compile(r":\d*$")
# Whoever watches the service from beside it calls it by an address.
_FOR_ANY_HOST = frozenset({"/healthz", "/readyz"})


class JSON(Response):
    """JSON as Pydantic writes it: a third of the time of the standard library."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return to_json(content)


class Problem(JSON):
    media_type = "application/problem+json"


# --------------------------------------------------------------------------------- middleware


class Edge:
    """The outermost layer: id, headers, what no route may be handed, HEAD, metrics, log."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        scope = {**scope, "method": "GET" if method == "HEAD" else method}
        sent = dict(scope["headers"])
        request_id = _request_id(sent)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(message["headers"], request_id)
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            app = _refusal(scope, sent, self.hosts) or self.app
            await app(scope, _limited(receive), answer)
        except Exception as error:
            if status:
                raise
            await _unexpected(Request(scope), error)(scope, receive, answer)
        finally:
            route = _route(scope)
            _REQUESTS.labels(method if method in _METHODS else "other", route, status).inc()
            _SECONDS.labels(route).observe(time.perf_counter() - started)
            if status >= 500:
                log.error("answered", route=route, method=method, status=status)
            structlog.contextvars.clear_contextvars()


def _refusal(scope: Scope, headers: Mapping[bytes, bytes], hosts: Sequence[str]) -> Response | None:
    """The answer to what no route is handed.

    Another service's name, NUL in the address, a body announced as too large.
    """
    host = headers.get(b"host", b"").decode("latin-1")
    if scope["path"] not in _FOR_ANY_HOST and not _is_ours(host, hosts):
        return _domain_error(Request(scope), UnknownHost())
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        return _domain_error(
            Request(scope), Invalid.at("url", "nul", "アドレスに使えない文字が含まれています。")
        )
    if int(headers.get(b"content-length", 0)) > BODY_LIMIT:
        return _http_error(Request(scope), HTTPException(413))
    return None


def _is_ours(host: str, hosts: Sequence[str]) -> bool:
    """Whether a Host header is one of these names; `*.name` stands for all below, `*` for any."""
    name = _PORT.sub("", host).lower()
    return any(name == own or (own[0] == "*" and name.endswith(own[1:])) for own in hosts)


def _limited(receive: Receive) -> Receive:
    """The body as it streams in, up to the limit; its announced length may be absent."""
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > BODY_LIMIT:
            raise HTTPException(413)
        return message

    return limited


def _route(scope: Scope) -> str:
    """The route's pattern, as a label: no ids, and few however many addresses are tried."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "other"
    return API + path if scope["path"].startswith(API) else str(path)


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    if _REQUEST_ID.fullmatch(given):
        return given
    # No secret: to ask the kernel for one hands Python's lock to another thread, and waits for it.
    return f"{random.getrandbits(64):016x}"


def _with_headers(
    headers: Iterable[tuple[bytes, bytes]], request_id: str
) -> list[tuple[bytes, bytes]]:
    own = list(headers)
    names = {name.lower() for name, _ in own}
    return [
        *own,
        *((name, value) for name, value in _HEADERS.items() if name not in names),
        (b"x-request-id", request_id.encode()),
    ]


# ------------------------------------------------------------------------------------- errors


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


def _answer(
    request: Request, document: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """A problem document for programs, a page for people."""
    status = document["status"]
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith(API):
        answer = page(request, "core/problem.html", problem=document)
        answer.status_code = status
        answer.headers.update(headers or {})
        return answer
    return Problem(document, status, dict(headers or {}))


def _domain_error(request: Request, error: Exception) -> Response:
    known = cast("DomainError", error)
    return _answer(request, known.problem(), known.headers)


def _validation_error(request: Request, error: Exception) -> Response:
    errors = field_errors(cast("RequestValidationError", error).errors())
    kind = Malformed if any(e.code == "json_invalid" for e in errors) else Invalid
    return _answer(request, kind(errors=errors).problem())


_HTTP_ERRORS = {
    400: ("malformed", "送られた内容を読み取れません", "正しい JSON で送ってください。"),
    404: ("not_found", "見つかりません", "アドレスを確かめてください。"),
    405: ("method_not_allowed", "この操作はできません", "このアドレスでは使えない操作です。"),
    413: (
        "too_large",
        "送られた内容が大きすぎます",
        f"{BODY_LIMIT // 1_000_000}MB 以内にしてください。",
    ),
}
_HTTP_ERROR = ("受け付けられません", "送り方を確かめてください。")


def _http_error(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    status = known.status_code
    code, title, detail = _HTTP_ERRORS.get(status, (f"http_{status}", *_HTTP_ERROR))
    document = problem(status, code, title, detail)
    headers = dict(known.headers or {})
    if status == 405 and (allowed := _allowed(request)):
        headers["Allow"] = ", ".join(allowed)
    return _answer(request, document, headers)


def _allowed(request: Request) -> list[str]:
    """The methods of all routes at this address; the framework names those of the first."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    return [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
        if any(_matches(route, request.scope, method) for route in routes)
    ]


def _matches(route: BaseRoute, scope: Scope, method: str) -> bool:
    asked = {**scope, "method": "GET" if method == "HEAD" else method}
    return route.matches(asked)[0] is Match.FULL


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected", exc_info=error)
    title = "予期しない問題が起きました"
    return _answer(
        request, problem(500, "unexpected", title, "記録しました。時間をおいてお試しください。")
    )


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457). `code` is stable; `errors` names each place at fault."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None


def example(body: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: what it answers when all is well."""
    return {status: {"content": {"application/json": {"example": body}}}}


def document_problems(app: FastAPI) -> None:
    """Have OpenAPI say that every error is a problem document."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            schemas = schema["components"]["schemas"]
            model = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(model.pop("$defs", {}))
            schemas["ProblemDocument"] = model
            for path in schema["paths"].values():
                for operation in path.values():
                    _document_errors(operation["responses"])
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        return cast("dict[str, Any]", app.openapi_schema)

    app.openapi = openapi  # type: ignore[method-assign]


def _document_errors(responses: dict[str, Any]) -> None:
    reference = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    for status, response in responses.items():
        own = response.get("content", {}).get("application/json", {}).get("schema", {})
        of_framework = own.get("$ref", "").endswith("HTTPValidationError")
        if status >= "400" and (not own or of_framework):
            response["content"] = {Problem.media_type: reference}
            response.setdefault("description", "")


# ------------------------------------------------------------------------------ operator token


def is_operator(request: Request) -> bool:
    """Whether the request carries the operator token.

    A wrong token is an error, none is a visitor.
    """
    given = request.headers.get("authorization")
    if given is None:
        return False
    scheme, _, token = given.partition(" ")
    known: str = request.app.state.operator_token
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), known.encode()):
        raise Unauthorised("合鍵（トークン）が正しくありません。")
    return True


async def require_operator(request: Request) -> str:
    """The actor of a write, until accounts exist. `async`: what is not runs in another thread."""
    if not is_operator(request):
        raise Unauthorised("Authorization: Bearer に合鍵（トークン）を入れてください。")
    return "operator"


# ---------------------------------------------------------------------------------------- ETag

_ETAG = re.compile(r'"(\d{1,18})"')


def etag(version: int) -> str:
    return f'"{version}"'


def is_known(request: Request, version: int) -> bool:
    """Whether the caller has this version already (If-None-Match, compared weakly)."""
    given = request.headers.get("if-none-match", "").split(",")
    return any(
        tag == "*" or tag.removeprefix("W/") == etag(version) for tag in map(str.strip, given)
    )


def required_version(
    if_match: Annotated[str | None, Header(description="読み込んだときの ETag")] = None,
) -> int | None:
    """The version a caller saw; None for `*`, any.

    Raises VersionRequired (428) or, for one that never was, StaleVersion.
    """
    if if_match is None:
        raise VersionRequired
    return _version(if_match)


def optional_version(
    if_match: Annotated[str | None, Header(description="読み込んだときの ETag")] = None,
) -> int | None:
    return None if if_match is None else _version(if_match)


def _version(if_match: str) -> int | None:
    if if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if not match:
        raise StaleVersion
    return int(match[1])
