"""The circuit of one process, which applies while the store of circuits does not answer."""

from collections import Counter
from datetime import datetime
from random import Random

from vigil.outbound.breakers.model import Counts, bucket_of
from vigil.outbound.breakers.rules import BreakerRules


class LocalCircuit:
    """Counts of this process only, with the fleet's thresholds. It opens at five failures in a row as well.

    `number` changes with each opening and closing; a call of another number has no effect. Not safe for threads.
    """

    def __init__(self, rules: BreakerRules, random: Random) -> None:
        self._rules = rules
        self._random = random
        self.number = 0
        self._retry_at: datetime | None = None
        self._tries = 0
        self._row = 0
        self._answered: Counter[int] = Counter()
        self._failed: Counter[int] = Counter()

    def admit(self, now: datetime) -> datetime | None:
        """Return None and admit a call, or return the time until which calls are refused.

        Of an open circuit, the admitted call is a probe. Its lease delays the next one.
        """
        if self._retry_at is None:
            return None
        if now < self._retry_at:
            return self._retry_at
        self._retry_at = now + self._rules.probe_lease
        return None

    def settle(self, number: int, now: datetime, *, failed: bool) -> None:
        """Record the result of a call that was admitted under a number."""
        if number != self.number:
            return
        if self._retry_at is not None:
            self._end_probe(now, failed=failed)
            return
        bucket = bucket_of(now)
        (self._failed if failed else self._answered)[bucket] += 1
        self._row = self._row + 1 if failed else 0
        counts = [Counts(self._answered[each], self._failed[each]) for each in (bucket, bucket - 1)]
        if self._row >= self._rules.min_row or self._rules.is_failing(counts[0], counts[1], self._row):
            self._open(now)

    def clear(self) -> None:
        """Forget all counts, because the store answers again."""
        self.number += 1
        self._retry_at, self._tries, self._row = None, 0, 0
        self._answered.clear()
        self._failed.clear()

    def _end_probe(self, now: datetime, *, failed: bool) -> None:
        if failed:
            self._tries += 1
            self._open(now)
        else:
            self.clear()

    def _open(self, now: datetime) -> None:
        self.number += 1
        self._retry_at = now + self._rules.pause(self._tries, self._random)
