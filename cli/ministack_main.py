"""Starts MiniStack with corrections that make it behave as AWS.

Added or corrected: the ANY method, gateway responses and compression of API Gateway, and an API address as on AWS.
Nested stacks go through the SAM transform, and updates keep the attributes of their resources. `SendMessageBatch` needs
only `sqs:SendMessage`, and reading a DynamoDB stream needs the right to that stream. Ranges of an object version return
the range. Events about objects name the object's version. A layer is unpacked once, not once per worker.

MiniStack's own interpreter runs this file (`cli.emulator` starts it); Vigil never imports it. Arguments: the record
file and the name of the release. The record has process id, port and release, so that the process is found later even
if its parent died. The corrections need the pinned release of MiniStack; tests/e2e fails with another one.
"""

import asyncio
import gzip
import hashlib
import json
import os
import sys
import threading
import uuid
import zipfile
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ANY_METHOD = "x-amazon-apigateway-any-method"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
STAGE_PATH = "/local/"
# Lambda starts an environment per concurrent request. A laptop would take a minute to start thirty.
MAX_CONCURRENT_REQUESTS = 8
INTEGRATION_SECONDS = 90.0
"""Time after which the API stops waiting for a function.

API Gateway waits 29 s, in which a busy laptop may not start a function.
"""


class Gateway:
    """The REST API, served at `/local/...` as AWS serves it at `https://<id>.../local/...`."""

    def __init__(self, app: Any, service: Any) -> None:
        self._app = app
        self._service = service
        self._import_as_shipped = service._import_rest_api
        self._api_id = ""
        self._compressed_from: int | None = None
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

    def import_rest_api(self, spec: Mapping[str, Any], base_data: Mapping[str, Any] | None = None) -> str:
        """Create a REST API from an OpenAPI document as API Gateway does; return its id."""
        paths = {
            path: {"any" if method == ANY_METHOD else method: operation for method, operation in item.items()}
            for path, item in spec.get("paths", {}).items()
        }
        self._api_id = self._import_as_shipped({**spec, "paths": paths}, base_data)
        smallest = (base_data or {}).get("minimumCompressionSize")
        self._compressed_from = None if smallest is None else int(smallest)
        for response_type, response in spec.get(GATEWAY_RESPONSES, {}).items():
            self._service._put_gateway_response(self._api_id, response_type, response)
        return self._api_id

    async def serve(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one ASGI request."""
        if scope["type"] != "http" or not scope["path"].startswith(STAGE_PATH):
            await self._app(scope, receive, send)
            return
        front = f"/_aws/execute-api/{self._api_id}"
        scope |= {"path": front + scope["path"], "raw_path": front.encode() + scope["raw_path"]}
        async with self._slots:
            await self._app(scope, receive, self._compressing(scope, send))

    def _compressing(self, scope: Mapping[str, Any], send: Any) -> Any:
        """Return a `send` that compresses an answer of the API's minimum size if the caller accepts gzip."""
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        smallest = self._compressed_from
        if smallest is None or b"gzip" not in accepted:
            return send
        started: dict[str, Any] = {}
        body = bytearray()

        async def compressed(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            content, headers = bytes(body), list(started["headers"])
            if len(content) >= smallest and b"content-encoding" not in {name.lower() for name, _ in headers}:
                content = gzip.compress(content, 6)
                headers = [header for header in headers if header[0].lower() != b"content-length"]
                headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(content)).encode())]
            await send({**started, "headers": headers})
            await send({"type": "http.response.body", "body": content})

        return compressed


class _NoAnswer(Exception):
    """Raised when a function gives no answer; `response_type` names the gateway response, `status` its status."""

    def __init__(self, response_type: str, status: int | None = None) -> None:
        super().__init__(response_type)
        self.response_type = response_type
        self.status = status


class Integrations:
    """Calls of functions by the REST API. API Gateway's own errors have the gateway responses of the template."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._invoke_as_shipped = service._invoke_lambda_proxy_v1
        self._answer_as_shipped = service._lambda_proxy_response

    def answer(self, result: Mapping[str, Any]) -> tuple[Any, None]:
        """Return the answer of a function; raise _NoAnswer if it failed, was throttled, or returned no answer."""
        if result.get("throttle"):
            raise _NoAnswer("INTEGRATION_FAILURE")
        answer, failed = self._answer_as_shipped(result)
        returned = result.get("body")
        if isinstance(returned, (str, bytes)):
            try:
                returned = json.loads(returned)
            except ValueError:
                returned = None
        if failed or not isinstance(returned, dict) or "statusCode" not in returned:
            raise _NoAnswer("DEFAULT_5XX", 502)
        return answer, None

    async def invoke(self, *call: Any, **more: Any) -> Any:
        """Call the function of an integration; return its answer, or the gateway response for its failure."""
        try:
            return await asyncio.wait_for(self._invoke_as_shipped(*call, **more), INTEGRATION_SECONDS)
        except TimeoutError:
            failure = _NoAnswer("INTEGRATION_TIMEOUT")
        except _NoAnswer as caught:
            failure = caught
        _, api_id, stage_name, stage, resource, _, _, headers, _, query_params, path_params = call
        request = {
            "api_id": api_id,
            "stage_name": stage_name,
            "stage": stage,
            "headers": headers or {},
            "query_params": query_params or {},
            "path_params": path_params or {},
            "resource_path": resource["path"],
            "request_id": str(uuid.uuid4()),
        }
        error = self._service._gw_error(failure.response_type, None)
        status, answer_headers, body = self._service._gateway_error_response(error, request)
        return failure.status or status, answer_headers, body


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

    _lock = threading.Lock()

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
        with self._lock:
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


def main() -> None:
    """Write the record, correct MiniStack, and serve."""
    record, release = sys.argv[1:]
    del sys.argv[1:]
    Path(record).write_text(f"{os.getpid()} {os.environ['GATEWAY_PORT']} {release}")
    from ministack import app as ministack
    from ministack.core import iam_actions, lambda_runtime
    from ministack.services import apigateway_v1 as service
    from ministack.services import cloudformation, eventbridge, s3
    from ministack.services.cloudformation import engine, provisioners
    from samtranslator.translator import transform

    nested = NestedStacks(engine, provisioners, cloudformation._stacks, transform)
    engine._parse_template = nested.parse
    provisioners._cfn_nested_stack_deploy = nested.deploy
    transform.transform = nested.transform
    provisioners._update_resource = nested.update
    gateway = Gateway(ministack.app, service)
    service._OPENAPI_HTTP_METHODS.add("any")
    service._import_rest_api = gateway.import_rest_api
    integrations = Integrations(service)
    service._lambda_proxy_response = integrations.answer
    service._invoke_lambda_proxy_v1 = integrations.invoke
    extract_action = iam_actions.extract_iam_action
    iam_actions.extract_iam_action = lambda *call: required_action(extract_action(*call))
    s3._get_object = ObjectVersions(s3).get
    events = ObjectEvents(s3, eventbridge)
    s3._fire_s3_event, eventbridge._dispatch_event = events.fire, events.dispatch
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": WorkerArchive})
    extract_arn = iam_actions.extract_resource_arn
    iam_actions.extract_resource_arn = lambda service, method, path, headers, body, *rest: (
        stream_arn(body) if service == "dynamodbstreams" else extract_arn(service, method, path, headers, body, *rest)
    )
    ministack.app = gateway.serve
    ministack.main()


if __name__ == "__main__":
    main()
