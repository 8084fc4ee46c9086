"""Header fields of a request, read from its ASGI scope.

Starlette's mapping raises and catches an exception for each field that a request lacks.
"""

from collections.abc import Iterator

from starlette.types import Scope


def header_values(scope: Scope, name: str) -> Iterator[str]:
    """Yield all values of a header field; `name` is in lower case."""
    wanted = name.encode()
    for field, value in scope["headers"]:
        if field == wanted:
            yield value.decode("latin-1")


def find_header(scope: Scope, name: str) -> str | None:
    """Return the first value of a header field, or None; `name` is in lower case."""
    return next(header_values(scope, name), None)
