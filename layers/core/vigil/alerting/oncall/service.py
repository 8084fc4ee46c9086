"""On call for tenants: members and schedules are created, replaced and deleted; schedules name members and shifts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from vigil.alerting.oncall.calendar_model import holders
from vigil.alerting.oncall.changes import change_entry, find_entry
from vigil.alerting.oncall.model import Member, Schedule, Shift
from vigil.alerting.oncall.plan_model import OnCallPlan
from vigil.alerting.oncall.ports import OnCallStore
from vigil.alerting.oncall.shifts_model import MAX_SPAN, shifts
from vigil.errors import FieldError, InvalidInput

DEFAULT_SPAN = timedelta(days=7)
"""Time between start and end of a list of shifts without an end."""
Entry = TypeVar("Entry", Member, Schedule)


@dataclass(frozen=True, slots=True)
class OnCallNow:
    """The member on call at a moment, or None, and the end of the shift if it is within 31 days."""

    at: datetime
    member: Member | None
    until: datetime | None


class OnCall:
    """Changes members and schedules, and returns the member on call and the shifts."""

    def __init__(self, store: OnCallStore, new_id: Callable[[], str], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._new_id = new_id
        self._clock = clock

    def plan(self, tenant_id: str) -> OnCallPlan:
        """Return all members and schedules of a tenant."""
        return self._store.read_plan(tenant_id)

    def member(self, tenant_id: str, member_id: str) -> Member:
        """Return a member. Raises NotFound."""
        return find_entry(self.plan(tenant_id).members, member_id, "member")

    def schedule(self, tenant_id: str, schedule_id: str) -> Schedule:
        """Return a schedule. Raises NotFound."""
        return find_entry(self.plan(tenant_id).schedules, schedule_id, "schedule")

    def create_member(self, tenant_id: str, member: Member) -> Member:
        """Store a new member under a new id. Raises InvalidInput."""
        new = replace(member, member_id=f"mem-{self._new_id()}", version=1)
        return self._put(tenant_id, lambda plan: plan.checked_member(new))

    def replace_member(self, tenant_id: str, member: Member, version: int | None) -> Member:
        """Replace a member. Raises NotFound, InvalidInput, and PreconditionFailed for another version."""

        def changed(plan: OnCallPlan) -> Member:
            old = find_entry(plan.members, member.member_id, "member", version)
            return plan.checked_member(replace(member, version=old.version + 1))

        return self._put(tenant_id, changed)

    def delete_member(self, tenant_id: str, member_id: str, version: int | None) -> None:
        """Delete a member. Raises NotFound, PreconditionFailed, and Conflict while schedules or policies name it."""

        def unused(plan: OnCallPlan) -> Member:
            return plan.unused_member(find_entry(plan.members, member_id, "member", version))

        self._delete(tenant_id, unused)

    def create_schedule(self, tenant_id: str, schedule: Schedule) -> Schedule:
        """Store a new schedule under a new id. Raises InvalidInput."""
        new = replace(schedule, schedule_id=f"sch-{self._new_id()}", version=1)
        return self._put(tenant_id, lambda plan: plan.checked_schedule(new))

    def replace_schedule(self, tenant_id: str, schedule: Schedule, version: int | None) -> Schedule:
        """Replace a schedule. Raises NotFound, InvalidInput, and PreconditionFailed for another version."""

        def changed(plan: OnCallPlan) -> Schedule:
            old = find_entry(plan.schedules, schedule.schedule_id, "schedule", version)
            return plan.checked_schedule(replace(schedule, version=old.version + 1))

        return self._put(tenant_id, changed)

    def delete_schedule(self, tenant_id: str, schedule_id: str, version: int | None) -> None:
        """Delete a schedule. Raises NotFound, PreconditionFailed, and Conflict while policies name it."""

        def unused(plan: OnCallPlan) -> Schedule:
            return plan.unused_schedule(find_entry(plan.schedules, schedule_id, "schedule", version))

        self._delete(tenant_id, unused)

    def on_call(self, tenant_id: str, schedule_id: str, at: datetime | None) -> OnCallNow:
        """Return the member on call at a moment, or now. Raises NotFound."""
        plan, at = self.plan(tenant_id), at or self._clock()
        schedule = find_entry(plan.schedules, schedule_id, "schedule")
        if not (found := holders(schedule, at)):
            return OnCallNow(at, None, None)
        end = at + MAX_SPAN
        ends_at = shifts(schedule, at, end)[0].ends_at
        return OnCallNow(at, plan.members[found[0]], ends_at if ends_at < end else None)

    def shifts(
        self, tenant_id: str, schedule_id: str, start: datetime | None, end: datetime | None
    ) -> tuple[Shift, ...]:
        """Return the shifts between two moments, by default of the next seven days.

        Raises NotFound, and InvalidInput for an end that is not within 31 days after the start.
        """
        schedule = self.schedule(tenant_id, schedule_id)
        start = start or self._clock()
        end = end or start + DEFAULT_SPAN
        if not start < end <= start + MAX_SPAN:
            bound = f"after from, by at most {MAX_SPAN.days} days"
            raise InvalidInput(FieldError("to", f"must be {bound}", bound))
        return shifts(schedule, start, end)

    def _put(self, tenant_id: str, change: Callable[[OnCallPlan], Entry]) -> Entry:
        def write(plan: OnCallPlan, entry: Entry) -> bool:
            return self._store.put(tenant_id, plan.generation, entry)

        return change_entry(lambda: self.plan(tenant_id), change, write)

    def _delete(self, tenant_id: str, select: Callable[[OnCallPlan], Entry]) -> None:
        def write(plan: OnCallPlan, entry: Entry) -> bool:
            return self._store.delete(tenant_id, plan.generation, entry)

        change_entry(lambda: self.plan(tenant_id), select, write)
