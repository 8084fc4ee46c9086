"""Wires circuit breakers, which functions that call vendors or endpoints share."""

from datetime import timedelta
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
def circuit_breakers(call_limit: timedelta = timedelta(seconds=10)) -> "CircuitBreakers":
    """Return the circuit breakers of this process. They make no call before the first guarded one.

    `call_limit` is the maximum time of a guarded call. A call is slow from half of it.
    """
    from vigil.outbound.breakers.registry import CircuitBreakers
    from vigil.outbound.breakers.rules import BreakerRules
    from vigil.outbound.breakers.service import BreakerParts

    rules = BreakerRules(call_timeout=call_limit, slow_after=call_limit / 2)
    # SystemRandom, because a seeded generator is part of a snapshot, and all instances would draw the same pauses.
    parts = BreakerParts(circuits(), circuit_events(), process.now, SystemRandom(), rules)
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
