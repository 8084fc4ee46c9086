"""Ports of channels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from vigil.alerting.channels.model import Channel, NoticeContent, Outcome
from vigil.outbound.requests import OutboundAnswer, OutboundRequest

Result = TypeVar("Result")


class Sender(Protocol):
    """Sender of notices to one kind of channel."""

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Send a notice once and return the outcome. It raises no error of the vendor or the network."""
        ...


class Https(Protocol):
    """The way out to vendors and webhooks. It follows no redirect."""

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send one request and return the answer of any status. Raises NoAnswer."""
        ...


class CircuitGuard(Protocol):
    """Circuit breakers of the vendors and of the endpoints of tenants."""

    def call(self, circuit: str, tenant_id: str | None, function: Callable[[], Result]) -> Result:
        """Call the function and record its result under a circuit; None as tenant is the deployment.

        A status of 500 or more and NoAnswer are failures, 429 with Retry-After is a pause. Raises CircuitOpen without
        a call, and all errors of the function.
        """
        ...


class Unseal(Protocol):
    """Reader of sealed secrets."""

    def open(self, channel: Channel) -> Mapping[str, str]:
        """Return the secrets of a channel by name. Raises UnreadableSecrets."""
        ...


class UnreadableSecrets(Exception):
    """The sealed secrets of a channel belong to another key, tenant or channel."""


class MailRefused(Exception):
    """The mail service will never accept the mail. `reason` is for people.

    `is_sender_broken` is True if no mail of the deployment can be sent.
    """

    def __init__(self, reason: str, *, is_sender_broken: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_sender_broken = is_sender_broken


class Mailer(Protocol):
    """The mail service."""

    def send(self, address: str, subject: str, text: str) -> str:
        """Send a mail to one address and return the id of the message. Raises MailRefused and Unavailable."""
        ...


class ChannelStore(Protocol):
    """Stored channels of all tenants."""

    def get(self, tenant_id: str, channel_id: str) -> Channel | None:
        """Return a channel, or None."""
        ...

    def list_all(self, tenant_id: str) -> Sequence[Channel]:
        """Return the channels of a tenant in order of their ids."""
        ...

    def create(self, channel: Channel, limit: int) -> bool:
        """Store a new channel; return False if the tenant has as many channels as the limit."""
        ...

    def replace(self, channel: Channel, expected: int) -> bool:
        """Store a channel over the expected version; return False if another version is stored."""
        ...

    def mark_broken(self, tenant_id: str, channel_id: str, version: int, reason: str) -> None:
        """Store the reason of a refusal, or an empty text. Another version than the given one stays as it is."""
        ...

    def delete(self, channel: Channel, generation: int) -> bool:
        """Delete a channel of this version, as a change of the configuration.

        Return False without a change if another version or another generation of the configuration is stored.
        """
        ...


class ChannelUses(Protocol):
    """The configuration of a tenant that can name its channels, as of one moment."""

    @property
    def generation(self) -> int:
        """Number of the changes of the configuration."""
        ...

    def check_unused_channel(self, channel_id: str) -> None:
        """Raise InUse with the ids of the policies that name a channel."""
        ...


class Configurations(Protocol):
    """Configurations of all tenants."""

    def read(self, tenant_id: str) -> ChannelUses:
        """Return the configuration of a tenant, read consistently. Raises Unavailable."""
        ...


class UsageReports(Protocol):
    """Reports of usage. Deliveries of the deployment itself have no price and are not reported."""

    def report(self, tenant_id: str, event: Mapping[str, Any]) -> None:
        """Report a usage event, a CloudEvent, at least once. An event id counts once. Raises Unavailable."""
        ...
