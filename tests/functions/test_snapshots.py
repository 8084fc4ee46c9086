"""A function that Lambda restores from a snapshot: fresh connections and fresh models before its first request."""

import os
import subprocess
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
import snapshot_restore_py

from cli import runtime
from cli.checkout import ROOT, tool_python
from tests.support import entries
from tests.support.aws_calls import record_calls
from tests.support.deployments import publish
from tests.support.emulated import ENVIRONMENT
from vigil.aws import clients
from vigil.bootstrap import decisions, prediction, process
from vigil.runtime import snapshots
from vigil.runtime.settings import Settings


class Server(ThreadingHTTPServer):
    """HTTP server that keeps connections open. It counts them, and the requests of each path."""

    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.connections, self.requests = answer, 0, Counter()
        super().__init__(("127.0.0.1", 0), Requests)
        Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """Ignore a caller that was killed while it waited for an answer."""

    @property
    def address(self):
        return f"127.0.0.1:{self.server_port}"


class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.server.connections += 1
        super().setup()

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests[self.path] += 1
        status = self.server.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815 - the name of the library

    def log_message(self, *_):
        return


@pytest.fixture
def serve():
    """Return a function that starts a server with an answer by path."""
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def hooks(monkeypatch):
    """Collect the hooks that a function registers while Lambda prepares its snapshot."""
    found = {"before": [], "after": []}
    monkeypatch.setattr(snapshot_restore_py, "register_before_snapshot", found["before"].append)
    monkeypatch.setattr(snapshot_restore_py, "register_after_restore", found["after"].append)
    monkeypatch.setenv(snapshots.VARIABLE, snapshots.SNAP_START)
    monkeypatch.setenv("AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST")  # the stage `local` is refused on AWS
    return found


def test_closed_clients_open_a_new_connection(serve, monkeypatch):
    aws = serve(lambda _: 200)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{aws.address}")
    client = clients.create_client(Settings("local"), "dynamodb")
    for _ in range(2):
        client.scan(TableName="decisions")
    assert aws.connections == 1
    clients.close_connections()
    client.scan(TableName="decisions")
    assert aws.connections == 2


def test_a_restore_loads_models_older_than_a_minute(clock, published, trained, hooks, monkeypatch):
    process.on_lambda(decisions.scoring_api)
    registry = prediction.registry()
    publish(published, trained, 2)
    calls = record_calls(monkeypatch)
    (restored,) = hooks["after"]
    restored()
    assert "GetObject" not in calls  # the model is younger than a minute
    clock.advance(seconds=61)
    restored()
    assert "GetObject" in calls
    calls.clear()
    assert registry.champion("toy").version == 2
    assert calls == []
    assert hooks["before"] == [clients.close_connections]


def test_a_normal_start_registers_no_hook(published, hooks, monkeypatch):
    monkeypatch.setenv(snapshots.VARIABLE, "on-demand")
    process.on_lambda(decisions.scoring_api)
    assert hooks == {"before": [], "after": []}


def test_the_runtime_runs_the_hooks_of_a_restored_function(serve, tmp_path):
    ready = Event()
    aws = serve(lambda _: 500)
    seen = []

    def lambda_service(path):
        if path.endswith("/runtime/restore/next"):
            seen.append(aws.connections)
        elif path.endswith("/runtime/invocation/next"):
            seen.append(aws.connections)
            ready.set()
            Event().wait(30)  # no request arrives
        else:
            seen.append(path)  # the runtime reports an error
            ready.set()
        return 200

    named = {Settings.variable(name): f"the-{name}" for name in entries.entry("scoring_api").needs}
    api = serve(lambda_service)
    path = runtime.build_layers(tmp_path / "layers", "core", "scoring")
    environment = named | ENVIRONMENT | {
        "PATH": os.defpath,
        "PYTHONPATH": f"{path}{os.pathsep}{ROOT / 'functions/scoring_api'}",
        "AWS_ENDPOINT_URL": f"http://{aws.address}",
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_LOG_STREAM_NAME": "$LATEST",
        snapshots.VARIABLE: snapshots.SNAP_START,
    }  # fmt: skip
    command = [tool_python("runtime"), "-P", "-m", "awslambdaric", "handler.lambda_handler"]
    function = subprocess.Popen(command, env=environment, stdout=sys.stderr, stderr=sys.stderr)
    try:
        assert ready.wait(60)
    finally:
        function.kill()
        function.wait(10)
    before, after = seen
    assert 0 < before < after
