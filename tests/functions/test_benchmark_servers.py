"""Servers of the peer benchmark: measured only if they answer, and always stopped."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from benchmarks import servers
from benchmarks.handler import event
from benchmarks.load import BadAnswer, build_request, run_load, send_request
from benchmarks.model_cases import prepare_case, synthetic_model
from benchmarks.peers import function_environment
from benchmarks.servers import Contender

SERVER = """
import http.server, json, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])  # a worker process
class Sum(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps([sum(row) for row in rows]).encode() if rows else b""
        self.send_response(200 if rows else 500)
        if len(rows) > 1:
            self.send_header("Transfer-Encoding", "chunked")
            answer = b"".join(b"%x\\r\\n%s\\r\\n" % (1, answer[i:i + 1]) for i in range(len(answer))) + b"0\\r\\n\\r\\n"
        else:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sum).serve_forever()
"""

INVOKE = """
import handler, json, sys, types
context = types.SimpleNamespace(
    function_name="scoring-api", memory_limit_in_mb=1769, invoked_function_arn="arn", aws_request_id="request"
)
print(json.dumps(handler.lambda_handler(json.load(sys.stdin), context)))
"""


def contender(script=SERVER):
    return Contender(
        "summing",
        "/",
        lambda rows: json.dumps(rows).encode(),
        lambda port, _: [sys.executable, "-c", script, str(port)],
    )


def children():
    return {process.pid for process in psutil.Process().children(recursive=True)}


def test_a_server_and_its_worker_stop_after_the_measurement(tmp_path):
    before = children()
    with contender().running(tmp_path, [[1.0, 2.0]]) as server:
        assert len(server.processes) == 2
        assert server.memory() > 1_000_000
        assert json.loads(server.first_answer) == [3.0]
        requests = [contender().request(server, [[float(i)]]) for i in range(50)]
        for connections in (1, 8):
            assert len(run_load(server.address, requests, connections).latencies) == 50
    assert children() == before


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core cannot be shared out")
def test_every_server_runs_beside_the_client_on_its_own_core(tmp_path):
    cores = sorted(os.sched_getaffinity(0))
    first, second = contender(), replace(contender(), name="second")
    with first.running(tmp_path, [[1.0]]) as one, second.running(tmp_path, [[1.0]]) as two:
        for process in (*one.processes, *two.processes):
            assert process.cpu_affinity() == cores[:1]
        assert psutil.Process().cpu_affinity() == cores[-1:]
    assert psutil.Process().cpu_affinity() == cores


def test_a_chunked_answer_is_read_completely(tmp_path):
    with contender().running(tmp_path, [[1.0, 2.0]]) as server:
        content = contender().request(server, [[1.0], [2.5]])
        assert json.loads(send_request(server.address, content)) == [1.0, 2.5]
        assert len(run_load(server.address, [content] * 3, 1).latencies) == 3


def test_an_error_during_the_measurement_stops_the_server(tmp_path):
    before = children()
    with pytest.raises(ZeroDivisionError), contender().running(tmp_path, [[1.0]]):
        raise ZeroDivisionError
    assert children() == before


def test_a_server_with_error_answers_is_not_measured(tmp_path):
    with contender().running(tmp_path, [[1.0]]) as server:
        with pytest.raises(BadAnswer, match="500"):
            run_load(server.address, [build_request(server.address, "/", b"[]")], 1)
        with pytest.raises(BadAnswer, match="500"):
            send_request(server.address, build_request(server.address, "/", b"[]"))


def test_a_server_that_does_not_start_is_stopped_and_its_log_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(servers, "START_SECONDS", 0.5)
    before = children()
    with (
        pytest.raises(RuntimeError, match="no such luck"),
        contender("print('no such luck', flush=True); import time; time.sleep(60)").running(tmp_path, [[1.0]]),
    ):
        pass
    assert children() == before


@pytest.mark.parametrize("client", [{}, {"BENCHMARK_AWS_CLIENT": "1"}], ids=["without AWS", "with the AWS client"])
def test_the_scoring_function_of_the_benchmark_decides(tmp_path, client):
    case = prepare_case(tmp_path, *synthetic_model(5), count=32)
    environment = {**os.environ, **function_environment(case), **client, "PYTHONPATH": str(servers.SERVED / "vigil")}
    request = json.dumps(event(case.contract, case.rows[0]))
    command = [sys.executable, "-c", INVOKE]
    done = subprocess.run(command, input=request, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["statusCode"], json.loads(answer["body"])["model"]["name"]) == (201, case.name), answer
