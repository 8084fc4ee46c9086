"""Probes of the readiness of the API: over HTTPS from outside, or through the live version of its function."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from vigil.errors import Unavailable
from vigil.operations.diagnosis.model import ProbeAnswer
from vigil.outbound.https import Outbound
from vigil.outbound.requests import OutboundRequest

_PATH = "/health/readiness"
_NO_ANSWER = 0


class HttpsProbe:
    """Probe of the public address of the API. It covers API Gateway, the domain and its certificate."""

    def __init__(self, outbound: Outbound, address: str) -> None:
        self._outbound = outbound
        self._url = f"{address}{_PATH}"

    def probe(self) -> ProbeAnswer:
        """Return the answer to one request; status 0 if there is none. Raises no Unavailable."""
        return _timed(lambda: self._outbound.send(OutboundRequest(self._url, method="GET")).status)


class FunctionProbe:
    """Probe of the live version of the scoring API, for a deployment without a public address in its settings.

    `invoke` sends an event to a function. It does not cover API Gateway.
    """

    def __init__(self, invoke: Callable[[str, Any], Any]) -> None:
        self._invoke = invoke

    def probe(self) -> ProbeAnswer:
        """Return the answer to one request; status 0 if there is none. Raises no Unavailable."""
        return _timed(lambda: int(self._invoke("scoring_api", _event())["statusCode"]))


def _timed(ask: Callable[[], int]) -> ProbeAnswer:
    started, status = time.perf_counter(), _NO_ANSWER
    with suppress(Unavailable):
        status = ask()
    return ProbeAnswer(status, (time.perf_counter() - started) * 1e3)


def _event() -> dict[str, Any]:
    """Return the event that API Gateway sends for a readiness request, without `apiId`.

    API Gateway does not count the probe, so that the objective of availability must not subtract it.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    return {
        "resource": _PATH,
        "path": _PATH,
        "httpMethod": "GET",
        "headers": {},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": "GET",
            "identity": {"sourceIp": "127.0.0.1"},
            "path": _PATH,
            "protocol": "HTTP/1.1",
            "requestId": "readiness-probe",
            "resourcePath": _PATH,
            "stage": "probe",
            "authorizer": None,
        },
        "body": None,
        "isBase64Encoded": False,
    }
