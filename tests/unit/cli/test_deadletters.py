"""`vigil dlq` asks the API and shows what it says."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

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


@pytest.fixture
def asked(monkeypatch):
    """Requests that a small API took: two pages of one job each, and one job."""
    requests = []

    class Api(BaseHTTPRequestHandler):
        def answer(self):
            requests.append((self.command, self.path, self.headers["Authorization"]))
            page = {"items": [JOB], "next_cursor": None if "cursor" in self.path else "c1"}
            known = {"/v1/dlq/jobs/acme.k1", "/v1/dlq/jobs/acme.k1/retry", "/v1/dlq/jobs/acme.k1/resolve"}
            if "/jobs?" in self.path:
                self.reply(200, page)
            elif self.path in known:
                self.reply(200, JOB)
            else:
                self.reply(404, {"title": "No such resource", "detail": "There is no such job."})

        do_GET = do_POST = answer  # noqa: N815 - names of the base class

        def reply(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("VIGIL_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("VIGIL_API_KEY", "vgl_key")
    yield requests
    server.shutdown()
    server.server_close()


def run(*arguments):
    return CliRunner().invoke(app, ["dlq", *arguments])


def test_a_list_follows_its_pages(asked):
    shown = run("list", "--state", "parked")
    assert shown.output.count("acme.k1") == 2
    assert [path for _, path, _ in asked] == [
        "/v1/dlq/jobs?state=parked&limit=50",
        "/v1/dlq/jobs?state=parked&limit=50&cursor=c1",
    ]


@pytest.mark.parametrize(("command", "method", "end"), [("show", "GET", ""), ("retry", "POST", "/retry"),
                                                        ("resolve", "POST", "/resolve")])  # fmt: skip
def test_a_job_is_shown_with_its_steps(asked, command, method, end):
    shown = run(command, "acme.k1")
    assert "parked · attempts 2 · not-found" in shown.output
    assert asked == [(method, f"/v1/dlq/jobs/acme.k1{end}", "Bearer vgl_key")]


def test_a_refusal_is_one_sentence(asked):
    shown = run("show", "acme.other")
    assert (shown.exit_code, shown.stderr) == (1, "No such resource: There is no such job.\n")
