"""Process that makes the same traced calls with one kind of client and prints their X-Ray subsegments as JSON.

Run as `python -m tests.support.traced_calls small` or `botocore`. The X-Ray SDK patches a whole process.
"""

import json
import os
import re
import sys
from contextlib import suppress
from typing import Any

from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.context import Context
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.scripted_server import ScriptedServer, Step, answer, close, refusal, serving
from vigil.aws import clients
from vigil.aws.tenant_guard import TenantViolation, confine_to
from vigil.runtime.settings import Settings
from vigil.runtime.telemetry import Telemetry

KEY = {"pk": {"S": "acme"}}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "get_item", {"TableName": "t", "Key": KEY, "ConsistentRead": True}),
    ("dynamodb", "put_item", {"TableName": "t", "Item": KEY}),
    ("dynamodb", "batch_get_item", {"RequestItems": {"t": {"Keys": [KEY]}}}),
    ("dynamodbstreams", "get_records", {"ShardIterator": "i"}),
    ("sqs", "send_message_batch", {"QueueUrl": "https://q", "Entries": [{"Id": "1", "MessageBody": "b"}]}),
    ("s3", "get_object", {"Bucket": "b", "Key": "toy/1/manifest.json"}),
]
STEPS: list[list[Step]] = [
    [answer(200, x_amzn_requestid="R1", x_amz_id_2="I2")],
    [refusal(400, "ConditionalCheckFailedException", x_amzn_requestid="R2")],
    [refusal(503, "Busy"), answer(200, x_amzn_requestid="R3")],
    [close, close],
]

MISSING = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>gone</Message><Key>k</Key></Error>"
S3_STEPS: list[list[Step]] = [
    [answer(200, x_amz_request_id="R1", x_amz_id_2="I2")],
    [answer(404, MISSING, x_amz_request_id="R2", x_amz_id_2="I2")],
    *STEPS[2:],
]
PARENT = re.compile(r"(?i)x-amzn-trace-id: Root=[^;]*;Parent=(\w+);Sampled=1\r")


class Sent:
    """Emitter that stores the last subsegment."""

    last: Any = None

    def send_entity(self, entity: Any) -> None:
        self.last = entity


SENT = Sent()


def main() -> None:
    """Print one list per call and step: the subsegment, and if the requests named it as their parent."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-west-1"}
    Telemetry("service", traced=True)
    xray_recorder.configure(sampling=False, context=Context(), emitter=SENT)
    xray_recorder.begin_segment("function")
    with serving() as server:
        os.environ["AWS_ENDPOINT_URL"] = server.address
        found = [_trace(server, _client(service), method, arguments) for service, method, arguments in CALLS]
        client = _client("dynamodb")
        with confine_to("globex"), suppress(TenantViolation):
            client.get_item(TableName="t", Key=KEY)
        found.append([_described(SENT.last, [])])
    sys.stdout.write(json.dumps(found, default=sorted))


def _client(service: str) -> Any:
    settings = Settings("local", traced=True, packages_bucket="b")
    if sys.argv[1] == "botocore":
        os.environ["HTTPS_PROXY"] = "http://127.0.0.1:1"  # the small client leaves proxies to botocore
    if service == "s3":
        return clients.create_object_client(settings, "b", lambda: clients.create_client(settings, "s3"))
    return clients.create_client(settings, service)


def _trace(server: ScriptedServer, client: Any, method: str, arguments: dict[str, Any]) -> list[Any]:
    found = []
    for steps in S3_STEPS if method == "get_object" else STEPS:
        server.script, server.requests[:] = list(steps), []
        with suppress(BotoCoreError, ClientError):
            getattr(client, method)(**arguments)
        parents = PARENT.findall("".join(head for head, _ in server.requests))
        found.append(_described(SENT.last, [parent == SENT.last.id for parent in parents]))
    return found


def _described(subsegment: Any, parents: list[bool]) -> Any:
    document = subsegment.to_dict()
    exceptions = document.get("cause", {}).get("exceptions", [])
    kept = {name: document.get(name) for name in ("name", "namespace", "aws", "http", "error", "fault", "throttle")}
    return kept, [(each["message"], each["remote"]) for each in exceptions], parents


if __name__ == "__main__":
    main()
