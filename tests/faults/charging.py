"""Batch processing with cancellations at random moments, and the counters of usage and money."""

from dataclasses import dataclass, field

from tests.faults.batching import World
from tests.support.faultbed.faults import Crash
from tests.support.faultbed.history import Count
from vigil.errors import Conflict, Unavailable, VigilError
from vigil.money.budgets.hard_limits_store import DynamoHardLimits
from vigil.money.usage.model import sum_hours
from vigil.money.usage.service import UsageCounter
from vigil.money.usage.store import DynamoUsage
from vigil.money.usage.stream import count_records
from vigil.money.usage.stream_entries import item_bytes

LOOKS = 20
TENANTS = ("tenant-0", "tenant-1")


@dataclass
class Charged(World):
    """Batches of tenants with limits. `cancelled` maps an order's key to the number of rows before its cancellation."""

    cancelled: dict[str, int] = field(default_factory=dict)

    def live(self, actors=2, *others):
        return super().live(actors, *others, self._cancel) and not self.cancelled

    def counts(self):
        """Yield the counters of each tenant beside the sums over the chunks of its batches."""
        dynamodb = self.bed.client("dynamodb")
        usage = DynamoUsage(dynamodb, self.usage)
        self._count()
        for tenant in TENANTS:
            chunks = [c for b in self._ended() if b.tenant_id == tenant for c in self._unhurt.chunks(b)]
            month = usage.month(tenant, "2026-03")
            counted, charged = sum_hours(month.hours), sum(chunk.charged for chunk in chunks)
            yield Count(f"month of {tenant}", month.used, charged)
            yield Count(f"charges of {tenant}", counted.get("charged", 0), charged)
            stops, spent = DynamoHardLimits(dynamodb, self.usage, self.clock), sum(c.reserved_micros for c in chunks)
            yield Count(f"money of {tenant}", stops.read_tally(tenant, "2026-03-01").used["total_month"], spent)
            yield Count(f"reserves of {tenant}", counted.get("reserved_micros", 0), spent)
            yield Count(f"rows of {tenant}", counted.get("predictions", 0), sum(chunk.scored for chunk in chunks))
            items = [item for item in self.bed.items(self.table) if item["pk"]["S"].partition("#")[0] == tenant]
            yield Count(f"bytes of {tenant}", usage.stored_bytes(tenant).database_bytes, sum(map(item_bytes, items)))

    def half_done(self):
        """Return the number of batches that were cancelled between two chunks."""
        states = [{chunk.state for chunk in self._unhurt.chunks(batch)} for batch in self._ended()]
        return sum(state == {"waiting", "done"} for state in states)

    def _count(self):
        """Deliver every change of the batch store three times, in random order, until all changes are counted."""
        meter = UsageCounter(DynamoUsage(self._faulty(self.bed.client("dynamodb")), self.usage))
        waiting = [record for _ in range(3) for record in self.bed.writes(self.table)]
        while waiting:
            self.random.shuffle(waiting)
            some, waiting = waiting[:40], waiting[40:]
            try:
                again = set(count_records(some, meter))
            except (Unavailable, Crash):
                again = {record["dynamodb"]["SequenceNumber"] for record in some}
            waiting += [record for record in some if record["dynamodb"]["SequenceNumber"] in again]

    def _cancel(self):
        """Cancel the batches that have progressed far enough, and retry after a missing answer."""
        for _ in range(LOOKS):
            for key in [key for key in self.cancelled if key in self.found]:
                tenant, name = self.orders[key][0], self.found[key]
                try:
                    status = self._batches.get(tenant, name)
                    if status.batch.is_unfinished and status.progress.done < self.cancelled[key]:
                        continue
                    self._batches.cancel(tenant, name)
                except Conflict:
                    pass  # the batch has ended in another way
                except VigilError:
                    continue
                del self.cancelled[key]
