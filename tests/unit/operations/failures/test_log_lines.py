"""Lines of the telemetry and of Lambda become failures; other lines and foreign texts do not."""

import json

import pytest

from tests.support.log_lines import (
    AT_IMPORT,
    EXITED,
    KILLED,
    NOT_IMPORTED,
    REQUEST_ID,
    TIMED_OUT,
    UNHANDLED,
    batch,
    line_of,
)
from vigil.errors import Unavailable
from vigil.operations.failures.log_lines_model import read_batch
from vigil.operations.failures.model import Occurrence, Signature

FUNCTION = "vigil-scoring-api"
CANARY = "jane-roe-0712345678"


def fails():
    raise KeyError(CANARY)


def signatures(*lines):
    return [sighting.signature for sighting in read_batch(batch(*lines))]


def test_a_line_of_the_telemetry_names_the_request():
    (found,) = read_batch(batch(line_of(fails)))
    assert found.signature == Signature("exception", ("KeyError",), (), "", "internal-error")
    assert found.occurrences == (
        Occurrence(
            "2026-11-21T05:00:00.000000Z", FUNCTION, 5, REQUEST_ID, REQUEST_ID, "acme", "/v1/scores", "internal-error"
        ),
    )


@pytest.mark.parametrize(
    ("line", "expected", "request_id"),
    [
        (TIMED_OUT, Signature("timeout", function=FUNCTION), REQUEST_ID),
        (KILLED, Signature("out_of_memory", function=FUNCTION), REQUEST_ID),
        (EXITED, Signature("exit", function=FUNCTION), REQUEST_ID),
        (NOT_IMPORTED, Signature("init", ("ImportModuleError",), function=FUNCTION), ""),
        (AT_IMPORT, Signature("init", ("ValueError",), ("handler:<module>",), function=FUNCTION), ""),
        (
            UNHANDLED,
            Signature("exception", ("KeyError",), ("handler:lambda_handler", "vigil.workers.worker_loop:handle")),
            "",
        ),
    ],
)
def test_a_line_of_lambda_names_function_and_request(line, expected, request_id):
    (found,) = read_batch(batch(line))
    assert (found.signature, found.last.request_id, found.last.version) == (expected, request_id, 5)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[" * 5_000,
        "{}",
        '{"level": "ERROR"}',
        '{"level": "ERROR", "error_origin": {"classes": [1], "frames": 2}}',
        json.dumps({"level": "INFO", "error_origin": {"classes": ["KeyError"], "frames": []}}),
        "START RequestId: x Version: 5",
        f"REPORT RequestId: {REQUEST_ID}\tDuration: 10.00 ms\tStatus: timeout",
        f"he said: {TIMED_OUT}",
        "[ERROR]",
        "[ERROR] two words",
    ],
)
def test_another_line_is_no_failure(line):
    assert signatures(line) == []


def test_an_error_that_is_logged_and_raised_again_counts_once():
    raised_again = UNHANDLED
    assert len(signatures(line_of(fails), raised_again)) == 1
    assert len(signatures(line_of(fails), raised_again, raised_again)) == 2  # the second one has no line of its own
    assert len(signatures(line_of(fails), TIMED_OUT, raised_again)) == 3


def test_failures_of_one_cause_are_one_sighting():
    (found,) = read_batch(batch(*[line_of(fails)] * 3))
    assert len(found.occurrences) == 3


def test_a_failure_with_a_problem_of_its_own_is_another_group():
    assert len(signatures(line_of(fails), line_of(fails, problem="unavailable"))) == 2


def test_an_older_stream_without_a_version_has_version_0():
    (found,) = read_batch(batch(TIMED_OUT, version="$LATEST"))
    assert found.last.version == 0


def test_texts_of_another_form_are_left_out():
    line = json.loads(line_of(fails, tenant_id=f"Name {CANARY}", route=f"/v1/{CANARY} x", problem=CANARY))
    line |= {"correlation_id": f"{CANARY}@x", "function_request_id": "no id: " + CANARY}
    line["error_origin"] = {"classes": ["KeyError", f"'{CANARY}'"], "frames": [CANARY, "vigil.x:f"], "aws_code": "x y"}
    (found,) = read_batch(batch(json.dumps(line)))
    assert found.signature == Signature("exception", ("KeyError",), ("vigil.x:f",))
    assert CANARY not in str(found)


def test_a_message_that_imitates_a_traceback_enters_no_frame():
    forged = UNHANDLED.replace(
        "KeyError: 'secret'\n",
        f'KeyError: \nTraceback (most recent call last):\n  File "/opt/python/vigil/{CANARY}.py", line 1, in f\n',
    )
    assert signatures(forged) == signatures(UNHANDLED)


def test_an_unavailable_service_is_grouped_by_its_cause():
    def unreachable():
        raise Unavailable("The table did not answer.") from TimeoutError(CANARY)

    (found,) = signatures(line_of(unreachable, problem="unavailable"))
    assert (found.classes, found.title) == (("Unavailable", "TimeoutError"), "Unavailable from TimeoutError")


def test_a_changed_fingerprint_makes_every_failure_new():
    # The value is stored with each group. Change the version of the algorithm together with it.
    assert Signature("timeout", function="vigil-scoring-api").fingerprint == "f9300aeee87f53c851cdf4aa"
