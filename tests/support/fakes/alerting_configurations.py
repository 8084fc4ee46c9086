"""Fake of the stores of alerting configurations, in memory; each call is as atomic as in DynamoDB."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from vigil.alerting.oncall.model import Member, Schedule
from vigil.alerting.oncall.plan_model import OnCallPlan
from vigil.alerting.policies.configuration_model import TenantConfiguration, users_of_targets
from vigil.alerting.policies.model import ConfiguredChannel, Policy, RouteList, Silence

Value = Policy | RouteList | Silence | Schedule | Member


@dataclass
class FakeConfigurations:
    """Configurations of tenants. `before_write` is called before each write, for example with a write of a rival."""

    stored: dict[str, TenantConfiguration] = field(default_factory=dict)
    reads: int = 0
    before_write: Callable[[], None] = lambda: None

    def read(self, tenant_id: str) -> TenantConfiguration:
        self.reads += 1
        return self.stored.get(tenant_id, TenantConfiguration(tenant_id))

    def read_plan(self, tenant_id: str) -> OnCallPlan:
        return self.read(tenant_id).plan

    def add_channel(self, tenant_id: str, channel: ConfiguredChannel) -> None:
        found = self.stored.get(tenant_id, TenantConfiguration(tenant_id))
        self.stored[tenant_id] = replace(found, channels={**found.channels, channel.channel_id: channel})

    def remove_channel(self, tenant_id: str, generation: int, channel_id: str) -> bool:
        def without(found: TenantConfiguration) -> TenantConfiguration:
            return replace(found, channels={name: each for name, each in found.channels.items() if name != channel_id})

        return self._write(tenant_id, generation, without)

    def put(self, tenant_id: str, generation: int, value: Value, outdated: Sequence[Silence] = ()) -> bool:
        gone = {silence.silence_id for silence in outdated}
        return self._write(tenant_id, generation, lambda found: _with(_without_silences(found, gone), value))

    def delete(self, tenant_id: str, generation: int, value: Value) -> bool:
        return self._write(tenant_id, generation, lambda found: _without(found, value))

    def _write(
        self, tenant_id: str, generation: int, change: Callable[[TenantConfiguration], TenantConfiguration]
    ) -> bool:
        self.before_write()
        found = self.stored.get(tenant_id, TenantConfiguration(tenant_id))
        if found.generation != generation:
            return False
        changed = replace(change(found), generation=generation + 1)
        plan = replace(changed.plan, generation=generation + 1, users=users_of_targets(changed.policies))
        self.stored[tenant_id] = replace(changed, plan=plan)
        return True


def _with(found: TenantConfiguration, value: Value) -> TenantConfiguration:
    if isinstance(value, RouteList):
        return replace(found, routes=value)
    if isinstance(value, Policy):
        return replace(found, policies=dict(sorted({**found.policies, value.policy_id: value}.items())))
    if isinstance(value, Silence):
        return replace(found, silences=dict(sorted({**found.silences, value.silence_id: value}.items())))
    if isinstance(value, Schedule):
        schedules = {**found.plan.schedules, value.schedule_id: value}
        return replace(found, plan=replace(found.plan, schedules=dict(sorted(schedules.items()))))
    members = {**found.plan.members, value.member_id: value}
    return replace(found, plan=replace(found.plan, members=dict(sorted(members.items()))))


def _without(found: TenantConfiguration, value: Value) -> TenantConfiguration:
    if isinstance(value, Silence):
        return _without_silences(found, {value.silence_id})
    if isinstance(value, Policy):
        return replace(found, policies={name: each for name, each in found.policies.items() if each != value})
    members = {name: each for name, each in found.plan.members.items() if each != value}
    schedules = {name: each for name, each in found.plan.schedules.items() if each != value}
    return replace(found, plan=replace(found.plan, members=members, schedules=schedules))


def _without_silences(found: TenantConfiguration, gone: set[str]) -> TenantConfiguration:
    kept = {name: silence for name, silence in found.silences.items() if name not in gone}
    return replace(found, silences=kept)
