"""The functions of incidents in process: API, worker and sweep, with queues of moto and fakes of checks and actions."""

import json
from importlib import import_module
from typing import Any

import boto3
import pytest

from tests.support.dead_letter_queues import create_queues
from tests.support.fakes.incidents import FakeAction, FakeCheck
from tests.support.gateway import Context, event
from vigil.bootstrap import diagnosis, process, remedies
from vigil.operations.incidents.runbooks_model import RUNBOOKS

INCIDENTS = "/v1/incidents"
BEFORE = "2026-02-01T12:00:00.000000Z"
ADA, BEN = (
    {"key_id": key_id, "key_origins": key_id, "key_created_at": BEFORE}
    for key_id in ("0123456789abcdef", "fedcba9876543210")
)
"""Keys of two operators, each made by the command line before all incidents."""


class IncidentFunctions:
    """Functions of incidents. Operators of the tenant `ops-team` call the API.

    Checks and actions are fakes, unless `is_real`.
    """

    def __init__(self, patch: pytest.MonkeyPatch, *, is_real: bool = False) -> None:
        self.urls = create_queues(patch)
        steps = [step for book in RUNBOOKS.values() for step in book.steps]
        self.checks = {name: FakeCheck() for step in steps if step.kind == "check" for name in step.uses}
        self.actions = {name: FakeAction(name) for step in steps if step.kind == "action" for name in step.uses}
        if not is_real:
            patch.setattr(diagnosis, "checks", lambda: self.checks)
            patch.setattr(remedies, "actions", lambda: self.actions)
        process.forget()

    def call(self, method: str, path: str = "", **arguments: Any) -> tuple[int, Any]:
        """Send a request of an operator and return status and body: JSON or Markdown."""
        handler = import_module("functions.incidents_api.handler").lambda_handler
        caller = {"role": "operator", "tenant": "ops-team", **ADA} | arguments
        answer = handler(event(method, f"{INCIDENTS}{path}", **caller), Context())
        is_markdown = arguments.get("query", {}).get("format") == "markdown"
        return answer["statusCode"], answer["body"] if is_markdown else json.loads(answer["body"])

    def open(self, **body: Any) -> str:
        """Open an incident and return its path below the API of incidents."""
        status, opened = self.call("POST", body={"type": "service_down"} | body)
        assert status == 201, opened
        return f"/{opened['id']}"

    def run(self, incident: str, number: int, **body: Any) -> dict[str, Any]:
        """Start a step, let the worker end it, and return the step."""
        status, started = self.call("POST", f"{incident}/steps/{number}/run", body=body)
        assert status == 202, started
        self.drain()
        return self.step(incident, number)

    def step(self, incident: str, number: int) -> dict[str, Any]:
        """Return a step of an incident."""
        return dict(self.call("GET", incident)[1]["steps"][number - 1])

    def drain(self) -> None:
        """Deliver all messages of the queue to the worker."""
        handler = import_module("functions.incidents_steps.handler").lambda_handler
        sqs, url = boto3.client("sqs"), self.urls["incident-steps"]
        while messages := sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", []):
            for message in messages:
                attributes = {
                    name: {"dataType": "String", "stringValue": value["StringValue"]}
                    for name, value in message["MessageAttributes"].items()
                }
                arn = "arn:aws:sqs:eu-west-1:1:incident-steps"
                record = {"messageId": "m-1", "body": message["Body"], "attributes": {}}
                record |= {"messageAttributes": attributes, "eventSource": "aws:sqs", "eventSourceARN": arn}
                assert handler({"Records": [record]}, Context(60_000)) == {"batchItemFailures": []}
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def sweep(self) -> dict[str, int]:
        """Run the sweep."""
        handler = import_module("functions.incidents_sweep.handler").lambda_handler
        return dict(handler({"id": "8e4f0f3c-6a39-4c2e-9d0b-0c6a0d7d5b1e"}, Context(50_000)))
