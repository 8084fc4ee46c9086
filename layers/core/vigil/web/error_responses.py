"""Error responses: the problem document of each exception that a request can end with."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from vigil import errors
from vigil.runtime import telemetry
from vigil.web import problems
from vigil.web.schemas import invalid_input


def error_response(scope: Scope, error: Exception) -> Response:
    """Return the response to a request that ended with an exception. An unexpected one reveals no detail."""
    translate = next((_BY_CLASS[cls] for cls in type(error).__mro__ if cls in _BY_CLASS), _of_unexpected)
    return translate(scope, error)


def _of_vigil_error(_: Scope, error: Any) -> Response:
    problem = problems.problem_of(error)
    if problem.status >= 500:
        telemetry.current.get().record_error(error)
    if isinstance(error, errors.InvalidInput):
        return problems.problem_response(problem, str(error), error.errors)
    if isinstance(error, errors.RateLimited | errors.QuotaExceeded | errors.BudgetExhausted | errors.SignInsRefused):
        return problems.limit_response(error)
    if isinstance(error, errors.CircuitOpen):
        return problems.problem_response(problem, str(error), retry_after=error.retry_after)
    if isinstance(error, errors.ModelRefused):
        return problems.problem_response(problem, f"refused: {error.reason}")
    return problems.problem_response(problem, str(error) or problem.title)


def _of_validation_error(scope: Scope, error: Any) -> Response:
    rows = error.errors()
    if any(row["type"] == "json_invalid" for row in rows):
        return _of_vigil_error(scope, errors.MalformedRequest(_field("is not valid JSON", "RFC 8259")))
    # A malformed header makes the whole request malformed; a malformed body field makes the input invalid.
    kind = errors.MalformedRequest if any(row["loc"][0] == "header" for row in rows) else errors.InvalidInput
    body = getattr(scope.get("route"), "body_field", None)
    return _of_vigil_error(scope, invalid_input(rows, body and body.field_info.annotation, kind))


def _of_http_exception(scope: Scope, error: Any) -> Response:
    """Translate FastAPI's own rejections: unknown path, unknown method, a body that cannot be parsed."""
    if error.status_code == 404:
        return problems.problem_response(problems.CATALOGUE[errors.NotFound], "This path does not exist.")
    if error.status_code == 405:
        response = problems.problem_response(
            problems.METHOD_NOT_ALLOWED,
            "The Allow header lists the supported methods.",
        )
        response.headers["Allow"] = ", ".join(_methods(scope))
        return response
    return _of_vigil_error(scope, errors.MalformedRequest(_field("cannot be parsed", "JSON")))


def _field(message: str, bound: str) -> errors.FieldError:
    return errors.FieldError("body", message, bound)


def _methods(scope: Scope) -> list[str]:
    """Return the methods of every route at this path; Starlette's own Allow header lists only those of the first."""
    routes = (route for route in scope["app"].routes if route.matches(scope)[0] is not Match.NONE)
    return sorted({method for route in routes for method in route.methods})


def _of_unexpected(_: Scope, error: Exception) -> Response:
    telemetry.current.get().record_error(error)
    return problems.problem_response(problems.INTERNAL, "The error was logged under the correlation id.")


_BY_CLASS: Mapping[type, Callable[[Scope, Any], Response]] = {
    errors.VigilError: _of_vigil_error,
    RequestValidationError: _of_validation_error,
    HTTPException: _of_http_exception,
}
