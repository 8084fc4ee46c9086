"""What AWS refuses, and where it does not answer, in Vigil's own terms: translated here, once for every client."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Unavailable

_NOT_MET = "ConditionalCheckFailedException"


class Refused(Exception):
    """A condition was not met; `found` is the item that stood there, empty where the call did not ask for it."""

    def __init__(self, found: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.found = found or {}


@contextmanager
def asking(whom: str, known: Mapping[str, Exception] | None = None) -> Iterator[None]:
    """Raise `known[code]` for a failure of that code, Refused for a condition, and Unavailable for any other.

    `whom` begins a sentence: "The usage table" did not answer.
    """
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if known and code in known:
            raise known[code] from error
        if code == _NOT_MET:
            # botocore puts the old item beside the error, in the same typed shape as `get_item`.
            raise Refused(error.response.get("Item", {})) from error  # type: ignore[arg-type]
        raise Unavailable(f"{whom} did not answer.") from error
    except BotoCoreError as error:
        raise Unavailable(f"{whom} did not answer.") from error
