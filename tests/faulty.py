"""A Meilisearch that misbehaves on demand: a proxy on loopback before a real one."""

import http.client
import http.server
import threading
from typing import Any
from urllib.parse import urlsplit

SLOW_S = 5


class FaultyServer:
    """Passes everything on until `fault` says otherwise.

    `fault` is "" (none), "closed" (hangs up), "slow" (answers after 5 s), or the status and body
    of every answer.
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._healed = threading.Event()
        self._fault: str | tuple[int, bytes] = ""
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def do_GET(self) -> None:
                server._handle(self)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def fault(self) -> str | tuple[int, bytes]:
        return self._fault

    @fault.setter
    def fault(self, fault: str | tuple[int, bytes]) -> None:
        self._fault = fault
        (self._healed.clear if fault else self._healed.set)()

    def stop(self) -> None:
        self.fault = ""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _handle(self, request: http.server.BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        fault = self._fault
        if fault == "closed":
            request.close_connection = True
            return
        if fault == "slow":
            self._healed.wait(SLOW_S)
        status, answer = fault if isinstance(fault, tuple) else self._passed_on(request, body)
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def _passed_on(
        self, request: http.server.BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, bytes]:
        onward = http.client.HTTPConnection(self._target.hostname or "", self._target.port)
        try:
            headers = {**request.headers, "Accept-Encoding": "identity"}
            onward.request(request.command, request.path, body, headers)
            answer = onward.getresponse()
            return answer.status, answer.read()
        finally:
            onward.close()
