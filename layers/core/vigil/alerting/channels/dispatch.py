"""The sender of all kinds of channels."""

from collections.abc import Mapping

from vigil.alerting.channels.model import Channel, ChannelKind, NoticeContent, Outcome, Postponed, Refused
from vigil.alerting.channels.ports import Sender, UnreadableSecrets
from vigil.errors import Unavailable


class Dispatch:
    """Sends a notice with the sender of its channel's kind.

    Unreadable secrets refuse the notice; an unavailable key postpones it.
    """

    def __init__(self, senders: Mapping[ChannelKind, Sender]) -> None:
        self._senders = senders

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Send a notice once and return the outcome."""
        try:
            return self._senders[channel.kind].send(channel, content)
        except UnreadableSecrets:
            return Refused("The secrets of the channel cannot be read. Set them again.", is_channel_broken=True)
        except Unavailable:
            return Postponed("The secrets of the channel could not be read.")
