"""API Gateway's REQUEST authorizer: a bearer token in, a policy and the tenant out."""

from collections.abc import Callable
from typing import Any

from vigil.errors import Unauthenticated
from vigil.platform import correlation
from vigil.platform.telemetry import Telemetry
from vigil.tenancy.service import Access

Event = dict[str, Any]


class Authorizer:
    """Decides on authorizer events, one log line each."""

    def __init__(self, access: Access, telemetry: Telemetry) -> None:
        self._access = access
        self._telemetry = telemetry

    def decide(self, event: Event, _: Any) -> Event | None:
        """Return the policy and context of the caller's tenant, or None for a credential that is not valid."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        correlation.begin(headers.get(correlation.HEADER))
        facts, started = self._telemetry.begin("AUTHORIZE")
        try:
            scheme, _, token = str(headers.get("authorization", "")).partition(" ")
            key, tenant = self._access.authenticate(token.strip() if scheme.lower() == "bearer" else "")
            facts.status, facts.tenant_id, facts.key_id = 200, tenant.tenant_id, key.key_id
        except Unauthenticated:
            facts.status = 401
            return None
        finally:
            self._telemetry.end(facts, started)
        context = {
            "tenant_id": tenant.tenant_id,
            "key_id": key.key_id,
            "tier": tenant.tier,
            "role": key.role,
            "limits": tenant.limits.encoded(),
        }
        return {
            "principalId": tenant.tenant_id,
            "policyDocument": {"Version": "2012-10-17", "Statement": [_allow(event["methodArn"])]},
            "context": context,
        }


def refusing(decide: Callable[[Event, Any], Event | None]) -> Callable[[Event, Any], Event]:
    """Return a Lambda handler that raises, for None, the one exception text which API Gateway answers with a 401."""

    def handler(event: Event, context: Any) -> Event:
        if (answer := decide(event, context)) is None:
            raise Exception("Unauthorized")  # noqa: TRY002 - API Gateway matches this very text
        return answer

    return handler


def _allow(method_arn: str) -> dict[str, str]:
    """Return a statement for the whole stage, because API Gateway caches the policy per token, not per method."""
    api, stage = method_arn.split("/")[:2]
    return {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"}
