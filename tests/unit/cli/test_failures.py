"""`vigil failures` calls the API and prints its answers."""

import pytest
from typer.testing import CliRunner

from cli.main import app

FAILURE = {
    "id": "0123456789abcdef01234567",
    "kind": "exception",
    "state": "open",
    "title": "Unavailable from ClientError",
    "problem": "unavailable",
    "aws_code": None,
    "functions": {"vigil-scoring-api": 5},
    "count": 41,
    "generation": 2,
    "last_seen": "2026-11-21T05:00:00.000000Z",
}
DETAIL = FAILURE | {
    "frames": ["vigil.decisions.scoring.routes:create", "vigil.aws.tables:Table.call"],
    "occurrences": [{"at": "2026-11-21T05:00:00.000000Z", "function": "vigil-scoring-api", "request_id": "r-1"}],
}


def answer(asked):
    if asked.path.startswith("/v1/failures?") or asked.path == "/v1/failures":
        is_first = "cursor" not in asked.path
        return 200, {"items": [FAILURE], "next_cursor": "next" if is_first else None}
    if asked.path.startswith(f"/v1/failures/{FAILURE['id']}"):
        return 200, DETAIL | {"state": "resolved" if asked.path.endswith("resolve") else "ignored"}
    return 404, {"title": "No such resource", "detail": "There is no such failure."}


@pytest.fixture(autouse=True)
def asked(api):
    """Requests to the API."""
    with api(answer) as requests:
        yield requests


def run(*arguments):
    return CliRunner().invoke(app, ["failures", *arguments])


def test_a_list_shows_titles_and_counts_of_all_pages(asked):
    shown = run("list", "--limit", "2").output
    for text in (FAILURE["id"], "exception", "41", "Unavailable from ClientError"):
        assert text in shown
    assert len(list(asked)) == 2


def test_a_failure_shows_its_frames_functions_and_requests():
    shown = run("show", FAILURE["id"]).output
    for text in ("vigil.aws.tables:Table.call", "vigil-scoring-api=5", "r-1", "unavailable"):
        assert text in shown
    assert "aws_code" not in shown


@pytest.mark.parametrize(("command", "state"), [("resolve", "resolved"), ("ignore", "ignored"), ("reopen", "ignored")])
def test_a_change_is_posted_and_shown(asked, command, state):
    assert state in run(command, FAILURE["id"]).output
    (one,) = asked
    assert (one.method, one.path) == ("POST", f"/v1/failures/{FAILURE['id']}/{command}")


def test_an_unknown_failure_is_an_error():
    assert run("show", "x").exit_code == 1
