"""The life of an episode: events, people and the clock change it, and each change creates its notices.

           fire              acknowledge
(none) ──────────> firing ──────────────> acknowledged
            ^  ^     │ ^                     │  │
  fire soon │  │     │ └─rise of severity────┘  │
  after     │  │     │ resolve, clear           │
            │  │     v                          │
            └──│─ resolved <────────────────────┘
               └──┘ fire later: the next number

All functions are pure. They return None if nothing changes. Times of events are those of their sources.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from vigil.alerting.alerts.model import AlertEvent, BusEvent, Episode, Notice
from vigil.alerting.episodes.escalation_model import MAX_NOTICES, Situation, add_notices, escalate, open_channels, rest
from vigil.alerting.episodes.receivers_model import select_policy
from vigil.alerting.policies.model import severity_rank
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import add_clamped, format_timestamp

REOPEN_WITHIN = timedelta(minutes=10)
"""Time after a resolution in which a new event reopens the same episode."""
QUIET_AFTER = timedelta(hours=24)
"""Time without an event after which an INFO episode is resolved."""
CLOCK_TOLERANCE = timedelta(seconds=1)
"""Time by which an act at a vendor may precede the alert that it is about.

A vendor may report whole seconds. A wrong refusal only notifies once more, and a wrong acceptance silences an alert. So
the tolerance covers no more than that: clocks of vendors differ by less, and a person acts seconds after a notice.
"""

EventOutcome = Literal["opened", "grouped", "cleared", "unchanged"]
"""Effect of an event.

`opened`: it opened or reopened an episode. `grouped`: it joined one. `cleared`: it ended one, or is remembered for one.
`unchanged`: it was counted before, or a later event has decided. Each event that fires is either opened or grouped.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """An episode after a change, and its new notices.

    `outcome` is the effect of the event that made the change. `counted` is the number of events that it adds. With
    `is_count_only`, it writes only the count and the time of the last event. `archived` is the previous episode of the
    fingerprint, if the change opens the next one, otherwise None.
    """

    episode: Episode
    notices: tuple[Notice, ...] = ()
    outcome: EventOutcome = "unchanged"
    counted: int = 0
    is_count_only: bool = False
    archived: Episode | None = None


def count_only(episode: Episode | None, event: AlertEvent) -> Change | None:
    """Return the change by a firing event that only counts, or None if `fire` has to decide with the whole situation.

    Such an event belongs to an open episode of the same or a higher severity, or was cleared before it arrived.
    """
    if episode is None or episode.number == 0:
        return None
    if episode.state == "resolved":
        is_counted = episode.cleared_at is not None and event.occurred_at <= episode.cleared_at
    else:
        is_counted = severity_rank(event.severity) <= severity_rank(episode.severity)
    return Change(_count(episode, event), outcome="grouped", counted=1, is_count_only=True) if is_counted else None


def fire(episode: Episode | None, event: AlertEvent, situation: Situation) -> Change:
    """Return the change by an event that fires.

    An open episode counts it, or rises to its higher severity and notifies again. A resolved episode reopens within
    REOPEN_WITHIN of its resolution; later, the next number opens. An event that was cleared before it arrived creates
    no notice: a resolved episode counts it, and without an episode it opens a resolved one.
    """
    if grouped := count_only(episode, event):
        return grouped
    if episode is None or episode.number == 0:
        return _open(episode, event, situation)
    if episode.state != "resolved":
        return _rise(episode, event, situation)
    ended_at = datetime.fromisoformat(episode.resolved_at or episode.started_at)
    is_soon = situation.now - ended_at <= REOPEN_WITHIN
    return _reopen(episode, event, situation) if is_soon else _open(episode, event, situation)


def clear(episode: Episode | None, event: AlertEvent, situation: Situation) -> Change | None:
    """Return the change by an event that clears the alert, or None if a later event has fired or cleared it.

    A clearing event without an open episode is remembered. So an alert that arrives later, but occurred earlier, is
    resolved at once.
    """
    if episode is None:
        seen = replace(_first(event, 0), state="resolved", cleared_at=event.occurred_at, count=0)
        return Change(replace(seen, version=1), outcome="cleared")
    if episode.state == "resolved":
        if episode.cleared_at and event.occurred_at <= episode.cleared_at:
            return None
        return Change(_next(replace(episode, cleared_at=event.occurred_at)), outcome="cleared")
    if event.occurred_at < episode.last_event_at:
        return None
    change = resolve(replace(episode, cleared_at=event.occurred_at), event.source, "", situation)
    return replace(change, outcome="cleared") if change else None


def acknowledge(episode: Episode, by: str, origin: str, situation: Situation) -> Change | None:
    """Return the change that marks a firing alert as taken, which stops its escalation. None for another state.

    `by` names the person. `origin` is the channel through which the person acted, or empty; it receives no notice of
    it. Each other channel with an open incident does.
    """
    if episode.state != "firing":
        return None
    at = format_timestamp(situation.now)
    taken = replace(episode, state="acknowledged", hold=None, acknowledged_at=at, acknowledged_by=by)
    told, notices = add_notices(_rest(taken), "acknowledge", _told(situation, origin), (), situation.now)
    return Change(_next(told), notices)


def resolve(episode: Episode, by: str, origin: str, situation: Situation) -> Change | None:
    """Return the change that ends the episode, or None if it is resolved already.

    `by` names the person or source. Each channel with an open incident receives a resolve, except `origin`, the channel
    through which a person acted; it can be empty.
    """
    if episode.state == "resolved":
        return None
    at = format_timestamp(situation.now)
    ended = replace(episode, state="resolved", hold=None, resolved_at=at, resolved_by=by, due_at=None)
    told, notices = add_notices(ended, "resolve", _told(situation, origin), (), situation.now)
    return Change(_next(_publish(told, "alerts.cleared", at)), notices)


def is_outdated(episode: Episode, acted_at: datetime) -> bool:
    """Return True if an act at this time precedes the last opening, reopening or rise in severity of the episode.

    CLOCK_TOLERANCE is allowed. For an item of an earlier release, the time of its first event decides.
    """
    alerted_at = datetime.fromisoformat(episode.alerted_at or episode.started_at)
    return alerted_at - acted_at > CLOCK_TOLERANCE


def tick(episode: Episode, situation: Situation) -> Change | None:
    """Return the change at the episode's due time, or None before it.

    None also stands for an episode without a due time. A tick escalates a firing episode, also after a hold. It
    resolves an INFO episode after QUIET_AFTER without an event.
    """
    at = format_timestamp(situation.now)
    if episode.due_at is None or episode.due_at > at:
        return None
    quiet_at = add_clamped(datetime.fromisoformat(episode.last_event_at), QUIET_AFTER)
    if episode.severity == "INFO" and situation.now >= quiet_at:
        return resolve(episode, "quiet", "", situation)
    if episode.state != "firing":
        return Change(_next(_rest(episode)))
    moved, notices = escalate(episode, situation)
    return Change(_next(_rest(moved) if moved.due_at is None else moved), notices)


def mark_published(episode: Episode, events: Collection[BusEvent]) -> Change | None:
    """Return the change that removes published events from the waiting ones. None if none of them was waiting."""
    left = tuple(event for event in episode.unpublished if event not in events)
    return None if left == episode.unpublished else Change(_next(replace(episode, unpublished=left)))


def _open(previous: Episode | None, event: AlertEvent, situation: Situation) -> Change:
    """Return the first change of an episode. It is resolved at once if its clear event arrived before it."""
    at = format_timestamp(situation.now)
    first = _first(event, 1) if previous is None else _following(previous, event)
    opened = replace(first, alerted_at=at)
    cleared_at = opened.cleared_at
    archived = previous if previous and previous.number else None
    if cleared_at and event.occurred_at <= cleared_at:
        ended = replace(opened, state="resolved", resolved_at=at, resolved_by=event.source)
        return Change(_next(ended), outcome="opened", counted=1, archived=archived)
    notified, notices = _notify(opened, situation)
    return Change(_next(_publish(notified, "alerts.raised", at)), notices, "opened", 1, archived=archived)


def _reopen(episode: Episode, event: AlertEvent, situation: Situation) -> Change:
    at = format_timestamp(situation.now)
    severity = max(episode.severity, event.severity, key=severity_rank)
    again = replace(
        _content(_count(episode, event), event), state="firing", severity=severity, flaps=episode.flaps + 1, level=-1,
        rounds=0, resolved_at=None, resolved_by=None, alerted_at=at,
    )  # fmt: skip
    notified, notices = _notify(again, situation)
    return Change(_next(_publish(notified, "alerts.raised", at)), notices, "opened", 1)


def _rise(episode: Episode, event: AlertEvent, situation: Situation) -> Change:
    """Return the change by a higher severity. The step that was last notified is notified again, at once."""
    raised = replace(
        _content(_count(episode, event), event), state="firing", severity=event.severity,
        alerted_at=format_timestamp(situation.now),
    )  # fmt: skip
    policy = select_policy(situation.config, raised).policy_id
    is_same = policy == episode.policy and episode.state == "firing" and episode.level >= 0
    restarted = replace(raised, level=-1, rounds=0)
    notified, notices = _notify(replace(raised, level=episode.level - 1) if is_same else restarted, situation)
    if notified.hold is None:
        reached = {notice.channel for notice in notices}
        others = [each for each in open_channels(situation.notices) if each not in reached]
        notified, more = add_notices(notified, "trigger", others[: MAX_NOTICES - len(notices)], (), situation.now)
        notices += more
    return Change(_next(notified), notices, "grouped", 1)


def _notify(episode: Episode, situation: Situation) -> tuple[Episode, tuple[Notice, ...]]:
    policy = select_policy(situation.config, episode)
    moved, notices = escalate(replace(episode, policy=policy.policy_id, hold=None), situation)
    return (_rest(moved) if moved.due_at is None else moved), notices


def _first(event: AlertEvent, number: int) -> Episode:
    return Episode(
        event.tenant_id, event.fingerprint, number, event.type, event.source, event.labels, event.severity, event.title,
        event.facts, event.link, event.correlation_id, "firing", event.occurred_at, event.occurred_at,
    )  # fmt: skip


def _following(previous: Episode, event: AlertEvent) -> Episode:
    """Return the next episode of a fingerprint, with the version and the unpublished events of the previous one."""
    return replace(
        _first(event, previous.number + 1), cleared_at=previous.cleared_at, version=previous.version,
        unpublished=previous.unpublished,
    )  # fmt: skip


def _content(episode: Episode, event: AlertEvent) -> Episode:
    """Return the episode with the texts of its latest notified event, taken by no person yet."""
    return replace(
        episode, title=event.title, facts=event.facts, link=event.link, acknowledged_at=None, acknowledged_by=None
    )  # fmt: skip


def _count(episode: Episode, event: AlertEvent) -> Episode:
    latest = max(episode.last_event_at, event.occurred_at)
    return replace(episode, count=episode.count + 1, last_event_at=latest)


def _told(situation: Situation, origin: str) -> tuple[str, ...]:
    """Return the channels that are told about an end or a person, configured channels first."""
    channels = [channel for channel in open_channels(situation.notices) if channel != origin]
    return tuple(sorted(channels, key=lambda channel: channel.startswith("member:")))


def _rest(episode: Episode) -> Episode:
    return rest(episode, QUIET_AFTER)


def _publish(episode: Episode, kind: Literal["alerts.raised", "alerts.cleared"], at: str) -> Episode:
    """Return the episode with one more event for the bus. Alerts of the operators belong to no subscriber."""
    if episode.tenant_id == OPERATORS:
        return episode
    source_id = f"{episode.alert_id}-{episode.flaps}"
    event = BusEvent(kind, source_id, at, episode.severity, episode.title)
    return replace(episode, unpublished=(*episode.unpublished, event))


def _next(episode: Episode) -> Episode:
    return replace(episode, version=episode.version + 1)
