"""Lines of the telemetry and of Lambda become failures; other lines and foreign texts do not."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.log_lines import (
    AT_IMPORT,
    EXITED,
    IN_HOOK,
    KILLED,
    NOT_IMPORTED,
    REQUEST_ID,
    RESTORE_EXITED,
    RESTORE_REFUSED,
    RESTORE_TIMED_OUT,
    START_EXITED,
    START_REFUSED,
    START_TIMED_OUT,
    TIMED_OUT,
    UNAUTHORIZED,
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


def handled(request_id):
    """Return the line of a handled error of a request."""
    return json.dumps(json.loads(line_of(fails)) | {"function_request_id": request_id})


MIXED = [
    (handled(REQUEST_ID), (("KeyError",), REQUEST_ID)),
    (handled("0a-1"), (("KeyError",), "0a-1")),
    (UNHANDLED, (("KeyError",), "")),
    (UNHANDLED.replace("KeyError", "Unavailable"), (("Unavailable",), "")),
    (TIMED_OUT, ((), REQUEST_ID)),
    ("START RequestId: x Version: 5", None),
]
"""Lines of handled and unhandled errors of one class and of others, with the classes and the request that count."""


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
        (START_TIMED_OUT, Signature("init", ("Timeout",), function=FUNCTION), ""),
        (START_EXITED, Signature("init", ("ExitError",), function=FUNCTION), ""),
        (
            START_EXITED.replace("Runtime.ExitError", "Extension.Crash"),
            Signature("init", ("Crash",), function=FUNCTION),
            "",
        ),
        (START_TIMED_OUT.replace("\t", " "), Signature("init", ("Timeout",), function=FUNCTION), ""),
        (RESTORE_TIMED_OUT, Signature("init", ("RestoreTimeout",), function=FUNCTION), ""),
        (RESTORE_EXITED, Signature("init", ("RestoreExitError",), function=FUNCTION), ""),
        (IN_HOOK, Signature("init", ("ValueError",), ("vigil.bootstrap.process:_restore",), function=FUNCTION), ""),
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
        UNAUTHORIZED,
        "INIT_REPORT Init Duration: 412.55 ms",
        "INIT_REPORT Init Duration: 412.55 ms\tPhase: init\tStatus: success",
        "RESTORE_REPORT Restore Duration: 518.37 ms",
    ],
)
def test_another_line_is_no_failure(line):
    assert signatures(line) == []


@given(st.lists(st.sampled_from(MIXED), max_size=30), st.sets(st.integers(0, 30)))
def test_each_failure_counts_once_in_any_mix_and_delivery(mixed, cuts):
    lines = [line for line, _ in mixed]
    ends = [0, *sorted(cut for cut in cuts if cut < len(lines)), len(lines)]
    counted = Counter()
    for start, end in pairwise(ends):
        for found in read_batch(batch(*lines[start:end], first=start)):
            counted.update((found.signature.classes, each.request_id) for each in found.occurrences)
    assert counted == Counter(expected for _, expected in mixed if expected)


@pytest.mark.parametrize("error", [NOT_IMPORTED, AT_IMPORT, IN_HOOK])
@pytest.mark.parametrize("report", [START_REFUSED, RESTORE_REFUSED, START_REFUSED.replace("init", "invoke")])
def test_a_failed_start_with_an_error_of_its_own_counts_once(error, report):
    (found,) = read_batch(batch(error, report))
    assert (found.signature.kind, len(found.occurrences)) == ("init", 1)


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (START_TIMED_OUT, TIMED_OUT),
        (START_EXITED, EXITED),
        (START_EXITED, KILLED),
    ],
)
def test_a_start_within_a_request_counts_as_the_request(report, line):
    final = f"REPORT RequestId: {REQUEST_ID}\tDuration: 10.00 ms\tStatus: timeout"
    (found,) = read_batch(batch(report.replace("Phase: init", "Phase: invoke"), line, final))
    assert (found.signature, found.last.request_id) == (read_batch(batch(line))[0].signature, REQUEST_ID)


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
