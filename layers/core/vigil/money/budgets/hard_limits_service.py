"""Keeping hard stops true: what they allow where requests are let in, and what was spent beside what is set aside."""

from collections import Counter as Sums
from collections.abc import Callable, Mapping
from datetime import datetime

from vigil.kernel.money import COUNTERS, Counter
from vigil.money.budgets.model import Plan, span_of, spent
from vigil.money.budgets.ports import Holders, Prices, Spending, Stops, Use


class HardStops:
    """Carries tenants' budgets to where predictions are let in and charged. Every step may be repeated."""

    def __init__(
        self,
        stops: Stops,
        holders: Holders,
        spending: Spending,
        use: Use,
        prices: Prices,
        clock: Callable[[], datetime],
    ) -> None:
        self._stops = stops
        self._holders = holders
        self._spending = spending
        self._use = use
        self._prices = prices
        self._clock = clock

    def carry(self, tenant_id: str, plan: Plan) -> None:
        """Make a plan what requests are let in by, within the minute that credentials are remembered for.

        Where the plan stops, what was spent so far counts from the first request on.
        """
        hard_stop = plan.hard_stop(self._prices(self._clock()))
        if hard_stop:
            self._settle(tenant_id)
        self._holders.set_hard_stop(tenant_id, hard_stop)

    def used(self, tenant_id: str) -> Mapping[Counter, int]:
        """Return what counts against the limits of this day and month: exact for what is set aside by commits."""
        return self._stops.tally(tenant_id, span_of("day", self._clock())).used

    def _settle(self, tenant_id: str) -> None:
        """Count what was spent without being set aside: whatever is no prediction, and predictions made before a stop.

        A prediction that was set aside is in both, the lines and the reserves, or in neither yet. The reserves are read
        first: what comes between counts twice until the next time, where the other way round it would not count at all.
        """
        day = span_of("day", self._clock())
        seen = self._stops.tally(tenant_id, day)
        reserved: Sums[str] = Sums()
        for hour in self._use.hours(tenant_id, day[:7]):
            for span in (hour.hour[:7], hour.hour[:10]):
                reserved[span] += hour.amounts.get("reserved_micros", 0)
        lines = self._spending.lines(tenant_id, day[:7])
        beside: dict[Counter, int] = {}
        for counter in COUNTERS:
            category, _, period = counter.partition("_")
            span = day if period == "day" else day[:7]
            beside[counter] = spent(lines, category, span) - reserved[span]
        self._stops.settle(tenant_id, seen, beside)
