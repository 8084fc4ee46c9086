"""Translates the errors of AWS clients into Vigil's errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable

_CONDITION_FAILED = "ConditionalCheckFailedException"


class ConditionFailed(Exception):
    """The condition of a write was not met. `item` is the stored item, or empty if the call did not request it."""

    def __init__(self, item: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.item = item or {}


@contextmanager
def translate_errors(dependency: str, known: Mapping[str, Exception] | None = None) -> Iterator[None]:
    """Translate an AWS error raised in this context.

    Raises `known[code]` for an AWS error code listed there, ConditionFailed for an unmet condition, and Unavailable
    for every other AWS error. `dependency` is the subject of the error message: "The usage table" did not answer.
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
        raise Unavailable(f"{dependency} did not answer.") from error
    except BotoCoreError as error:
        raise Unavailable(f"{dependency} did not answer.") from error
