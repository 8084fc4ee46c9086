"""API Gateway of MiniStack: its paths, gateway responses and compression as on AWS.

MiniStack's own interpreter imports this file (`cli/ministack_main.py`), so it uses the standard library only.
"""

import asyncio
import gzip
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

ANY_METHOD = "x-amazon-apigateway-any-method"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
STAGE_PATH = "/local/"
# Lambda starts an environment per concurrent request. A laptop would take a minute to start thirty.
MAX_CONCURRENT_REQUESTS = 8
_log = logging.getLogger("apigateway")
INTEGRATION_SECONDS = 90.0
"""Time after which the API stops waiting for a function.

API Gateway waits 29 s, in which a busy laptop may not start a function.
"""


class Gateway:
    """The REST API, served at `/local/...` as AWS serves it at `https://<id>.../local/...`.

    `record` receives the API's name, its stage, the status and the seconds of each answer.
    """

    def __init__(self, app: Any, service: Any, record: Callable[[str, str, int, float], None] | None = None) -> None:
        self._app = app
        self._service = service
        self._record = record
        self._name = ""
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
        self._name = str(spec.get("info", {}).get("title", ""))
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
        started = time.perf_counter()

        async def measured(message: dict[str, Any]) -> None:
            await send(message)
            if self._record and message["type"] == "http.response.start":
                self._record(self._name, STAGE_PATH.strip("/"), message["status"], time.perf_counter() - started)

        async with self._slots:
            await self._app(scope, receive, self._compressing(scope, measured))

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
    """Raised when a function gives no answer.

    `response_type` names the gateway response, `status` its status. `reason` is for the log of the emulator only.
    """

    def __init__(self, response_type: str, status: int | None = None, reason: str = "") -> None:
        super().__init__(response_type)
        self.response_type = response_type
        self.status = status
        self.reason = reason


class Integrations:
    """Calls of functions by the REST API. API Gateway's own errors have the gateway responses of the template."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._invoke_as_shipped = service._invoke_lambda_proxy_v1
        self._answer_as_shipped = service._lambda_proxy_response

    def answer(self, result: Mapping[str, Any]) -> tuple[Any, None]:
        """Return the answer of a function; raise _NoAnswer if it failed, was throttled, or returned no answer."""
        if result.get("throttle"):
            raise _NoAnswer("INTEGRATION_FAILURE", reason="throttled")
        answer, failed = self._answer_as_shipped(result)
        returned = result.get("body")
        if isinstance(returned, (str, bytes)):
            try:
                returned = json.loads(returned)
            except ValueError:
                returned = None
        if failed or not isinstance(returned, dict) or "statusCode" not in returned:
            reason = str(result.get("error") or "no answer with a status code")
            raise _NoAnswer("DEFAULT_5XX", 502, reason.rpartition("\n")[2])
        return answer, None

    async def invoke(self, *call: Any, **more: Any) -> Any:
        """Call the function of an integration; return its answer, or the gateway response for its failure."""
        try:
            return await asyncio.wait_for(self._invoke_as_shipped(*call, **more), INTEGRATION_SECONDS)
        except TimeoutError:
            failure = _NoAnswer("INTEGRATION_TIMEOUT", reason=f"no answer in {INTEGRATION_SECONDS:.0f} s")
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
        _log.warning("%s: %s: %s", resource["path"], failure.response_type, failure.reason)
        error = self._service._gw_error(failure.response_type, None)
        status, answer_headers, body = self._service._gateway_error_response(error, request)
        return failure.status or status, answer_headers, body
