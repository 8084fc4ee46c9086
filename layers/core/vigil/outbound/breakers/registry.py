"""The circuit breakers of a process, by circuit."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from vigil.outbound.breakers.model import CircuitId
from vigil.outbound.breakers.service import Breaker, BreakerParts

Result = TypeVar("Result")
_MAX_BREAKERS = 1_024
"""Maximum breakers of a process. The least recently used one is dropped; its circuit stays in the store."""


class CircuitBreakers:
    """Guards calls under the name of a circuit. Safe for threads."""

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
        """Call the function and record its result under a circuit; None as tenant is the deployment.

        A status of 500 or more and an exception are failures; 429 with Retry-After pauses the calls. If the circuit
        refuses the call, return the result of `fallback`, or raise CircuitOpen.
        """
        return self.breaker(circuit, tenant_id).call(function, fallback)

    def breaker(self, circuit: str, tenant_id: str | None = None) -> Breaker:
        """Return the breaker of a circuit."""
        circuit_id = CircuitId(circuit, tenant_id)
        with self._lock:
            if (breaker := self._breakers.get(circuit_id)) is None:
                breaker = self._breakers[circuit_id] = Breaker(circuit_id, self._parts)
            self._breakers.move_to_end(circuit_id)
            if len(self._breakers) > _MAX_BREAKERS:
                self._breakers.popitem(last=False)
            return breaker
