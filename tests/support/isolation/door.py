"""API Gateway in process: the template's routes, the real authorizer and functions; all their AWS calls are noted."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from botocore.client import BaseClient

from tests.support.gateway import Context, event
from tests.support.templates import routes

ARN = "arn:aws:execute-api:eu-west-1:123456789012:api/local/GET/"
REMEMBERED = {"registry", "flags", "packages"}
"""What every process reads once a minute, whoever asks."""


@dataclass(frozen=True)
class Request:
    """What a caller sends; the credential is a header like any other, and a header may come twice."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None

    def said(self) -> str:
        """Return all of it as text."""
        return json.dumps([self.path, dict(self.query), self.headers, self.body])


@dataclass(frozen=True)
class Answer:
    """What comes back, and which calls of AWS it took: service and operation, table, index and family of the key."""

    status: int
    headers: Mapping[str, str]
    body: str
    calls: tuple[tuple[str, ...], ...]

    def document(self) -> Any:
        """Return the JSON of the body, or its text if it is not JSON."""
        is_json = "json" in self.headers.get("content-type", "")
        return json.loads(self.body) if is_json and self.body else self.body

    def told(self) -> tuple[Any, ...]:
        """Return what tells this answer from another one: all but its correlation id, and what is left of limits."""
        problem = json.loads(self.body or "{}") if self.status >= 400 else {}
        problem.pop("correlation_id", None)
        return self.status, sorted(set(self.headers) - {"x-correlation-id"}), problem, self.calls


class FrontDoor:
    """Answers requests as the deployment would."""

    def __init__(self, environment: Any) -> None:
        self._routes = list(_routes())
        self._noted: list[tuple[str, ...]] = []
        original = BaseClient._make_api_call

        def noting(client: BaseClient, operation: str, arguments: Mapping[str, Any]) -> Any:
            self._noted.append(_note(client.meta.service_model.service_name, operation, arguments))
            return original(client, operation, arguments)

        environment.setattr(BaseClient, "_make_api_call", noting)

    def ask(self, request: Request) -> Answer:
        """Return the answer to a request."""
        _, name, guarded = next(route for route in self._routes if route[0].fullmatch(request.path))
        self._noted.clear()
        caller = self._caller(request) if guarded else {"tenant": None}
        if caller is None:
            return Answer(401, {}, "", self._calls())
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

    def _caller(self, request: Request) -> dict[str, Any] | None:
        """Return what the authorizer finds, None for nobody."""
        from functions.tokens_authorizer.handler import lambda_handler

        try:
            policy = lambda_handler({"methodArn": ARN, "headers": dict(request.headers)}, Context())
        except Exception as error:
            if str(error) != "Unauthorized":
                raise
            return None
        assert policy["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        found = dict(policy["context"])
        return {"tenant": found.pop("tenant_id")} | found

    def _calls(self) -> tuple[tuple[str, ...], ...]:
        return tuple(note for note in self._noted if note[1] not in REMEMBERED and note[3] != "SIGNING_KEYS")


def _note(service: str, operation: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    where = str(arguments.get("TableName") or arguments.get("Bucket") or ("registry" if "Secret" in operation else ""))
    leading = arguments.get("Key", {}).get("pk", {}).get("S", "") if service == "dynamodb" else ""
    family = leading.partition("#")[0]
    return service + "." + operation, where, str(arguments.get("IndexName", "")), family if family.isupper() else ""


def _routes() -> Iterator[tuple[re.Pattern[str], str, bool]]:
    """Yield pattern, function folder, and whether a credential is asked for, of every route of the template."""
    # As API Gateway does: a fixed path comes before one with a variable.
    for path, route in sorted(routes().items(), key=lambda served: served[0].count("{")):
        yield re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), route.function, route.guarded
