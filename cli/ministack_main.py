"""Starts MiniStack with corrections that make it behave as AWS.

Added or corrected: the ANY method, gateway responses and compression of API Gateway, and an API address as on AWS.
Nested stacks go through the SAM transform, and updates keep the attributes of their resources. `SendMessageBatch` needs
only `sqs:SendMessage`, and reading a DynamoDB stream needs the right to that stream. Ranges of an object version return
the range. Events about objects name the object's version. A layer is unpacked once, not once per worker. A failed
function has the line of Lambda in its log, and filter patterns know `?`. Log lines and answers of the API become
metrics of CloudWatch, and alarms are evaluated over their own dimensions.

MiniStack's own interpreter runs this file (`cli.emulator` starts it); Vigil never imports it. Arguments: the record
file and the name of the release. The record has process id, port and release, so that the process is found later even
if its parent died. The corrections need the pinned release of MiniStack; tests/e2e fails with another one.
"""

import hashlib
import json
import os
import sys
import threading
import zipfile
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def required_action(action: str | None) -> str | None:
    """Return the action that a call needs on AWS, given the action that MiniStack requires."""
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


class ObjectVersions:
    """GetObject with a version id and a range: returns the range, not the whole object."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._get_as_shipped = service._get_object

    def get(self, bucket: str, key: str, headers: Mapping[str, str], query: Any = None) -> tuple[int, Any, Any]:
        """Answer GetObject as S3 does."""
        status, response_headers, body = self._get_as_shipped(bucket, key, headers, query)
        wanted_range = headers.get("range")
        if status != 200 or not wanted_range:
            return status, response_headers, body
        if (span := self._service._parse_range(wanted_range, len(body))) is None:
            error = self._service._xml_body(self._service._range_error_xml(bucket, key))
            return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, error
        start, end = span
        # checksums cover the whole object, and the SDK would verify them against the range
        range_headers = {
            name: text for name, text in response_headers.items() if not name.lower().startswith("x-amz-checksum")
        }
        part = body[start : end + 1]
        range_headers |= {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
        return 206, range_headers, part


class ObjectEvents:
    """Events of EventBridge about objects: they name the version of the object, as those of S3 do."""

    def __init__(self, service: Any, bus: Any) -> None:
        self._fire_as_shipped = service._fire_s3_event
        self._dispatch_as_shipped = bus._dispatch_event
        self._version: ContextVar[str | None] = ContextVar("version", default=None)

    def fire(self, *call: Any, version_id: str | None = None, **named: Any) -> None:
        """Deliver the notifications of a change of an object."""
        token = self._version.set(version_id)
        try:
            self._fire_as_shipped(*call, version_id=version_id, **named)
        finally:
            self._version.reset(token)

    def dispatch(self, event: Mapping[str, Any], *call: Any, **named: Any) -> Any:
        """Dispatch an event to the rules of its bus."""
        if (version := self._version.get()) is not None:
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        return self._dispatch_as_shipped(event, *call, **named)


class NestedStacks:
    """Nested stacks with the SAM transform, whose resources keep attributes that an update does not change.

    Root stacks still use the original functions: they imported them before this class replaced them. The transform
    knows the parameters of a nested stack, as on AWS.
    """

    def __init__(self, engine: Any, provisioners: Any, stacks: Mapping[str, Any], transforms: Any) -> None:
        self._engine = engine
        self._stacks = stacks
        self._parse_as_shipped = engine._parse_template
        self._update_as_shipped = provisioners._update_resource
        self._deploy_as_shipped = provisioners._cfn_nested_stack_deploy
        self._transform_as_shipped = transforms.transform
        self._parameters: ContextVar[Mapping[str, str]] = ContextVar("parameters")

    def parse(self, body: str) -> Any:
        """Return a template with its transforms applied."""
        return self._engine._apply_transforms(self._parse_as_shipped(body))

    def deploy(self, name: str, properties: Mapping[str, Any], *call: Any, **more: Any) -> Any:
        """Create or update a nested stack; return its id and outputs."""
        token = self._parameters.set(properties.get("Parameters") or {})
        try:
            return self._deploy_as_shipped(name, properties, *call, **more)
        finally:
            self._parameters.reset(token)

    def transform(self, template: Any, parameters: Mapping[str, Any], *more: Any) -> Any:
        """Return a template of SAM as one of CloudFormation."""
        return self._transform_as_shipped(template, {**parameters, **self._parameters.get({})}, *more)

    def update(self, *call: Any) -> Any:
        """Update a resource; return its id and attributes. The last two arguments name stack and resource."""
        stack, name = call[-2:]
        return self._update_as_shipped(*call, self._stacks[stack]["_resources"][name]["Attributes"])


class WorkerArchive(zipfile.ZipFile):
    """Archive of a function or layer. A layer is unpacked once for all workers, because it has 3,000 files."""

    _unpacking = threading.Lock()
    """Lock of all archives. An archive's own lock is `_lock`."""

    @property
    def _layer(self) -> Path | None:
        return path if (path := Path(str(self.filename))).name.startswith("layer_") else None

    def namelist(self) -> list[str]:
        """Return the members; empty for a layer: MiniStack only checks paths, which `extractall` does too."""
        return [] if self._layer else super().namelist()

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Unpack into a folder; for a layer, replace the folder by a link to the shared copy."""
        if (archive := self._layer) is None:
            super().extractall(path, members, pwd)
            return
        copy = Path(path).parents[1] / f"layer-{hashlib.sha256(archive.read_bytes()).hexdigest()}"
        with self._unpacking:
            if not copy.exists():
                super().extractall(partial := copy.with_suffix(".partial"), super().namelist())
                partial.rename(copy)
        Path(path).rmdir()
        Path(path).symlink_to(copy)
        archive.unlink()


def stream_arn(body: bytes) -> str:
    """Return the ARN of the stream that a request reads, from its stream ARN or its shard iterator."""
    from ministack.services import dynamodb_streams

    request = json.loads(body)
    iterator = dynamodb_streams._decode_iterator(request.get("ShardIterator", "")) or {}
    return str(request.get("StreamArn") or iterator.get("arn") or "*")


def correct_logs() -> None:
    """Correct the lines of failed functions and the filter patterns."""
    from ministack.core import lambda_runtime
    from ministack.services import cloudwatch_logs, lambda_svc

    from cli.ministack_logs import FailingFunctions, matches

    failing = FailingFunctions(lambda_svc, lambda_runtime)
    lambda_runtime._signal, lambda_svc._execute_function_warm = failing.signal, failing.execute
    shipped = cloudwatch_logs._subscription_pattern_matches
    cloudwatch_logs._subscription_pattern_matches = lambda pattern, message: matches(pattern, message, shipped)


def correct_permissions(iam_actions: Any) -> None:
    """Demand the action and the resource of a call that AWS demands."""
    extract_action, extract_arn = iam_actions.extract_iam_action, iam_actions.extract_resource_arn
    iam_actions.extract_iam_action = lambda *call: required_action(extract_action(*call))
    iam_actions.extract_resource_arn = lambda service, method, path, headers, body, *rest: (
        stream_arn(body) if service == "dynamodbstreams" else extract_arn(service, method, path, headers, body, *rest)
    )


def main() -> None:
    """Write the record, correct MiniStack, and serve."""
    record, release = sys.argv[1:]
    del sys.argv[1:]
    Path(record).write_text(f"{os.getpid()} {os.environ['GATEWAY_PORT']} {release}")
    sys.path.append(str(Path(__file__).parents[1]))  # `python -P` has no folder of ours
    sys.dont_write_bytecode = False  # the variable is for the functions; MiniStack itself would compile at each start
    from ministack import app as ministack
    from ministack.core import iam_actions, lambda_runtime
    from ministack.services import apigateway_v1 as service
    from ministack.services import cloudformation, cloudwatch, eventbridge, lambda_svc, s3
    from ministack.services.cloudformation import engine, provisioners
    from samtranslator.translator import transform

    from cli.ministack_gateway import Gateway, Integrations
    from cli.ministack_metrics import Metrics

    metrics = Metrics(cloudwatch).connect(lambda_svc)
    nested = NestedStacks(engine, provisioners, cloudformation._stacks, transform)
    engine._parse_template = nested.parse
    provisioners._cfn_nested_stack_deploy = nested.deploy
    transform.transform = nested.transform
    provisioners._update_resource = nested.update
    gateway = Gateway(ministack.app, service, metrics.record_answer)
    service._OPENAPI_HTTP_METHODS.add("any")
    service._import_rest_api = gateway.import_rest_api
    integrations = Integrations(service)
    service._lambda_proxy_response = integrations.answer
    service._invoke_lambda_proxy_v1 = integrations.invoke
    s3._get_object = ObjectVersions(s3).get
    events = ObjectEvents(s3, eventbridge)
    s3._fire_s3_event, eventbridge._dispatch_event = events.fire, events.dispatch
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": WorkerArchive})
    correct_permissions(iam_actions)
    correct_logs()
    ministack.app = gateway.serve
    ministack.main()


if __name__ == "__main__":
    main()
