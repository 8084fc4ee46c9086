"""Failures in the lines that Lambda itself writes: timeouts, kills, failed starts and unhandled errors.

Sources of the forms, in the text format of logs, which every function has:
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html (timeout, exit status, signal: killed),
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (`[ERROR]` with a traceback),
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html (`INIT_REPORT`, `RESTORE_REPORT`), and
https://github.com/aws/aws-lambda-python-runtime-interface-client, `bootstrap.py`, `log_error`.

One attempt of a start can have several lines, and one of them counts:

* an error that Python's runtime has reported: the line `[ERROR]`, because it has the class and the frames;
* an attempt before any request (`Phase: init`), or a restore: its report;
* an attempt within a request (`Phase: invoke`): the line of the request, as for any failed request.
"""

import re

from vigil.errors import UnauthorizedAnswer
from vigil.operations.failures.model import FailureKind, Signature

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TIMEOUT = re.compile(rf"\S{{1,40}} ({_ID}) Task timed out after [0-9.]{{1,12}} seconds\s*")
_EXITED = re.compile(rf"RequestId: ({_ID}) Error: Runtime exited( with error: signal: killed)?")
_UNHANDLED = re.compile(r"\[ERROR\] (Runtime\.)?([A-Za-z_][A-Za-z0-9_]{0,79})(?:: |[\r\n])")
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s{0,8}File "([^"\n\r]{1,400})", line [0-9]{1,7}, in ([A-Za-z0-9_<>]{1,120})')
_OWN_FILE = re.compile(r"(?:.{0,390}/)?((?:vigil/[a-z0-9_/]{1,120})|handler)\.py")
_STARTERS = ("importlib/__init__.py", "awslambdaric/lambda_runtime_hooks_runner.py")
"""Files of the import of a function and of its hooks of SnapStart. A traceback with one of them is of a start."""
_FAILED_START = re.compile(
    r"(INIT|RESTORE)_REPORT (?:Init|Restore) Duration: [0-9.]{1,12} ms\s{1,8}(?:Phase: init\s{1,8})?"
    r"Status: (timeout|error)(?:\s{1,8}Error Type: (?:[A-Z][A-Za-z]{0,39}\.)?([A-Z][A-Za-z]{0,79}))?"
)
_RUNTIME_TYPES = frozenset(
    {
        "Unknown",
        "ImportModuleError",
        "BuiltInModuleConflict",
        "UserCodeSyntaxError",
        "HandlerNotFound",
        "MalformedHandlerName",
        "BeforeSnapshotError",
        "AfterRestoreError",
    }
)
"""Error types of errors that Python's runtime reports with a line `[ERROR]`. `Unknown` is any class of the code."""
_MAX_FRAMES = 12


def read_platform_line(message: str, function: str) -> tuple[Signature, str] | None:
    """Return the signature of a failure and its request id, or None for a line that reports no failure.

    The request id is empty for an unhandled error and a failed start, because their lines have none.
    """
    if found := _TIMEOUT.match(message):
        return Signature("timeout", function=function), found[1]
    if found := _EXITED.match(message):
        kind: FailureKind = "out_of_memory" if found[2] else "exit"
        return Signature(kind, function=function), found[1]
    if _TRACEBACK in message and (found := _UNHANDLED.match(message)) and found[2] != UnauthorizedAnswer.__name__:
        return _unhandled(message, function, found[2], is_start=found[1] is not None), ""
    if (found := _FAILED_START.match(message)) and found[3] not in _RUNTIME_TYPES:
        phase = "Restore" if found[1] == "RESTORE" else ""
        return Signature("init", (phase + (found[3] or found[2].capitalize()),), function=function), ""
    return None


def _unhandled(message: str, function: str, error_class: str, *, is_start: bool) -> Signature:
    """Return the signature of an error that no handler caught. The text of the error comes before its traceback."""
    lines = message.rpartition(_TRACEBACK)[2].splitlines()
    frames = [(found[1], found[2]) for line in lines if (found := _FRAME.match(line))]
    own = [f"{module[1].replace('/', '.')}:{name}" for path, name in frames if (module := _OWN_FILE.fullmatch(path))]
    passed = (*dict.fromkeys(own),)[-_MAX_FRAMES:]
    if is_start or any(path.endswith(_STARTERS) for path, _ in frames):
        return Signature("init", (error_class,), passed, function=function)
    return Signature("exception", (error_class,), passed)
