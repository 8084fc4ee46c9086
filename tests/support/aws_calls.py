"""Calls of AWS clients in tests: one way to record or replace them for botocore's clients and for the small one.

moto answers botocore's clients through an event that the small client does not have. `answer_with_moto` connects it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.client import BaseClient
from botocore.httpsession import URLLib3Session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from moto.core.models import botocore_stubber

from vigil.aws.connections import Connections
from vigil.aws.http_answers import Answer
from vigil.aws.seam import Seam

Make = Callable[[str, dict[str, Any]], Any]
"""Function that makes a call: the name of the operation, such as `GetItem`, and its arguments."""


class Replacement(Protocol):
    """Function that is called instead of a call. `make` makes the call; `service` is botocore's name, as `sqs`."""

    def __call__(self, make: Make, service: str, operation: str, arguments: dict[str, Any]) -> Any: ...


def replace_calls(patch: pytest.MonkeyPatch, replacement: Replacement, client: Any = None) -> None:
    """Replace the calls of one client, or of all clients. Replacements nest: the last one is called first."""
    owners: tuple[Any, ...] = (client,) if client is not None else (BaseClient, Seam)
    for owner in owners:
        patch.setattr(owner, "_make_api_call", _replaced(owner._make_api_call, replacement, client))


def _replaced(original: Any, replacement: Replacement, client: Any) -> Any:
    if client is not None:
        return lambda operation, arguments: replacement(original, service_name(client), operation, arguments)

    def replaced(caller: Any, operation: str, arguments: dict[str, Any]) -> Any:
        return replacement(original.__get__(caller), service_name(caller), operation, arguments)

    return replaced


def fail_calls(patch: pytest.MonkeyPatch, error: Exception, client: Any = None) -> None:
    """Make every call of one client, or of all clients, raise an error."""

    def fail(make: Make, service: str, operation: str, arguments: dict[str, Any]) -> Any:
        raise error

    replace_calls(patch, fail, client)


def fail_requests(patch: pytest.MonkeyPatch, error: Exception) -> None:
    """Make every request of all clients raise an error instead of reaching the network."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    patch.setattr(Connections, "exchange", fail)
    patch.setattr(URLLib3Session, "send", fail)


def record_calls(patch: pytest.MonkeyPatch, client: Any = None) -> list[str]:
    """Return the list to which the operations of all later calls are added."""
    operations: list[str] = []

    def recording(make: Make, service: str, operation: str, arguments: dict[str, Any]) -> Any:
        operations.append(operation)
        return make(operation, arguments)

    replace_calls(patch, recording, client)
    return operations


def service_name(client: Any) -> str:
    """Return botocore's name of a client's service."""
    name: str = client.service_name if isinstance(client, Seam) else client.meta.service_model.service_name
    return name


@cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's description of a service."""
    return botocore.session.get_session().get_service_model(service)


def record_invalid_arguments(patch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which every later call is added whose arguments differ from botocore's service model.

    Production does not check arguments, and emulators are lax.
    """
    found: list[str] = []

    def checked(make: Make, service: str, operation: str, arguments: dict[str, Any]) -> Any:
        shape = service_model(service).operation_model(operation).input_shape
        if shape is not None and (report := ParamValidator().validate(arguments, shape)).has_errors():
            found.append(f"{service} {operation}: {report.generate_report()}")
        return make(operation, arguments)

    replace_calls(patch, checked)
    return found


@contextmanager
def answer_with_moto() -> Iterator[None]:
    """Return moto's answers to the requests of the small client while `mock_aws` is active."""
    exchange = Connections.exchange

    def answered(connections: Connections, head: str, body: bytes = b"", max_bytes: int | None = None) -> Answer:
        if not botocore_stubber.enabled:
            return exchange(connections, head, body, max_bytes)
        lines = head.rstrip().split("\r\n")
        headers: Any = HeadersDict(dict(line.split(": ", 1) for line in lines[1:]))
        method, path, _ = lines[0].split(" ")
        url = connections.endpoint.origin + path
        response = botocore_stubber.process_request(AWSPreparedRequest(method, url, headers, body, False))
        if response is None:
            return exchange(connections, head, body, max_bytes)
        status, answer_headers, content = response
        encoded = content.encode() if isinstance(content, str) else content
        return Answer(status, {name.lower(): str(value) for name, value in answer_headers.items()}, encoded)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connections, "exchange", answered)
        yield
