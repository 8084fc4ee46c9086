"""The mail service: Amazon SES, version 2. Its client is botocore's, because the service has a REST protocol."""

from collections.abc import Callable
from typing import Any

from vigil.alerting.channels.ports import MailRefused
from vigil.aws.errors import translate_errors

_CHARSET = "UTF-8"
_REFUSALS = {
    "MessageRejected": MailRefused("The mail service refused the message or its address."),
    "BadRequestException": MailRefused("The mail service refused the message or its address."),
    "AccountSuspendedException": MailRefused("The mail account is suspended.", is_sender_broken=True),
    "MailFromDomainNotVerifiedException": MailRefused("The sender's domain is not verified.", is_sender_broken=True),
    "NotFoundException": MailRefused("The sender's identity does not exist.", is_sender_broken=True),
    "SendingPausedException": MailRefused("The mail account is paused.", is_sender_broken=True),
}


class SesMailer:
    """Sends plain text from the sender address of the deployment.

    If the deployment has none, every mail is refused. Only a new deployment changes that, so that a notice goes to its
    next target at once.
    """

    def __init__(self, client: Callable[[], Any], sender: str) -> None:
        self._client = client  # botocore's client takes long to create, and most channels send no mail
        self._sender = sender

    def send(self, address: str, subject: str, text: str) -> str:
        """Send a mail to one address and return the id of the message. Raises MailRefused and Unavailable."""
        if not self._sender:
            raise MailRefused("The deployment has no sender address for mails.")
        simple = {
            "Subject": {"Data": subject, "Charset": _CHARSET},
            "Body": {"Text": {"Data": text, "Charset": _CHARSET}},
        }
        with translate_errors("The mail service", _REFUSALS):
            answer = self._client().send_email(
                FromEmailAddress=self._sender, Destination={"ToAddresses": [address]}, Content={"Simple": simple}
            )
        return str(answer["MessageId"])
