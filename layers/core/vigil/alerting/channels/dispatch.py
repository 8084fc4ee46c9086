"""Choice of the sender by the kind of a channel."""

from collections.abc import Mapping

from vigil.alerting.channels.model import Channel, ChannelKind, NoticeContent, Outcome, Postponed, Refused
from vigil.alerting.channels.ports import Sender, UnreadableSecrets
from vigil.errors import Unavailable


class Dispatch:
    """One sender for all channels: it passes each notice to the sender of the channel's kind.

    Secrets that cannot be decrypted give Refused. A key that is not available now gives Postponed.
    """

    def __init__(self, senders: Mapping[ChannelKind, Sender]) -> None:
        self._senders = senders

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Send a notice once and return the outcome. It raises no error of the vendor, the network or the key."""
        try:
            return self._senders[channel.kind].send(channel, content)
        except UnreadableSecrets:
            return Refused("The secrets of the channel cannot be read. Set them again.", is_channel_broken=True)
        except Unavailable:
            return Postponed("The secrets of the channel could not be read.")
