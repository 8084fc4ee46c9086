"""`vigil dlq` calls the API and prints its answers."""

import pytest
from typer.testing import CliRunner

from cli.main import app

JOB = {
    "id": "acme.k1",
    "queue": "work",
    "kind": "batch.chunk",
    "state": "parked",
    "reason": "not-found",
    "attempts": 2,
    "died_at": "2026-03-01T12:00:00.000000Z",
    "resolution": None,
    "steps": [
        {"at": "2026-03-01T12:00:00.000000Z", "name": "parked", "attempts": 2, "reason": "not-found", "by": None}
    ],
}


def answer(asked):
    if asked.path == "/v1/dlq/jobs":
        return 200, {"items": [JOB], "next_cursor": None if "cursor" in asked.query else "c1"}
    if asked.path.startswith("/v1/dlq/jobs/acme.k1"):
        return 200, JOB
    return 404, {"title": "No such resource", "detail": "There is no such job."}


@pytest.fixture(autouse=True)
def asked(api):
    """Requests to the API, which returns two pages of one job each."""
    with api(answer) as requests:
        yield requests


def run(*arguments):
    return CliRunner().invoke(app, ["dlq", *arguments])


def test_list_reads_all_pages(asked):
    shown = run("list", "--state", "parked")
    assert shown.output.count("acme.k1") == 2
    first = {"state": "parked", "limit": "50"}
    assert [(each.path, each.query) for each in asked] == [
        ("/v1/dlq/jobs", first),
        ("/v1/dlq/jobs", first | {"cursor": "c1"}),
    ]


@pytest.mark.parametrize(("command", "method", "end"), [("show", "GET", ""), ("retry", "POST", "/retry"),
                                                        ("resolve", "POST", "/resolve")])  # fmt: skip
def test_a_job_is_printed_with_its_steps(asked, command, method, end):
    shown = run(command, "acme.k1")
    assert "parked · attempts 2 · not-found" in shown.output
    (one,) = asked
    assert (one.method, one.path, one.credential) == (method, f"/v1/dlq/jobs/acme.k1{end}", "Bearer vgl_local_k_s")


def test_an_error_is_printed_in_one_line():
    shown = run("show", "acme.other")
    assert (shown.exit_code, shown.stderr) == (1, "No such resource: There is no such job.\n")
