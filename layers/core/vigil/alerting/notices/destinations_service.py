"""Destinations of notices: channels of a tenant, members and the contact."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vigil.alerting.alerts.model import CONTACT_CHANNEL
from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.ports import ChannelStore
from vigil.alerting.notices.model import NoticeDestination
from vigil.alerting.notices.ports import Addresses
from vigil.errors import NotFound
from vigil.runtime.last_known_cache import CacheObserver, CacheRules, LastKnownCache

CACHE_RULES = CacheRules(timedelta(0), stale_for=timedelta(hours=1), retry=timedelta(seconds=5))
"""A channel is read before each notice, so that a deleted one receives none. A failed read returns the last known."""
_MEMBER = "member:"


class ChannelDestinations:
    """Finds the destinations of notices for all tenants."""

    def __init__(
        self, channels: ChannelStore, addresses: Addresses, clock: Callable[[], datetime], observer: CacheObserver
    ) -> None:
        self._channels = channels
        self._addresses = addresses
        self._cache: LastKnownCache[tuple[str, str], Channel | None] = LastKnownCache(
            "channels", CACHE_RULES, clock, observer, is_kept=lambda channel: channel is not None
        )

    def find(self, tenant_id: str, channel: str) -> NoticeDestination | None:
        """Return the destination of a notice's channel: the id of a channel, `member:<id>` or `contact`.

        None if the channel or member does not exist, or the tenant has no contact address. Raises Unavailable.
        """
        if channel != CONTACT_CHANNEL and not channel.startswith(_MEMBER):
            found = self._cache.get((tenant_id, channel), lambda: self._channels.get(tenant_id, channel))
            return NoticeDestination(found) if found else None
        address = self._address(tenant_id, channel)
        return NoticeDestination(Channel(tenant_id, channel, "email", "", {}), address) if address else None

    def mark_broken(self, destination: NoticeDestination, reason: str) -> None:
        """Store that a channel refuses every notice, with the vendor's reason. Raises Unavailable.

        Members and contacts have no such mark.
        """
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
