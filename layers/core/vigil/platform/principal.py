"""Who is asking: the tenant that the authorizer found behind the credential, never one that the request names."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from vigil.errors import Forbidden, Unauthenticated
from vigil.platform import telemetry


@dataclass(frozen=True, slots=True)
class Principal:
    """The tenant, key, tier and role of a request."""

    tenant_id: str
    key_id: str
    tier: str
    role: str


async def principal(request: Request) -> Principal:
    """Return the caller from API Gateway's authorizer context; raise Unauthenticated where there is none."""
    event = request.scope.get("aws.event") or {}
    context = event.get("requestContext", {}).get("authorizer") or {}
    if not all(context.get(name) for name in ("tenant_id", "key_id", "tier", "role")):
        raise Unauthenticated("This resource needs a credential.")
    facts = telemetry.current.get()
    facts.tenant_id, facts.key_id = context["tenant_id"], context["key_id"]
    return Principal(context["tenant_id"], context["key_id"], context["tier"], context["role"])


Caller = Annotated[Principal, Depends(principal)]


async def operator(caller: Caller) -> Principal:
    """Return the caller if its key is an operator's; raise Forbidden otherwise."""
    if caller.role != "operator":
        raise Forbidden("This is for operators of the deployment.")
    return caller


Operator = Annotated[Principal, Depends(operator)]
