"""Channels of a tenant: create, change, delete and test them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vigil.alerting.alerts.model import Episode, Notice, NoticeAction
from vigil.alerting.channels import kinds_model as kinds
from vigil.alerting.channels.model import Channel, ChannelKind, NoticeContent, Outcome, Refused, Sent, usage_event
from vigil.alerting.channels.ports import ChannelStore, Configurations, Sender, UnreadableSecrets, UsageReports
from vigil.alerting.channels.sealing import Sealing, hint
from vigil.alerting.oncall.changes import expect_version, retry_change
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.time import format_timestamp
from vigil.outbound.destinations import AllowedDestinations, parse_destination
from vigil.outbound.webhook_signatures import parse_secret
from vigil.runtime.retries import TryAgain

_HOLDS_INCIDENTS = {"pagerduty", "opsgenie"}
"""Kinds at which a test notice is resolved again, so that it leaves nothing open."""
USAGE_SOURCE = "/alerting/channels"
"""Source of the usage events of test notices."""


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """New values of a channel. A field of None is not changed.

    `options` and `secrets` are merged by name with the present ones; an entry of None removes that name.
    """

    label: str | None = None
    options: Mapping[str, str | None] | None = None
    secrets: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class ChannelTestResult:
    """Outcome of a test notice: `sent`, `refused` or `postponed`, and a sentence for people.

    `answer` has the words of a vendor that did not accept the notice, or Vigil's own sentence. `after` is the pause
    before the next request, from the vendor or the circuit; None without one.
    """

    outcome: str
    answer: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ChannelParts:
    """Ports of the service. `new_id` returns a new id for a channel or a test.

    `allowed` are the destinations that the operator named. Only the stage `local` allows the option `base_url`.
    """

    store: ChannelStore
    configurations: Configurations
    sealing: Sealing
    allowed: AllowedDestinations
    sender: Sender
    usage: UsageReports
    clock: Callable[[], datetime]
    new_id: Callable[[], str]


class Channels:
    """Channels of all tenants. Every method raises Unavailable if a store is not available."""

    def __init__(self, parts: ChannelParts) -> None:
        self._parts = parts
        self._store = parts.store

    def list_all(self, tenant_id: str) -> Sequence[Channel]:
        """Return the channels of a tenant in order of their ids."""
        return self._store.list_all(tenant_id)

    def get(self, tenant_id: str, channel_id: str) -> Channel:
        """Return a channel. Raises NotFound."""
        if (channel := self._store.get(tenant_id, channel_id)) is None:
            raise NotFound("There is no such channel. GET /v1/alerting/channels lists all.")
        return channel

    def warning(self, channel: Channel) -> str:
        """Return the warning about a channel whose vendor ends its service, or an empty text."""
        return kinds.warning(channel, self._parts.clock())

    def create(
        self,
        tenant_id: str,
        kind: ChannelKind,
        label: str,
        options: Mapping[str, str],
        secrets: Mapping[str, str],
    ) -> Channel:
        """Store a new channel and return it. Raises InvalidInput, and Conflict if the tenant has MAX_CHANNELS."""
        empty = Channel(tenant_id, f"chn-{self._parts.new_id()}", kind, label, {})
        channel = self._with_settings(empty, options, secrets)
        if not self._store.create(channel, kinds.MAX_CHANNELS):
            raise Conflict(f"The tenant has {kinds.MAX_CHANNELS} channels, the maximum. Delete one first.")
        return channel

    def change(self, tenant_id: str, channel_id: str, change: ChannelChange, expected: int | None) -> Channel:
        """Change a channel and return it. New options or secrets remove the mark of a broken channel.

        `expected` is the version to change, or None for any version. Raises InvalidInput, NotFound, PreconditionFailed
        for another version, and Conflict after five lost races.
        """

        def attempt() -> Channel:
            before = expect_version(self.get(tenant_id, channel_id), expected)
            changed = self._changed(before, change)
            if not self._store.replace(changed, before.version):
                raise TryAgain
            return changed

        return retry_change(attempt)

    def delete(self, tenant_id: str, channel_id: str, expected: int | None) -> None:
        """Delete a channel. `expected` is the version to delete, or None for any version.

        Raises NotFound, PreconditionFailed for another version, InUse with the policies that name the channel, and
        Conflict after five lost races.
        """

        def attempt() -> None:
            channel = expect_version(self.get(tenant_id, channel_id), expected)
            configuration = self._parts.configurations.read(tenant_id)
            configuration.check_unused_channel(channel_id)
            if not self._store.delete(channel, configuration.generation):
                raise TryAgain

        retry_change(attempt)

    def test(self, tenant_id: str, channel_id: str) -> ChannelTestResult:
        """Send a test notice and return its outcome, with the vendor's answer. Raises NotFound.

        A success removes the mark of a broken channel, and a refusal of all notices sets it. A test that opens an
        incident resolves it again. The usage of a mail or webhook is reported.
        """
        channel = self.get(tenant_id, channel_id)
        number = self._parts.new_id()
        outcome = self._send(channel, number, "trigger")
        if isinstance(outcome, Sent):
            if channel.kind in _HOLDS_INCIDENTS:
                self._send(channel, number, "resolve", outcome)
            self._store.mark_broken(tenant_id, channel_id, channel.version, "")
            return ChannelTestResult("sent", "The vendor accepted the test notice.")
        if isinstance(outcome, Refused):
            if outcome.is_channel_broken:
                self._store.mark_broken(tenant_id, channel_id, channel.version, outcome.reason)
            return ChannelTestResult("refused", outcome.reason)
        return ChannelTestResult("postponed", outcome.reason, outcome.after)

    def _send(self, channel: Channel, number: str, action: NoticeAction, before: Sent | None = None) -> Outcome:
        now = self._parts.clock()
        episode = _test_episode(channel.tenant_id, number, format_timestamp(now))
        sequence = 1 if before is None else 2
        notice = Notice(
            channel.tenant_id,
            episode.fingerprint,
            1,
            sequence,
            action,
            channel.channel_id,
            episode.severity,
            episode.started_at,
        )
        receipt = before.receipt if before else None
        outcome = self._parts.sender.send(channel, NoticeContent(notice, episode, now, receipt))
        if isinstance(outcome, Sent) and outcome.meter:
            event = usage_event(USAGE_SOURCE, f"test-{number}", format_timestamp(now), outcome.meter)
            self._parts.usage.report(channel.tenant_id, event)
        return outcome

    def _changed(self, before: Channel, change: ChannelChange) -> Channel:
        changed = replace(before, label=change.label or before.label, version=before.version + 1)
        if change.options is None and change.secrets is None:
            return changed
        options = _merged(before.options, change.options)
        secrets = _merged(self._secrets(before), change.secrets)
        return replace(self._with_settings(changed, options, secrets), broken="")

    def _secrets(self, channel: Channel) -> Mapping[str, str]:
        try:
            return self._parts.sealing.open(channel)
        except UnreadableSecrets:
            return {}  # the rules then name each secret that must be set again

    def _with_settings(self, channel: Channel, options: Mapping[str, str], secrets: Mapping[str, str]) -> Channel:
        options = kinds.with_defaults(channel.kind, options)
        kinds.check(channel.kind, options, secrets)
        if kinds.BASE_URL in options and not self._parts.allowed.is_local:
            raise InvalidInput(FieldError("options.base_url", "is allowed on the stage local only", "absent"))
        for field, url in (("options.base_url", options.get(kinds.BASE_URL)), ("secrets.url", secrets.get("url"))):
            if url is not None:
                parse_destination(url, self._parts.allowed, field)
        if channel.kind == "webhook" and "signing_secret" in secrets:
            parse_secret(secrets["signing_secret"], "secrets.signing_secret")
        sealed = self._parts.sealing.seal(channel.tenant_id, channel.channel_id, secrets) if secrets else b""
        shown = hint(kinds.main_secret(channel.kind, secrets))
        return replace(channel, options=options, sealed=sealed, hint=shown)


def _merged(before: Mapping[str, str], change: Mapping[str, str | None] | None) -> dict[str, str]:
    merged = dict(before) | dict(change or {})
    return {name: text for name, text in merged.items() if text is not None}


def _test_episode(tenant_id: str, number: str, now: str) -> Episode:
    return Episode(
        tenant_id=tenant_id,
        fingerprint=f"test-{number}",
        number=1,
        type="work_stuck",
        source="alerting.channels",
        labels=(),
        severity="INFO",
        title="Test notice of Vigil. No action is needed",
        facts=(),
        link="",
        correlation_id="",
        state="firing",
        started_at=now,
        last_event_at=now,
    )
