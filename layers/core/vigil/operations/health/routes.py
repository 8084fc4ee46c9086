"""`/health/*`: liveness, startup and readiness without a key, details with a tenant's key."""

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from vigil.operations.health.service import Health
from vigil.web.app_state import from_app
from vigil.web.principal import Principal, requires
from vigil.web.schemas import DATE_TIME, responses

router = APIRouter(prefix="/health", tags=["health"])
Reader = Annotated[Principal, requires("health:read")]
Service = Annotated[Health, from_app("health")]


class HealthView(BaseModel):
    """Overall status."""

    status: Literal["up", "down"]


class VerdictView(HealthView):
    """Overall status at a time."""

    checked_at: str = Field(description="Time of the check, at most five seconds ago.", json_schema_extra=DATE_TIME)


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
    responses={503: {"model": VerdictView, "description": "A dependency is down"}},
)
async def startup(health: Service, response: Response) -> VerdictView:
    """Return `up` if this instance can serve a first request, with its models verified and loaded.

    The response is 503 with `down` if a dependency did not respond.
    """
    return _verdict(health, response)


@router.get(
    "/readiness",
    name="get_readiness",
    summary="Check the dependencies",
    responses={503: {"model": VerdictView, "description": "A dependency is down"}},
)
async def readiness(health: Service, response: Response) -> VerdictView:
    """Return `up` if every dependency responded within the last five seconds.

    The response is 503 with `down` if one did not.
    """
    return _verdict(health, response)


@router.get(
    "/detailed",
    name="get_details",
    summary="Show each dependency",
    responses={503: {"model": DetailedView, "description": "A dependency is down"}, **responses(401, 403)},
)
async def detailed(health: Service, response: Response, _: Reader) -> DetailedView:
    """Check every dependency now and return its status and latency. The response is 503 if one does not respond."""
    checks = health.run_checks()
    up = all(check.up for check in checks)
    response.status_code = 200 if up else 503
    views = [CheckView(name=c.name, up=c.up, latency_ms=c.latency_ms, cause=c.cause) for c in checks]
    return DetailedView(status="up" if up else "down", checks=views)


def _verdict(health: Health, response: Response) -> VerdictView:
    verdict = health.verdict()
    response.status_code = 200 if verdict.up else 503
    return VerdictView(status="up" if verdict.up else "down", checked_at=verdict.checked_at)
