"""Failures in the lines that Lambda itself writes: timeouts, kills, failed starts and unhandled errors.

Sources of the forms, in the text format of logs:
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html (timeout, exit status, signal: killed),
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (`[ERROR]` with a traceback), and
https://github.com/aws/aws-lambda-python-runtime-interface-client, `bootstrap.py`, `log_error`.
"""

import re

from vigil.operations.failures.model import FailureKind, Signature

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TIMEOUT = re.compile(rf"\S{{1,40}} ({_ID}) Task timed out after [0-9.]{{1,12}} seconds\s*")
_EXITED = re.compile(rf"RequestId: ({_ID}) Error: Runtime exited( with error: signal: killed)?")
_UNHANDLED = re.compile(r"\[ERROR\] (Runtime\.)?([A-Za-z_][A-Za-z0-9_]{0,79})(?:: |[\r\n])")
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s{0,8}File "([^"\n\r]{1,400})", line [0-9]{1,7}, in ([A-Za-z0-9_<>]{1,120})')
_OWN_FILE = re.compile(r"(?:.{0,390}/)?((?:vigil/[a-z0-9_/]{1,120})|handler)\.py")
_IMPORTER = "importlib/__init__.py"
"""File whose frame is part of the traceback of an error during the import of a function."""
_MAX_FRAMES = 12


def read_platform_line(message: str, function: str) -> tuple[Signature, str] | None:
    """Return the signature of a failure and its request id, or None for a line that reports no failure.

    The request id is empty for an unhandled error, because its line has none.
    """
    if found := _TIMEOUT.match(message):
        return Signature("timeout", function=function), found[1]
    if found := _EXITED.match(message):
        kind: FailureKind = "out_of_memory" if found[2] else "exit"
        return Signature(kind, function=function), found[1]
    if _TRACEBACK in message and (found := _UNHANDLED.match(message)):
        return _unhandled(message, function, found[2], is_start=found[1] is not None), ""
    return None


def _unhandled(message: str, function: str, error_class: str, *, is_start: bool) -> Signature:
    """Return the signature of an error that no handler caught. The text of the error comes before its traceback."""
    lines = message.rpartition(_TRACEBACK)[2].splitlines()
    frames = [(found[1], found[2]) for line in lines if (found := _FRAME.match(line))]
    own = [f"{module[1].replace('/', '.')}:{name}" for path, name in frames if (module := _OWN_FILE.fullmatch(path))]
    passed = (*dict.fromkeys(own),)[-_MAX_FRAMES:]
    if is_start or any(path.endswith(_IMPORTER) for path, _ in frames):
        return Signature("init", (error_class,), passed, function=function)
    return Signature("exception", (error_class,), passed)
