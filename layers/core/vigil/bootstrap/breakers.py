"""Wires circuit breakers, which functions that call vendors or endpoints share."""

from random import SystemRandom
from typing import TYPE_CHECKING

from vigil.bootstrap import process, stores

if TYPE_CHECKING:
    from vigil.outbound.breakers.observing import CircuitEvents
    from vigil.outbound.breakers.registry import CircuitBreakers
    from vigil.outbound.breakers.store import DynamoCircuits


NEEDS = ("event_bus", "limits_table")
"""Settings that a function with circuit breakers cannot start without."""


@process.once
def circuit_breakers() -> "CircuitBreakers":
    """Return the circuit breakers of this process. They make no call before the first guarded one."""
    from vigil.outbound.breakers.registry import CircuitBreakers
    from vigil.outbound.breakers.rules import BreakerRules
    from vigil.outbound.breakers.service import BreakerParts

    # SystemRandom, because a seeded generator is part of a snapshot, and all instances would draw the same pauses.
    parts = BreakerParts(circuits(), circuit_events(), process.now, SystemRandom(), BreakerRules())
    return CircuitBreakers(parts)


@process.once
def circuits() -> "DynamoCircuits":
    """Return the store of circuits."""
    from vigil.outbound.breakers.store import DynamoCircuits

    return DynamoCircuits(process.client("dynamodb"), process.settings().limits_table)


@process.once
def circuit_events() -> "CircuitEvents":
    """Return the observer that logs and publishes the transitions of circuits."""
    from vigil.outbound.breakers.observing import CircuitEvents

    return CircuitEvents(process.telemetry(), stores.event_bus("vigil.circuits"))
