"""Faults between a caller and an AWS service, injected into a client of either kind.

A fault is chosen for each client call. It is the error after the client's own retries.
Only `resent` simulates an SDK retry: the SDK lost the first reply and sent the same request again.
"""

import os
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Literal, NoReturn, get_args

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.support.aws_calls import Make, service_model

Fault = Literal[
    "crash_before",  # the process ends before the call
    "crash_after",  # the process ends after the call
    "lost_reply",  # the call succeeds, but its answer is lost
    "resent",  # the answer is lost and the SDK repeats the call
    "unreachable",  # the call does not reach the service
    "throttled",  # the service refuses: too many requests
    "conflict",  # the service refuses: another transaction uses the item
    "partial",  # the service refuses half of the entries of a batch call
    "stale",  # an eventually consistent read returns the result of the read before it
    "slow",  # the call succeeds after a delay
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
CRASHES: tuple[Fault, ...] = ("crash_before", "crash_after")

SLOW_SECONDS = 0.01
_THROTTLED = {"dynamodb": "ProvisionedThroughputExceededException", "sqs": "ThrottlingException", "s3": "SlowDown"}
_WRITES = {"PutItem": 1, "UpdateItem": 1, "DeleteItem": 1}


class Calls:
    """Calls to one service. `seen` stores the last result of each read of a client."""

    def __init__(self, service: str, make: Make, seen: dict[str, Any]) -> None:
        self.service = service
        self._make = make
        self._seen = seen

    def make(self, operation: str, arguments: dict[str, Any]) -> Any:
        """Make a call and return its answer."""
        answer = self._make(operation, arguments)
        if is_possible("stale", operation, arguments):
            self._seen[_view(operation, arguments)] = answer
        return answer

    def again(self, operation: str, arguments: dict[str, Any]) -> Any:
        """Return the last result of the same read, without later writes."""
        view = _view(operation, arguments)
        return deepcopy(self._seen[view]) if view in self._seen else self.make(operation, arguments)


def _view(operation: str, arguments: dict[str, Any]) -> str:
    """Return the identity of a read. Its `:now` value is omitted, because it differs in each call."""
    values = {name: value for name, value in arguments.get("ExpressionAttributeValues", {}).items() if name != ":now"}
    return repr((operation, sorted((arguments | {"ExpressionAttributeValues": values}).items())))


class Crash(BaseException):
    """Simulated end of the process. `except Exception` does not catch it."""


def crash() -> NoReturn:
    """Raise Crash, which ends the work of this thread."""
    raise Crash


def end_process() -> NoReturn:
    """End this process as `kill -9` does: without flushing or closing anything."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def is_possible(fault: Fault, operation: str, arguments: Mapping[str, Any]) -> bool:
    """Return True if the fault can happen to this call."""
    if fault == "stale":
        return operation in {"Query", "GetItem"} and not arguments.get("ConsistentRead")
    if fault == "conflict":
        return operation == "TransactWriteItems" or operation in _WRITES
    if fault == "partial":
        return operation in {"SendMessageBatch", "DeleteMessageBatch", "PutEvents"}
    return True


def apply_fault(
    fault: Fault, calls: Calls, operation: str, arguments: dict[str, Any], end: Callable[[], NoReturn]
) -> Any:
    """Make the call with the fault applied. A crash calls `end`."""
    match fault:
        case "crash_before":
            end()
        case "crash_after":
            calls.make(operation, arguments)
            end()
        case "lost_reply":
            calls.make(operation, arguments)
            raise ReadTimeoutError(endpoint_url=calls.service)
        case "resent":
            return _resent(calls, operation, arguments)
        case "unreachable":
            raise EndpointConnectionError(endpoint_url=calls.service)
        case "throttled":
            raise _refusal(operation, _THROTTLED.get(calls.service, "Throttling"))
        case "conflict":
            raise _conflict(operation, arguments)
        case "partial":
            return _partial(calls, operation, arguments)
        case "stale":
            return calls.again(operation, arguments)
    time.sleep(SLOW_SECONDS)
    return calls.make(operation, arguments)


def _resent(calls: Calls, operation: str, arguments: dict[str, Any]) -> Any:
    """Make one request twice with the same idempotency tokens, as an SDK retry does."""
    model = service_model(calls.service).operation_model(operation)
    tokens = {name: str(uuid.uuid4()) for name in model.idempotent_members}
    calls.make(operation, tokens | arguments)
    return calls.make(operation, tokens | arguments)


def _conflict(operation: str, arguments: dict[str, Any]) -> Exception:
    if operation != "TransactWriteItems":
        return _refusal(operation, "TransactionConflictException")
    reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in arguments["TransactItems"][1:])]
    return _refusal(operation, "TransactionCanceledException", CancellationReasons=reasons)


def _refusal(operation: str, code: str, **more: Any) -> Exception:
    answer = {"Error": {"Code": code, "Message": "injected"}, "ResponseMetadata": {"HTTPStatusCode": 400}, **more}
    return ClientError(answer, operation)  # type: ignore[arg-type]  # the members of its stub are optional


def _partial(calls: Calls, operation: str, arguments: dict[str, Any]) -> Any:
    """Make the call for every second entry and refuse the others."""
    entries = arguments["Entries"]
    refused = entries[1::2] or entries
    taken = [entry for entry in entries if entry not in refused]
    answer = calls.make(operation, arguments | {"Entries": taken}) if taken else {}
    if operation == "PutEvents":
        said = iter(answer.get("Entries", []))
        told = [{"ErrorCode": "InternalFailure"} if entry in refused else next(said) for entry in entries]
        return answer | {"FailedEntryCount": len(refused), "Entries": told}
    failed = [{"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in refused]
    return answer | {"Failed": [*answer.get("Failed", []), *failed]}
