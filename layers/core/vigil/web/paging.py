"""Paged lists over HTTP: the page size, the requested page, and the cursor of the next page."""

from typing import Annotated

from fastapi import Depends, Query, Request

from vigil.web.cursors import Cursors
from vigil.web.field_types import as_query_whole_number

PageSize = Annotated[int, Query(ge=1, le=100), as_query_whole_number]


class PageRequest:
    """The page that a request names. A `scope` identifies a tenant's list and its filter; a cursor fits one scope."""

    def __init__(self, cursors: Cursors, cursor: str | None) -> None:
        self._cursors = cursors
        self._cursor = cursor

    def after(self, scope: str) -> dict[str, str] | None:
        """Return the position after which the page starts, or None for the first page.

        Raises MalformedRequest for a cursor of another list.
        """
        return self._cursors.open(scope, self._cursor) if self._cursor else None

    def next_cursor(self, scope: str, position: dict[str, str] | None) -> str | None:
        """Return the cursor of a position, or None on the last page."""
        return self._cursors.seal(scope, position) if position else None


async def _page_request(request: Request, cursor: Annotated[str | None, Query(max_length=2048)] = None) -> PageRequest:
    return PageRequest(request.app.state.cursors, cursor)


RequestedPage = Annotated[PageRequest, Depends(_page_request)]
