"""Facts that only API Gateway knows: its own requests, the stage before our paths, and the address of a caller."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request  # the authorizer serves no HTTP
    from starlette.types import Scope


def is_from_gateway(scope: "Scope") -> bool:
    """Return True if API Gateway sent the request. The events of the schedule and of probes have no `apiId`.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    event = scope.get("aws.event") or {}
    return bool(event.get("requestContext", {}).get("apiId"))


def stage_prefix(request: "Request") -> str:
    """Return the prefix of our paths in the public URL: `/prod`, or an empty string behind a custom domain."""
    event = request.scope.get("aws.event") or {}
    public = str(event.get("requestContext", {}).get("path", ""))
    return public.removesuffix(str(event.get("path", ""))) if public else ""


def source_address(event: Mapping[str, Any]) -> str | None:
    """Return the caller's address, or None. Headers such as X-Forwarded-For are the caller's own text."""
    identity = (event.get("requestContext") or {}).get("identity") or {}
    address: str | None = identity.get("sourceIp")
    return address
