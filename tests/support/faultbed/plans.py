"""Plans of faults for the calls of a client: by a seed, or at exactly one call."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, NoReturn, Protocol

import pytest

from tests.support.aws_calls import Make, replace_calls
from tests.support.faultbed.faults import FAULTS, Calls, Fault, apply_fault, crash, is_possible


class Plan(Protocol):
    """Source of the fault of each call, None for a normal call."""

    def draw(self, operation: str, arguments: Mapping[str, Any]) -> Fault | None: ...


@dataclass
class Seeded:
    """Plan of random faults. The same seed over the same calls gives the same faults.

    `rates` is the probability of each fault. `operations` names the calls that can fail (empty: all).
    `budget` is the maximum number of faults, so that every run ends.
    """

    seed: int
    rates: Mapping[Fault, float]
    operations: frozenset[str] = frozenset()
    budget: int = 1_000_000
    trace: list[tuple[str, Fault | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._lock = threading.Lock()
        self._faults: Sequence[Fault | None] = (*self.rates, None)
        self._weights = (*self.rates.values(), 1 - sum(self.rates.values()))

    def draw(self, operation: str, arguments: Mapping[str, Any]) -> Fault | None:
        with self._lock:
            (fault,) = self._random.choices(self._faults, self._weights)
            allowed = not self.operations or operation in self.operations
            if fault is not None and not (allowed and is_possible(fault, operation, arguments) and self.budget):
                fault = None
            self.budget -= fault is not None
            self.trace.append((operation, fault))
            return fault

    def fault_counts(self) -> Counter[str]:
        """Return the number of occurrences of each fault."""
        return Counter(fault for _, fault in self.trace if fault)

    def to_json(self) -> str:
        """Return the plan as JSON, to send it to another process."""
        return json.dumps(
            {"seed": self.seed, "rates": self.rates, "operations": sorted(self.operations), "budget": self.budget}
        )

    @classmethod
    def from_json(cls, document: str) -> "Seeded":
        """Return the plan of a JSON document."""
        raw = json.loads(document)
        return cls(**raw | {"operations": frozenset(raw["operations"])})


def uniform_rates(rate: float, *without: Fault) -> dict[Fault, float]:
    """Return one rate for all faults except `without`."""
    return {fault: rate for fault in FAULTS if fault not in without}


@dataclass
class At:
    """Plan of one fault at the n-th call, counted from 0."""

    number: int
    fault: Fault
    calls: int = 0

    @property
    def reached(self) -> bool:
        return self.calls > self.number

    def draw(self, operation: str, arguments: Mapping[str, Any]) -> Fault | None:
        here = self.calls == self.number and is_possible(self.fault, operation, arguments)
        self.calls += 1
        return self.fault if here else None


def inject(
    client: Any, plan: Plan, end: Callable[[], NoReturn] = crash, pause: Callable[[], None] = lambda: None
) -> Any:
    """Inject a plan into a client and return the client. `pause` runs before each call, so other actors can run."""
    _replace(plan, end, pause, client)
    return client


def inject_process(plan: Plan, end: Callable[[], NoReturn]) -> None:
    """Inject a plan into every client of this process, for the rest of its life."""
    _replace(plan, end, lambda: None)


def _replace(plan: Plan, end: Callable[[], NoReturn], pause: Callable[[], None], client: Any = None) -> None:
    seen: dict[str, Any] = {}

    def faulty(make: Make, service: str, operation: str, arguments: dict[str, Any]) -> Any:
        return _call(Calls(service, make, seen), plan, end, pause, operation, arguments)

    replace_calls(pytest.MonkeyPatch(), faulty, client)


def _call(
    calls: Calls,
    plan: Plan,
    end: Callable[[], NoReturn],
    pause: Callable[[], None],
    operation: str,
    arguments: dict[str, Any],
) -> Any:
    pause()
    fault = plan.draw(operation, arguments)
    return apply_fault(fault, calls, operation, arguments, end) if fault else calls.make(operation, arguments)
