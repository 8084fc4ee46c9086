"""Channels are created with checked settings, changed over a version, tested and metered."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from tests.support.fakes.alerting_configurations import FakeConfigurations
from tests.support.fakes.channels import FakeChannelStore, FakeSender, FakeUsageReports
from tests.support.fakes.clock import Clock
from vigil.alerting.alerts.model import Receipt
from vigil.alerting.channels import kinds_model as kinds
from vigil.alerting.channels.model import Postponed, Refused, Sent
from vigil.alerting.channels.sealing import Sealing
from vigil.alerting.channels.service import ChannelChange, ChannelParts, Channels
from vigil.alerting.policies.model import Policy, PolicyStep
from vigil.alerting.policies.service import AlertingRules
from vigil.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from vigil.outbound.destinations import AllowedDestinations

WHSEC = "whsec_" + "a" * 44
SHORT = "whsec_" + "a" * 33
VALID = {
    "pagerduty": ({"region": "eu"}, {"routing_key": "R" * 32, "webhook_secret": "s" * 32}),
    "slack": ({"channel": "C0123456789"}, {"bot_token": "xoxb-1234567890", "signing_secret": "s" * 32}),
    "slack-webhook": ({}, {"webhook_url": "https://hooks.slack.com/services/T0/B0/XXXXXX"}),
    "opsgenie": ({"base": "jsm"}, {"api_key": "k" * 36}),
    "email": ({"address": "oncall@clinic.example"}, {}),
    "webhook": ({}, {"url": "https://hooks.clinic.example/a", "signing_secret": WHSEC}),
    "teams": ({"format": "teams"}, {"url": "https://prod.logic.azure.com/a?sig=b"}),
}
KINDS = {"slack-webhook": "slack", "teams": "webhook"}


class Bench:
    def __init__(self, is_local=False):
        self.configurations = FakeConfigurations()
        self.store, self.usage, self.clock = FakeChannelStore(self.configurations), FakeUsageReports(), Clock()
        self.sender = FakeSender(Sent(Receipt("id-1", "th-1"), "webhooks"))
        self.secret, ids = [b"secret"], count()
        self.sealing = Sealing(lambda: self.secret)
        self.channels = Channels(
            ChannelParts(
                self.store,
                self.configurations,
                self.sealing,
                AllowedDestinations([("127.0.0.1", 8080)] if is_local else (), is_local),
                self.sender,
                self.usage,
                self.clock,
                lambda: f"{next(ids):016x}",
            )
        )

    def create(self, name="slack", options=None, secrets=None, tenant="acme"):
        valid_options, valid_secrets = VALID[name]
        return self.channels.create(
            tenant,
            KINDS.get(name, name),
            "Team",
            valid_options if options is None else options,
            valid_secrets if secrets is None else secrets,
        )


@pytest.fixture
def bench():
    return Bench()


def fields(refusal):
    return {error.field for error in refusal.value.errors}


@pytest.mark.parametrize("name", VALID)
def test_valid_settings_of_each_kind_are_stored_sealed(bench, name):
    channel = bench.create(name)
    options, secrets = VALID[name]
    assert bench.channels.get("acme", channel.channel_id) == channel
    assert dict(channel.options) | options == dict(channel.options)
    assert bench.sealing.open(channel) == secrets
    assert not [text for text in secrets.values() if text in repr(channel)]


@pytest.mark.parametrize(
    ("name", "options", "secrets", "broken"),
    [
        ("pagerduty", {"region": "mars"}, {"routing_key": "short"}, {"options.region", "secrets.routing_key"}),
        ("pagerduty", {}, {}, {"secrets.routing_key"}),
        ("pagerduty", {"colour": "red"}, None, {"options.colour"}),
        ("slack", {}, None, {"options.channel"}),
        ("slack", {"channel": "general"}, None, {"options.channel"}),
        ("slack", {}, {}, {"secrets.bot_token"}),
        ("slack-webhook", None, {"webhook_url": "https://evil.example/services/T/B/XXXXXXX"}, {"secrets.webhook_url"}),
        ("opsgenie", {"base": "https://evil.example"}, None, {"options.base"}),
        ("opsgenie", {}, None, {"options.base"}),
        ("email", {"address": "a@b"}, None, {"options.address"}),
        ("email", {"address": "a@clinic.example\r\nBcc: b@c.de"}, None, {"options.address"}),
        ("email", None, {"password": "p"}, {"secrets.password"}),
        ("webhook", None, {"url": "ftp://a", "signing_secret": WHSEC}, {"secrets.url"}),
        ("webhook", None, {"url": "https://hooks.clinic.example/a"}, {"secrets.signing_secret"}),
        ("webhook", None, {"url": "https://10.0.0.1/a", "signing_secret": WHSEC}, {"secrets.url"}),
        ("webhook", None, {"url": "https://user@clinic.example/a", "signing_secret": WHSEC}, {"secrets.url"}),
        ("webhook", None, {"url": "https://a.example/", "signing_secret": SHORT}, {"secrets.signing_secret"}),
        ("teams", None, {"url": "https://a.example/", "signing_secret": WHSEC}, {"secrets.signing_secret"}),
    ],
)
def test_a_broken_setting_is_named_without_its_value(bench, name, options, secrets, broken):
    with pytest.raises(InvalidInput) as refusal:
        bench.create(name, options, secrets)
    assert fields(refusal) == broken
    values = [*(options or {}).values(), *(secrets or {}).values()]
    assert not [text for text in values if len(text) > 3 and text in str(refusal.value)]
    assert bench.store.channels == {}


def test_a_local_address_of_a_vendor_is_for_the_local_stage_only(bench):
    options = {"base_url": "http://127.0.0.1:8080/pagerduty"}
    with pytest.raises(InvalidInput) as refusal:
        bench.create("pagerduty", options)
    assert fields(refusal) == {"options.base_url"}
    assert Bench(is_local=True).create("pagerduty", options).options["base_url"] == options["base_url"]


def test_a_tenant_has_at_most_twenty_channels(bench):
    for _ in range(kinds.MAX_CHANNELS):
        bench.create()
    with pytest.raises(Conflict, match="20 channels"):
        bench.create()
    assert bench.create(tenant="globex")


def test_a_change_keeps_the_secrets_that_it_does_not_name(bench):
    channel = bench.create()
    change = ChannelChange("New", {"channel": "C9999999999"}, {"signing_secret": None})
    changed = bench.channels.change("acme", channel.channel_id, change, channel.version)
    assert (changed.label, changed.options["channel"], changed.version) == ("New", "C9999999999", 2)
    assert bench.sealing.open(changed) == {"bot_token": VALID["slack"][1]["bot_token"]}


def test_a_change_over_another_version_is_refused(bench):
    channel = bench.create()
    with pytest.raises(PreconditionFailed):
        bench.channels.change("acme", channel.channel_id, ChannelChange("New"), 7)
    with pytest.raises(PreconditionFailed):
        bench.channels.delete("acme", channel.channel_id, 7)
    assert bench.channels.get("acme", channel.channel_id) == channel


def test_a_new_label_does_not_mend_a_broken_channel(bench):
    channel = bench.create()
    bench.store.mark_broken("acme", channel.channel_id, 1, "invalid_auth")
    assert bench.channels.change("acme", channel.channel_id, ChannelChange("New"), None).broken == "invalid_auth"
    change = ChannelChange(secrets={"bot_token": "xoxb-0987654321"})
    assert bench.channels.change("acme", channel.channel_id, change, None).broken == ""


def test_secrets_of_a_lost_key_must_be_set_again(bench):
    channel = bench.create()
    bench.secret[0] = b"another secret"
    with pytest.raises(InvalidInput) as refusal:
        bench.channels.change("acme", channel.channel_id, ChannelChange(options={"channel": "C9999999999"}), None)
    assert "secrets.bot_token" in fields(refusal)
    change = ChannelChange(secrets={"bot_token": "xoxb-0987654321"})
    changed = bench.channels.change("acme", channel.channel_id, change, None)
    assert bench.sealing.open(changed) == {"bot_token": "xoxb-0987654321"}


def test_another_tenant_finds_no_channel(bench):
    channel = bench.create()
    for call in (
        lambda: bench.channels.get("globex", channel.channel_id),
        lambda: bench.channels.change("globex", channel.channel_id, ChannelChange("New"), None),
        lambda: bench.channels.delete("globex", channel.channel_id, None),
        lambda: bench.channels.test("globex", channel.channel_id),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_deleted_channel_is_gone(bench):
    channel = bench.create()
    bench.channels.delete("acme", channel.channel_id, channel.version)
    with pytest.raises(NotFound):
        bench.channels.delete("acme", channel.channel_id, None)


@pytest.fixture
def rules(bench):
    return AlertingRules(bench.configurations, lambda: "one", bench.clock)


def naming(channel, place="targets"):
    """Return a policy with the channel as a target or a fallback."""
    targets = {"targets": ("channel:other",), place: (f"channel:{channel.channel_id}",)}
    return Policy("pol-old", "Operations", (PolicyStep(**targets),))


@pytest.mark.parametrize("place", ["targets", "fallbacks"])
def test_a_channel_that_a_policy_names_is_not_deleted(bench, place):
    channel = bench.create()
    bench.configurations.put("acme", 0, naming(channel, place))
    with pytest.raises(Conflict, match=r"used by the policies pol-old\. Remove it there first"):
        bench.channels.delete("acme", channel.channel_id, None)
    assert bench.channels.get("acme", channel.channel_id) == channel
    bench.configurations.delete("acme", 1, naming(channel, place))
    bench.channels.delete("acme", channel.channel_id, None)
    assert bench.configurations.read("acme").generation == 3


def during_the_write(bench, rival):
    """Let a rival change the configuration once, between the read and the write of the next change."""

    def once():
        bench.configurations.before_write = lambda: None
        rival()

    bench.configurations.before_write = once


def test_a_policy_that_precedes_a_deletion_keeps_its_channel(bench, rules):
    channel = bench.create()
    during_the_write(bench, lambda: rules.create_policy("acme", naming(channel)))
    with pytest.raises(Conflict, match="policies pol-one"):
        bench.channels.delete("acme", channel.channel_id, channel.version)
    assert bench.channels.get("acme", channel.channel_id) == channel


def test_a_deletion_that_precedes_a_policy_is_found_by_it(bench, rules):
    channel = bench.create()
    during_the_write(bench, lambda: bench.channels.delete("acme", channel.channel_id, None))
    with pytest.raises(InvalidInput, match="does not exist"):
        rules.create_policy("acme", naming(channel))
    assert rules.read("acme").policies == {}


def test_a_deletion_repeats_after_a_change_of_something_else(bench, rules):
    channel, other = bench.create(), bench.create()
    during_the_write(bench, lambda: rules.create_policy("acme", naming(other)))
    bench.channels.delete("acme", channel.channel_id, channel.version)
    assert list(bench.channels.list_all("acme")) == [other]


def test_a_test_notice_is_sent_and_metered_once(bench):
    channel = bench.create("webhook")
    result = bench.channels.test("acme", channel.channel_id)
    assert (result.outcome, len(bench.sender.contents)) == ("sent", 1)
    ((tenant, event),) = bench.usage.events
    assert (tenant, event["data"], event["specversion"]) == ("acme", {"webhooks": 1}, "1.0")


@pytest.mark.parametrize("name", ["pagerduty", "opsgenie"])
def test_a_test_incident_is_resolved_at_once(bench, name):
    bench.sender.sent = Sent(Receipt("id-1"))
    bench.channels.test("acme", bench.create(name).channel_id)
    first, second = bench.sender.contents
    assert [first.notice.action, second.notice.action] == ["trigger", "resolve"]
    assert first.episode.dedup_key == second.episode.dedup_key
    assert second.last_receipt == Receipt("id-1")
    assert bench.usage.events == []


def test_a_refused_test_shows_the_reason_and_marks_the_channel(bench):
    channel = bench.create()
    bench.sender.outcome = Refused("Slack answered invalid_auth", is_channel_broken=True)
    result = bench.channels.test("acme", channel.channel_id)
    assert (result.outcome, result.answer) == ("refused", "Slack answered invalid_auth")
    assert bench.channels.get("acme", channel.channel_id).broken == "Slack answered invalid_auth"
    bench.sender.outcome = None
    bench.channels.test("acme", channel.channel_id)
    assert bench.channels.get("acme", channel.channel_id).broken == ""


def test_a_postponed_test_has_the_pause_of_the_vendor(bench):
    bench.sender.outcome = Postponed("Slack answered 429.", timedelta(seconds=7))
    result = bench.channels.test("acme", bench.create().channel_id)
    assert (result.outcome, result.after) == ("postponed", timedelta(seconds=7))


@pytest.mark.parametrize(
    ("base", "day", "warned"),
    [("us", 31, False), ("us", 32, True), ("eu", 32, True), ("jsm", 32, False)],
)
def test_an_opsgenie_address_warns_from_2027_on(bench, base, day, warned):
    channel = bench.create("opsgenie", {"base": base})
    bench.clock.now = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=day - 1)
    assert bool(bench.channels.warning(channel)) == warned
    assert bench.channels.warning(bench.create()) == ""


def test_a_change_that_lost_a_race_is_repeated_or_refused(bench):
    channel_id, rival = bench.create().channel_id, ChannelChange(options={"channel": "C9999999999"})
    during_the_write(bench, lambda: bench.channels.change("acme", channel_id, rival, None))
    changed = bench.channels.change("acme", channel_id, ChannelChange("New"), None)
    assert (changed.label, changed.options["channel"], changed.version) == ("New", "C9999999999", 3)
    during_the_write(bench, lambda: bench.channels.change("acme", channel_id, rival, None))
    with pytest.raises(PreconditionFailed):
        bench.channels.change("acme", channel_id, ChannelChange("Newer"), 3)
