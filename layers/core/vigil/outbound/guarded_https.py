"""Requests to one vendor behind its circuit."""

from vigil.outbound.ports import CircuitGuard, Https
from vigil.outbound.requests import OutboundAnswer, OutboundRequest


class GuardedHttps:
    """Sends requests to one vendor under a circuit of the deployment, such as `openai:responses`."""

    def __init__(self, https: Https, guard: CircuitGuard, circuit: str) -> None:
        self._https = https
        self._guard = guard
        self._circuit = circuit

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send one request once and return the answer of any status. Raises NoAnswer and CircuitOpen."""
        return self._guard.call(self._circuit, None, lambda: self._https.send(request))
