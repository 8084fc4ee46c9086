"""Process that follows one request through an API function, a queue, the stream, the bus and their workers, with X-Ray.

Run as `python -m tests.support.traced_journey`. It prints the subsegments, log lines and AWS calls of each function as
JSON. Functions, queues and the bus are Vigil's own; the test plays Lambda, SQS and EventBridge.
"""

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aws_xray_sdk.core import xray_recorder
from fastapi import APIRouter

from tests.support.gateway import Context, event
from tests.support.scripted_server import ScriptedServer, answer, serving
from vigil.alerting.events.service import DecisionPublisher
from vigil.alerting.events.store import EventBridgeBus
from vigil.alerting.events.stream import DecisionStream
from vigil.alerting.sources.stream import read_message
from vigil.aws import clients
from vigil.bootstrap import process
from vigil.runtime import correlation
from vigil.runtime.settings import Settings
from vigil.runtime.telemetry import Telemetry
from vigil.web.app import create_app, lambda_handler
from vigil.workers.queues import Message, ReceivedMessage, SqsQueue
from vigil.workers.worker_loop import Worker

CORRELATION_ID = "7d1e6f0a-3c52-4b1e-9a57-0c2f4d8e6b11"
ROOTS = {"api": "1-5759e988-bd862e3fe1be46a994272793", "stream": "1-5759e989-aaaaaaaaaaaaaaaaaaaaaaaa"}
"""Trace that Lambda starts for the request, and the one that it starts for the batch of the stream."""
PARENT = "53995c3f42cd8ad8"
"""Segment of the function, which Lambda itself sends to X-Ray."""
HEADER = re.compile(r"(?i)x-amzn-trace-id: ([^\r]*)\r")
QUEUE_ARN = "arn:aws:sqs:eu-west-1:1:alerts"


class Daemon:
    """Emitter that stores the subsegments which the SDK would send to X-Ray's daemon."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send_entity(self, entity: Any) -> None:
        self.sent.append(entity.to_dict())


class Journey:
    """Runs the functions one after the other and records their traces."""

    def __init__(self, server: ScriptedServer) -> None:
        self._server = server
        self._daemon = Daemon()
        xray_recorder.configure(sampling=False, emitter=self._daemon)
        self.steps: dict[str, Any] = {}

    def invoke(self, name: str, trace: str, build: Callable[[Telemetry], Any], document: Any) -> Any:
        """Call a function with an event as Lambda does, under a trace. Return the requests that it sent to AWS."""
        log = io.StringIO()
        telemetry = Telemetry(name, log, traced=True)
        handler = build(telemetry)
        self._server.requests.clear()
        self._daemon.sent.clear()
        with running(trace):
            handler(document, Context())
        requests = list(self._server.requests)
        headers = [found[1] for head, _ in requests if (found := HEADER.search(head))]
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        self.steps[name] = {"segments": list(self._daemon.sent), "lines": lines, "headers": headers}
        return requests


@contextmanager
def running(trace: str) -> Iterator[None]:
    """Set the trace of an invocation, as the runtime does."""
    os.environ["_X_AMZN_TRACE_ID"] = trace
    correlation.current.set("")  # each function has a process of its own
    try:
        yield
    finally:
        del os.environ["_X_AMZN_TRACE_ID"]


def main() -> None:
    """Follow a request to the worker of its queue, and its decision to the intake of alerts."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-west-1"}
    with serving() as server:
        os.environ["AWS_ENDPOINT_URL"] = server.address
        journey = Journey(server)
        settings = Settings("local", traced=True)
        sqs, bus = clients.create_client(settings, "sqs"), clients.create_client(settings, "events")
        queue = SqsQueue(sqs, f"{server.address}/1/alerts")
        request = event("POST", "/v1/orders", body={}, headers={"X-Correlation-Id": CORRELATION_ID})
        ((_, sent),) = journey.invoke("api", _header(ROOTS["api"]), lambda one: _api(one, queue), request)
        delivered = _from_queue(json.loads(sent)["Entries"][0])
        journey.invoke("worker", _trace_of(delivered), lambda one: _worker(one, queue), delivered)
        server.script.append(answer(200, b'{"FailedEntryCount": 0, "Entries": [{"EventId": "1"}, {"EventId": "2"}]}'))
        ((head, published),) = journey.invoke("stream", _header(ROOTS["stream"]), lambda one: _stream(one, bus), _row())
        routed = _from_bus(json.loads(published)["Entries"][-1], HEADER.search(head))
        journey.invoke("intake", _trace_of(routed), lambda one: _worker(one, queue, read_message), routed)
    sys.stdout.write(json.dumps(journey.steps))


def _header(root: str) -> str:
    return f"Root={root};Parent={PARENT};Sampled=1"


def _api(telemetry: Telemetry, queue: SqsQueue) -> Any:
    router = APIRouter(tags=["orders"])

    @router.post("/v1/orders", name="create")
    async def create() -> dict[str, str]:
        queue.send([Message("o-1", "order.made", "acme", correlation.current.get(), "{}")])
        return {}

    app = create_app(
        title="t",
        routers=[router],
        telemetry=telemetry,
        rate_limiter=None,
        max_body_bytes=1000,
        media_types=("application/json",),
        state={},
    )
    return lambda_handler(app, telemetry)


def _stream(telemetry: Telemetry, bus: Any) -> Any:
    publisher = DecisionPublisher(EventBridgeBus(bus, "decisions", "vigil.scoring"), process.now)
    return telemetry.wrap(DecisionStream(publisher, telemetry).handle)


def _worker(telemetry: Telemetry, queue: SqsQueue, *read: Callable[[ReceivedMessage], Message]) -> Any:
    return telemetry.wrap(Worker(_work, telemetry, queue, *read).handle)


def _work(_message: Message, _deadline: Any) -> None:
    """Do the work of a message."""


def _from_queue(entry: dict[str, Any]) -> dict[str, Any]:
    """Return Lambda's event for a sent message."""
    attributes = {name: {"stringValue": one["StringValue"]} for name, one in entry["MessageAttributes"].items()}
    trace = entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"]
    return _delivery(entry["MessageBody"], trace, attributes)


def _from_bus(entry: dict[str, Any], trace: re.Match[str] | None) -> dict[str, Any]:
    """Return Lambda's event for an event that a rule sends to a queue. EventBridge hands on the trace of its caller."""
    assert trace is not None
    document = {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"]), "source": entry["Source"]}
    return _delivery(json.dumps(document), trace[1], {})


def _delivery(body: str, trace: str, attributes: dict[str, Any]) -> dict[str, Any]:
    record = {
        "messageId": "8e4f0f3c-6a39-4c2e-9d0b-0c6a0d7d5b1e",
        "receiptHandle": "h",
        "body": body,
        "attributes": {"AWSTraceHeader": trace, "ApproximateReceiveCount": "1"},
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE_ARN,
        "awsRegion": "eu-west-1",
    }
    return {"Records": [record]}


def _trace_of(delivered: dict[str, Any]) -> str:
    """Return the trace under which Lambda calls the worker of a queue: that of the message."""
    return str(delivered["Records"][0]["attributes"]["AWSTraceHeader"])


def _row() -> dict[str, Any]:
    texts = {
        "summary": json.dumps({"band": "high", "decision": "call"}),
        "tenant_pk": "acme",
        "decision_id": "dec-1",
        "correlation_id": CORRELATION_ID,
        "created_at": "2026-11-21T05:00:00.000000Z",
        "subject_pk": "acme#s",
        "model_digest": "sha256:" + "a" * 64,
    }
    image: dict[str, Any] = {name: {"S": text} for name, text in texts.items()} | {"high_risk": {"BOOL": True}}
    return {"Records": [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": image}}]}


if __name__ == "__main__":
    main()
