"""Logs are read by machines: one JSON object a line, on standard error."""

import json
import subprocess
import sys

_SPEAK = """
import structlog
from app.core.logs import configure_logs
configure_logs()
log = structlog.get_logger()
log.debug("unheard")
with structlog.contextvars.bound_contextvars(request_id="r-1"):
    log.warning("索引", waiting=3)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("failed")
"""


class TestConfigureLogs:
    def test_each_event_is_one_json_line_with_its_request(self) -> None:
        done = subprocess.run([sys.executable, "-c", _SPEAK], capture_output=True, check=True)
        assert done.stdout == b""
        warning, error = [json.loads(line) for line in done.stderr.splitlines()]
        assert warning.pop("timestamp").endswith("Z")
        assert warning == {
            "event": "索引",
            "level": "warning",
            "waiting": 3,
            "request_id": "r-1",
        }
        assert (error["event"], error["level"]) == ("failed", "error")
        assert "ZeroDivisionError" in error["exception"]
        assert "request_id" not in error
