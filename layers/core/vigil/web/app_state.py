"""Services that an app holds for its routes."""

from typing import Any

from fastapi import Depends, Request


def from_app(name: str) -> Any:
    """Return the dependency that passes a service of the app to a route; `name` is that of `create_app`'s `state`.

    Usage: `budgets: Annotated[Budgets, from_app("budgets")]`.
    """

    # FastAPI runs plain functions in a thread each.
    async def service(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(service)
