"""Facts of an error for log lines: its class, its place, its causes and the frames of Vigil's code.

No fact has a message, because a message may quote input. Errors are grouped by these facts, see
docs/operations/failures.md.
"""

import traceback
from collections.abc import Iterator
from typing import Any

MAX_CLASSES = 8
"""Maximum errors of a chain of causes."""
MAX_FRAMES = 12
"""Maximum frames of an error. The deepest ones are listed."""
_OWN_PACKAGES = frozenset({"vigil", "functions", "handler"})
"""First parts of the names of Vigil's modules. Lambda imports the file of a function as `handler`."""


def describe_error(error: Exception) -> str:
    """Return an error's class, source line and cause. The message is omitted, because it may quote input."""
    text = type(error).__name__
    for frame, line in list(traceback.walk_tb(error.__traceback__))[-1:]:
        text += f" at {frame.f_code.co_filename.rpartition('/')[2]}:{line}"
    if (cause := error.__cause__) is None:
        return text
    code = _aws_code(cause)
    return f"{text} from {type(cause).__name__}" + (f" {code}" if code else "")


def error_origin(error: BaseException) -> dict[str, Any]:
    """Return the facts that group an error: `classes`, `frames` and, if there is one, `aws_code`.

    `classes` are the error and its causes. `frames` are the modules and functions of Vigil that the error passed, the
    deepest last. A frame has no line number, and a recursion is one frame, so that a deployment changes few of them.
    """
    chain = list(_chain(error))
    origin: dict[str, Any] = {"classes": [type(each).__name__ for each in chain], "frames": _frames(error)}
    if code := next(filter(None, map(_aws_code, chain)), ""):
        origin["aws_code"] = code
    return origin


def error_fields(error: Exception) -> dict[str, Any]:
    """Return the fields of a log line about an error: `error` for people, and `error_origin` for its group."""
    return {"error": describe_error(error), "error_origin": error_origin(error)}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, as a traceback prints them, up to MAX_CLASSES."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < MAX_CLASSES:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _frames(error: BaseException) -> list[str]:
    """Return the distinct frames of Vigil's code, the deepest last."""
    passed = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    names = ((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname) for frame in passed)
    own = (f"{module}:{function}" for module, function in names if module.partition(".")[0] in _OWN_PACKAGES)
    return [*dict.fromkeys(own)][-MAX_FRAMES:]


def _aws_code(error: BaseException) -> str:
    """Return the code of an error of AWS, or "". Network errors of botocore have a `response` that is None."""
    refusal = getattr(error, "response", None) or {}
    code = refusal.get("Error", {}).get("Code", "") if isinstance(refusal, dict) else ""
    return str(code)
