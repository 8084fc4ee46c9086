"""The query of a request: a route refuses a parameter that it does not declare, and one that occurs twice."""

from collections import Counter
from collections.abc import Iterator
from copy import copy

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from vigil.errors import MAX_ERRORS, FieldError, InvalidInput

_MAX_NAME = 64
"""Maximum length of a name in an error, in characters."""


def with_checked_query(route: APIRoute) -> APIRoute:
    """Return a copy of a route whose requests are refused with InvalidInput for unknown and repeated parameters.

    The check precedes the route's own app, so that the fast path has it too.
    """
    names = sorted(set(query_names(route.dependant)))
    allowed = f"one of {', '.join(names)}" if names else "no query parameters"
    answer = route.app

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            _check(scope["query_string"], frozenset(names), allowed)
        await answer(scope, receive, send)

    strict = copy(route)
    strict.app = checked
    return strict


def query_names(dependant: Dependant) -> Iterator[str]:
    """Yield the names of the query parameters that an endpoint and its dependencies declare."""
    yield from (field.alias for field in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from query_names(dependency)


def _check(query: bytes, known: frozenset[str], allowed: str) -> None:
    counts = Counter(name for name, _ in QueryParams(query).multi_items())
    errors = [
        FieldError(name[:_MAX_NAME], "is not a query parameter of this route", allowed)
        for name in counts
        if name not in known
    ]
    errors += [
        FieldError(name, "occurs more than once in the query", "one value")
        for name, count in counts.items()
        if count > 1 and name in known
    ]
    if errors:
        raise InvalidInput(*errors[:MAX_ERRORS], count=len(errors))
