"""Exporter of findings to a project of Sentry, behind a circuit breaker of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from vigil.errors import Unavailable
from vigil.operations.failures.groups_model import StoredFailure
from vigil.operations.failures.sentry_model import CONTENT_TYPE, auth_header, to_envelope
from vigil.outbound.guarded_https import GuardedHttps
from vigil.outbound.ports import CircuitGuard, Https
from vigil.outbound.requests import OutboundRequest

_CIRCUIT = "sentry"
_LIMIT = timedelta(seconds=4)
"""Maximum time of a request."""


@dataclass(frozen=True, slots=True)
class SentryProject:
    """A project of Sentry: the address of its envelope endpoint, its public key, and the environment of events."""

    address: str
    public_key: str
    environment: str


class SentryExporter:
    """Sends one event for each finding. A finding that Sentry does not accept is lost, and `on_loss` is called."""

    def __init__(self, project: SentryProject, https: Https, guard: CircuitGuard, on_loss: Callable[[], None]) -> None:
        self._project = project
        self._https = GuardedHttps(https, guard, _CIRCUIT)
        self._on_loss = on_loss

    def export(self, failure: StoredFailure) -> None:
        """Send the unpublished findings of a group."""
        for finding in failure.group.unpublished:
            body = to_envelope(failure, finding, self._project.environment)
            if not self._is_accepted(body):
                self._on_loss()

    def _is_accepted(self, body: bytes) -> bool:
        headers = {"content-type": CONTENT_TYPE, "x-sentry-auth": auth_header(self._project.public_key)}
        request = OutboundRequest(self._project.address, body, headers, connect=_LIMIT, total=_LIMIT)
        try:
            answer = self._https.send(request)
        except Unavailable:  # no answer, or the circuit is open
            return False
        return answer.status == 200
