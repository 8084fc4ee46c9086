"""A dispatch over the fake vendors, with channels of each kind and notices of one alert."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.support.fakes.clock import Clock
from tests.support.vendors import opsgenie, pagerduty, receiver, slack
from tests.support.vendors.loopback import CircuitsOfTest, LoopbackHttps
from tests.support.vendors.server import Vendors
from vigil.alerting.alerts.model import Episode, Notice, NoticeAction, Receipt, Severity
from vigil.alerting.channels.dispatch import Dispatch
from vigil.alerting.channels.exchanges import Exchange
from vigil.alerting.channels.mail import MailSender
from vigil.alerting.channels.model import Channel, NoticeContent, Outcome, Sent
from vigil.alerting.channels.opsgenie import OpsgenieSender
from vigil.alerting.channels.pagerduty import PagerDutySender
from vigil.alerting.channels.sealing import Sealing
from vigil.alerting.channels.slack import SlackSender
from vigil.alerting.channels.webhook import WebhookSender
from vigil.outbound.ports import CircuitGuard, Https

SECRET = b"a secret of the deployment"
SECRETS: Mapping[str, Mapping[str, str]] = {
    "pagerduty": {"routing_key": pagerduty.ROUTING_KEY},
    "slack": {"bot_token": slack.BOT_TOKEN, "signing_secret": "canarySigningSecret"},
    "slack-webhook": {"webhook_url": slack.WEBHOOK_URL},
    "opsgenie": {"api_key": opsgenie.API_KEY},
    "webhook": {"url": receiver.URL, "signing_secret": receiver.SIGNING_SECRET},
    "teams": {"url": receiver.URL},
    "email": {},
}
"""Secrets of the channels of the bench, by name."""
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "slack": {"channel": slack.CHANNEL},
    "teams": {"format": "teams"},
    "email": {"address": "oncall@clinic.example"},
}
FIRST_EPISODE = Episode(
    tenant_id="acme",
    fingerprint="0123456789abcdef01234567",
    number=1,
    type="work_stuck",
    source="queue.batch-splits",
    labels=(("queue", "batch-splits"),),
    severity="ERROR",
    title="12 messages wait in batch-splits",
    facts=(("messages", "12"),),
    link="https://vigil.example/alerts/1",
    correlation_id="cor-1",
    state="firing",
    started_at="2026-03-01T12:00:00.000000Z",
    last_event_at="2026-03-01T12:00:00.000000Z",
)
"""An alert about a queue."""


class FakeMailer:
    """Mails by address. `error` is raised if it is set."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.error: Exception | None = None

    def send(self, address: str, subject: str, text: str) -> str:
        """Store a mail and return its id."""
        if self.error:
            raise self.error
        self.sent.append((address, subject, text))
        return f"mail-{len(self.sent)}"


class Bench:
    """Channels, and the notices of one alert that are sent to them in order."""

    def __init__(
        self,
        vendors: Vendors,
        clock: Clock | None = None,
        https: Https | None = None,
        guard: CircuitGuard | None = None,
    ) -> None:
        self.vendors, self.clock, self.circuits = vendors, clock or Clock(), CircuitsOfTest()
        self.mailer = FakeMailer()
        self.sealing = Sealing(lambda: [SECRET])
        exchange = Exchange(https or LoopbackHttps(vendors.port), guard or self.circuits, self.clock)
        self.dispatch = Dispatch(
            {
                "pagerduty": PagerDutySender(exchange, self.sealing),
                "slack": SlackSender(exchange, self.sealing),
                "opsgenie": OpsgenieSender(exchange, self.sealing),
                "email": MailSender(self.mailer),
                "webhook": WebhookSender(exchange, self.sealing),
            }
        )
        self.receipts: dict[str, Receipt] = {}
        self.sequence = 0

    def channel(self, name: str, **options: str) -> Channel:
        """Return a channel of the bench by its name, with further options."""
        kinds: dict[str, Any] = {"slack-webhook": "slack", "teams": "webhook"}
        sealed = self.sealing.seal("acme", f"chn-{name}", SECRETS[name]) if SECRETS[name] else b""
        found = {**OPTIONS.get(name, {}), **options}
        return Channel("acme", f"chn-{name}", kinds.get(name, name), name, found, sealed)

    def content(
        self,
        action: NoticeAction = "trigger",
        severity: Severity = "ERROR",
        episode: Episode | None = FIRST_EPISODE,
        attempts: int = 1,
        **more: Any,
    ) -> NoticeContent:
        """Return the content of the next notice of an alert."""
        self.sequence += 1
        known = episode or FIRST_EPISODE
        notice = Notice(
            known.tenant_id,
            known.fingerprint,
            known.number,
            self.sequence,
            action,
            "chn",
            severity,
            known.started_at,
            attempts=attempts,
        )
        return NoticeContent(notice, replace(episode, severity=severity) if episode else None, self.clock(), **more)

    def send(self, name: str, action: NoticeAction = "trigger", **more: Any) -> Outcome:
        """Send the next notice to a channel, with the receipt of the one before, one second later."""
        options = more.pop("options", {})
        content = self.content(action, **({"last_receipt": self.receipts.get(name)} | more))
        outcome = self.dispatch.send(self.channel(name, **options), content)
        self.clock.now += timedelta(seconds=1)
        if isinstance(outcome, Sent):
            self.receipts[name] = outcome.receipt
        return outcome
