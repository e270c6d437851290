"""Logs: one line an event, and no credentials."""

import subprocess
import sys

PROGRAM = """
import logging
import structlog
from observability import set_up_logs

set_up_logs("erp")
log = logging.getLogger("vendor")
log.warning("refused: %s", "Authorization: Bearer eyJhbGci.abc")
log.warning("sign in with password=hunter2, client_secret: hunter3")
log.warning("POST /token?access_token=hunter4")
structlog.get_logger().warning("answered", header="Basic aHVudGVyNQ==", body="first\\nsecond")
try:
    raise ValueError("token=hunter6 was refused")
except ValueError as failure:
    log.error("stopped", exc_info=failure)
"""


def test_log_lines_hold_no_credentials_and_no_line_breaks() -> None:
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True
    ).stderr
    assert not [word for word in ("eyJ", "hunter", "aHVu") if word in said]
    lines = said.splitlines()
    assert len(lines) == 5
    assert all("service='erp'" in line for line in lines)
    assert "ValueError" in lines[-1]
