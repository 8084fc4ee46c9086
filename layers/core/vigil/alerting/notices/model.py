"""Stored notices, the changes of one transaction, and the rules of delivery. Pure values and rules."""

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

from vigil.alerting.alerts.model import FINAL_NOTICE_STATES, SEVERITIES, AlertEvent, Notice, Severity
from vigil.alerting.alerts.statistics_model import Bucket, Counter, bucket_of, hour_of
from vigil.alerting.channels.model import Channel, usage_event
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp

DIGESTS = "0" * 24
"""Fingerprint of all digests, in place of an episode's. Their number is the hour as digits: 2026112105."""
DELIVER, TICK, FOLLOW_UP, DIGEST = "notice.deliver", "alert.tick", "notice.follow_up", "digest.close"
"""Kinds of messages on the queue of deliveries.

Deliver a notice, advance a due episode, do the follow-ups of a notice, and close the digests of an hour.
"""
_TITLES = {
    "stuck": "Notices of alerts were not delivered",
    "escalated": "Alerts of a tenant need the operators",
    "stuck_digest": "A digest of limited notices was not delivered",
    "escalated_digest": "Notices of a tenant to the operators were over the hourly limit",
}
_TIMELY_CRITICAL = timedelta(seconds=60)
"""Time within which a channel accepts a notice of a CRITICAL alert, by its objective."""
USAGE_SOURCE = "/alerting/notices"
"""Source of the usage events of sent notices."""


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """Durations of the delivery of a notice."""

    lease: timedelta = timedelta(seconds=60)
    """Duration of a claim. It is longer than an attempt."""
    base_delay: timedelta = timedelta(seconds=5)
    max_delay: timedelta = timedelta(minutes=15)
    max_vendor_pause: timedelta = timedelta(hours=1)
    open_delay: timedelta = timedelta(seconds=30)
    """Pause for a vendor with an open circuit that names no time."""
    order_delay: timedelta = timedelta(seconds=30)
    """Pause of a notice that waits for an earlier one of its channel."""
    give_up: timedelta = timedelta(hours=6)
    give_up_critical: timedelta = timedelta(hours=24)

    def pause(self, attempts: int, after: timedelta | None, *, is_open: bool, random: Random) -> timedelta:
        """Return the pause before the next attempt, after `attempts` ended attempts: a fixed part plus a random part.

        The fixed part is `after`, the pause of the outcome, limited to `max_vendor_pause`. If `after` is None, it is
        `open_delay` while the vendor's circuit is open (`is_open`), and otherwise 0.

        The random part is uniform from 0 to a limit: `base_delay` x 2^attempts, at most `max_delay`. While the circuit
        is open, the limit is the fixed part. It spreads the notices that the same vendor postponed. Source:
        https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        least = min(after, self.max_vendor_pause) if after else self.open_delay if is_open else timedelta(0)
        seconds = min(self.max_delay.total_seconds(), self.base_delay.total_seconds() * 2.0 ** min(attempts, 16))
        spread = least.total_seconds() if is_open else seconds
        return least + timedelta(seconds=random.uniform(0, spread))

    def is_given_up(self, notice: Notice, now: datetime) -> bool:
        """Return True if the notice was attempted and is too old for another attempt.

        The limit is 24 hours for CRITICAL and six hours for the rest. A notice without an attempt is never given up.
        """
        most = self.give_up_critical if notice.severity == "CRITICAL" else self.give_up
        return notice.attempts > 0 and now - datetime.fromisoformat(notice.created_at) >= most


@dataclass(frozen=True, slots=True)
class NoticeRef:
    """Name of a notice in messages: tenant, fingerprint, number of the episode, and sequence."""

    tenant_id: str
    fingerprint: str
    number: int
    sequence: int

    @classmethod
    def of(cls, notice: Notice) -> "NoticeRef":
        """Return the name of a notice."""
        return cls(notice.tenant_id, notice.fingerprint, notice.number, notice.sequence)


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice as it is stored. `revision` counts its writes, from 1."""

    notice: Notice
    revision: int


@dataclass(frozen=True, slots=True)
class NoticeDestination:
    """The channel to which a notice is sent.

    `address` is the e-mail address of a member or of the tenant's contact; it is empty for a configured channel.
    """

    channel: Channel
    address: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Work that an ended notice leaves: a usage event to report, or an alert to the operators.

    `usage` reports one unit of `meter`, which is empty for the other kinds. `stuck` is about a notice that was not
    delivered, `escalated` about a tenant's alert that goes to the operators.
    """

    kind: Literal["usage", "stuck", "escalated"]
    notice: Notice
    meter: str = ""

    def usage_event(self) -> dict[str, Any]:
        """Return the usage event as a CloudEvent. A notice has the same event id in every call."""
        ended = self.notice.ended_at or self.notice.created_at
        return usage_event(USAGE_SOURCE, self.notice.notice_id, ended, self.meter)

    def operators_event(self) -> AlertEvent:
        """Return the event of the operators' alert. All events of a kind about a tenant belong to one alert.

        So a tenant with many alerts opens one alert of the operators per kind. Its count is the number of notices. A
        notice with a higher severity than all before raises the alert, which notifies the operators again.
        """
        notice, is_stuck = self.notice, self.kind == "stuck"
        least: Severity = "ERROR" if is_stuck else "INFO"
        about = f"{self.kind}_digest" if notice.action == "digest" else self.kind
        return AlertEvent(
            tenant_id=OPERATORS,
            event_id=f"notice-{self.kind}.{notice.tenant_id}.{notice.notice_id}",
            type="work_stuck",
            severity=max(least, notice.severity, key=SEVERITIES.index),
            source="alerting.notices" if is_stuck else "alerting.escalations",
            title=_TITLES[about],
            occurred_at=notice.ended_at or notice.created_at,
            labels=(("kind", about), ("tenant", notice.tenant_id)),
            facts=(
                ("alert", notice.alert_id),
                ("notice", notice.notice_id),
                ("channel", notice.channel),
                ("action", notice.action),
            ),
        )


@dataclass(frozen=True, slots=True)
class HourLimit:
    """One trigger that a claim takes from the limit of an hour (UTC, `2026-11-21T05`) of its tenant.

    The transaction is refused if `maximum` triggers of the severity were already taken in the hour.
    """

    hour: str
    severity: Severity
    maximum: int


@dataclass(frozen=True, slots=True)
class LimitedNotice:
    """One notice over the hourly limit, as the digest of its hour counts it.

    `hour` is the hour (UTC, `2026-11-21T05`) in which it was limited, `channel` is its channel. `type` and `source` are
    those of its alert.
    """

    hour: str
    channel: str
    type: str
    source: str


@dataclass(frozen=True, slots=True)
class NoticeChange:
    """One transaction: a notice over its stored state, and everything that belongs to the same step of its delivery.

    `created` are new notices, with sequences after the last notice of the episode. `follow_ups` are stored with the
    notice. `limit` and `limited` are None for a step that they do not concern.

    `episode_version` is the version of the episode with which `created` was decided, or None. The transaction adds 1 to
    it, so that a concurrent change of the episode sees the new notices.
    """

    before: StoredNotice
    after: Notice
    created: tuple[Notice, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    limit: HourLimit | None = None
    limited: LimitedNotice | None = None
    episode_version: int | None = None

    @property
    def is_release(self) -> bool:
        """True if the notice is final, or pending after a claim. Later notices of its channel can then continue."""
        was_claimed = self.before.notice.state == "claimed"
        return is_final(self.after) or (was_claimed and self.after.state == "pending")

    def counts(self) -> dict[tuple[str, Bucket], dict[Counter, int]]:
        """Return the numbers that the change adds to the statistics, by hour (UTC, `2026-11-21T05`) and group.

        Zeros are absent. A notice counts in the hour of its `created_at`.
        """
        tally: Tally[tuple[str, Bucket, Counter]] = Tally()
        for notice in self.created:
            tally[hour_of(notice.created_at), bucket_of(notice), "intents"] += 1
        ended = self.after
        if is_final(ended) and not is_final(self.before.notice):
            tally[hour_of(ended.created_at), bucket_of(ended), ended.state] += 1  # type: ignore[index]  # a final state is a count
        sums: dict[tuple[str, Bucket], dict[Counter, int]] = {}
        for (hour, bucket, name), number in tally.items():
            sums.setdefault((hour, bucket), {})[name] = number
        return sums


CommitResult = Literal["written", "lost", "limited", "closed", "moved"]
"""Result of writing a change. Only `written` has an effect.

`lost`: another worker changed the notice. `limited`: the hour has no triggers left. `closed`: the digest of the hour
accepts no further notice. `moved`: the episode or its notices changed.
"""


def is_final(notice: Notice) -> bool:
    """Return True if the notice is in a final state."""
    return notice.state in FINAL_NOTICE_STATES


def is_late_critical(notice: Notice) -> bool | None:
    """Return True if the end of a trigger of a CRITICAL alert misses its objective, False if it meets it.

    None is for every other notice, and for a failed one whose fallback goes on.
    """
    if notice.severity != "CRITICAL" or notice.action != "trigger" or notice.ended_at is None:
        return None
    if notice.state == "sent":
        return datetime.fromisoformat(notice.ended_at) - datetime.fromisoformat(notice.created_at) > _TIMELY_CRITICAL
    is_lost = notice.state == "unroutable" or (notice.state == "failed" and not notice.fallbacks)
    return True if is_lost else None


@dataclass(frozen=True, slots=True)
class DeliveryStep:
    """A step of a delivery for the log.

    `name` is the state of the notice after it, or `failed` with the error of a failed step.
    """

    name: str
    notice: Notice
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class DueItem:
    """An item of the index of due items: an episode, a notice, a follow-up or the limited notices of an hour.

    `key` is the sort key of the item. For a digest, `key` is the hour and `fingerprint` is empty. `is_critical` is True
    for a CRITICAL notice.
    """

    kind: Literal["episode", "notice", "follow_up", "digest"]
    tenant_id: str
    fingerprint: str
    key: str
    due_at: str
    is_critical: bool = False


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """Numbers of one sweep: messages sent by kind, and due items seen.

    `is_complete` is False if the time ended before all items were seen.
    """

    sent: Mapping[str, int] = field(default_factory=dict)
    seen: int = 0
    is_complete: bool = True


def digest_notices(tenant_id: str, hour: str, channels: list[str], now: datetime) -> tuple[Notice, ...]:
    """Return the digests of an hour (UTC, `2026-11-21T05`): one new notice per channel, in the order of their names."""
    at, number = format_timestamp(now), int("".join(filter(str.isdigit, hour)))
    return tuple(
        Notice(tenant_id, DIGESTS, number, sequence, "digest", channel, "INFO", at, due_at=at)
        for sequence, channel in enumerate(sorted(channels), 1)
    )


def hour_of_digest(notice: Notice) -> str:
    """Return the hour (UTC, `2026-11-21T05`) whose limited notices the notice of a digest is about."""
    digits = str(notice.number)
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:]}"
