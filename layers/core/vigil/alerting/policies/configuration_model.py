"""The whole configuration of a tenant, and the rules for references between its parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vigil.alerting.oncall.calendar_model import holders
from vigil.alerting.oncall.plan_model import OnCallPlan, check_unused, too_many
from vigil.alerting.policies.model import (
    MAX_CRITICAL_SILENCE,
    MAX_POLICIES,
    MAX_SILENCE,
    MAX_SILENCES,
    AlertingConfig,
    ConfiguredChannel,
    Policy,
    RouteList,
    Silence,
)
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.time import format_timestamp


@dataclass(frozen=True, slots=True)
class TenantConfiguration:
    """Channels, policies, routes, silences and on-call plan of a tenant, as they were read together.

    `generation` counts the changes of policies, routes, silences, schedules and members, and the deletions of channels.
    """

    tenant_id: str
    generation: int = 0
    channels: Mapping[str, ConfiguredChannel] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    routes: RouteList = field(default_factory=RouteList)
    silences: Mapping[str, Silence] = field(default_factory=dict)
    plan: OnCallPlan = field(default_factory=OnCallPlan)

    def to_config(self, has_contact: bool) -> AlertingConfig:
        """Return the configuration with which alerts are decided.

        `has_contact` is True if the tenant has a contact address.
        """
        return AlertingConfig(
            self.tenant_id,
            self.channels,
            self.policies,
            self.routes.routes,
            tuple(self.silences.values()),
            frozenset(self.plan.members),
            self.on_call,
            has_contact,
        )

    def on_call(self, schedule_id: str, at: datetime) -> tuple[str, ...]:
        """Return the ids of the members that a schedule names at a moment, at most one.

        Empty for an unknown schedule, and if no layer is on duty.
        """
        schedule = self.plan.schedules.get(schedule_id)
        found = holders(schedule, at) if schedule else ()
        return tuple(member for member in found if member in self.plan.members)

    def checked_policy(self, policy: Policy) -> Policy:
        """Return the policy itself, new or changed, if the configuration allows it.

        Raises InvalidInput if the tenant has MAX_POLICIES others, or with each target that does not exist.
        """
        if len(self.policies.keys() - {policy.policy_id}) >= MAX_POLICIES:
            raise too_many("policies", MAX_POLICIES)
        errors = [
            FieldError(f"steps.{number}.{name}.{place}", message, "the id of an existing target")
            for number, step in enumerate(policy.steps)
            for name in ("targets", "fallbacks")
            for place, target in enumerate(getattr(step, name))
            if (message := self._target_error(target))
        ]
        if errors:
            raise InvalidInput(*errors)
        return policy

    def unused_policy(self, policy: Policy) -> Policy:
        """Return the policy itself if it can be deleted. Raises InUse with the ids of the routes that select it."""
        users = [route.route_id for route in self.routes.routes if route.policy_id == policy.policy_id]
        check_unused("policy", "routes", users)
        return policy

    def check_unused_channel(self, channel_id: str) -> None:
        """Raise InUse with the ids of the policies that name a channel. Return if no policy does."""
        check_unused("channel", "policies", users_of_targets(self.policies).get(f"channel:{channel_id}", ()))

    def checked_routes(self, routes: RouteList) -> RouteList:
        """Return the routes themselves, if the configuration allows them.

        Raises InvalidInput with each repeated id of a route, and each policy that does not exist.
        """
        if errors := list(self._route_errors(routes)):
            raise InvalidInput(*errors)
        return routes

    def checked_silence(self, silence: Silence, now: datetime) -> Silence:
        """Return the silence itself, new or changed, if the configuration allows it.

        Raises InvalidInput if it is over, begins more than 30 days from now or is too long, or if MAX_SILENCES others
        have not ended.
        """
        starts, ends = datetime.fromisoformat(silence.starts_at), datetime.fromisoformat(silence.ends_at)
        longest = MAX_CRITICAL_SILENCE if silence.holds_critical else MAX_SILENCE
        if ends <= max(starts, now):
            raise InvalidInput(FieldError("ends_at", "must be in the future and after starts_at", "after starts_at"))
        if ends - starts > longest:
            raise InvalidInput(FieldError("ends_at", *_too_long(silence)))
        if starts > now + MAX_SILENCE:
            raise InvalidInput(FieldError("starts_at", "must be within 30 days from now", "within 30 days"))
        others = (each for each in self.silences.values() if each.silence_id != silence.silence_id)
        if sum(each.ends_at > format_timestamp(now) for each in others) >= MAX_SILENCES:
            raise too_many("silences", MAX_SILENCES)
        return silence

    def ended_silences(self, now: datetime) -> tuple[Silence, ...]:
        """Return the silences that have ended and are still stored."""
        return tuple(silence for silence in self.silences.values() if silence.ends_at <= format_timestamp(now))

    def _target_error(self, target: str) -> str | None:
        kind, _, target_id = target.partition(":")
        existing = {"channel": self.channels, "schedule": self.plan.schedules, "member": self.plan.members}
        if kind in existing and target_id in existing[kind]:
            return None
        return f"names a {kind} that does not exist. Create the {kind} first, or correct the id"

    def _route_errors(self, routes: RouteList) -> Iterator[FieldError]:
        ids = [route.route_id for route in routes.routes]
        for number, route in enumerate(routes.routes):
            if route.route_id in ids[:number]:
                yield FieldError(f"routes.{number}.id", "is the id of an earlier route", "one id per route")
            if route.policy_id not in self.policies:
                message = "names a policy that does not exist. Create the policy first, or correct the id"
                yield FieldError(f"routes.{number}.policy_id", message, "the id of a policy")


def users_of_targets(policies: Mapping[str, Policy]) -> dict[str, tuple[str, ...]]:
    """Return the ids of the policies that name a target, by target, such as `channel:<id>`.

    A target without a policy is absent.
    """
    users: dict[str, tuple[str, ...]] = {}
    for policy_id, policy in policies.items():
        for target in {target for step in policy.steps for target in (*step.targets, *step.fallbacks)}:
            users[target] = (*users.get(target, ()), policy_id)
    return users


def _too_long(silence: Silence) -> tuple[str, str]:
    if silence.holds_critical:
        return "must be at most 4 hours after starts_at, because the silence holds CRITICAL alerts", "at most 4 hours"
    return "must be at most 30 days after starts_at", "at most 30 days"
