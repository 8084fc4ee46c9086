"""REQUEST authorizer of API Gateway: returns a policy and the tenant for a bearer credential."""

from collections.abc import Callable
from typing import Any

from vigil.access.tokens.credentials import CredentialAuthenticator
from vigil.errors import TenantSuspended, Unauthenticated
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry

Event = dict[str, Any]


class Authorizer:
    """Authorizes requests and writes one log line for each."""

    def __init__(self, credentials: CredentialAuthenticator, telemetry: Telemetry) -> None:
        self._credentials = credentials
        self._telemetry = telemetry

    def decide(self, event: Event, _: Any) -> Event | None:
        """Return the policy and the tenant's context, or None for an invalid credential.

        A valid key of a suspended tenant gets a policy that denies access.
        """
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        correlation.start(headers.get(correlation.HEADER))
        facts, started = self._telemetry.begin("AUTHORIZE")
        try:
            scheme, _, token = str(headers.get("authorization", "")).partition(" ")
            key, tenant = self._credentials.authenticate(token.strip() if scheme.lower() == "bearer" else "")
            facts.status, facts.tenant_id, facts.key_id = 200, tenant.tenant_id, key.key_id
            self._credentials.record_use(key)
        except Unauthenticated:
            facts.status = 401
            return None
        except TenantSuspended:
            facts.status = 403
            return _policy("Deny", event["methodArn"], "suspended", {})
        finally:
            self._telemetry.end(facts, started)
        context = {
            "tenant_id": tenant.tenant_id,
            "key_id": key.key_id,
            "tier": tenant.tier,
            "role": key.role,
            **tenant.limits.to_context(),
            "consents": "true" if tenant.settings.consents else "false",
        }
        return _policy("Allow", event["methodArn"], tenant.tenant_id, context)


def raise_unauthorized(decide: Callable[[Event, Any], Event | None]) -> Callable[[Event, Any], Event]:
    """Return a Lambda handler that raises `Unauthorized` for None: API Gateway answers this text with a 401."""

    def handler(event: Event, context: Any) -> Event:
        if (answer := decide(event, context)) is None:
            raise Exception("Unauthorized")  # noqa: TRY002 - API Gateway matches exactly this text
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
