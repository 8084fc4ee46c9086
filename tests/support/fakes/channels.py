"""Fakes of the ports of channels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.support.fakes.alerting_configurations import FakeConfigurations
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Sent
from vigil.alerting.channels.model import NoticeContent as Content
from vigil.alerting.policies.model import ConfiguredChannel


class FakeChannelStore:
    """Channels in memory, with their versions. A deletion is a change of the given configurations."""

    def __init__(self, configurations: FakeConfigurations | None = None) -> None:
        self.configurations = configurations or FakeConfigurations()
        self.channels: dict[tuple[str, str], Channel] = {}

    def get(self, tenant_id: str, channel_id: str) -> Channel | None:
        """Return a channel, or None."""
        return self.channels.get((tenant_id, channel_id))

    def list_all(self, tenant_id: str) -> Sequence[Channel]:
        """Return the channels of a tenant in order of their ids."""
        return [channel for (owner, _), channel in sorted(self.channels.items()) if owner == tenant_id]

    def create(self, channel: Channel, limit: int) -> bool:
        """Store a new channel below the limit."""
        key = (channel.tenant_id, channel.channel_id)
        if key in self.channels or len(self.list_all(channel.tenant_id)) >= limit:
            return False
        self.channels[key] = channel
        self.configurations.add_channel(channel.tenant_id, ConfiguredChannel(channel.channel_id, channel.kind))
        return True

    def replace(self, channel: Channel, expected: int) -> bool:
        """Store a channel over the expected version."""
        self.configurations.before_write()
        key = (channel.tenant_id, channel.channel_id)
        if key not in self.channels or self.channels[key].version != expected:
            return False
        self.channels[key] = channel
        return True

    def mark_broken(self, tenant_id: str, channel_id: str, version: int, reason: str) -> None:
        """Store the reason in a channel of this version."""
        found = self.get(tenant_id, channel_id)
        if found and found.version == version:
            self.channels[tenant_id, channel_id] = replace(found, broken=reason)

    def delete(self, channel: Channel, generation: int) -> bool:
        """Delete a channel of this version over this generation of the configuration."""
        found = self.get(channel.tenant_id, channel.channel_id)
        if found is None or found.version != channel.version:
            return False
        if not self.configurations.remove_channel(channel.tenant_id, generation, channel.channel_id):
            return False
        del self.channels[channel.tenant_id, channel.channel_id]
        return True


class FakeSender:
    """Sender that records the contents, and returns `outcome` if it is set."""

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self.outcome: Outcome | None = None
        self.contents: list[Content] = []

    def send(self, _: Channel, content: NoticeContent) -> Outcome:
        """Record a content."""
        self.contents.append(content)
        return self.outcome or self.sent


class FakeUsageReports:
    """Reported usage events with their tenants."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, Any]]] = []

    def report(self, tenant_id: str, event: Mapping[str, Any]) -> None:
        """Record an event."""
        self.events.append((tenant_id, event))
