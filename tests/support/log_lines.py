"""Lines of logs about failures, and their deliveries by a subscription."""

import base64
import gzip
import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from vigil.operations.failures.model import LogBatch, LogEvent
from vigil.runtime.telemetry import Telemetry

BEGIN = datetime(2026, 11, 21, 5, tzinfo=UTC)
REQUEST_ID = "8e4f0f3c-6a39-4c2e-9d0b-0c6a0d7d5b1e"
TIMED_OUT = f"2026-11-21T05:06:09.123Z {REQUEST_ID} Task timed out after 10.01 seconds\n"
KILLED = f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n"
EXITED = f"RequestId: {REQUEST_ID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n"
NOT_IMPORTED = (
    "[ERROR] Runtime.ImportModuleError: Unable to import module 'handler': No module named 'vigil.secret'\n"
    "Traceback (most recent call last):\n"
)
UNHANDLED = """[ERROR] KeyError: 'secret'
Traceback (most recent call last):
  File "/var/task/handler.py", line 13, in lambda_handler
    return failures.failures_intake()(event, context)
  File "/opt/python/aws_lambda_powertools/logging/logger.py", line 502, in decorate
    return lambda_handler(event, context, *args, **kwargs)
  File "/opt/python/vigil/workers/worker_loop.py", line 91, in handle
    return process_partial_response(dict(event), record, processor)
"""
AT_IMPORT = """[ERROR] ValueError: secret
Traceback (most recent call last):
  File "/var/lang/lib/python3.13/importlib/__init__.py", line 88, in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
  File "/var/task/handler.py", line 8, in <module>
    on_lambda(failures.failures_intake)
"""
IN_HOOK = """[ERROR] ValueError: secret
Traceback (most recent call last):
\u00a0\u00a0File "/var/runtime/awslambdaric/lambda_runtime_hooks_runner.py", line 23, in run_after_restore
\u00a0\u00a0\u00a0\u00a0func(*args, **kwargs)
\u00a0\u00a0File "/opt/python/vigil/bootstrap/process.py", line 81, in _restore
\u00a0\u00a0\u00a0\u00a0refresh()
"""
UNAUTHORIZED = """[ERROR] UnauthorizedAnswer: Unauthorized
Traceback (most recent call last):
  File "/opt/python/vigil/access/tokens/authorizer.py", line 62, in handler
    raise UnauthorizedAnswer
"""
START_TIMED_OUT = "INIT_REPORT Init Duration: 10008.53 ms\tPhase: init\tStatus: timeout\n"
START_EXITED = "INIT_REPORT Init Duration: 10.17 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n"
START_REFUSED = START_EXITED.replace("ExitError", "Unknown")
RESTORE_TIMED_OUT = "RESTORE_REPORT Restore Duration: 10006.20 ms\tStatus: timeout\n"
RESTORE_EXITED = "RESTORE_REPORT Restore Duration: 1236.04 ms\tStatus: error\tError Type: Runtime.ExitError\n"
RESTORE_REFUSED = RESTORE_EXITED.replace("ExitError", "AfterRestoreError")
"""Lines of Lambda in their form on AWS; the sources are in `platform_lines_model.py`."""
PATTERN = '?ERROR ?"Task timed out" ?"Runtime exited" ?"Status: timeout" ?"Status: error"'
"""Filter pattern of the subscriptions."""


def line_of(work: Callable[[], object], *, service: str = "scoring-api", **facts: Any) -> str:
    """Return the line of the telemetry about a request in which `work` raises an error."""
    stream = io.StringIO()
    telemetry = Telemetry(f"{service}.{id(stream)}", stream, traced=False)
    recorded, started = telemetry.begin("POST")
    for name, value in {"route": "/v1/scores", "tenant_id": "acme", "problem": "internal-error", **facts}.items():
        setattr(recorded, name, value)
    try:
        work()
    except Exception as error:
        recorded.record_error(error)
    telemetry.end(recorded, started)
    fields = {"function_request_id": REQUEST_ID, "correlation_id": REQUEST_ID}
    return json.dumps(json.loads(stream.getvalue().splitlines()[0]) | fields)


def batch(
    *lines: str,
    version: int = 5,
    name: str = "s",
    function: str = "vigil-scoring-api",
    after: timedelta = timedelta(),
    first: int = 0,
) -> LogBatch:
    """Return a batch of lines of a stream, each a millisecond after the line before. `first` is the first id."""
    begin = int((BEGIN + after).timestamp() * 1000)
    events = tuple(LogEvent(f"{first + n:056d}", begin + n, line) for n, line in enumerate(lines))
    stream = f"2026/11/21/[{version}]{name.encode().hex()}"
    return LogBatch(f"/aws/lambda/{function}", stream, events)


def delivery(found: LogBatch) -> dict[str, Any]:
    """Return the event with which CloudWatch Logs delivers a batch."""
    document = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": found.group,
        "logStream": found.stream,
        "subscriptionFilters": ["f"],
        "logEvents": [
            {"id": each.event_id, "timestamp": each.timestamp, "message": each.message} for each in found.events
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()}}


def chunks(lines: list[str], size: int, **named: Any) -> Iterable[LogBatch]:
    """Yield the lines in batches of a size."""
    for start in range(0, len(lines), size):
        yield batch(*lines[start : start + size], first=start, **named)
