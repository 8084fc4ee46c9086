"""API Gateway proxy events, as a REST API with a REQUEST authorizer sends them."""

import json
from collections.abc import Mapping
from typing import Any, cast

from vigil.access.tenants.model import TIER_LIMITS
from vigil.kernel.tenants import Tier


def event(
    method: str,
    path: str,
    *,
    tenant: str | None = "acme",
    body: Any = None,
    headers: dict[str, str] | None = None,
    query: Mapping[str, str | list[str]] | None = None,
    **caller: str,
) -> dict[str, Any]:
    """Return one event. A `str` body is sent unchanged, others as JSON. `caller` overrides the authorizer's fields.

    A list in `query` is a parameter that occurs several times.
    """
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    sent = ({"Content-Type": "application/json"} if method in {"POST", "PUT", "PATCH"} else {}) | (headers or {})
    known = {"tenant_id": tenant, "key_id": "0123456789abcdef", "tier": "FREE", "role": "member"} | caller
    authorizer = {"limits": TIER_LIMITS[cast("Tier", known["tier"])].to_json(), **known} if tenant else None
    repeated = {name: [value] if isinstance(value, str) else value for name, value in (query or {}).items()}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in repeated.items()} or None,
        "multiValueQueryStringParameters": repeated or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "authorizer": authorizer,
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "test"},
            "path": f"/local{path}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "resourcePath": path,
            "stage": "local",
        },
        "body": text,
        "isBase64Encoded": False,
    }


class Context:
    """The Lambda context object that Powertools reads."""

    function_name = "scoring-api"
    function_version = "1"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:scoring-api"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def __init__(self, remaining_ms: int = 10_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms
