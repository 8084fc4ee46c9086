"""CloudWatch Logs of MiniStack: the lines of Lambda about failures, and filter patterns with `?`, as on AWS.

MiniStack's own interpreter imports this file (`cli/ministack_main.py`), so it uses the standard library only.
"""

import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

_TERM = re.compile(r'(\?)?(?:"([^"]*)"|([^\s"]+))')
_TRACEBACK = "Traceback (most recent call last):\n"
_RAISED = re.compile(r"^(?:[A-Za-z_][\w.]*\.)?([A-Za-z_]\w*)(:.*)?$")
_DEATHS = ("Worker process died", "Worker process exited immediately")
_EXIT_WAIT_SECONDS = 0.05
"""Time for the exit code of a process whose output has ended."""


def matches(pattern: str, message: str, shipped: Callable[[str, str], bool]) -> bool:
    """Return True if a message matches a filter pattern. One of the terms with `?` is enough.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    terms = _TERM.findall(pattern or "")
    optional = [quoted or plain for mark, quoted, plain in terms if mark]
    return any(term in message for term in optional) if optional else shipped(pattern, message)


class LogEntries(str):
    """Text of a log whose entries may have several lines. MiniStack splits a text into entries by `splitlines`."""

    __slots__ = ("_entries",)
    _entries: list[str]

    @classmethod
    def of(cls, entries: list[str]) -> "LogEntries":
        """Return the text of entries."""
        text = cls("\n".join(entries))
        text._entries = entries
        return text

    def splitlines(self, keepends: bool = False) -> list[str]:  # noqa: ARG002 - as of the base class
        """Return the entries."""
        return list(self._entries)


class FailingFunctions:
    """Calls of functions. A failed call has the line in its log that Lambda writes on AWS."""

    def __init__(self, service: Any, runtime: Any) -> None:
        self._execute_as_shipped = service._execute_function_warm
        self._signal_as_shipped = runtime._signal
        self._ended = threading.local()

    def signal(self, process: Any) -> None:
        """End a process of a function, and remember the exit code of one that has ended itself."""
        try:
            self._ended.code = process.wait(_EXIT_WAIT_SECONDS) if process is not None else None
        except subprocess.TimeoutExpired:  # the process still runs
            self._ended.code = None
        self._signal_as_shipped(process)

    def execute(self, function: Mapping[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """Call a function; return its result."""
        self._ended.code = None
        result: dict[str, Any] = self._execute_as_shipped(function, event, request_id)
        if result.get("error") and not result.get("throttle"):
            config = function.get("config") or function
            message = str((result.get("body") or {}).get("errorMessage", ""))
            module = str(config.get("Handler", "")).rpartition(".")[0]
            log = str(result.get("log", ""))
            result["log"] = LogEntries.of(self._entries(log, message, module, request_id))
        return result

    def _entries(self, log: str, message: str, module: str, request_id: str) -> list[str]:
        """Return the entries of the log of a failed call."""
        before, found, trace = log.rpartition(_TRACEBACK)
        if found:
            return [*before.partition(_TRACEBACK)[0].splitlines(), unhandled(trace)]
        lines = [line for line in log.splitlines() if line != message]
        if message.startswith("Task timed out"):
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return [*lines, f"{now} {request_id} {message}"]
        if message.startswith(_DEATHS):
            return [*lines, f"RequestId: {request_id} Error: Runtime exited {self._reason()}\nRuntime.ExitError"]
        text = f"Unable to import module '{module}': {message}"
        return [*lines, f"[ERROR] Runtime.ImportModuleError: {text}\n{_TRACEBACK}"]

    def _reason(self) -> str:
        code = self._ended.code
        if code is None:
            return "without providing a reason"
        return f"with error: {'signal: killed' if code == -9 else f'exit status {abs(code)}'}"


def unhandled(trace: str) -> str:
    """Return the entry of an error that no handler caught, given its printed frames and text."""
    lines = trace.splitlines()
    end = next((number for number, line in enumerate(lines) if not line.startswith(" ")), len(lines))
    raised = _RAISED.match(lines[end]) if end < len(lines) else None
    name, text = (raised[1], raised[2] or "") if raised else ("Exception", "")
    message = "\n".join([f"{name}{text}", *lines[end + 1 :]])
    return f"[ERROR] {message}\n{_TRACEBACK}" + "\n".join(lines[:end])
