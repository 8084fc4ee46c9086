"""Runs health probes and reports unavailable dependencies."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vigil.errors import VigilError


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one probe. `cause` is the class of the failure."""

    name: str
    up: bool
    latency_ms: float
    cause: str | None = None


class Health:
    """Runs named probes. A probe raises an error if its dependency does not respond."""

    def __init__(self, probes: Mapping[str, Callable[[], object]]) -> None:
        self._probes = probes

    def run_checks(self) -> tuple[CheckResult, ...]:
        """Return one result per dependency. Causes are class names, because messages can contain internal details."""
        return tuple(self._run(name, probe) for name, probe in self._probes.items())

    @staticmethod
    def _run(name: str, probe: Callable[[], object]) -> CheckResult:
        started = time.perf_counter()
        cause = None
        try:
            probe()
        except VigilError as error:
            cause = type(error).__name__
        return CheckResult(name, cause is None, round((time.perf_counter() - started) * 1e3, 3), cause)
