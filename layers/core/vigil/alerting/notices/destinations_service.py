"""Destinations of notices: channels of a tenant, members and the contact."""

from vigil.alerting.alerts.model import CONTACT_CHANNEL
from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.ports import ChannelStore
from vigil.alerting.notices.model import NoticeDestination
from vigil.alerting.notices.ports import Addresses
from vigil.errors import NotFound

_MEMBER = "member:"


class ChannelDestinations:
    """Finds the destination of a notice by its channel."""

    def __init__(self, channels: ChannelStore, addresses: Addresses) -> None:
        self._channels = channels
        self._addresses = addresses

    def find(self, tenant_id: str, channel: str) -> NoticeDestination | None:
        """Return a channel, or the e-mail address of a member or of the contact. None if it does not exist."""
        if channel != CONTACT_CHANNEL and not channel.startswith(_MEMBER):
            found = self._channels.get(tenant_id, channel)
            return NoticeDestination(found) if found else None
        address = self._address(tenant_id, channel)
        return NoticeDestination(Channel(tenant_id, channel, "email", "", {}), address) if address else None

    def mark_broken(self, destination: NoticeDestination, reason: str) -> None:
        """Record that a channel refuses every notice. Members and contacts have no such record."""
        channel = destination.channel
        if not destination.address:
            self._channels.mark_broken(channel.tenant_id, channel.channel_id, channel.version, reason)

    def _address(self, tenant_id: str, channel: str) -> str:
        if channel == CONTACT_CHANNEL:
            return self._addresses.contact(tenant_id)
        try:
            return self._addresses.address_of(tenant_id, channel.removeprefix(_MEMBER))
        except NotFound:
            return ""
