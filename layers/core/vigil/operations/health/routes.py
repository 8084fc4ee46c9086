"""`/health/*`: liveness, startup and readiness without a key, details with a tenant's key."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from vigil.operations.health.service import Health
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses

router = APIRouter(prefix="/health", tags=["health"])
Reader = Annotated[Principal, requires("health:read")]


class HealthView(BaseModel):
    """Overall status."""

    status: Literal["up", "down"]


class CheckView(BaseModel):
    """Status of one dependency."""

    name: str
    up: bool
    latency_ms: float
    cause: str | None


class DetailedView(HealthView):
    """Overall status and the status of every dependency."""

    checks: list[CheckView]


@router.get("/liveness", name="get_liveness", summary="Check one instance")
async def liveness() -> HealthView:
    """Return `up` while this instance runs. Checks no dependency."""
    return HealthView(status="up")


@router.get(
    "/startup",
    name="get_startup",
    summary="Check the first start",
    responses={503: {"model": HealthView, "description": "A dependency is down"}},
)
async def startup(request: Request, response: Response) -> HealthView:
    """Return `up` if this instance can serve a first request, with its models verified and loaded."""
    return _verdict(request.app.state.health, response)


@router.get(
    "/readiness",
    name="get_readiness",
    summary="Check the dependencies",
    responses={503: {"model": HealthView, "description": "A dependency is down"}},
)
async def readiness(request: Request, response: Response) -> HealthView:
    """Return `up` if every dependency responds now."""
    return _verdict(request.app.state.health, response)


@router.get(
    "/detailed",
    name="get_details",
    summary="Show each dependency",
    responses={503: {"model": DetailedView, "description": "A dependency is down"}, **responses(401, 403)},
)
async def detailed(request: Request, response: Response, _: Reader) -> DetailedView:
    """Return the status and latency of every dependency."""
    health: Health = request.app.state.health
    checks = health.run_checks()
    up = all(check.up for check in checks)
    response.status_code = 200 if up else 503
    views = [CheckView(name=c.name, up=c.up, latency_ms=c.latency_ms, cause=c.cause) for c in checks]
    return DetailedView(status="up" if up else "down", checks=views)


def _verdict(health: Health, response: Response) -> HealthView:
    up = all(check.up for check in health.run_checks())
    response.status_code = 200 if up else 503
    return HealthView(status="up" if up else "down")
