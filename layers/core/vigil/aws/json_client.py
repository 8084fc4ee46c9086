"""Client of the AWS services with JSON protocols, with the surface of botocore's client."""

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import uuid4
from zlib import crc32

from botocore.exceptions import BotoCoreError, ChecksumError, ClientError, ResponseStreamingError

from vigil.aws import client_errors, credentials, json_bodies, signatures
from vigil.aws.attempts import Outcome, RetryRules
from vigil.aws.connections import Connections
from vigil.aws.credentials import Keys
from vigil.aws.http_answers import Answer
from vigil.aws.seam import Seam
from vigil.aws.services import Operation, Service, python_name


class JsonClient(Seam):
    """Client of one service. `client.get_item(TableName=...)` makes a call and returns the members of its answer.

    Raises botocore's ClientError for a refusal, and its BotoCoreError classes if the service cannot be reached.
    """

    def __init__(
        self,
        service: Service,
        region: str,
        connections: Connections,
        keys: Callable[[], Keys] = credentials.current_keys,
    ) -> None:
        super().__init__(service.name, region, connections)
        self._service = service
        self._keys = keys
        self._signer = signatures.Signer(region, service.signing_name)
        self._rules = RetryRules(service.retry_seconds)
        self._request_line = f"POST {connections.endpoint.path}"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the method of an operation. Raises AttributeError for an operation that is not in the table."""
        operation = self.__dict__["_service"].operations.get(name)
        if operation is None:
            raise AttributeError(f"{name} is not an operation in vigil.aws.services")
        return lambda **arguments: self._make_api_call(operation.name, arguments)

    def _perform(self, operation: str, arguments: dict[str, Any]) -> Any:
        found = self._service.operations[python_name(operation)]
        if found.token and found.token not in arguments:
            arguments = {**arguments, found.token: str(uuid4())}
        body = json_bodies.encode(self._service, arguments)
        outcome = self._rules.run(lambda: self._attempt(found, body), is_repeatable=found.is_repeatable)
        if outcome.is_refusal:
            raise ClientError(outcome.members, operation)  # type: ignore[arg-type]  # the stub's members are optional
        return outcome.members

    def _attempt(self, operation: Operation, body: bytes) -> Outcome:
        try:
            answer = self._connections.exchange(self._head(operation, body), body)
            members = self._members(answer)
        except BotoCoreError as error:
            return Outcome(error=error)
        return Outcome(answer, members, members["Error"]["Code"] if answer.status >= 300 else "")

    def _members(self, answer: Answer) -> dict[str, Any]:
        expected = answer.headers.get("x-amz-crc32") if self._service.has_checksum else None
        if expected is not None and expected != (actual := str(crc32(answer.body))):
            raise ChecksumError(checksum_type="crc32", expected_checksum=expected, actual_checksum=actual)
        if not answer.is_complete:
            raise ResponseStreamingError(error="the connection ended within the body")
        if answer.status >= 300:
            return client_errors.describe_refusal(self._service, answer)
        try:
            members = json_bodies.decode(self._service, answer.body)
        except ValueError as error:
            raise ResponseStreamingError(error=error) from error
        members["ResponseMetadata"] = client_errors.metadata(answer)
        return members

    def _head(self, operation: Operation, body: bytes) -> str:
        keys, service = self._keys(), self._service
        headers = {
            "content-type": f"application/x-amz-json-{service.json_version}",
            "host": self._connections.endpoint.authority,
            "x-amz-date": time.strftime(signatures.TIME_FORMAT, time.gmtime()),
            **({"x-amz-security-token": keys.token} if keys.token else {}),
            "x-amz-target": f"{service.target_prefix}.{operation.name}",
        }
        signature = self._signer.authorization(keys, self._request_line, headers, sha256(body).hexdigest())
        return signatures.request_head(self._request_line, headers, signature, self._trace_header(), len(body))
