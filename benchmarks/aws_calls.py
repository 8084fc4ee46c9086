"""CPU time of one AWS call in the client, and of a warm score with its two calls.

    .venv/bin/python -m benchmarks.aws_calls            # 21 rounds, some ten seconds

The small client, botocore's, and AWS's common runtime send the same UpdateItem over a loopback connection to a fake
DynamoDB in another process. Only the CPU time of the client's process counts.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from botocore.config import Config
from botocore.session import get_session

from benchmarks import handler
from benchmarks.model_cases import ModelCase, prepare_case, synthetic_model
from cli.checkout import uv
from vigil.aws import clients
from vigil.runtime.settings import Settings

AWSCRT = "awscrt==0.38.1"
CALLS = 40
"""Calls of one contender per round."""
ARGUMENTS: Mapping[str, Any] = {
    "TableName": "limits",
    "Key": {"pk": {"S": "demo-clinic#2026-11-28T05"}, "sk": {"S": "1ee01ef4a8849b00"}},
    "UpdateExpression": "ADD h :one, m05 :one SET expires_at = :end",
    "ConditionExpression": "(attribute_not_exists(h) OR h < :per_hour) AND (attribute_not_exists(m05) OR m05 < :limit)",
    "ExpressionAttributeValues": {
        ":one": {"N": "1"}, ":end": {"N": "1234567890"}, ":per_hour": {"N": "1000"}, ":limit": {"N": "60"},
    },
    "ReturnValues": "UPDATED_NEW",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}  # fmt: skip
SERVER = r"""
import socket, sys, threading, zlib
body = b'{"Attributes":{"expires_at":{"N":"1234567890"},"h":{"N":"17"},"m05":{"N":"3"}}}'
answer = (
    b"HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Mon, 30 Nov 2026 09:00:00 GMT\r\n"
    b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\nConnection: keep-alive\r\n"
    b"x-amzn-RequestId: 4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG\r\nx-amz-crc32: %d\r\n\r\n"
) % (len(body), zlib.crc32(body)) + body
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def serve(connection):
    received = b""
    while True:
        head, separator, rest = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) if separator else 0
        if separator and len(rest) >= length:
            received = rest[length:]
            connection.sendall(answer)
        elif more := connection.recv(65536):
            received += more
        else:
            return
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def main() -> None:
    """Print the CPU time of each contender and its ratio to botocore's client."""
    with server() as port, common_runtime(port) as run_common_runtime:
        os.environ |= {
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "t" * 900,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }
        small = clients.create_client(Settings(stage="local"), "dynamodb")
        rounds = {
            "botocore's client": timed(lambda: _botocore_client().update_item(**ARGUMENTS)),
            "the small client": timed(lambda: small.update_item(**ARGUMENTS)),
            "AWS's common runtime": run_common_runtime,
        }
        show(interleaved(rounds, 21))
        with TemporaryDirectory() as folder:
            case = prepare_case(Path(folder), *synthetic_model(200), 1000)
            show(interleaved(scores(case, small), 21))


def show(times: Mapping[str, Sequence[float]]) -> None:
    """Print the median of each contender, and its ratio to the first one in the same round."""
    reference = next(iter(times.values()))
    for name, seconds in times.items():
        ratio = median(own / other for own, other in zip(seconds, reference, strict=True))
        print(f"{name:36} {median(seconds) * 1e6:6.0f} us  {ratio:.2f}")  # noqa: T201 - the result


def scores(case: ModelCase, small: Any) -> dict[str, Callable[[], float]]:
    """Return the rounds of warm scores with either client, and without AWS."""
    rows = count()

    def scoring(run: handler.Handler) -> Callable[[], float]:
        events = handler.events(case)
        return timed(lambda: run(events[next(rows) % len(events)]))

    return {
        "a score with botocore's client": scoring(handler.with_client(case, _botocore_client())),
        "a score with the small client": scoring(handler.with_client(case, small)),
        "a score without AWS and limits": scoring(handler.native(case)),
    }


@cache
def _botocore_client() -> Any:
    """Return botocore's client with the options that cost least: a fixed user agent and unchecked parameters."""
    options: dict[str, Any] = {"retries": {"mode": "standard", "total_max_attempts": 2}, "tcp_keepalive": True}
    lean = Config(connect_timeout=1, read_timeout=1, user_agent="vigil", parameter_validation=False, **options)
    return get_session().create_client("dynamodb", config=lean)


def timed(call: Callable[[], object]) -> Callable[[], float]:
    """Return a function that makes the calls of one round and returns the CPU seconds per call."""

    def run() -> float:
        started = time.process_time()
        for _ in range(CALLS):
            call()
        return (time.process_time() - started) / CALLS

    return run


def interleaved(rounds: Mapping[str, Callable[[], float]], number: int) -> dict[str, list[float]]:
    """Return the CPU seconds per call of each contender, one value per round. Each runs once per round."""
    times: dict[str, list[float]] = {name: [] for name in rounds}
    for index in range(-1, number):  # the first round is a warm-up
        for name, run in rounds.items():
            seconds = run()
            if index >= 0:
                times[name].append(seconds)
    return times


@contextmanager
def common_runtime(port: int) -> Iterator[Callable[[], float]]:
    """Run `benchmarks/crt_calls.py` in an environment of its own; yield the function that runs one round of it."""
    script = str(Path(__file__).with_name("crt_calls.py"))
    command = [
        uv(),
        "run",
        "--quiet",
        "--no-project",
        "--isolated",
        "--with",
        AWSCRT,
        "--with",
        "pydantic-core",
        script,
    ]
    arguments = [str(port), str(CALLS), json.dumps(ARGUMENTS)]
    with subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        sent, received = process.stdin, process.stdout

        def run() -> float:
            sent.write("\n")
            sent.flush()
            return float(received.readline())

        yield run


@contextmanager
def server() -> Iterator[int]:
    """Run a fake DynamoDB that gives one answer to every request; yield its port."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("the process has no pipe")
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
