"""Translates the errors of AWS clients into Vigil's errors."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable
from vigil.runtime.telemetry import record_outage

_CONDITION_FAILED = "ConditionalCheckFailedException"


class ConditionFailed(Exception):
    """The condition of a write was not met. `item` is the stored item, or empty if the call did not request it."""

    def __init__(self, item: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.item = item or {}


@contextmanager
def translate_errors(
    dependency: str,
    known: Mapping[str, Exception] | None = None,
    unavailable: Callable[[str], Unavailable] = Unavailable,
) -> Iterator[None]:
    """Translate an AWS error raised in this context.

    Raises `known[code]` for an AWS error code listed there, ConditionFailed for an unmet condition, and Unavailable
    for every other AWS error. `dependency` is the subject of the error message: "The usage table" did not answer.
    `unavailable` makes the last one from its message.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if known and code in known:
            raise known[code] from error
        if code == _CONDITION_FAILED:
            # botocore puts the stored item beside the error, in the same typed shape as `get_item`.
            raise ConditionFailed(error.response.get("Item", {})) from error  # type: ignore[arg-type]
        raise unavailable(f"{dependency} did not answer.") from error
    except BotoCoreError as error:
        raise unavailable(f"{dependency} did not answer.") from error


def database_unavailable(message: str) -> Unavailable:
    """Return the error of a call that DynamoDB refused or did not answer. The metric `DependencyErrors` counts it."""
    record_outage("database")
    return Unavailable(message)
