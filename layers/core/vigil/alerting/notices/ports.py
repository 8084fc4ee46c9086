"""Ports of the delivery of notices: their store and queue, and the services of other rooms that it calls."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from vigil.alerting.alerts.model import AlertEvent, Episode, Notice
from vigil.alerting.notices.limits_model import NoticeLimits
from vigil.alerting.notices.model import (
    CommitResult,
    DueItem,
    FollowUp,
    NoticeChange,
    NoticeDestination,
    NoticeRef,
    StoredNotice,
)


class NoticeStore(Protocol):
    """Stored notices and follow-ups of all tenants, and their limits. Every method raises Unavailable."""

    def notices(self, ref: NoticeRef) -> Sequence[StoredNotice]:
        """Return all notices of the same episode and number in order, read consistently."""
        ...

    def commit(self, change: NoticeChange) -> CommitResult:
        """Write a change as one transaction. The same change written again has one effect."""
        ...

    def limits(self, tenant_id: str) -> NoticeLimits:
        """Return the limits of a tenant, read consistently, or the defaults with version 0."""
        ...

    def follow_ups(self, ref: NoticeRef) -> Sequence[FollowUp]:
        """Return the stored follow-ups of a notice, which are not done."""
        ...

    def delete_follow_up(self, follow_up: FollowUp) -> None:
        """Delete a follow-up, because it is done. A missing one is no error."""
        ...


class LimitStore(Protocol):
    """Stored limits of all tenants. Every method raises Unavailable."""

    def limits(self, tenant_id: str) -> NoticeLimits:
        """Return the limits of a tenant, read consistently, or the defaults with version 0."""
        ...

    def set_limits(self, tenant_id: str, limits: NoticeLimits) -> bool:
        """Store limits in place of the version before theirs and return True.

        Return False and store nothing if another version is stored. Version 0 has no item.
        """
        ...


class DueItems(Protocol):
    """The index of due items of all tenants. Reading it raises Unavailable."""

    shards: int
    """Number of partitions of the index."""

    def due(self, shard: int, now: str) -> Iterator[DueItem]:
        """Yield the items of a shard whose time is not after `now`, a timestamp; the longest overdue first.

        Changes of the last second can be missing.
        """
        ...


class DigestStore(Protocol):
    """Limited notices of all tenants by hour (UTC, `2026-11-21T05`). Every method raises Unavailable."""

    def close(self, tenant_id: str, hour: str) -> bool:
        """Close an hour, so that it accepts no further limited notice. Return True, also for a closed one.

        Return False if the hour has no limited notices.
        """
        ...

    def counts(self, tenant_id: str, hour: str) -> Mapping[str, Mapping[str, int]]:
        """Return the numbers of limited notices of an hour by channel, then by `<type> <source>`, read consistently."""
        ...

    def create(self, notices: Sequence[Notice]) -> None:
        """Store new notices and count them in the statistics. Notices that exist are not changed."""
        ...

    def finish(self, tenant_id: str, hour: str) -> None:
        """Remove an hour from the index of due items, because its digests exist."""
        ...


class EpisodeReader(Protocol):
    """Reader of current and earlier episodes, by fingerprint and number."""

    def load_number(self, tenant_id: str, fingerprint: str, number: int) -> Episode | None:
        """Return the current or an earlier episode of a fingerprint, read consistently.

        None if the fingerprint has no episode of this number. Raises Unavailable.
        """
        ...


class Destinations(Protocol):
    """Channels, members and contacts of all tenants. Both methods raise Unavailable."""

    def find(self, tenant_id: str, channel: str) -> NoticeDestination | None:
        """Return the destination of a notice's channel: the id of a channel, `member:<id>` or `contact`.

        None if the channel or member does not exist, or the tenant has no contact address.
        """
        ...

    def mark_broken(self, destination: NoticeDestination, reason: str) -> None:
        """Store that a channel refuses every notice, with the vendor's reason.

        Members and contacts have no such mark.
        """
        ...


class Addresses(Protocol):
    """E-mail addresses of the contacts and members of tenants."""

    def contact(self, tenant_id: str) -> str:
        """Return the address of a tenant's contact; empty for a tenant without one. Raises Unavailable."""
        ...

    def address_of(self, tenant_id: str, member_id: str) -> str:
        """Return the address of a member. Raises NotFound and Unavailable."""
        ...


class LinkSigner(Protocol):
    """Maker of signed links with which people act on alerts."""

    def links(self, notice: Notice, episode: Episode | None, at: datetime) -> Mapping[str, str]:
        """Return the addresses for the actions that the alert allows now, by name: `acknowledge`, `resolve`.

        Empty if the notice has no links. Raises Unavailable.
        """
        ...


class DeliveryQueue(Protocol):
    """The queue of deliveries. Both methods raise Unavailable."""

    def send(self, notices: Sequence[Notice], delay_seconds: int = 0) -> None:
        """Send a message for each notice, at least once, so that it is received after a delay of at most 900 s."""
        ...

    def send_due(self, items: Sequence[DueItem]) -> None:
        """Send a message for each due item, at least once."""
        ...


class AlertSource(Protocol):
    """Function that sends alert events to their queue."""

    def __call__(self, event: AlertEvent, /) -> None:
        """Send an alert event, at least once. The same event id counts once. Raises Unavailable."""
        ...


class EpisodeClock(Protocol):
    """Advances episodes with the time: escalation, repeats and ends of silences."""

    def tick(self, tenant_id: str, fingerprint: str) -> None:
        """Escalate or end the current episode of a fingerprint if it is due; safe to repeat.

        An episode that is not due is not changed. Raises Conflict and Unavailable.
        """
        ...
