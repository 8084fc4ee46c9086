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
    # A caller with `limits` alone has the context of a release without tenant limits.
    limits = {} if "limits" in known else TIER_LIMITS[cast("Tier", known["tier"])].to_context()
    authorizer = {**limits, **known} if tenant else None
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        **_query_fields(query or {}),
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": _request_context(method, path) | {"authorizer": authorizer},
        "body": text,
        "isBase64Encoded": False,
    }


def _query_fields(query: Mapping[str, str | list[str]]) -> dict[str, Any]:
    repeated = {name: [value] if isinstance(value, str) else value for name, value in query.items()}
    return {
        "queryStringParameters": {name: values[-1] for name, values in repeated.items()} or None,
        "multiValueQueryStringParameters": repeated or None,
    }


def _request_context(method: str, path: str) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "api",
        "httpMethod": method,
        "identity": {"sourceIp": "127.0.0.1", "userAgent": "test"},
        "path": f"/local{path}",
        "protocol": "HTTP/1.1",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "resourcePath": path,
        "stage": "local",
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
