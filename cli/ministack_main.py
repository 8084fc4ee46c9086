"""MiniStack, with what its API Gateway leaves out: the ANY method, gateway responses, and an address as on AWS.

And with functions in nested stacks: their templates go through the SAM transform, and updates keep what they refer to.

And with rights as on AWS: sending ten messages at once needs the right to send one, `sqs:SendMessage`, and reading a
stream of DynamoDB the right to that very stream. And with ranges of an object's version, of which it would return the
whole. And it unpacks a layer once, not for each worker.

Run by MiniStack's own interpreter (`cli.emulator` starts it), never imported by Vigil. Arguments: the file in which it
records its process id and port, so that it is found even if whoever started it has died, and the name of its release,
recorded with them. All of this rests on one pinned release of MiniStack; tests/e2e notices if another one differs.
"""

import asyncio
import hashlib
import json
import os
import sys
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ANY_METHOD = "x-amazon-apigateway-any-method"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
STAGE_PATH = "/local/"
# Lambda starts an environment for every request under way; a laptop would spend a minute on starting thirty.
REQUESTS_AT_ONCE = 8


class Gateway:
    """The one REST API: imported whole, and served at `/local/...` as AWS serves it at `https://<id>.../local/...`."""

    def __init__(self, app: Any, service: Any) -> None:
        self._app = app
        self._service = service
        self._import_as_shipped = service._import_rest_api
        self._api_id = ""
        self._places = asyncio.Semaphore(REQUESTS_AT_ONCE)

    def import_rest_api(self, spec: Mapping[str, Any], base_data: Mapping[str, Any] | None = None) -> str:
        """Create a REST API from an OpenAPI document as API Gateway would; return its id."""
        paths = {
            path: {"any" if method == ANY_METHOD else method: operation for method, operation in item.items()}
            for path, item in spec.get("paths", {}).items()
        }
        self._api_id = self._import_as_shipped({**spec, "paths": paths}, base_data)
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
        async with self._places:
            await self._app(scope, receive, send)


def permission(action: str | None) -> str | None:
    """Return the right that a call needs on AWS, given the one that MiniStack would ask for."""
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


class Versions:
    """Objects read at a version: the range that was asked for, and not all of it."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._get_as_shipped = service._get_object

    def get(self, bucket: str, key: str, headers: Mapping[str, str], query: Any = None) -> tuple[int, Any, Any]:
        """Answer GetObject as S3 would."""
        status, about, body = self._get_as_shipped(bucket, key, headers, query)
        asked = headers.get("range")
        if status != 200 or not asked:
            return status, about, body
        if (span := self._service._parse_range(asked, len(body))) is None:
            error = self._service._xml_body(self._service._range_error_xml(bucket, key))
            return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, error
        start, end = span
        # checksums are of the whole, and the SDK would compare them
        kept = {name: text for name, text in about.items() if not name.lower().startswith("x-amz-checksum")}
        part = body[start : end + 1]
        kept |= {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
        return 206, kept, part


class Nested:
    """Nested stacks with the SAM transform, and with attributes of resources that an update does not change.

    Root stacks hold the shipped functions: they imported them before this class replaced them.
    """

    def __init__(self, engine: Any, provisioners: Any, stacks: Mapping[str, Any]) -> None:
        self._engine = engine
        self._stacks = stacks
        self._parse_as_shipped = engine._parse_template
        self._update_as_shipped = provisioners._update_resource

    def parse(self, body: str) -> Any:
        """Return a template with its transforms applied."""
        return self._engine._apply_transforms(self._parse_as_shipped(body))

    def update(self, *call: Any) -> Any:
        """Update one resource and return its id and attributes; the last two arguments name its stack and itself."""
        stack, name = call[-2:]
        return self._update_as_shipped(*call, self._stacks[stack]["_resources"][name]["Attributes"])


class Archive(zipfile.ZipFile):
    """What a worker is made from. A layer is unpacked once for all workers: each would have 3,000 files of its own."""

    _lock = threading.Lock()

    @property
    def _layer(self) -> Path | None:
        return path if (path := Path(str(self.filename))).name.startswith("layer_") else None

    def namelist(self) -> list[str]:
        """Return the members; none of a layer, as they are only looked at for what unpacking takes care of itself."""
        return [] if self._layer else super().namelist()

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Unpack into a folder; for a layer, put a link to the one copy in the folder's place."""
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


def stream_of(body: bytes) -> str:
    """Return the stream that a request to read one names, by itself or by the iterator it was given."""
    from ministack.services import dynamodb_streams

    asked = json.loads(body)
    place = dynamodb_streams._decode_iterator(asked.get("ShardIterator", "")) or {}
    return str(asked.get("StreamArn") or place.get("arn") or "*")


def main() -> None:
    """Record the process, complete MiniStack, serve."""
    record, release = sys.argv[1:]
    del sys.argv[1:]
    Path(record).write_text(f"{os.getpid()} {os.environ['GATEWAY_PORT']} {release}")
    from ministack import app as ministack
    from ministack.core import iam_actions, lambda_runtime
    from ministack.services import apigateway_v1 as service
    from ministack.services import cloudformation, s3
    from ministack.services.cloudformation import engine, provisioners

    nested = Nested(engine, provisioners, cloudformation._stacks)
    engine._parse_template = nested.parse
    provisioners._update_resource = nested.update
    gateway = Gateway(ministack.app, service)
    service._OPENAPI_HTTP_METHODS.add("any")
    service._import_rest_api = gateway.import_rest_api
    asked = iam_actions.extract_iam_action
    iam_actions.extract_iam_action = lambda *call: permission(asked(*call))
    s3._get_object = Versions(s3).get
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": Archive})
    about = iam_actions.extract_resource_arn
    iam_actions.extract_resource_arn = lambda service, method, path, headers, body, *rest: (
        stream_of(body) if service == "dynamodbstreams" else about(service, method, path, headers, body, *rest)
    )
    ministack.app = gateway.serve
    ministack.main()


if __name__ == "__main__":
    main()
