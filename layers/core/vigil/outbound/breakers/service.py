"""One circuit breaker of one process. It shares its state with the fleet through the store of circuits.

A busy process stores its counts and reads the fleet's state in one call per five seconds; an idle one makes no call.
No lock is held during a call of the store or of the guarded function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from random import Random
from threading import Lock
from typing import TypeVar

from vigil.errors import CircuitOpen, Unavailable
from vigil.outbound.breakers.local_circuit import LocalCircuit
from vigil.outbound.breakers.model import NO_CALLS, Circuit, CircuitId, Counts, bucket_of
from vigil.outbound.breakers.ports import CircuitObserver, CircuitStore
from vigil.outbound.breakers.rules import BreakerRules
from vigil.outbound.breakers.telling import tell_late, tell_own
from vigil.outbound.breakers.verdicts import Failed, Throttled, Verdict, judge_error, judge_result

Result = TypeVar("Result")
_MIN_RETRY_AFTER = 1
"""Minimum pause in the error of a refused call, in seconds."""


@dataclass(frozen=True, slots=True)
class BreakerParts:
    """Parts that all breakers of a process share. `random` must be the operating system's generator."""

    store: CircuitStore
    observer: CircuitObserver
    clock: Callable[[], datetime]
    random: Random
    rules: BreakerRules


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission for one call, from `admit` to `settle`. `is_probe` is True for a test call of an open circuit.

    `epoch` is that of the shared circuit. It is None if the store was not available; `number` is then that of the
    LocalCircuit.
    """

    started_at: datetime
    epoch: int | None
    number: int = 0
    is_probe: bool = False


class Breaker:
    """Guards the calls of one process to one vendor or endpoint. Safe for threads."""

    def __init__(self, circuit_id: CircuitId, parts: BreakerParts) -> None:
        self._id = circuit_id
        self._store, self._observer, self._rules = parts.store, parts.observer, parts.rules
        self._clock, self._random = parts.clock, parts.random
        self._lock = Lock()
        self._seen: Circuit | None = None
        self._is_local = False
        self._local = LocalCircuit(parts.rules, parts.random)
        self._counts, self._bucket, self._row = NO_CALLS, 0, 0
        self._asked_at: datetime | None = None
        self._adopted_at: datetime | None = None
        self._told_at: datetime | None = None
        self._eager_until: datetime | None = None
        self._throttled_until: datetime | None = None

    def call(
        self,
        function: Callable[[], Result],
        fallback: Callable[[], Result] | None = None,
        judge: Callable[[Result, datetime], Verdict] = judge_result,
    ) -> Result:
        """Call the function, record the verdict of `judge` on its result, and return the result.

        Errors of the function are recorded and raised. If the circuit refuses the call, return the result of
        `fallback`, or raise CircuitOpen without one. A store that is not available raises no error.
        """
        try:
            permit = self.admit()
        except CircuitOpen:
            if fallback is None:
                raise
            return fallback()
        try:
            result = function()
        except Exception as error:
            self.settle(permit, judge_error(error))
            raise
        self.settle(permit, judge(result, self._clock()))
        return result

    def admit(self) -> Permit:
        """Return the permission for one call, for callers that do not use `call`. Pass it to `settle` after the call.

        Raises CircuitOpen if calls are refused.
        """
        now = self._clock()
        if self._is_turn(now, self._rules.exchange_interval):
            self._exchange(now)
        if permit := self._permit(now):
            return permit
        with self._lock:
            seen = self._seen
        if seen and self._change(seen, claimed := seen.claim_probe(now + self._rules.probe_lease), now):
            return Permit(now, claimed.epoch, is_probe=True)
        if permit := self._permit(now):
            return permit
        raise CircuitOpen(_MIN_RETRY_AFTER)

    def settle(self, permit: Permit, verdict: Verdict) -> None:
        """Record the verdict about a permitted call. The verdict of an earlier epoch of the circuit is not counted.

        The pause of a Throttled verdict applies in every epoch.
        """
        now = self._clock()
        if isinstance(verdict, Throttled):
            self._throttle(now + min(verdict.pause, self._rules.max_throttle))
        failed = isinstance(verdict, Failed)
        is_slow = not failed and now - permit.started_at >= self._rules.slow_after
        counts = Counts(int(not failed), int(failed), int(is_slow))
        if permit.epoch is None:
            with self._lock:
                self._local.settle(permit.number, now, failed=failed)
        elif permit.is_probe:
            self._end_probe(permit, now, counts)
        elif self._count(permit, now, counts) and self._is_turn(now, self._rules.urgent_interval):
            self._exchange(now)

    def _count(self, permit: Permit, now: datetime, counts: Counts) -> bool:
        """Count a call of a closed circuit, and return True if its result is urgent."""
        with self._lock:
            if self._seen is None or self._seen.epoch != permit.epoch:
                return False
            self._counts += counts
            self._bucket = bucket_of(now)
            self._row = self._row + 1 if counts.failed else 0
            return bool(counts.failed) or (self._eager_until is not None and now < self._eager_until)

    def _permit(self, now: datetime) -> Permit | None:
        """Return the permission for a call, or None if a probe must be claimed. Raises CircuitOpen."""
        with self._lock:
            seen, pause = self._seen, self._throttled_until
            if seen and seen.forced:
                self._refuse(self._rules.forced_retry_after)
            for until in (pause, seen and seen.refused_until(now)):
                if until and until > now:
                    self._refuse(until - now)
            if seen is None or self._is_local:
                if until := self._local.admit(now):
                    self._refuse(until - now)
                return Permit(now, None, self._local.number)
            return Permit(now, seen.epoch) if seen.state == "closed" else None

    def _refuse(self, wait: timedelta) -> None:
        """Count a refused call and raise CircuitOpen. The caller holds the lock."""
        self._counts += Counts(refused=1)
        raise CircuitOpen(max(_MIN_RETRY_AFTER, ceil(wait.total_seconds())))

    def _is_turn(self, now: datetime, interval: timedelta) -> bool:
        """Return True for the one thread that has to exchange now. A store that is away is asked less often."""
        with self._lock:
            asked_at = self._asked_at
            if asked_at and (self._is_local or interval == self._rules.exchange_interval):
                if now - asked_at < self._rules.exchange_interval:
                    return False
            elif self._told_at and now - self._told_at < interval:
                return False
            if asked_at is None or now - asked_at >= self._rules.eager_period:
                # The circuit was idle here, so its first results are stored soon. See BreakerRules.eager_period.
                self._eager_until = now + self._rules.eager_period
            self._asked_at = now
            return True

    def _exchange(self, now: datetime) -> None:
        """Store the counts of this process, read the state of the fleet, and open the circuit if it fails."""
        with self._lock:
            seen, counts, self._counts = self._seen, self._counts, NO_CALLS
            bucket = self._bucket if counts.calls else bucket_of(now)
            must_tell = seen is not None and counts != NO_CALLS
            self._told_at = now if must_tell else self._told_at
        try:
            stored = self._store.record(seen, bucket, counts) if seen and must_tell else self._store.get(self._id)
        except Unavailable:
            with self._lock:
                self._counts += counts
            self._apply_local_rules()
            return
        self._adopt(stored, now)
        tell_late(self._store, self._observer, stored, now)
        if stored.state == "closed" and self._rules.must_open(stored, now, self._row):
            self._change(stored, stored.open(now, self._rules.pause(0, self._random)), now)

    def _end_probe(self, permit: Permit, now: datetime, counts: Counts) -> None:
        with self._lock:
            seen = self._seen
        if seen is None or seen.epoch != permit.epoch:
            return
        pause = self._rules.pause(seen.tries + 1, self._random)
        after = seen.fail_probe(now, pause) if counts.failed else seen.answer_probe(now)
        self._change(seen, after, now, counts)

    def _change(self, before: Circuit, after: Circuit, now: datetime, counts: Counts = NO_CALLS) -> bool:
        """Store a transition, tell it and return True, or adopt the stored circuit."""
        try:
            won = self._store.change(before, after, counts)
            stored = after if won else self._store.get(self._id)
        except Unavailable:
            self._apply_local_rules()
            return False
        self._adopt(stored, now)
        if won:
            tell_own(self._store, self._observer, stored)
        return won

    def _adopt(self, stored: Circuit, now: datetime) -> None:
        with self._lock:
            age = now - self._adopted_at if self._adopted_at else self._rules.exchange_interval
            if self._seen and stored.epoch < self._seen.epoch and age < self._rules.exchange_interval:
                return  # another thread has read a later state; an older one is of a circuit that was deleted
            self._adopted_at = now
            if self._seen is None or stored.epoch != self._seen.epoch:
                self._counts, self._row = NO_CALLS, 0
                self._eager_until = now + self._rules.eager_period
            if self._seen and stored.last_change != self._seen.last_change:
                self._throttled_until = None
            self._seen = stored
            if self._is_local:
                self._is_local = False
                self._local.clear()

    def _apply_local_rules(self) -> None:
        with self._lock:
            self._is_local = True
        self._observer.store_unavailable(self._id)

    def _throttle(self, until: datetime) -> None:
        with self._lock:
            self._throttled_until = max(until, self._throttled_until or until)
            is_local = self._is_local
        try:
            if not is_local:
                self._store.throttle(self._id, until)
        except Unavailable:
            self._apply_local_rules()
