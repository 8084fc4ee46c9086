"""On call for tenants: create, replace and delete members and schedules; find the member on call and the shifts."""

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
"""Time that a list of shifts covers if the caller names no end."""
Entry = TypeVar("Entry", Member, Schedule)


@dataclass(frozen=True, slots=True)
class OnCallNow:
    """The member on call at the moment `at`, or None.

    `until` is the end of the shift. It is None without a member, and for an end more than 31 days later.
    """

    at: datetime
    member: Member | None
    until: datetime | None


class OnCall:
    """Changes members and schedules of all tenants, and returns the member on call and the shifts.

    Every method raises Unavailable. Every change raises Conflict after five lost races.
    """

    def __init__(self, store: OnCallStore, new_id: Callable[[], str], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._new_id = new_id
        self._clock = clock

    def plan(self, tenant_id: str) -> OnCallPlan:
        """Return all members and schedules of a tenant, read consistently."""
        return self._store.read_plan(tenant_id)

    def member(self, tenant_id: str, member_id: str) -> Member:
        """Return a member. Raises NotFound."""
        return find_entry(self.plan(tenant_id).members, member_id, "member")

    def schedule(self, tenant_id: str, schedule_id: str) -> Schedule:
        """Return a schedule. Raises NotFound."""
        return find_entry(self.plan(tenant_id).schedules, schedule_id, "schedule")

    def create_member(self, tenant_id: str, member: Member) -> Member:
        """Store a new member and return it with its new id and version 1.

        Raises InvalidInput above MAX_MEMBERS, and for the API key of another member.
        """
        new = replace(member, member_id=f"mem-{self._new_id()}", version=1)
        return self._put(tenant_id, lambda plan: plan.checked_member(new))

    def replace_member(self, tenant_id: str, member: Member, version: int | None) -> Member:
        """Replace the member of the same id and return it with its new version.

        `version` is the version to replace, or None for any version. Raises NotFound, InvalidInput for the API key of
        another member, and PreconditionFailed for another version.
        """

        def changed(plan: OnCallPlan) -> Member:
            old = find_entry(plan.members, member.member_id, "member", version)
            return plan.checked_member(replace(member, version=old.version + 1))

        return self._put(tenant_id, changed)

    def delete_member(self, tenant_id: str, member_id: str, version: int | None) -> None:
        """Delete a member. `version` is the version to delete, or None for any version.

        Raises NotFound, PreconditionFailed for another version, and InUse with the schedules and policies that name it.
        """

        def unused(plan: OnCallPlan) -> Member:
            return plan.unused_member(find_entry(plan.members, member_id, "member", version))

        self._delete(tenant_id, unused)

    def create_schedule(self, tenant_id: str, schedule: Schedule) -> Schedule:
        """Store a new schedule and return it with its new id and version 1.

        Raises InvalidInput above MAX_SCHEDULES, and for a broken rule of its zone, members or times.
        """
        new = replace(schedule, schedule_id=f"sch-{self._new_id()}", version=1)
        return self._put(tenant_id, lambda plan: plan.checked_schedule(new))

    def replace_schedule(self, tenant_id: str, schedule: Schedule, version: int | None) -> Schedule:
        """Replace the schedule of the same id and return it with its new version.

        `version` is the version to replace, or None for any version. Raises NotFound, InvalidInput for a broken rule,
        and PreconditionFailed for another version.
        """

        def changed(plan: OnCallPlan) -> Schedule:
            old = find_entry(plan.schedules, schedule.schedule_id, "schedule", version)
            return plan.checked_schedule(replace(schedule, version=old.version + 1))

        return self._put(tenant_id, changed)

    def delete_schedule(self, tenant_id: str, schedule_id: str, version: int | None) -> None:
        """Delete a schedule. `version` is the version to delete, or None for any version.

        Raises NotFound, PreconditionFailed for another version, and InUse with the policies that name it.
        """

        def unused(plan: OnCallPlan) -> Schedule:
            return plan.unused_schedule(find_entry(plan.schedules, schedule_id, "schedule", version))

        self._delete(tenant_id, unused)

    def on_call(self, tenant_id: str, schedule_id: str, at: datetime | None) -> OnCallNow:
        """Return the member on call at a moment; `at` None is now. Raises NotFound for an unknown schedule."""
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
        """Return the shifts from `start` until before `end`, in order.

        `start` None is now, and `end` None is seven days after the start. Raises NotFound, and InvalidInput for an end
        that is not within 31 days after the start.
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
