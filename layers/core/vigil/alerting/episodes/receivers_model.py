"""Receivers of an alert: the policy that applies to it, the channels of each step, and the next step that has any."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vigil.alerting.alerts.model import CONTACT_CHANNEL, OPERATORS_CHANNEL, Episode
from vigil.alerting.policies.model import AlertingConfig, Policy, PolicyStep
from vigil.kernel.tenants import OPERATORS

EVERY_CHANNEL = "every-channel"
"""Id of the policy of alerts that no route matches: one step with all channels, without escalation."""
MAX_RECEIVERS = 60
"""Maximum receivers of one step."""
_MIN_WAIT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a policy with its receivers at a moment.

    `level` is its index in the policy, `rounds` the number of completed passes. `channels` are notified together, and
    `fallbacks` follow one after the other if one of them fails. `wait` is the pause after the step.
    """

    level: int
    rounds: int
    channels: tuple[str, ...]
    fallbacks: tuple[str, ...]
    wait: timedelta


def select_policy(config: AlertingConfig, episode: Episode) -> Policy:
    """Return the policy of the first route that matches the episode.

    Without such a route, it is the policy EVERY_CHANNEL.
    """
    for route in config.routes:
        if route.policy_id in config.policies and route.matcher.matches(
            episode.type, episode.severity, episode.source, episode.labels
        ):
            return config.policies[route.policy_id]
    targets = tuple(f"channel:{channel_id}" for channel_id in sorted(config.channels))
    return Policy(EVERY_CHANNEL, "Every channel", (PolicyStep(targets),))


def current_policy(config: AlertingConfig, episode: Episode) -> Policy:
    """Return the policy with which the episode was notified. If it was deleted, select one anew."""
    return config.policies.get(episode.policy) or select_policy(config, episode)


def next_step(policy: Policy, episode: Episode, config: AlertingConfig, now: datetime) -> Step | None:
    """Return the first step after the episode's level that has a channel, with its receivers now.

    Steps without a channel are skipped. None after the last repeat of the policy.
    """
    places = [(level, episode.rounds) for level in range(episode.level + 1, len(policy.steps))]
    if episode.rounds < policy.repeats:
        places += [(level, episode.rounds + 1) for level in range(len(policy.steps))]
    for level, rounds in places:
        step = policy.steps[level]
        if channels := resolve_targets(step.targets, config, now):
            fallbacks = _fallbacks(policy, level, channels, config, now)
            return Step(level, rounds, channels, fallbacks, max(step.wait, _MIN_WAIT))
    return None


def resolve_targets(targets: Iterable[str], config: AlertingConfig, now: datetime) -> tuple[str, ...]:
    """Return the usable channels of targets, each once: ids of channels, and `member:<id>` for members.

    Broken and missing channels, and schedules without a member on call, are left out. At most MAX_RECEIVERS.
    """
    found: dict[str, None] = {}
    for target in targets:
        found.update(dict.fromkeys(_channels(target, config, now)))
    return tuple(found)[:MAX_RECEIVERS]


def last_resorts(config: AlertingConfig) -> tuple[str, ...]:
    """Return the channels that follow all configured ones: the tenant's contact, if it has one, then the operators.

    For alerts of the operators themselves, it is the contact only.
    """
    contact = (CONTACT_CHANNEL,) if config.has_contact else ()
    return contact if config.tenant_id == OPERATORS else (*contact, OPERATORS_CHANNEL)


def _channels(target: str, config: AlertingConfig, now: datetime) -> Sequence[str]:
    kind, _, name = target.partition(":")
    if kind == "channel":
        channel = config.channels.get(name)
        return () if channel is None or channel.is_broken else (name,)
    members = config.on_call(name, now) if kind == "schedule" else (name,)
    return [f"member:{member}" for member in members if member in config.members]


def _fallbacks(
    policy: Policy, level: int, channels: Sequence[str], config: AlertingConfig, now: datetime
) -> tuple[str, ...]:
    """Return the channels that follow if one of the step fails: its own fallbacks, then those of the later steps."""
    later = (target for step in policy.steps[level + 1 :] for target in step.targets)
    found = resolve_targets((*policy.steps[level].fallbacks, *later), config, now)
    return (*(each for each in found if each not in channels), *last_resorts(config))
