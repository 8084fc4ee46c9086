"""The OpenAPI document of FastAPI, with Vigil's problem documents and credentials instead of FastAPI's own errors."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from vigil.web.schemas import ProblemView, responses

_FASTAPI_ERRORS = ("HTTPValidationError", "ValidationError")
_DESCRIPTION = """Scores with signed models, explained, recorded exactly once.

Errors are problem documents (RFC 9457) that name each field and its bound. Every answer carries `X-Correlation-Id`."""


def document(routers: Iterable[APIRouter]) -> dict[str, Any]:
    """Return the document of these routers. An operation with a 401 response requires a credential."""
    routes = [route for router in routers for route in router.routes]
    schema = get_openapi(title="Vigil", version="1", description=_DESCRIPTION, routes=routes)
    components = schema.setdefault("components", {})
    _, problem = models_json_schema([(ProblemView, "serialization")], ref_template="#/components/schemas/{model}")
    own = {name: value for name, value in components.get("schemas", {}).items() if name not in _FASTAPI_ERRORS}
    components["schemas"] = own | problem["$defs"]
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "an API key, vgl_…, or an access token"},
        "client": {"type": "http", "scheme": "basic", "description": "The id of an API key, and the key."},
    }
    for operation in _operations(schema):
        for status, problem_response in responses(405, 422, 500).items():
            if status != 422 or "422" in operation["responses"]:
                operation["responses"][str(status)] = problem_response
        if "401" in operation["responses"] and "security" not in operation:
            operation["security"] = [{"key": []}]
            operation["responses"] |= {str(status): entry for status, entry in responses(403, 429).items()}
    return schema


def _operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in schema.get("paths", {}).values():
        yield from path.values()
