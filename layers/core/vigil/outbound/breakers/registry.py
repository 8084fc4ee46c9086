"""The circuit breakers of a process, by circuit."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from vigil.outbound.breakers.model import CircuitId
from vigil.outbound.breakers.service import Breaker, BreakerParts

Result = TypeVar("Result")
_MAX_BREAKERS = 1_024
"""Maximum breakers of a process. Above it, the least recently used one is removed; its circuit remains stored."""


class CircuitBreakers:
    """Guards all calls of a process under the names of circuits. Safe for threads."""

    def __init__(self, parts: BreakerParts) -> None:
        self._parts = parts
        self._lock = Lock()
        self._breakers: OrderedDict[CircuitId, Breaker] = OrderedDict()

    def call(
        self,
        circuit: str,
        tenant_id: str | None,
        function: Callable[[], Result],
        fallback: Callable[[], Result] | None = None,
    ) -> Result:
        """Call the function, record its result under a circuit, and return the result.

        `tenant_id` is None for a circuit of the deployment. A status of 500 or more and an exception count as failures;
        429 with Retry-After pauses the calls. Errors of the function are raised. If the circuit refuses the call,
        return the result of `fallback`, or raise CircuitOpen without one.
        """
        return self.breaker(circuit, tenant_id).call(function, fallback)

    def breaker(self, circuit: str, tenant_id: str | None = None) -> Breaker:
        """Return the breaker of a circuit, which is created on first use. `tenant_id` is None for the deployment."""
        circuit_id = CircuitId(circuit, tenant_id)
        with self._lock:
            if (breaker := self._breakers.get(circuit_id)) is None:
                breaker = self._breakers[circuit_id] = Breaker(circuit_id, self._parts)
            self._breakers.move_to_end(circuit_id)
            if len(self._breakers) > _MAX_BREAKERS:
                self._breakers.popitem(last=False)
            return breaker
