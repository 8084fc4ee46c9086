"""API Gateway's REQUEST authorizer: a bearer token in, a policy and the tenant out."""

from typing import Any

from vigil.errors import Unauthenticated
from vigil.tenancy.service import Access


class Authorizer:
    """Callable as a Lambda handler. The policy covers the whole stage, because API Gateway caches it per token."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def __call__(self, event: dict[str, Any], _: Any) -> dict[str, Any]:
        """Return the policy; raise the one exception text that API Gateway turns into a 401."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        scheme, _, token = str(headers.get("authorization", "")).partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise Unauthenticated("The credential is not a bearer token.")
            key, tenant = self._access.authenticate(token.strip())
        except Unauthenticated:
            raise Exception("Unauthorized") from None  # noqa: TRY002 - API Gateway matches this very text
        api, stage = event["methodArn"].split("/")[:2]
        return {
            "principalId": tenant.tenant_id,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"},
                ],
            },
            "context": {"tenant_id": tenant.tenant_id, "key_id": key.key_id, "tier": tenant.tier},
        }
