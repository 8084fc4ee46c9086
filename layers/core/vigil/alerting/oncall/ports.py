"""Port of on call: the stored members and schedules of tenants."""

from typing import Protocol

from vigil.alerting.oncall.model import Member, Schedule
from vigil.alerting.oncall.plan_model import OnCallPlan


class OnCallStore(Protocol):
    """Stored members and schedules of all tenants. Every method raises Unavailable.

    A generation is the number of changes of a tenant's configuration. A write names the one that it was decided with.
    """

    def read_plan(self, tenant_id: str) -> OnCallPlan:
        """Return the members and schedules of a tenant with their generation, read consistently."""
        ...

    def put(self, tenant_id: str, generation: int, value: Member | Schedule) -> bool:
        """Store a member or a schedule, new or changed, and return True.

        Return False and store nothing if the stored generation is not `generation`.
        """
        ...

    def delete(self, tenant_id: str, generation: int, value: Member | Schedule) -> bool:
        """Delete a member or a schedule and return True.

        Return False and delete nothing if the stored generation is not `generation`.
        """
        ...
