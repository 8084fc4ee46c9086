"""The `answer_format` of a stored row: the version of the rules under which it was written."""

from collections.abc import Mapping
from typing import Any

from vigil.errors import Unavailable
from vigil.kernel.rows import ANSWER_FORMAT

_FIRST = 1
"""Version of rows without the attribute."""


def answer_format_attribute() -> dict[str, dict[str, str]]:
    """Return the attribute that a new row has."""
    return {"answer_format": {"N": str(ANSWER_FORMAT)}}


def read_answer_format(item: Mapping[str, Any]) -> int:
    """Return the version of a stored row.

    Raises Unavailable for a version that this release does not know: after a rollback, a newer row must not be misread.
    """
    version = int(item["answer_format"]["N"]) if "answer_format" in item else _FIRST
    if version > ANSWER_FORMAT:
        raise Unavailable("A newer release of Vigil stored this row. Repeat the request after the deployment.")
    return version
