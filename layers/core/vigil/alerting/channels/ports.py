"""Ports of channels."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vigil.alerting.channels.model import Channel, NoticeContent, Outcome


class Sender(Protocol):
    """Sender of notices to all channels of one kind."""

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Send a notice once and return the outcome. It raises no error of the vendor or the network.

        Raises UnreadableSecrets and Unavailable if the channel's secrets cannot be read.
        """
        ...


class Unseal(Protocol):
    """Reader of the encrypted secrets of channels."""

    def open(self, channel: Channel) -> Mapping[str, str]:
        """Return the secrets of a channel by name; empty for a channel without secrets.

        Raises UnreadableSecrets, and Unavailable if the key is not available.
        """
        ...


class UnreadableSecrets(Exception):
    """The sealed secrets of a channel cannot be decrypted: they belong to another key, tenant or channel."""


class MailRefused(Exception):
    """The mail was refused, and a repeat cannot succeed. `reason` is for people.

    `is_sender_broken` is True if no mail of the deployment can be sent, so that the address is not at fault.
    """

    def __init__(self, reason: str, *, is_sender_broken: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_sender_broken = is_sender_broken


class Mailer(Protocol):
    """The mail service. A repeated call sends a second mail."""

    def send(self, address: str, subject: str, text: str) -> str:
        """Send a mail to one address and return the id of the message. Raises MailRefused and Unavailable."""
        ...


class ChannelStore(Protocol):
    """Stored channels of all tenants. Every method raises Unavailable."""

    def get(self, tenant_id: str, channel_id: str) -> Channel | None:
        """Return a channel, read consistently, or None if it does not exist."""
        ...

    def list_all(self, tenant_id: str) -> Sequence[Channel]:
        """Return the channels of a tenant in order of their ids, read consistently."""
        ...

    def create(self, channel: Channel, limit: int) -> bool:
        """Store a new channel; return False and store nothing if the tenant has `limit` channels already."""
        ...

    def replace(self, channel: Channel, expected: int) -> bool:
        """Store a channel in place of the version `expected` and return True.

        Return False and store nothing if another version is stored, or none.
        """
        ...

    def mark_broken(self, tenant_id: str, channel_id: str, version: int, reason: str) -> None:
        """Store the vendor's reason for refusing every notice; an empty reason removes the mark.

        A channel of another version than `version` is not changed, because its settings are new.
        """
        ...

    def delete(self, channel: Channel, generation: int) -> bool:
        """Delete a channel, count the change of the configuration and return True.

        Return False and delete nothing if another version than `channel.version`, or another generation, is stored.
        `generation` counts the changes of the tenant's configuration.
        """
        ...


class ChannelUses(Protocol):
    """The configuration of one tenant that can name its channels, as it was read."""

    @property
    def generation(self) -> int:
        """Number of changes of the tenant's configuration when it was read."""
        ...

    def check_unused_channel(self, channel_id: str) -> None:
        """Raise InUse with the ids of the policies that name a channel. Return if no policy does."""
        ...


class Configurations(Protocol):
    """Configurations of all tenants."""

    def read(self, tenant_id: str) -> ChannelUses:
        """Return the configuration of a tenant, read consistently. Raises Unavailable."""
        ...


class UsageReports(Protocol):
    """Reports of usage. Deliveries of the deployment itself have no price and are not reported."""

    def report(self, tenant_id: str, event: Mapping[str, Any]) -> None:
        """Report a usage event, a CloudEvent, at least once. The same event id counts once. Raises Unavailable."""
        ...
