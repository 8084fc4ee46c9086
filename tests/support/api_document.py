"""The OpenAPI document of the whole API, built once in a process."""

from functools import cache
from typing import Any

from vigil.bootstrap import routers


@cache
def api_document() -> dict[str, Any]:
    """Return the document. All tests of a process share it, so none of them may change it."""
    return routers.document()
