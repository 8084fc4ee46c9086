"""The minute sweep: it sends a message for each due item, so that workers do the due work in parallel.

A sweep only reads the index and sends messages. All work is safe to repeat, so two sweeps at a time are harmless.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from vigil.alerting.notices.model import DueItem, SweepSummary
from vigil.alerting.notices.ports import DeliveryQueue, DueItems
from vigil.kernel.time import format_timestamp

_MAX_BATCH = 500
"""Maximum messages that are sorted and sent together."""
_FIRST_MINUTES = 3
_REPEAT_MINUTES = 5
_MINUTE = timedelta(minutes=1)
_IN_FLIGHT = timedelta(seconds=10)
"""Time in which the message of a new notice is under way."""


class Sweep:
    """Finds the due items of all tenants and sends their messages."""

    def __init__(self, items: DueItems, queue: DeliveryQueue, clock: Callable[[], datetime]) -> None:
        self._items = items
        self._queue = queue
        self._clock = clock

    def run(self, has_time_left: Callable[[], bool]) -> SweepSummary:
        """Send a message for each due item that needs one, and return the numbers of the sweep. Raises Unavailable.

        In each batch, CRITICAL items are first. The sweep stops when `has_time_left` returns False; the next run
        continues.
        """
        now, seen, sent = self._clock(), 0, Counter[str]()
        batch: list[DueItem] = []
        for item in self._due(now):
            seen += 1
            if needs_message(item, now):
                batch.append(item)
            if len(batch) >= _MAX_BATCH:
                sent += self._send(batch)
                batch = []
            if not has_time_left():
                return SweepSummary(dict(sent + self._send(batch)), seen, is_complete=False)
        return SweepSummary(dict(sent + self._send(batch)), seen)

    def _due(self, now: datetime) -> Iterator[DueItem]:
        for shard in range(self._items.shards):
            yield from self._items.due(shard, format_timestamp(now))

    def _send(self, items: Sequence[DueItem]) -> Counter[str]:
        if items:
            self._queue.send_due(sorted(items, key=lambda item: (not item.is_critical, item.due_at)))
        return Counter(item.kind for item in items)


def needs_message(item: DueItem, now: datetime) -> bool:
    """Return True if a sweep sends a message for a due item.

    An item that stays due gets a message in each of its first three minutes and then every five minutes. So a queue
    with a backlog does not fill with repetitions.
    """
    overdue = now - datetime.fromisoformat(item.due_at)
    if item.kind == "notice" and overdue < _IN_FLIGHT:
        return False
    minutes = overdue // _MINUTE
    return minutes < _FIRST_MINUTES or minutes % _REPEAT_MINUTES == 0
