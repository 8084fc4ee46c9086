"""Client of the AWS services with JSON protocols, with the surface of botocore's client."""

import os
import time
from collections.abc import Callable
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from vigil.aws import client_errors, credentials, json_bodies
from vigil.aws.attempts import Outcome, RetryRules
from vigil.aws.connections import Answer, Connections
from vigil.aws.services import Operation, Service, python_name
from vigil.aws.signatures import Signer

Call = Callable[[str, dict[str, Any]], Any]
"""Function that makes a call: the name of the operation, such as `GetItem`, and its arguments."""


class JsonClient:
    """Client of one service. `client.get_item(TableName=...)` makes a call and returns the members of its answer.

    Raises botocore's ClientError for a refusal, and its BotoCoreError classes if the service cannot be reached.
    """

    def __init__(self, service: Service, region: str, connections: Connections) -> None:
        self.service = service
        self.meta = SimpleNamespace(region_name=region, endpoint_url=connections.endpoint.url)
        self._connections = connections
        self._signer = Signer(region, service.signing_name)
        self._rules = RetryRules(service)
        self._call: Call = self._perform
        self._trace_header: Callable[[], str] = trace_header_of_process

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the method of an operation. Raises AttributeError for an operation that is not in the table."""
        operation = self.__dict__["service"].operations.get(name)
        if operation is None:
            raise AttributeError(f"{name} is not an operation in vigil.aws.services")
        return lambda **arguments: self._make_api_call(operation.name, arguments)

    def wrap(self, wrapper: Callable[[Call], Call], trace_header: Callable[[], str] | None = None) -> None:
        """Wrap every call, such as with a check or a trace. `trace_header` returns the header of the next request."""
        self._call = wrapper(self._call)
        self._trace_header = trace_header or self._trace_header

    def close(self) -> None:
        """Close the open connections. The next call opens a new one."""
        self._connections.close()

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        # The name and the signature are botocore's, so that tests record and replace the calls of both clients.
        return self._call(operation_name, api_params)

    def _perform(self, name: str, arguments: dict[str, Any]) -> Any:
        operation = self.service.operations[python_name(name)]
        if operation.token and operation.token not in arguments:
            arguments = {**arguments, operation.token: str(uuid4())}
        body = json_bodies.encode(self.service, arguments)
        attempt, cost = 1, 0
        while True:
            outcome, answer = self._attempt(operation, body)
            retry_cost = self._rules.pause_before_retry(operation, outcome, attempt)
            if not retry_cost:
                break
            attempt, cost = attempt + 1, retry_cost
        if outcome.error is not None:
            raise outcome.error
        answer["ResponseMetadata"]["RetryAttempts"] = attempt - 1
        if "Error" in answer:
            raise ClientError(answer, name)  # type: ignore[arg-type]  # the members of its stub are optional
        self._rules.release(cost)
        return answer

    def _attempt(self, operation: Operation, body: bytes) -> tuple[Outcome, dict[str, Any]]:
        try:
            answer = self._connections.exchange("POST", self._head(operation, body), body)
        except BotoCoreError as error:
            return Outcome(error=error), {}
        members = self._members(answer)
        return Outcome(answer, members["Error"]["Code"] if answer.status >= 300 else ""), members

    def _members(self, answer: Answer) -> dict[str, Any]:
        if answer.status >= 300:
            return client_errors.describe_refusal(self.service, answer)
        return json_bodies.decode(self.service, answer.body) | {"ResponseMetadata": client_errors.metadata(answer)}

    def _head(self, operation: Operation, body: bytes) -> str:
        keys, service = credentials.current_keys(), self.service
        headers = {
            "content-type": f"application/x-amz-json-{service.json_version}",
            "host": self._connections.endpoint.authority,
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            **({"x-amz-security-token": keys.token} if keys.token else {}),
            "x-amz-target": f"{service.target_prefix}.{operation.name}",
        }
        path = self._connections.endpoint.path
        signature = self._signer.authorization(keys, f"POST {path}", headers, sha256(body).hexdigest())
        traced = self._trace_header()
        return "\r\n".join(
            [
                f"POST {path} HTTP/1.1",
                *[f"{name}: {value}" for name, value in headers.items()],
                f"authorization: {signature}",
                *([f"x-amzn-trace-id: {traced}"] if traced else ()),
                f"content-length: {len(body)}\r\nuser-agent: vigil\r\naccept-encoding: identity\r\n\r\n",
            ]
        )


def trace_header_of_process() -> str:
    """Return the trace header of the running invocation, by which AWS stops endless loops; empty outside of Lambda."""
    if not credentials.is_on_lambda() or not (found := os.environ.get("_X_AMZN_TRACE_ID")):
        return ""
    return quote(found, safe="-=;:+&[]{}\"',")
