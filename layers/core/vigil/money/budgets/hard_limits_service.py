"""Publication of hard limits to tenant records, and counting of spend that no prediction reserved."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from vigil.kernel.money import SPEND_COUNTERS, SpendCounter
from vigil.money.budgets.model import BudgetPlan, span_of, spend_in_span
from vigil.money.budgets.ports import CostLines, HourlyUsage, PredictionPrice, SpendLimitPublisher, SpendTallies


class HardLimits:
    """Hard limits of tenants' predictions. Every step may be repeated."""

    def __init__(
        self,
        tallies: SpendTallies,
        publisher: SpendLimitPublisher,
        costs: CostLines,
        usage: HourlyUsage,
        price: PredictionPrice,
        clock: Callable[[], datetime],
    ) -> None:
        self._tallies = tallies
        self._publisher = publisher
        self._costs = costs
        self._usage = usage
        self._price = price
        self._clock = clock

    def publish_limits(self, tenant_id: str, plan: BudgetPlan) -> None:
        """Copy the plan's hard limit to the tenant record; the authorizer enforces it within 60 s.

        If the plan has a limit, the spend so far is counted first, so that it counts from the first request on.
        """
        limit = plan.spend_limit(self._price(self._clock()))
        if limit:
            self._sync_unreserved_spend(tenant_id)
        self._publisher.set_spend_limit(tenant_id, limit)

    def used(self, tenant_id: str) -> Mapping[SpendCounter, int]:
        """Return the spend that counts against the limits of this day and month, in micro-dollars.

        Reservations are exact; unreserved spend is as of the last check.
        """
        return self._tallies.read_tally(tenant_id, span_of("day", self._clock())).used

    def _sync_unreserved_spend(self, tenant_id: str) -> None:
        """Record the spend without a reservation: other categories, and predictions made before there was a limit.

        A reserved prediction is in both the cost lines and the counted reservations, or not yet in either. The
        reservations are read first. A prediction that is counted in between counts twice until the next check; in the
        other order it would not count at all.
        """
        day = span_of("day", self._clock())
        seen = self._tallies.read_tally(tenant_id, day)
        reserved: Counter[str] = Counter()
        for hour in self._usage.hours(tenant_id, day[:7]):
            for span in (hour.hour[:7], hour.hour[:10]):
                reserved[span] += int(hour.amounts.get("reserved_micros", 0))
        lines = self._costs.lines(tenant_id, day[:7])
        unreserved: dict[SpendCounter, int] = {}
        for counter in SPEND_COUNTERS:
            category, _, period = counter.partition("_")
            span = day if period == "day" else day[:7]
            unreserved[counter] = spend_in_span(lines, category, span) - reserved[span]
        self._tallies.set_unreserved(tenant_id, seen, unreserved)
