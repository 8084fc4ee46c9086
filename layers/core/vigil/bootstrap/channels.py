"""Wires the channels of alerts, and the senders of notices."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from vigil.bootstrap import breakers, outbound, process

if TYPE_CHECKING:
    from vigil.alerting.channels.dispatch import Dispatch
    from vigil.alerting.channels.sealing import Sealing
    from vigil.alerting.channels.service import Channels
    from vigil.alerting.channels.store import DynamoChannels
    from vigil.alerting.notices.queue_store import SqsUsageReports
    from vigil.alerting.policies.store import DynamoConfigurations

SENDER_NEEDS = (*breakers.NEEDS, "alerting_secret_arn", "usage_events_queue")
"""Settings of every function that sends notices."""
API_REQUEST_LIMIT = timedelta(seconds=4)
"""Maximum time of a vendor's answer while the caller of the API waits."""
_DELIVERY_REQUEST_LIMIT = timedelta(seconds=10)


@process.once
def channels(configurations: "DynamoConfigurations") -> "Channels":
    """Return the service of channels, which the configurations of tenants name."""
    from vigil.alerting.channels.service import ChannelParts, Channels

    parts = ChannelParts(
        channel_store(),
        configurations,
        sealing(),
        outbound.allowed_destinations(),
        senders(API_REQUEST_LIMIT),
        usage_reports(),
        process.now,
        lambda: uuid4().hex[:16],
    )
    return Channels(parts)


@process.once
def senders(limit: timedelta = _DELIVERY_REQUEST_LIMIT) -> "Dispatch":
    """Return the sender of notices to channels of all kinds. `limit` is the maximum time of one request."""
    from vigil.alerting.channels.dispatch import Dispatch
    from vigil.alerting.channels.exchanges import Exchange
    from vigil.alerting.channels.mail import MailSender
    from vigil.alerting.channels.mail_sending_store import SesMailer
    from vigil.alerting.channels.opsgenie import OpsgenieSender
    from vigil.alerting.channels.pagerduty import PagerDutySender
    from vigil.alerting.channels.slack import SlackSender
    from vigil.alerting.channels.webhook import WebhookSender

    exchange = Exchange(outbound.outbound(), breakers.circuit_breakers(), process.now, limit)
    # Opsgenie takes up to four requests per notice, the others one or two. All must fit into a function's time.
    short_exchange = Exchange(outbound.outbound(), breakers.circuit_breakers(), process.now, limit / 2)
    mailer = SesMailer(lambda: process.client("sesv2"), process.settings().mail_sender)
    return Dispatch(
        {
            "pagerduty": PagerDutySender(exchange, sealing()),
            "slack": SlackSender(exchange, sealing()),
            "opsgenie": OpsgenieSender(short_exchange, sealing()),
            "email": MailSender(mailer),
            "webhook": WebhookSender(exchange, sealing()),
        }
    )


@process.once
def channel_store() -> "DynamoChannels":
    """Return the store of channels."""
    from vigil.alerting.channels.store import DynamoChannels

    return DynamoChannels(process.client("dynamodb"), process.settings().alerts_table)


@process.once
def sealing() -> "Sealing":
    """Return the encryption of the secrets of channels."""
    from vigil.alerting.channels.sealing import Sealing

    return Sealing(alerting_secrets())


@process.once
def alerting_secrets() -> Callable[[], Sequence[bytes]]:
    """Return a reader of the alerting secret: its key, and the key before it while the secret has one."""
    secret = process.secret("alerting_secret_arn")
    return lambda: [secret.values()[name].encode() for name in ("key", "previous") if name in secret.values()]


@process.once
def usage_reports() -> "SqsUsageReports":
    """Return the reports of deliveries that have a price."""
    from vigil.alerting.notices.queue_store import SqsUsageReports
    from vigil.workers.queues import SqsQueue

    return SqsUsageReports(SqsQueue(process.client("sqs"), process.settings().usage_events_queue))
