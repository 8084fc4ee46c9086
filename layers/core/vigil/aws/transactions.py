"""DynamoDB transactions: carried out whole, or refused with the reason of each part; and reads of one moment."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from random import SystemRandom
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable

Part = dict[str, Any]
_random = SystemRandom()
"""Of the system: a seeded generator would be in the snapshot, and all instances would wait alike."""
ATTEMPTS = 8
_BASE_SECONDS = 0.01
_MOST_SECONDS = 0.2
_IN_THE_WAY = {
    "TransactionConflict",
    "TransactionInProgressException",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
}


def transact(
    client: Any, token: str, parts: Sequence[Part], sleep: Callable[[float], None] = time.sleep
) -> Sequence[Part] | None:
    """Carry out all parts and return None, or return why each was refused when a condition was not met.

    Whatever is in the way for a moment (another transaction on an item, a throttle) is tried again, eight times within
    0.7 s at most and with full jitter. `token` (36 characters at most, a name for these very parts) lets the client
    library send them twice with one effect. Raises Unavailable. A reason is `{"Code": ..., "Item": ...}`, in the order
    of the parts, the item only where the part asked for it.
    """
    try:
        _patiently(lambda: client.transact_write_items(ClientRequestToken=token, TransactItems=parts), sleep)
    except ClientError as error:
        reasons = _reasons(error)
        if "ConditionalCheckFailed" in {reason["Code"] for reason in reasons}:
            return reasons
        raise Unavailable("The database refused a transaction.") from error
    return None


def read(client: Any, table: str, keys: Sequence[Part], sleep: Callable[[float], None] = time.sleep) -> list[Part]:
    """Return items as they were at one moment, in the order of their keys, empty where there is none.

    Writes that are in the way are waited for as above. Raises Unavailable.
    """
    gets = [{"Get": {"TableName": table, "Key": key}} for key in keys]
    try:
        answer = _patiently(lambda: client.transact_get_items(TransactItems=gets), sleep)
    except ClientError as error:
        raise Unavailable("The database refused to read.") from error
    return [found.get("Item", {}) for found in answer["Responses"]]


def name(parts: Sequence[Part]) -> str:
    """Return a token for these very parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:36]


def refused(reason: Part) -> bool:
    """Return whether this part's own condition was not met."""
    return bool(reason["Code"] == "ConditionalCheckFailed")


def pause(attempt: int, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait before an attempt after the first (0), longer each time, with full jitter."""
    if attempt:
        sleep(_random.uniform(0, min(_MOST_SECONDS, _BASE_SECONDS * 2**attempt)))


def _patiently(call: Callable[[], Any], sleep: Callable[[float], None]) -> Any:
    way: ClientError | None = None
    for attempt in range(ATTEMPTS):
        pause(attempt, sleep)
        try:
            return call()
        except ClientError as error:
            if not {reason["Code"] for reason in _reasons(error)} & _IN_THE_WAY:
                raise
            way = error
        except BotoCoreError as error:
            raise Unavailable("The database did not answer.") from error
    raise Unavailable("Others were in the way for too long.") from way


def _reasons(error: ClientError) -> Sequence[Part]:
    """Return the reason of each part, or the one that was told of the whole."""
    found: Sequence[Part] = error.response.get("CancellationReasons", ())  # type: ignore[assignment]  # botocore puts it there
    return found or [{"Code": error.response["Error"]["Code"]}]
