"""API Gateway in process: routes of the template, the real authorizer and functions, and a record of AWS calls."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from tests.support.aws_calls import Make, replace_calls
from tests.support.gateway import Context, event
from tests.support.templates import routes

ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/"
REMEMBERED = {"registry", "flags", "packages", "leases"}
"""Resources that each process caches: it reads three of them once a minute, and leases requests for its caller."""


@dataclass(frozen=True)
class Request:
    """HTTP request. The credential is an ordinary header, and a header may occur twice."""

    method: str
    path: str
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None

    def as_text(self) -> str:
        """Return the path, query, headers and body as text."""
        return json.dumps([self.path, dict(self.query), self.headers, self.body])


@dataclass(frozen=True)
class Answer:
    """HTTP answer and its AWS calls. A call is service and operation, table, index and key family."""

    status: int
    headers: Mapping[str, str]
    body: str
    calls: tuple[tuple[str, ...], ...]

    def document(self) -> Any:
        """Return the JSON of the body, or its text if it is not JSON."""
        is_json = "json" in self.headers.get("content-type", "")
        return json.loads(self.body) if is_json and self.body else self.body

    def observable(self) -> tuple[Any, ...]:
        """Return the observable parts of the answer, without its correlation id and remaining limits."""
        refusal = self.document() if self.status >= 400 else {}
        if isinstance(refusal, dict):
            refusal.pop("correlation_id", None)
        return self.status, sorted(set(self.headers) - {"x-correlation-id"}), refusal, self.calls


class FrontDoor:
    """In-process entry to the API that answers as the deployment does."""

    def __init__(self, environment: Any) -> None:
        self._routes = list(_routes())
        self._noted: list[tuple[str, ...]] = []

        def noting(make: Make, service: str, operation: str, arguments: dict[str, Any]) -> Any:
            self._noted.append(_note(service, operation, arguments))
            return make(operation, arguments)

        replace_calls(environment, noting)

    def send(self, request: Request) -> Answer:
        """Return the answer to a request."""
        _, name, guarded = next(route for route in self._routes if route[0].fullmatch(request.path))
        self._noted.clear()
        caller = self._caller(request) if guarded else {"tenant": None}
        if isinstance(caller, int):
            return Answer(caller, {}, "", self._calls())
        sent = event(
            request.method,
            request.path,
            body=request.body,
            headers=dict(request.headers),
            query=dict(request.query) or None,
            **caller,
        )
        for header, value in request.headers:
            values = sent["multiValueHeaders"].setdefault(header, [])
            values += [value] if value not in values else []
        self._noted.clear()
        answer = import_module(f"functions.{name}.handler").lambda_handler(sent, Context())
        headers = {header: values[0] for header, values in answer.get("multiValueHeaders", {}).items()}
        return Answer(answer["statusCode"], headers | answer.get("headers", {}), answer["body"], self._calls())

    def _caller(self, request: Request) -> dict[str, Any] | int:
        """Return the authorizer's context; 401 if it refuses the credential, 403 if its policy denies access."""
        from functions.tokens_authorizer.handler import lambda_handler

        try:
            policy = lambda_handler({"methodArn": ARN, "headers": dict(request.headers)}, Context())
        except Exception as error:
            if str(error) != "Unauthorized":
                raise
            return 401
        if policy["policyDocument"]["Statement"][0]["Effect"] == "Deny":
            return 403
        found = dict(policy["context"])
        return {"tenant": found.pop("tenant_id")} | found

    def _calls(self) -> tuple[tuple[str, ...], ...]:
        return tuple(note for note in self._noted if note[1] not in REMEMBERED and note[3] != "SIGNING_KEYS")


def _note(service: str, operation: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    where = str(arguments.get("TableName") or arguments.get("Bucket") or ("registry" if "Secret" in operation else ""))
    leading = arguments.get("Key", {}).get("pk", {}).get("S", "") if service == "dynamodb" else ""
    where = "leases" if leading.endswith("#LEASES") else where
    family = leading.partition("#")[0]
    return service + "." + operation, where, str(arguments.get("IndexName", "")), family if family.isupper() else ""


def _routes() -> Iterator[tuple[re.Pattern[str], str, bool]]:
    """Yield path pattern, function folder and True if a credential is required, for each route of the template."""
    # API Gateway prefers a fixed path to a path with a variable.
    for path, route in sorted(routes().items(), key=lambda served: served[0].count("{")):
        yield re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), route.function, route.guarded
