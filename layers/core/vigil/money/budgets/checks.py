"""Spend check of budgets: publishes an alert per reached threshold and updates the hard limit."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from vigil.kernel.time import format_timestamp
from vigil.money.budgets.hard_limits_service import HardLimits
from vigil.money.budgets.model import ALERT_LEASE, BudgetAlert, BudgetPlan, spend_in_span
from vigil.money.budgets.ports import BudgetStore, CostLines, EventBus


class BudgetCheck:
    """Checks the budgets of one tenant at a time.

    An alert is stored before it is published and marked afterwards. The worker that stored it publishes it and owns
    it for the time of a lease. If that worker fails, a later check publishes the same event with the same id.
    """

    def __init__(
        self,
        store: BudgetStore,
        costs: CostLines,
        hard_limits: HardLimits,
        bus: EventBus,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._costs = costs
        self._hard_limits = hard_limits
        self._bus = bus
        self._clock = clock

    def run(self, tenant_id: str) -> int:
        """Publish new and abandoned alerts, update the hard limit, and return the number of published alerts.

        An alert that the bus does not accept is published by a later check. Raises Unavailable.
        """
        plan, now = self._store.plan(tenant_id), self._clock()
        mine = [*self._claimed(tenant_id, plan, now), *self._added(tenant_id, plan, now)]
        events = {alert.to_event(tenant_id).event_id: alert for alert in mine}
        refused = self._bus.publish([alert.to_event(tenant_id) for alert in mine]) if mine else ()
        published = [alert for event_id, alert in events.items() if event_id not in refused]
        for alert in published:
            self._store.mark_sent(tenant_id, alert)
        self._hard_limits.publish_limits(tenant_id, plan)
        return len(published)

    def _claimed(self, tenant_id: str, plan: BudgetPlan, now: datetime) -> Iterator[BudgetAlert]:
        until = format_timestamp(now + ALERT_LEASE)
        for alert in plan.alerts:
            if alert.is_abandoned(now) and self._store.claim_alert(tenant_id, alert, until):
                yield replace(alert, leased_until=until)

    def _added(self, tenant_id: str, plan: BudgetPlan, now: datetime) -> Iterator[BudgetAlert]:
        to_check = [(budget, span) for budget in plan.budgets for span in budget.spans_to_check(now)]
        months = {span[:7] for _, span in to_check}
        lines = {month: self._costs.lines(tenant_id, month) for month in sorted(months)}
        for budget, span in to_check:
            spent = spend_in_span(lines[span[:7]], budget.category, span)
            for threshold in plan.new_thresholds(budget, span, spent):
                alert = budget.create_alert(span, threshold, spent, now)
                if self._store.add_alert(tenant_id, alert):
                    yield alert
