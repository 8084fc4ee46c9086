"""The OpenAPI document of FastAPI, with Vigil's problem documents, credentials, headers and examples."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from vigil import errors
from vigil.web import problems
from vigil.web.examples import Examples
from vigil.web.operations import HEADERS, answer_headers, operation_id, problem_headers
from vigil.web.schemas import ProblemView, responses

_FASTAPI_ERRORS = ("HTTPValidationError", "ValidationError")
_DESCRIPTION = """Scores with signed models, explained, recorded exactly once.

Errors are problem documents (RFC 9457) that name each field and its bound. Every answer carries `X-Correlation-Id`."""
_LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
_CREDENTIALS = {
    "key": {"type": "http", "scheme": "bearer", "bearerFormat": "an API key, vgl_…, or an access token"},
    "client": {"type": "http", "scheme": "basic", "description": "The id of an API key, and the key."},
}


def document(routers: Iterable[APIRouter], tags: Mapping[str, str], examples: Examples) -> dict[str, Any]:
    """Return the document of these routers; `tags` has the description of each resource.

    An operation with a 401 response requires a credential.
    """
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    schema = get_openapi(
        title="Vigil",
        version="1",
        description=_DESCRIPTION,
        routes=routes,
        tags=_described(tags),
        license_info=_LICENSE,
    )
    components = schema.setdefault("components", {})
    _, problem = models_json_schema([(ProblemView, "serialization")], ref_template="#/components/schemas/{model}")
    own = {name: value for name, value in components.get("schemas", {}).items() if name not in _FASTAPI_ERRORS}
    components |= {"schemas": own | problem["$defs"], "securitySchemes": _CREDENTIALS, "headers": dict(HEADERS)}
    components["responses"] = {}
    for route, operation in _operations(routes, schema):
        operation["operationId"] = operation_id(route)
        _complete(route, operation, components["responses"])
    examples.add_to(schema)
    return schema


def _described(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"name": name, "description": text} for name, text in tags.items()]


def _operations(routes: Iterable[APIRoute], schema: dict[str, Any]) -> Iterator[tuple[APIRoute, dict[str, Any]]]:
    for route in routes:
        for method in (route.methods or ()) if route.include_in_schema else ():
            yield route, schema["paths"][route.path][method.lower()]


def _complete(route: APIRoute, operation: dict[str, Any], shared: dict[str, Any]) -> None:
    """Add the credential, the problem documents of every operation, and the headers of each response."""
    guarded = "security" not in operation and "401" in operation["responses"]
    operation.setdefault("security", [{"key": []}] if guarded else [])
    every = responses(405, 422, 500, *((403, 429) if guarded else ()))
    answers = operation["responses"] | {str(status): answer for status, answer in every.items()}
    operation["responses"] = {}
    for status, answer in sorted(answers.items()):
        if problems.MEDIA_TYPE in answer.get("content", {}):
            name = f"{'' if guarded else 'Anonymous'}Problem{status}"
            headers = problem_headers(status, guarded=guarded)
            shared.setdefault(name, answer | {"description": _problem_text(int(status)), "headers": headers})
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
        else:
            headers = answer_headers(route, status, guarded=guarded) | answer.get("headers", {})
            operation["responses"][status] = answer | {"headers": headers}


def _problem_text(status: int) -> str:
    """Return the description of a problem document: the codes and titles that answers with this status have."""
    kinds = [kind for error, kind in problems.CATALOGUE.items() if error is not errors.UnreadableMessage]
    kinds = [kind for kind in (*kinds, problems.METHOD_NOT_ALLOWED, problems.INTERNAL) if kind.status == status]
    return "Problem: " + "; ".join(f"`{kind.code}` ({kind.title})" for kind in kinds)
