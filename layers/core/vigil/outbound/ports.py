"""Ports of requests to other systems: the sender, and the circuits that guard it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from vigil.outbound.requests import OutboundAnswer, OutboundRequest

Result = TypeVar("Result")


class Https(Protocol):
    """Client that sends HTTPS requests to vendors and webhooks. It follows no redirect."""

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send one request once and return the answer of any status. Raises NoAnswer if there is none."""
        ...


class CircuitGuard(Protocol):
    """Circuit breakers of the vendors and of the endpoints of tenants."""

    def call(self, circuit: str, tenant_id: str | None, function: Callable[[], Result]) -> Result:
        """Call the function, record its result under a circuit, and return the result.

        `tenant_id` is None for a circuit of the deployment. A status of 500 or more and NoAnswer count as failures; 429
        with Retry-After pauses the circuit. Raises CircuitOpen if the circuit is open, without a call, and all errors
        of the function.
        """
        ...
