"""Runs health probes and reports unavailable dependencies."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vigil.errors import VigilError
from vigil.kernel.time import format_timestamp

VERDICT_AGE = timedelta(seconds=5)
"""Maximum age of a verdict for anonymous callers. It bounds the calls that they can cause."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one probe. `cause` is the class of the failure, None without one. `latency_ms` is in milliseconds."""

    name: str
    up: bool
    latency_ms: float
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """True if every dependency responded at `checked_at`, a timestamp in UTC."""

    up: bool
    checked_at: str


class Health:
    """Runs named probes. A probe raises an error if its dependency does not respond."""

    def __init__(self, probes: Mapping[str, Callable[[], object]], clock: Callable[[], datetime]) -> None:
        self._probes = probes
        self._clock = clock
        self._refresh = threading.Lock()
        self._last: tuple[datetime, Verdict] | None = None

    def run_checks(self) -> tuple[CheckResult, ...]:
        """Return one result per dependency. A Vigil error of a probe is a failure; other errors are raised.

        Causes are class names, because messages can contain internal details.
        """
        return tuple(self._run(name, probe) for name, probe in self._probes.items())

    def verdict(self) -> Verdict:
        """Return the verdict of all probes, at most five seconds old. One caller at a time runs the probes."""
        with self._refresh:
            now = self._clock()
            if self._last is None or not timedelta() <= now - self._last[0] < VERDICT_AGE:
                up = all(check.up for check in self.run_checks())
                self._last = now, Verdict(up, format_timestamp(now))
            return self._last[1]

    @staticmethod
    def _run(name: str, probe: Callable[[], object]) -> CheckResult:
        started = time.perf_counter()
        cause = None
        try:
            probe()
        except VigilError as error:
            cause = type(error).__name__
        return CheckResult(name, cause is None, round((time.perf_counter() - started) * 1e3, 3), cause)
