"""`vigil batch` with a test server in place of the API and the bucket."""

import os
import time
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cli.main import app

BATCH = {
    "batch_id": "bat_1",
    "model": {"name": "toy", "version": 2, "digest": "sha256:0"},
    "format": "csv",
    "state": "running",
    "created_at": "2026-03-01T12:00:00Z",
    "started_at": None,
    "ended_at": None,
    "reason": None,
    "rows": {"total": 10, "done": 5, "failed": 1},
    "percent": 50.0,
    "rate": 2.5,
    "seconds_left": 2.0,
    "lost_rows": [[3, 4]],
    "ignored_columns": [],
    "upload": {"url": "https://files.example/put", "expires_at": "later"},
}


@pytest.fixture
def service(api, monkeypatch, tmp_path):
    """API and bucket on one test server. Each request for the batch moves it to the next of `states`."""
    seen = SimpleNamespace(states=["running"], requests=[], details={})

    def answer(asked):
        files = f"{os.environ['VIGIL_API_URL']}/files"
        if asked.path.startswith("/files/"):
            return 200, b"row,score\n1,0.5\n"
        if asked.path.endswith(("results", "errors")):
            return 200, {"url": f"{files}/results", "format": "csv", "expires_at": "x"}
        if "limit" in asked.query:
            return 200, {"items": [BATCH], "next_cursor": None}
        state = seen.states.pop(0) if len(seen.states) > 1 else seen.states[0]
        return 200, BATCH | seen.details | {"state": state, "upload": {"url": f"{files}/input", "expires_at": "later"}}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with api(answer) as seen.requests:
        yield seen


def run(*arguments):
    return CliRunner().invoke(app, ["batch", *arguments])


def test_submit_uploads_a_file_and_waits_for_the_end(service, tmp_path):
    (tmp_path / "rows.csv").write_text("subject_id,age\np,1\n")
    service.states = ["awaiting_upload", "splitting", "running", "completed"]
    done = run("submit", "rows.csv", "--model", "toy", "--wait")
    assert done.exit_code == 0, done.output
    asked, uploaded, *_ = service.requests
    assert asked.body == {"model": "toy", "format": "csv"}
    assert (uploaded.method, uploaded.path, uploaded.body) == ("PUT", "/files/input", b"subject_id,age\np,1\n")
    assert "completed" in done.output
    assert "rows 3 to 4: their part of the file was given up" in done.output
    assert "ignored columns" not in done.output


def test_ignored_unknown_columns_are_ordered_and_printed(service, tmp_path):
    (tmp_path / "rows.csv").write_text("subject_id,age,email\np,1,e\n")
    service.states = ["completed"]
    service.details = {"ignored_columns": ["email", "[note]"]}
    done = run("submit", "rows.csv", "--model", "toy", "--ignore-unknown-columns", "--wait")
    assert done.exit_code == 0, done.output
    assert service.requests[0].body == {"model": "toy", "format": "csv", "ignore_unknown_columns": True}
    assert "ignored columns  email, [note]" in done.output
    assert "ignored columns  email, [note]" in run("show", "bat_1").output


def test_ctrl_c_leaves_the_batch_running_with_a_hint(service, monkeypatch):
    def interrupt(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    done = run("wait", "bat_1")
    assert done.exit_code == 130
    assert "vigil batch wait bat_1" in done.output


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_batch_without_results_exits_with_an_error(service, state):
    service.states = [state]
    assert run("wait", "bat_1").exit_code == 1


def test_an_unknown_file_extension_requires_a_format(service, tmp_path):
    (tmp_path / "rows.txt").write_text("x")
    done = run("submit", "rows.txt", "--model", "toy")
    assert done.exit_code == 2
    assert "--format" in done.output


def test_results_are_written_to_a_file(service, tmp_path):
    assert run("results", "bat_1").exit_code == 0
    assert (tmp_path / "bat_1-results.csv").read_bytes() == b"row,score\n1,0.5\n"


@pytest.mark.parametrize("command", [["show", "bat_1"], ["list"], ["cancel", "bat_1"]])
def test_show_list_and_cancel_print_the_batch(service, command):
    done = run(*command)
    assert done.exit_code == 0
    assert "bat_1" in done.output
    assert "running" in done.output
