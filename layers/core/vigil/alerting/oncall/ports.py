"""Port of on call: the stored members and schedules of tenants."""

from typing import Protocol

from vigil.alerting.oncall.model import Member, Schedule
from vigil.alerting.oncall.plan_model import OnCallPlan


class OnCallStore(Protocol):
    """Members and schedules of all tenants. A write succeeds only over the generation that it was made from."""

    def read_plan(self, tenant_id: str) -> OnCallPlan:
        """Return the members and schedules of a tenant, read consistently. Raises Unavailable."""
        ...

    def put(self, tenant_id: str, generation: int, value: Member | Schedule) -> bool:
        """Store a member or a schedule; return False without a write if another generation is stored."""
        ...

    def delete(self, tenant_id: str, generation: int, value: Member | Schedule) -> bool:
        """Delete a member or a schedule; return False without a write if another generation is stored."""
        ...
