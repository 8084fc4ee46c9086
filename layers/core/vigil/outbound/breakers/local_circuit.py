"""The circuit of one process, which decides while the store of circuits is not available."""

from collections import Counter
from datetime import datetime
from random import Random

from vigil.outbound.breakers.model import Counts, bucket_of
from vigil.outbound.breakers.rules import BreakerRules


class LocalCircuit:
    """A circuit with the counts of this process only, one per breaker. Not safe for threads.

    It has the thresholds of the shared circuit, and also opens at `min_row` failures in a row. `number` grows with each
    opening and closing; the result of a call that was admitted under another number has no effect.
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
        """Return None to admit a call, or the time until which calls are refused.

        The first call after the pause of an open circuit is admitted as a probe. Further calls are refused until it is
        settled, at most for `probe_lease`.
        """
        if self._retry_at is None:
            return None
        if now < self._retry_at:
            return self._retry_at
        self._retry_at = now + self._rules.probe_lease
        return None

    def settle(self, number: int, now: datetime, *, failed: bool) -> None:
        """Record the result of a call. `number` is the number of the circuit when the call was admitted."""
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
        """Close the circuit and remove all counts, because the store is available again."""
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
