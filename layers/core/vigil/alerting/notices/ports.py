"""Ports of the delivery of notices: their store and queue, and the rooms that it needs."""

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
    """Stored notices and follow-ups of all tenants, and their limits."""

    def notices(self, ref: NoticeRef) -> Sequence[StoredNotice]:
        """Return all notices of the same episode and number, read consistently."""
        ...

    def commit(self, change: NoticeChange) -> CommitResult:
        """Write a change as one transaction. The same change written again has one effect."""
        ...

    def limits(self, tenant_id: str) -> NoticeLimits:
        """Return the limits of a tenant, read consistently, or the defaults. Raises Unavailable."""
        ...

    def follow_ups(self, ref: NoticeRef) -> Sequence[FollowUp]:
        """Return the follow-ups of a notice that are not done."""
        ...

    def delete_follow_up(self, follow_up: FollowUp) -> None:
        """Delete a follow-up that is done; a missing one is no error."""
        ...


class LimitStore(Protocol):
    """Stored limits of all tenants."""

    def limits(self, tenant_id: str) -> NoticeLimits:
        """Return the limits of a tenant, read consistently, or the defaults. Raises Unavailable."""
        ...

    def set_limits(self, tenant_id: str, limits: NoticeLimits) -> bool:
        """Store limits over the version before theirs; return False without a write if another one is stored."""
        ...


class DueItems(Protocol):
    """The index of due items of all tenants."""

    shards: int
    """Number of partitions of the index."""

    def due(self, shard: int, now: str) -> Iterator[DueItem]:
        """Yield the due items of a shard, the longest overdue first. Very recent changes can be missing."""
        ...


class DigestStore(Protocol):
    """Limited notices of tenants by hour."""

    def close(self, tenant_id: str, hour: str) -> bool:
        """Close the digest of an hour, so that it accepts no further notice. Return False if there is none."""
        ...

    def counts(self, tenant_id: str, hour: str) -> Mapping[str, Mapping[str, int]]:
        """Return the number of limited notices by channel and by `<type> <source>`, read consistently."""
        ...

    def create(self, notices: Sequence[Notice]) -> None:
        """Store new notices and count their intents. Notices that exist are not changed."""
        ...

    def finish(self, tenant_id: str, hour: str) -> None:
        """Remove a digest from the index of due items."""
        ...


class EpisodeReader(Protocol):
    """Reader of current and earlier episodes, by fingerprint and number."""

    def load_number(self, tenant_id: str, fingerprint: str, number: int) -> Episode | None:
        """Return the current or an earlier episode of a fingerprint, read consistently, or None."""
        ...


class Destinations(Protocol):
    """Channels, members and contacts of tenants."""

    def find(self, tenant_id: str, channel: str) -> NoticeDestination | None:
        """Return the destination of a notice's channel: a channel, `member:<id>` or `contact`. None if unknown."""
        ...

    def mark_broken(self, destination: NoticeDestination, reason: str) -> None:
        """Record that a channel refuses every notice, with the vendor's reason."""
        ...


class Addresses(Protocol):
    """E-mail addresses of tenants and members."""

    def contact(self, tenant_id: str) -> str:
        """Return the address of a tenant's contact, or an empty text. Raises Unavailable."""
        ...

    def address_of(self, tenant_id: str, member_id: str) -> str:
        """Return the address of a member. Raises NotFound and Unavailable."""
        ...


class LinkSigner(Protocol):
    """Signer of links for people."""

    def links(self, notice: Notice, episode: Episode | None, at: datetime) -> Mapping[str, str]:
        """Return named https addresses, for example `acknowledge`."""
        ...


class DeliveryQueue(Protocol):
    """The queue of deliveries."""

    def send(self, notices: Sequence[Notice], delay_seconds: int = 0) -> None:
        """Send a message for each notice, at least once, after a delay of at most 900 s."""
        ...

    def send_due(self, items: Sequence[DueItem]) -> None:
        """Send a message for each due item, at least once."""
        ...


class AlertSource(Protocol):
    """The queue of alert events."""

    def __call__(self, event: AlertEvent, /) -> None:
        """Send an alert event, at least once. An event id counts once."""
        ...


class EpisodeClock(Protocol):
    """The clock of episodes: escalation, repeats and ends of silences."""

    def tick(self, tenant_id: str, fingerprint: str) -> None:
        """Take the due step of an episode; safe to repeat. An episode without a due step is not changed."""
        ...
