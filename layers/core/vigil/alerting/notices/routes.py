"""`/v1/alerting/limits`: the maximum notices of a tenant per hour."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from vigil.alerting.notices.limits_model import MAX_LIMIT, NoticeLimits
from vigil.alerting.notices.limits_service import TenantLimits
from vigil.web.app_state import from_app
from vigil.web.field_types import as_whole_number
from vigil.web.idempotency import IdempotentRoute
from vigil.web.principal import Principal, requires
from vigil.web.schemas import responses, sends
from vigil.web.versions import ExpectedVersion, set_etag

router = APIRouter(prefix="/v1/alerting/limits", tags=["alert limits"], route_class=IdempotentRoute)
Reader = Annotated[Principal, requires("alerts:read")]
Configurer = Annotated[Principal, requires("alerting:configure")]


def _per_hour(severity: str) -> object:
    return Field(ge=0, le=MAX_LIMIT, description=f"Maximum {severity} notices per hour, 0 to {MAX_LIMIT}.")


class NoticeLimitsBody(BaseModel):
    """Limits of a tenant, in notices per hour. CRITICAL notices have no limit."""

    model_config = ConfigDict(extra="forbid")

    error: Annotated[int, _per_hour("ERROR"), as_whole_number]
    warning: Annotated[int, _per_hour("WARNING"), as_whole_number]
    info: Annotated[int, _per_hour("INFO"), as_whole_number]

    def to_limits(self) -> NoticeLimits:
        """Return the limits of this body."""
        return NoticeLimits(self.error, self.warning, self.info)


class NoticeLimitsView(NoticeLimitsBody):
    """Limits of a tenant with their version."""

    version: int = Field(description="Number of changes; 0 for the defaults.")

    @classmethod
    def from_limits(cls, limits: NoticeLimits) -> "NoticeLimitsView":
        """Return the view of limits."""
        return cls(error=limits.error, warning=limits.warning, info=limits.info, version=limits.version)


Service = Annotated[TenantLimits, from_app("notice_limits")]


@router.get("", name="get", summary="Fetch the limits", responses={200: sends("ETag"), **responses(401, 403, 503)})
async def get_limits(response: Response, limits: Service, caller: Reader) -> NoticeLimitsView:
    """Return the maximum notices per hour and severity. CRITICAL notices have no limit."""
    return _view(limits.read(caller.acting_tenant), response)


@router.put(
    "",
    name="set",
    summary="Replace the limits",
    responses={200: sends("ETag"), **responses(401, 403, 412, 413, 415)},
)
async def put_limits(
    body: NoticeLimitsBody, response: Response, limits: Service, caller: Configurer, version: ExpectedVersion
) -> NoticeLimitsView:
    """Replace all limits. They apply to the current hour too. The digest of the hour counts the limited notices.

    `If-Match` is optional; with it, the response is 412 if the limits have another version.
    """
    return _view(limits.replace(caller.acting_tenant, body.to_limits(), version), response)


def _view(limits: NoticeLimits, response: Response) -> NoticeLimitsView:
    set_etag(response, limits.version)
    return NoticeLimitsView.from_limits(limits)
