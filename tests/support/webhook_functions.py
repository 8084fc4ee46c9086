"""The functions of webhooks in process: API, worker and sweep, with queues of moto and an endpoint on loopback."""

import json
from importlib import import_module
from typing import Any

import boto3
import pytest

from tests.support.dead_letter_queues import create_queues
from tests.support.gateway import Context, event
from tests.support.vendors.server import Vendors
from vigil.bootstrap import process

WEBHOOKS = "/v1/webhooks"
KIND = "scoring.decision_made"


class WebhookFunctions:
    """Functions of webhooks. `url` is the address of the endpoint on loopback."""

    def __init__(self, patch: pytest.MonkeyPatch, vendors: Vendors) -> None:
        self.vendors = vendors
        self.url = vendors.base_url("receiver")
        patch.setenv("VIGIL_OUTBOUND_ALLOW", f"127.0.0.1:{vendors.port}")
        self.urls = create_queues(patch)
        process.forget()

    def call(self, method: str, path: str = "", **arguments: Any) -> tuple[int, Any]:
        """Send a request of an administrator to the API and return status and body."""
        handler = import_module("functions.webhooks_api.handler").lambda_handler
        answer = handler(event(method, f"{WEBHOOKS}{path}", **{"role": "admin"} | arguments), Context())
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    def subscribe(self, *kinds: str, **arguments: Any) -> dict[str, Any]:
        """Create a webhook for the endpoint, and give the endpoint its secret."""
        status, created = self.call("POST", body={"url": self.url, "kinds": kinds or [KIND]}, **arguments)
        assert status == 201, created
        self.vendors.receiver.secret = created["secret"]
        return dict(created)

    def publish(self, number: int = 1, kind: str = KIND, tenant: str = "acme", **fields: Any) -> dict[str, Any]:
        """Deliver an event of the bus to the worker and return the worker's answer."""
        at = "2026-03-01T12:00:00.000000Z"
        detail = {"event_id": f"dec-{number}.{kind}", "event_version": 2, "occurred_at": at, "tenant_id": tenant}
        body = {"id": "b1946ac9-2492-4c1b-8d6c-0123456789ab", "source": "vigil.scoring", "detail-type": kind}
        return self._work(json.dumps(body | {"detail": detail | fields}), {})

    def drain(self) -> int:
        """Deliver all messages of the queue to the worker, and return their number."""
        sqs, number = boto3.client("sqs"), 0
        url = self.urls["webhook-deliveries"]
        while messages := sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", []):
            for message in messages:
                attributes = {
                    name: {"dataType": "String", "stringValue": value["StringValue"]}
                    for name, value in message["MessageAttributes"].items()
                }
                assert self._work(message["Body"], attributes) == {"batchItemFailures": []}
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                number += 1
        return number

    def sweep(self) -> dict[str, int]:
        """Run the sweep."""
        handler = import_module("functions.webhooks_sweep.handler").lambda_handler
        return dict(handler({"id": "8e4f0f3c-6a39-4c2e-9d0b-0c6a0d7d5b1e"}, Context(50_000)))

    def _work(self, body: str, attributes: dict[str, Any]) -> dict[str, Any]:
        handler = import_module("functions.webhooks_delivery.handler").lambda_handler
        arn = "arn:aws:sqs:eu-west-1:1:webhook-deliveries"
        record = {"messageId": "m-1", "body": body, "attributes": {}, "messageAttributes": attributes}
        answer = handler({"Records": [record | {"eventSource": "aws:sqs", "eventSourceARN": arn}]}, Context(28_000))
        return dict(answer)
