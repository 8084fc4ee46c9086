"""REQUEST authorizer of API Gateway: returns a policy and the tenant for a bearer credential."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from vigil.access.keys.model import ApiKey
from vigil.access.tenants.model import Tenant
from vigil.access.tokens.credentials import CredentialAuthenticator
from vigil.errors import SignInsRefused, TenantSuspended, Unauthenticated, UnauthorizedAnswer
from vigil.kernel.tenants import sort_permissions
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry
from vigil.web.gateway import source_address

Event = dict[str, Any]


class Authorizer:
    """Authorizes requests and writes one log line for each."""

    def __init__(
        self, credentials: CredentialAuthenticator, telemetry: Telemetry, clock: Callable[[], datetime]
    ) -> None:
        self._credentials = credentials
        self._telemetry = telemetry
        self._clock = clock

    def decide(self, event: Event, _: Any) -> Event | None:
        """Return the policy and the tenant's context, or None for an invalid credential.

        A valid key of a suspended tenant gets a policy that denies access.
        """
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        correlation.start(headers.get(correlation.HEADER))
        facts, started = self._telemetry.begin("AUTHORIZE")
        try:
            scheme, _, token = str(headers.get("authorization", "")).partition(" ")
            text = token.strip() if scheme.lower() == "bearer" else ""
            key, tenant = self._credentials.authenticate(text, source_address(event))
            facts.status, facts.tenant_id, facts.key_id = 200, tenant.tenant_id, key.key_id
            self._credentials.record_use(key)
        except Unauthenticated:
            facts.status = 401
            return None
        except SignInsRefused:
            facts.status, facts.problem = 401, "sign-ins-refused"
            return None
        except TenantSuspended:
            facts.status = 403
            return _policy("Deny", event["methodArn"], "suspended", {})
        finally:
            self._telemetry.end(facts, started)
        return _policy("Allow", event["methodArn"], tenant.tenant_id, _context(key, tenant, self._clock()))


def raise_unauthorized(decide: Callable[[Event, Any], Event | None]) -> Callable[[Event, Any], Event]:
    """Return a Lambda handler that raises UnauthorizedAnswer for None: API Gateway answers with a 401."""

    def handler(event: Event, context: Any) -> Event:
        if (answer := decide(event, context)) is None:
            raise UnauthorizedAnswer
        return answer

    return handler


def _policy(effect: str, method_arn: str, principal_id: str, context: Event) -> Event:
    """Return a policy for the whole stage, because API Gateway caches it per token, not per method.

    It denies access only for a suspended tenant: the template defines the ACCESS_DENIED response for that case.
    """
    api, stage = method_arn.split("/")[:2]
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{api}/{stage}/*"}
    return {
        "principalId": principal_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def _context(key: ApiKey, tenant: Tenant, now: datetime) -> Event:
    """Return the caller for the functions. A key with all permissions of its role has no `permissions`."""
    context = {
        "tenant_id": tenant.tenant_id,
        "key_id": key.key_id,
        "tier": tenant.tier,
        "role": key.role,
        **tenant.limits.to_context(),
        "consents": "true" if tenant.settings.consents else "false",
        "key_created_at": key.created_at,
        "key_origins": " ".join(sorted(key.origins)),
    }
    if key.permissions is not None:
        context["permissions"] = " ".join(sort_permissions(key.permissions))
    if end := key.near_expiry(now):
        context["key_expires_at"] = end
    return context
