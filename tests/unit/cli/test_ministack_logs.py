"""Failed calls of the embedded stack have the lines of Lambda in their logs, and patterns with `?` match as on AWS."""

import pytest

from cli.ministack_logs import FailingFunctions, LogEntries, matches
from tests.support.log_lines import PATTERN, batch
from vigil.operations.failures.log_lines_model import read_batch

TRACE = """Traceback (most recent call last):
  File "/tmp/worker.py", line 1, in run
    result = handler_fn(event, context)
  File "/tmp/x/vigil/workers/worker_loop.py", line 91, in handle
    raise Unavailable("secret")
vigil.errors.Unavailable: secret
on two lines"""


class Process:
    """A process of a function that has ended with a code."""

    def __init__(self, code):
        self.code = code

    def wait(self, _):
        return self.code


class Shipped:
    """The emulator's service and runtime, whose next call has a result."""

    def __init__(self, message, log="", code=None):
        self.result = {"body": {"errorMessage": message}, "error": True, "log": log}
        self.code = code
        self.signalled = []
        self._signal = self.signalled.append

    def _execute_function_warm(self, *_):
        self.failing.signal(Process(self.code))
        return self.result


def entries(message, log="", code=None):
    """Return the entries of the log of a failed call."""
    shipped = Shipped(message, log, code)
    shipped.failing = FailingFunctions(shipped, shipped)
    result = shipped.failing.execute(
        {"config": {"Handler": "handler.lambda_handler"}}, {}, "0a" * 4 + "-0a0a" * 3 + "-" + "0a" * 6
    )
    assert len(shipped.signalled) == 1
    return result["log"].splitlines()


@pytest.mark.parametrize(
    ("message", "log", "code", "kind"),
    [
        ("Task timed out after 1.00 seconds", "begun\nTask timed out after 1.00 seconds", None, "timeout"),
        ("Worker process died", "begun\nWorker process died", -9, "out_of_memory"),
        ("Worker process died", "begun\nWorker process died", 3, "exit"),
        ("Worker process died", "begun\nWorker process died", None, "exit"),
        ("Worker init failed: No module named 'x'", "begun", None, "init"),
        ("secret", f"begun\n{TRACE}", None, "exception"),
    ],
)
def test_a_failed_call_has_the_line_that_the_intake_reads(message, log, code, kind):
    first, last = entries(message, log, code)
    assert first == "begun"
    (found,) = read_batch(batch(last))
    assert found.signature.kind == kind
    assert matches(PATTERN, last, lambda *_: False)


def test_an_unhandled_error_is_one_entry_with_its_class_and_frames():
    (entry,) = entries("secret", TRACE)
    assert entry.startswith("[ERROR] Unavailable: secret\non two lines\nTraceback (most recent call last):\n")
    (found,) = read_batch(batch(entry))
    assert found.signature.frames == ("vigil.workers.worker_loop:handle",)


def test_a_call_that_succeeds_or_is_throttled_keeps_its_log():
    for result in ({"body": {}, "log": "a"}, {"error": True, "throttle": True, "body": {}, "log": "a"}):
        shipped = Shipped("")
        shipped.result = result
        shipped.failing = FailingFunctions(shipped, shipped)
        assert shipped.failing.execute({}, {}, "r")["log"] == "a"


def test_entries_keep_their_line_breaks():
    assert LogEntries.of(["a\nb", "c"]).splitlines() == ["a\nb", "c"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [('{"level":"ERROR"}', True), ("x Task timed out after", True), ("Task x timed out", False), ("INFO", False)],
)
def test_one_optional_term_of_a_pattern_is_enough(message, expected):
    assert matches(PATTERN, message, lambda *_: pytest.fail("not needed")) is expected


def test_other_patterns_match_as_shipped():
    assert matches("ERROR", "x", lambda pattern, message: (pattern, message) == ("ERROR", "x"))
