"""Notices become signed webhooks, cards of Teams, and mails."""

import json
from dataclasses import replace

from tests.support.vendors import faults, receiver, server
from tests.support.vendors.bench import FIRST_EPISODE
from vigil.alerting.alerts.model import BusEvent
from vigil.alerting.channels.model import Postponed, Refused, Sent
from vigil.alerting.channels.ports import MailRefused
from vigil.alerting.episodes.bus_events_model import to_bus_event
from vigil.errors import Unavailable
from vigil.outbound.webhook_signatures import signed_headers


def hostile(**more):
    facts = tuple((f"fact {number}", "🚨" * 500) for number in range(60))
    return replace(FIRST_EPISODE, facts=facts, **more)


def test_a_signed_webhook_is_received_and_metered(bench):
    outcome = bench.send("webhook")
    ((message_id, event),) = bench.vendors.receiver.received.items()
    assert isinstance(outcome, Sent)
    assert (outcome.meter, outcome.receipt.vendor_id) == ("webhooks", message_id)
    assert "." not in message_id
    assert event["type"] == "alerts.raised"
    assert event["data"]["alert_id"] == FIRST_EPISODE.alert_id
    assert event["data"]["facts"]["messages"] == "12"


def test_a_channel_and_a_subscription_get_the_same_fields(bench):
    bench.send("webhook")
    ((_, event),) = bench.vendors.receiver.received.items()
    started = FIRST_EPISODE.started_at
    waits = BusEvent("alerts.raised", f"{FIRST_EPISODE.alert_id}-1", started, "ERROR", FIRST_EPISODE.title)
    same = json.loads(to_bus_event(FIRST_EPISODE, waits).detail)
    assert same.keys() <= event["data"].keys()
    assert same["facts"].items() <= event["data"]["facts"].items()


def test_no_fact_of_an_alert_replaces_a_fact_of_vigil(bench):
    bench.send("webhook", episode=replace(FIRST_EPISODE, facts=(("Alert", "alr-other"),)))
    ((_, event),) = bench.vendors.receiver.received.items()
    assert (event["data"]["facts"]["Alert"], event["data"]["facts_omitted"]) == (FIRST_EPISODE.alert_id, 0)


def test_each_action_has_its_own_type(bench):
    for action in ("trigger", "acknowledge", "resolve"):
        bench.send("webhook", action)
    bench.send("webhook", "digest", episode=None, counts={"a b": 1})
    types = [event["type"] for event in bench.vendors.receiver.received.values()]
    assert types == ["alerts.raised", "alerts.acknowledged", "alerts.cleared", "alerts.held_back"]


def test_a_repeated_attempt_has_the_same_id(bench):
    content = bench.content()
    for _ in range(2):
        bench.dispatch.send(bench.channel("webhook"), content)
    assert (len(bench.vendors.receiver.received), bench.vendors.receiver.repeats) == (1, 1)


def test_an_endpoint_with_another_secret_breaks_the_channel(bench):
    bench.vendors.receiver.secret = "whsec_" + "b" * 32
    outcome = bench.send("webhook")
    assert outcome == Refused("The endpoint answered 401. wrong signature", is_channel_broken=True)


def test_an_endpoint_that_is_gone_breaks_the_channel(bench):
    bench.vendors.script("receiver", faults.status(410, "gone"))
    assert bench.send("webhook") == Refused("The endpoint answered 410. gone", is_channel_broken=True)


def test_a_large_alert_fits_into_20_kb_with_the_number_of_omitted_facts(bench):
    assert isinstance(bench.send("webhook", episode=hostile(title="t" * 900)), Sent)
    (event,) = bench.vendors.receiver.received.values()
    own = len(event["data"]["facts"])
    assert own + event["data"]["facts_omitted"] == 4 + 1 + 60


def test_a_teams_channel_receives_a_card(bench):
    bench.vendors.receiver.is_signed = False
    assert isinstance(bench.send("teams", episode=hostile(title="[a](https://evil.example) *b*")), Sent)
    (message,) = bench.vendors.receiver.cards
    card = message["attachments"][0]["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["text"].endswith("\\[a\\](https://evil.example) \\*b\\*")
    assert card["body"][-1]["text"].startswith("and ")
    assert card["actions"][0] == {"type": "Action.OpenUrl", "title": "Details", "url": FIRST_EPISODE.link}
    assert "webhook-signature" not in bench.vendors.requests[0][1].headers


def test_a_mail_goes_to_the_channel_or_to_the_member(bench):
    outcome = bench.send("email", links={"acknowledge": "https://vigil.example/l/1"})
    bench.send("email", address="ada@clinic.example")
    assert (outcome.meter, outcome.receipt.vendor_id) == ("emails", "mail-1")
    (first, subject, text), (second, _, _) = bench.mailer.sent
    assert (first, second) == ("oncall@clinic.example", "ada@clinic.example")
    assert subject == "[ERROR] Firing: 12 messages wait in batch-splits"
    assert "messages: 12" in text
    assert "Acknowledge: https://vigil.example/l/1" in text


def test_a_title_with_line_breaks_cannot_add_a_header(bench):
    bench.send("email", episode=replace(FIRST_EPISODE, title="a\r\nBcc: all@clinic.example"))
    assert "\n" not in bench.mailer.sent[0][1]
    assert "\r" not in bench.mailer.sent[0][1]


def test_a_refused_mail_is_refused_without_its_address(bench):
    bench.mailer.error = MailRefused("The address oncall@clinic.example is wrong.")
    assert bench.send("email") == Refused("The address *** is wrong.")


def test_a_broken_sender_of_the_deployment_postpones(bench):
    bench.mailer.error = MailRefused("The mail account is paused.", is_sender_broken=True)
    assert bench.send("email") == Postponed("The mail account is paused.")


def test_an_absent_mail_service_postpones(bench):
    bench.mailer.error = Unavailable("The mail service did not answer.")
    assert isinstance(bench.send("email"), Postponed)


def test_the_receiver_refuses_a_wrong_signature():
    fake = receiver.FakeReceiver()
    body = json.dumps({"type": "a"}).encode()
    good = signed_headers([fake.secret], "msg_1", 7, body)
    assert fake.answer(server.VendorRequest("POST", "/", good, body)).status == 204
    for name in good:
        bad = good | {name: good[name] + "1"}
        assert fake.answer(server.VendorRequest("POST", "/", bad, body)).status == 401
