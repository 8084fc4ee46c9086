"""Rules of circuit breakers: their thresholds, pauses and intervals."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from vigil.outbound.breakers.model import NO_CALLS, Circuit, Counts, bucket_of


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """Thresholds of the failures that open a circuit, and the pauses between probes.

    See `is_failing` for the thresholds. They count calls too: with failures in a row only, a large fleet opens a
    circuit at 2 % of failures.
    """

    min_failed: int = 5
    """Minimum failures of the current bucket."""
    failed_share: float = 0.5
    """Share of failed calls that opens a circuit."""
    min_failed_in_both: int = 10
    """Minimum failures of the current and the previous bucket together."""
    min_row: int = 5
    """Minimum failures in a row of one process for the third rule of `is_failing`."""
    exchange_interval: timedelta = timedelta(seconds=5)
    """Time after which a busy process stores its counts and reads the state."""
    urgent_interval: timedelta = timedelta(seconds=1)
    """Minimum time between two exchanges after failures, and after any call of a circuit that was idle."""
    eager_period: timedelta = timedelta(seconds=10)
    """Time after an idle period or a transition in which answered calls are stored as urgently as failures.

    Otherwise the first failures of a fleet would be counted before its successes.
    """
    base_pause: timedelta = timedelta(seconds=10)
    max_pause: timedelta = timedelta(seconds=300)
    jitter: float = 0.2
    """Largest random change of a pause, as a share of it."""
    max_throttle: timedelta = timedelta(hours=1)
    """Maximum pause that a vendor can demand."""
    forced_retry_after: timedelta = timedelta(seconds=60)
    """Pause in the error of a call that a forced circuit refuses."""
    call_timeout: timedelta = timedelta(seconds=10)
    """Maximum duration of a call."""
    clock_skew: timedelta = timedelta(seconds=5)
    """Allowance for the difference of two clocks."""
    slow_after: timedelta = timedelta(seconds=5)
    """Duration from which an answered call is slow."""

    @property
    def probe_lease(self) -> timedelta:
        """The time after which another probe may begin although the running one has no result."""
        return self.call_timeout + self.clock_skew

    def pause(self, tries: int, random: Random) -> timedelta:
        """Return the pause before the next probe of an open circuit, with jitter.

        `tries` is the number of failed probes since the opening. The pause doubles with each of them, from `base_pause`
        to `max_pause`.
        """
        seconds = min(self.max_pause.total_seconds(), self.base_pause.total_seconds() * 2.0 ** min(tries, 16))
        return timedelta(seconds=seconds * random.uniform(1 - self.jitter, 1 + self.jitter))

    def must_open(self, circuit: Circuit, now: datetime, row: int) -> bool:
        """Return True if the counts of the whole fleet open a closed circuit.

        `row` is the number of failures in a row of this process.
        """
        number = bucket_of(now)
        return self.is_failing(circuit.buckets.get(number, NO_CALLS), circuit.buckets.get(number - 1, NO_CALLS), row)

    def is_failing(self, current: Counts, previous: Counts, row: int) -> bool:
        """Return True if the counts of the current and the previous bucket show an outage, by one of three rules.

        First: at least `min_failed` failures in the current bucket, which are half of the calls of the larger bucket.
        Second: at least `min_failed_in_both` failures in both buckets, which are half of their calls. Third: as the
        second with `min_failed` failures in the current bucket, which are half of its calls, and `row` is at least
        `min_row`. `row` is the number of failures in a row of this process.
        """
        both = current + previous
        is_many = current.failed >= self.min_failed
        fails_now = current.failed >= self.failed_share * max(current.calls, previous.calls)
        fails_in_both = both.failed >= self.failed_share * both.calls
        fails_here = row >= self.min_row and current.failed >= self.failed_share * current.calls
        return (is_many and fails_now) or (
            fails_in_both and (both.failed >= self.min_failed_in_both or (is_many and fails_here))
        )
