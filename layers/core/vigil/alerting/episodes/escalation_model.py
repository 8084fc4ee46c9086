"""Escalation: the notices of an episode's next policy step, or the record of the step that a hold suppresses."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vigil.alerting.alerts.model import OPERATORS_CHANNEL, Episode, Notice, NoticeAction, NoticeState
from vigil.alerting.episodes.holds_model import ActiveHold, find_hold
from vigil.alerting.episodes.receivers_model import (
    EVERY_CHANNEL,
    Step,
    current_policy,
    last_resorts,
    next_step,
)
from vigil.alerting.policies.model import AlertingConfig
from vigil.kernel.time import add_clamped, format_timestamp

MAX_NOTICES = 90
"""Maximum notices of one change. A transaction has at most 100 parts."""
_MAY_BE_AT_VENDOR: tuple[NoticeState, ...] = ("pending", "claimed", "sent")
_NOT_AT_VENDOR: tuple[NoticeState, ...] = ("failed", "superseded")


@dataclass(frozen=True, slots=True)
class Situation:
    """All facts besides the episode that decide a change of it.

    `notices` are those of the episode's number, in order. `sources_down` are the sources of the tenant's open
    `system_down` episodes.
    """

    config: AlertingConfig
    now: datetime
    notices: tuple[Notice, ...] = ()
    sources_down: tuple[str, ...] = ()


def escalate(episode: Episode, situation: Situation) -> tuple[Episode, tuple[Notice, ...]]:
    """Return the episode after the next step of its policy, with the new notices.

    Under a hold, the notices are recorded once, in the state `silenced` or `inhibited`, and the step is repeated after
    the hold. After the last step, a last resort is notified if one is left: the contact or the operators.
    """
    config, now = situation.config, situation.now
    policy = current_policy(config, episode)
    step = next_step(policy, episode, config, now)
    hold = find_hold(episode, config, situation.sources_down, now)
    if hold:
        return _hold(episode, step, hold, situation)
    free = replace(episode, hold=None)
    if step is None:
        return _last_resort(free, policy.policy_id, situation)
    is_last = policy.policy_id == EVERY_CHANNEL
    due = None if is_last else format_timestamp(now + step.wait)
    moved = replace(free, level=step.level, rounds=step.rounds, due_at=due)
    return add_notices(moved, "trigger", step.channels, step.fallbacks, now)


def add_notices(
    episode: Episode,
    action: NoticeAction,
    channels: Iterable[str],
    fallbacks: tuple[str, ...],
    now: datetime,
    state: NoticeState = "pending",
) -> tuple[Episode, tuple[Notice, ...]]:
    """Return the episode with a higher count of notices, and one new notice per channel, numbered after its last one.

    Every new notice has the same `fallbacks` and the same `state`. A pending notice is due at once. A notice in another
    state is final. One call creates notices for the first MAX_NOTICES channels only.
    """
    at = format_timestamp(now)
    is_pending = state == "pending"
    notices = tuple(
        Notice(
            episode.tenant_id, episode.fingerprint, episode.number, sequence, action, channel, episode.severity, at,
            state, fallbacks, due_at=at if is_pending else None, ended_at=None if is_pending else at,
        )
        for sequence, channel in enumerate(tuple(channels)[:MAX_NOTICES], episode.notices + 1)
    )  # fmt: skip
    return replace(episode, notices=episode.notices + len(notices)), notices


def open_channels(notices: Iterable[Notice]) -> tuple[str, ...]:
    """Return the channels whose vendor may have an open incident of the episode, in the order of their notices.

    A channel has one after a trigger that was sent, is pending or may have reached it. It has none after a later
    resolve, unless that one failed or was superseded.

    An episode calls this for its next notices, so notices on their way count. A delivery considers ended notices only:
    see `_may_be_open_at_vendor` of `notices/order_model.py`.
    """
    found: dict[str, None] = {}
    for notice in sorted(notices, key=lambda each: each.sequence):
        may_be_open = notice.state in _MAY_BE_AT_VENDOR or notice.may_have_reached
        if notice.action == "trigger" and may_be_open:
            found[notice.channel] = None
        elif notice.action == "resolve" and notice.state not in _NOT_AT_VENDOR:
            found.pop(notice.channel, None)
    return tuple(found)


def rest(episode: Episode, quiet_after: timedelta) -> Episode:
    """Return an open episode that has no next escalation.

    An INFO episode is due `quiet_after` its last event, to be resolved; others are never due.
    """
    if episode.severity != "INFO":
        return replace(episode, due_at=None)
    quiet_at = add_clamped(datetime.fromisoformat(episode.last_event_at), quiet_after)
    return replace(episode, due_at=format_timestamp(quiet_at))


def _hold(
    episode: Episode, step: Step | None, hold: ActiveHold, situation: Situation
) -> tuple[Episode, tuple[Notice, ...]]:
    held = replace(episode, hold=hold.hold, due_at=hold.until)
    if episode.hold is not None:
        return held, ()
    channels = step.channels if step else _next_resorts(episode, situation)[:1]
    return add_notices(held, "trigger", channels, (), situation.now, hold.hold)


def _last_resort(episode: Episode, policy_id: str, situation: Situation) -> tuple[Episode, tuple[Notice, ...]]:
    """Return the episode after its last step, with a notice to the contact or to the operators, if one is left."""
    ended = replace(episode, due_at=None)
    if policy_id == EVERY_CHANNEL and episode.level >= 0:
        return ended, ()
    if resorts := _next_resorts(episode, situation):
        return add_notices(ended, "trigger", resorts[:1], resorts[1:], situation.now)
    if episode.level < 0 and not open_channels(situation.notices):
        return add_notices(ended, "trigger", (OPERATORS_CHANNEL,), (), situation.now, "unroutable")
    return ended, ()


def _next_resorts(episode: Episode, situation: Situation) -> tuple[str, ...]:
    """Return the last resorts for the episode: the operators after a policy, all of them if no channel was reached."""
    reached = open_channels(situation.notices)
    resorts = last_resorts(situation.config)
    if episode.level < 0:
        return () if reached else resorts
    return tuple(each for each in resorts if each == OPERATORS_CHANNEL and each not in reached)
