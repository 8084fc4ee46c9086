"""DynamoDB transactions: atomic writes with a reason for each refused part, and reads of many items at one moment."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.aws.errors import database_unavailable
from vigil.errors import Unavailable
from vigil.runtime.retries import TryAgain, retry

Part = dict[str, Any]
MAX_ATTEMPTS = 8
"""Maximum attempts of one DynamoDB request. The pauses between them add up to at most 0.9 s."""
_TEMPORARY_CODES = {
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
    """Write all parts and return None, or write no part and return the reasons if a condition was not met.

    A conflict with another transaction or a throttle is retried, up to MAX_ATTEMPTS with full jitter. `token` (at most
    36 characters) identifies these exact parts, so that a request sent twice has one effect. A reason is
    `{"Code": ..., "Item": ...}`, in the order of the parts; `Item` is present only if the part requested it. Raises
    Unavailable.
    """
    try:
        _call_with_retries(lambda: client.transact_write_items(ClientRequestToken=token, TransactItems=parts), sleep)
    except ClientError as error:
        reasons = _reasons(error)
        if "ConditionalCheckFailed" in {reason["Code"] for reason in reasons}:
            return reasons
        raise database_unavailable("The database refused a transaction.") from error
    return None


def transact_get(
    client: Any, table: str, keys: Sequence[Part], sleep: Callable[[float], None] = time.sleep
) -> list[Part]:
    """Return the items of these keys as of one moment, in the order of the keys; a missing item is empty.

    Conflicts with writes are retried as in `transact`. Raises Unavailable.
    """
    gets = [{"Get": {"TableName": table, "Key": key}} for key in keys]
    try:
        answer = _call_with_retries(lambda: client.transact_get_items(TransactItems=gets), sleep)
    except ClientError as error:
        raise database_unavailable("The database refused to read.") from error
    return [response.get("Item", {}) for response in answer["Responses"]]


def request_token(parts: Sequence[Part]) -> str:
    """Return a token of 36 characters that identifies these exact parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:36]


def is_condition_failure(reason: Part) -> bool:
    """Return True if the condition of this part was not met."""
    return bool(reason["Code"] == "ConditionalCheckFailed")


def _call_with_retries(call: Callable[[], Any], sleep: Callable[[float], None]) -> Any:
    def attempt() -> Any:
        try:
            return call()
        except ClientError as error:
            if not {reason["Code"] for reason in _reasons(error)} & _TEMPORARY_CODES:
                raise
            raise TryAgain from error
        except BotoCoreError as error:
            raise database_unavailable("The database did not answer.") from error

    error = Unavailable("Too many concurrent writes to the same items; try again.")
    return retry(attempt, attempts=MAX_ATTEMPTS, error=error, sleep=sleep)


def _reasons(error: ClientError) -> Sequence[Part]:
    """Return the reason of each part, or the single reason of the whole request."""
    reasons: Sequence[Part] = error.response.get("CancellationReasons", ())  # type: ignore[assignment]  # botocore puts it there
    return reasons or [{"Code": error.response["Error"]["Code"]}]
