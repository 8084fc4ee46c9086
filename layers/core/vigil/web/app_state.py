"""Services and the clock that an app holds for its routes."""

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request


def from_app(name: str) -> Any:
    """Return the dependency that passes a service of the app to a route; `name` is that of `create_app`'s `state`.

    Usage: `budgets: Annotated[Budgets, from_app("budgets")]`.
    """

    # FastAPI runs plain functions in a thread each.
    async def service(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(service)


async def _current_time(request: Request) -> datetime:
    return cast("datetime", request.app.state.clock())


Now = Annotated[datetime, Depends(_current_time)]
"""Dependency that passes the time of the app's clock to a route, in UTC."""
