"""Secrets of channels with which their vendors sign reports."""

from collections.abc import Sequence

from vigil.alerting.channels.kinds_model import INBOUND_SECRETS
from vigil.alerting.channels.ports import ChannelStore, UnreadableSecrets, Unseal
from vigil.alerting.inbound.model import Endpoint, Vendor


class ChannelSigningSecrets:
    """Reads the signing secrets of stored channels of all tenants."""

    def __init__(self, channels: ChannelStore, sealing: Unseal) -> None:
        self._channels = channels
        self._sealing = sealing

    def find(self, endpoint: Endpoint, vendor: Vendor) -> Sequence[str]:
        """Return the secrets with which the vendor signs reports to a channel, at most one.

        Empty for a channel that does not exist, is of another vendor, has no such secret or cannot be decrypted. Raises
        Unavailable.
        """
        channel = self._channels.get(endpoint.tenant_id, endpoint.channel_id)
        if channel is None or channel.kind != vendor:
            return ()
        try:
            opened = self._sealing.open(channel)
        except UnreadableSecrets:
            return ()
        secret = opened.get(INBOUND_SECRETS[vendor], "")
        return (secret,) if secret else ()
