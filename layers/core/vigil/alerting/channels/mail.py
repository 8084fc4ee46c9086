"""Sender of notices by e-mail."""

from vigil.alerting.alerts.model import Receipt
from vigil.alerting.channels.exchanges import mask_secrets
from vigil.alerting.channels.masking_model import MAX_TITLE, shorten
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Postponed, Refused, Sent
from vigil.alerting.channels.ports import Mailer, MailRefused
from vigil.alerting.channels.texts_model import NoticeText, describe
from vigil.errors import Unavailable


class MailSender:
    """One sender of all notices by e-mail.

    The recipient is the address of the content, which a notice to a member or to the contact has. Without it, the
    recipient is the option `address` of the channel. A repeated notice is a second mail.
    """

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def send(self, channel: Channel, content: NoticeContent) -> Outcome:
        """Send one mail to one recipient and return the outcome.

        Refused: the channel has no address, or the mail service refused the mail. Postponed: the deployment itself
        cannot send mails, or the mail service did not answer. Raises no Vigil error.
        """
        address = content.address or channel.options.get("address", "")
        if not address:
            return Refused("The channel has no e-mail address.", is_channel_broken=True)
        text = describe(content)
        try:
            message_id = self._mailer.send(address, shorten(text.headline, MAX_TITLE), to_mail(text))
        except MailRefused as refused:
            if refused.is_sender_broken:  # a fault of the deployment: the channel of the tenant is not broken
                return Postponed(refused.reason)
            return Refused(mask_secrets(refused.reason, (address,)))
        except Unavailable:
            return Postponed("The mail service did not accept the mail.")
        return Sent(Receipt(vendor_id=message_id), meter="emails")


def to_mail(text: NoticeText) -> str:
    """Return the plain text of a mail."""
    head = [text.headline, f"Type: {text.type}", f"Source: {text.source}"]
    facts = [f"{name}: {value}" for name, value in text.facts]
    links = [f"{name.capitalize()}: {address}" for name, address in text.links]
    return "\n".join([*head, "", *facts, *([""] if links else []), *links, ""])
