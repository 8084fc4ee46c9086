"""Looking after budgets: each threshold that is reached is told once, and hard stops are kept true."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from vigil.money.budgets.hard_limits_service import HardStops
from vigil.money.budgets.model import LEASE, Alert, Plan, spent
from vigil.money.budgets.ports import BudgetStore, Bus, Spending


class Watch:
    """Looks at one tenant's budgets at a time.

    An alert is kept before it is told, and marked when it was: whoever keeps it tells it, alone for the time of a
    lease. What dies in between is told by a later look, as the same event with the same id.
    """

    def __init__(
        self,
        store: BudgetStore,
        spending: Spending,
        hard_stops: HardStops,
        bus: Bus,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._spending = spending
        self._hard_stops = hard_stops
        self._bus = bus
        self._clock = clock

    def look(self, tenant_id: str) -> int:
        """Tell what was reached and not told, keep the hard stop true; return how many alerts were told.

        An alert that the bus did not take is told by a later look. Raises Unavailable.
        """
        plan, now = self._store.plan(tenant_id), self._clock()
        mine = [*self._taken_over(tenant_id, plan, now), *self._opened(tenant_id, plan, now)]
        events = {alert.event(tenant_id).event_id: alert for alert in mine}
        refused = self._bus.publish([alert.event(tenant_id) for alert in mine]) if mine else ()
        told = [alert for event_id, alert in events.items() if event_id not in refused]
        for alert in told:
            self._store.sent(tenant_id, alert)
        self._hard_stops.carry(tenant_id, plan)
        return len(told)

    def _taken_over(self, tenant_id: str, plan: Plan, now: datetime) -> Iterator[Alert]:
        until = (now + LEASE).astimezone(UTC).isoformat(timespec="seconds")
        for alert in plan.alerts:
            if alert.forsaken(now) and self._store.take_over(tenant_id, alert, until):
                yield replace(alert, leased_until=until)

    def _opened(self, tenant_id: str, plan: Plan, now: datetime) -> Iterator[Alert]:
        looked_at = [(budget, span) for budget in plan.budgets for span in budget.spans(now)]
        months = {span[:7] for _, span in looked_at}
        lines = {month: self._spending.lines(tenant_id, month) for month in sorted(months)}
        for budget, span in looked_at:
            micros = spent(lines[span[:7]], budget.category, span)
            for threshold in plan.crossed(budget, span, micros):
                alert = budget.alert(span, threshold, micros, now)
                if self._store.open(tenant_id, alert):
                    yield alert
