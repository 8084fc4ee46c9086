"""Lists over HTTP, a page at a time: where one begins, and the cursor that leads to the next."""

from typing import Annotated

from fastapi import Depends, Query, Request

from vigil.web.cursors import Cursors

Limit = Annotated[int, Query(ge=1, le=100)]


class Place:
    """Where a page begins. A `scope` says whose list it is and how it is filtered; a cursor is good for one scope."""

    def __init__(self, cursors: Cursors, cursor: str | None) -> None:
        self._cursors = cursors
        self._cursor = cursor

    def after(self, scope: str) -> dict[str, str] | None:
        """Return the position that the request goes on from, or None; raise MalformedRequest for another list's."""
        return self._cursors.open(scope, self._cursor) if self._cursor else None

    def next(self, scope: str, position: dict[str, str] | None) -> str | None:
        """Return the cursor of a position, or None on the last page."""
        return self._cursors.seal(scope, position) if position else None


async def _place(request: Request, cursor: Annotated[str | None, Query(max_length=2048)] = None) -> Place:
    return Place(request.app.state.cursors, cursor)


Asked = Annotated[Place, Depends(_place)]
