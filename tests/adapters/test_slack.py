"""Notices become messages at a strict fake of Slack: within its limits, escaped, updated and in threads."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.vendors import server, slack
from tests.support.vendors.bench import FIRST_EPISODE, Bench
from tests.support.vendors.slack_blocks import problems
from vigil.alerting.channels import slack_model
from vigil.alerting.channels.model import Postponed, Refused, Sent
from vigil.alerting.channels.texts_model import NoticeText

KEY = FIRST_EPISODE.dedup_key


@pytest.fixture
def bench():
    clock = Clock()
    with server.serving(lambda: clock().timestamp()) as vendors:
        yield Bench(vendors, clock)


@pytest.fixture
def messages(bench):
    return bench.vendors.slack.messages


def ids(message):
    return [button["action_id"] for button in message.buttons() if "action_id" in button]


def test_a_trigger_is_a_message_with_buttons(bench, messages):
    outcome = bench.send("slack", links={"details of the queue": "https://vigil.example/q"})
    (message,) = messages
    assert outcome == Sent(outcome.receipt)
    assert (outcome.receipt.vendor_id, outcome.receipt.thread) == (message.ts, message.ts)
    assert ids(message) == ["acknowledge", "resolve"]
    assert {button["value"] for button in message.buttons() if "value" in button} == {KEY}
    assert "[ERROR] Firing: 12 messages wait in batch-splits" in message.shown()
    assert "messages: 12" in message.shown()


def test_a_rise_updates_the_message_and_is_shown_in_the_channel(bench, messages):
    bench.send("slack", severity="WARNING")
    bench.send("slack", severity="CRITICAL")
    first, reply = messages
    assert (first.edits, "[CRITICAL]" in first.shown()) == (1, True)
    assert (reply.thread_ts, reply.is_broadcast) == (first.ts, True)


def test_acknowledge_and_resolve_update_the_message_in_silence(bench, messages):
    bench.send("slack")
    acknowledged = replace(FIRST_EPISODE, state="acknowledged", acknowledged_by="admin:key-1")
    bench.send("slack", "acknowledge", episode=acknowledged)
    assert ids(messages[0]) == ["resolve"]
    bench.send("slack", "resolve", episode=replace(acknowledged, state="resolved", resolved_by="admin:key-2"))
    first, *replies = messages
    assert (ids(first), first.edits) == ([], 2)
    assert [(reply.thread_ts, reply.is_broadcast) for reply in replies] == [(first.ts, False)] * 2
    assert replies[0].text.endswith("(admin:key-1)")
    assert replies[1].text.endswith("(admin:key-2)")


def test_a_deleted_message_is_replaced_by_a_new_one(bench, messages):
    bench.send("slack")
    messages.clear()
    outcome = bench.send("slack", "resolve")
    assert isinstance(outcome, Sent)
    assert [message.thread_ts for message in messages] == [""]


def test_a_webhook_gets_a_new_message_for_each_notice(bench, messages):
    for action in ("trigger", "acknowledge", "resolve"):
        outcome = bench.send("slack-webhook", action)
        assert isinstance(outcome, Sent)
        assert outcome.receipt.thread == ""
    assert [message.text.split()[1] for message in messages] == ["Firing:", "Acknowledged:", "Resolved:"]


def test_a_webhook_without_interactivity_has_links_only(bench, messages):
    bench.send("slack-webhook", links={"acknowledge": "https://vigil.example/l/a"})
    (message,) = messages
    assert [(button.get("action_id"), button["url"]) for button in message.buttons()] == [
        (None, "https://vigil.example/alerts/1"),
        (None, "https://vigil.example/l/a"),
    ]


@pytest.mark.parametrize("name", ["slack", "slack-webhook"])
def test_a_hostile_alert_is_accepted_escaped_and_counted(bench, messages, name):
    """P11: 60 facts of 5,000 characters, mentions, ampersands, emoji."""
    hostile = "<!channel> & <@U123> 🚨 &lt;!here&gt; "
    facts = tuple((f"{hostile}{number}", hostile * 140) for number in range(60))
    episode = replace(FIRST_EPISODE, facts=facts, title=hostile * 20, source=hostile * 9)
    assert isinstance(bench.send(name, episode=episode), Sent)
    assert messages[0].mentions() == []
    assert "&lt;!channel&gt; &amp; " in messages[0].shown()
    shown = [line for line in messages[0].shown().splitlines() if line.startswith("&lt;!channel")]
    assert f"and {60 - len(shown)} more" in messages[0].shown().splitlines()
    assert len(shown) > 0


def test_two_messages_within_a_second_postpone_the_second(bench, messages):
    bench.send("slack")
    bench.clock.advance(seconds=-1)
    outcome = bench.send("slack", episode=replace(FIRST_EPISODE, number=2), last_receipt=None)
    assert isinstance(outcome, Postponed)
    assert (outcome.after, len(messages)) == (timedelta(seconds=1), 1)


def test_a_broken_token_breaks_the_channel_although_the_status_is_200(bench):
    bench.vendors.slack.tokens.clear()
    assert bench.send("slack") == Refused("Slack answered invalid_auth", is_channel_broken=True)


@pytest.mark.parametrize(("name", "words"), [("slack", "is_archived"), ("slack-webhook", "410. channel_is_archived")])
def test_an_archived_channel_is_broken(bench, name, words):
    bench.vendors.slack.archived = True
    assert bench.send(name) == Refused(f"Slack answered {words}", is_channel_broken=True)


def test_a_removed_webhook_is_broken(bench):
    bench.vendors.slack.removed = True
    assert bench.send("slack-webhook") == Refused("Slack answered 404. no_service", is_channel_broken=True)


@pytest.mark.parametrize("code", ["ratelimited", "internal_error", "fatal_error"])
def test_a_temporary_error_with_status_200_postpones(bench, code):
    body = json.dumps({"ok": False, "error": code}).encode()
    bench.vendors.script("slack", lambda handler, _: server.send(handler, server.VendorAnswer(200, body)))
    assert isinstance(bench.send("slack"), Postponed)


def test_a_digest_has_exact_numbers_and_no_buttons(bench, messages):
    bench.send("slack", "digest", episode=None, counts={"work_stuck queue.a": 41, "error_detected api": 1})
    assert "42 notices were over the hourly limit" in messages[0].text
    assert "work_stuck queue.a: 41" in messages[0].shown()
    assert messages[0].buttons() == []


TEXTS = st.text(st.sampled_from("ab <>&🚨é*_~`@!\n"), max_size=700)


@given(TEXTS, TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=70), st.booleans())
def test_any_alert_is_within_every_limit_and_every_fact_is_counted(title, source, facts, has_buttons):
    text = NoticeText("alr-1", "Firing", "ERROR", "work_stuck", source, title, tuple(facts), (), "now")
    message = slack_model.to_message(text, KEY, has_buttons=has_buttons)
    assert list(problems(message["text"], message["blocks"])) == []
    size = len(message["text"]) + len(json.dumps(message["blocks"], ensure_ascii=False))
    assert size <= slack_model.MAX_MESSAGE


@given(st.integers(0, 100))
def test_shown_and_hidden_facts_add_up(count):
    facts = tuple((f"fact-{number}", "x" * 300) for number in range(count))
    text = NoticeText("alr-1", "Firing", "ERROR", "work_stuck", "s", "t", facts, (), "now")
    lines = "\n".join(
        block["text"]["text"]
        for block in slack_model.to_message(text, KEY, has_buttons=True)["blocks"]
        if block["type"] == "section"
    ).splitlines()
    shown = sum(line.startswith("fact-") for line in lines)
    hidden = [int(line.split()[1]) for line in lines if line.startswith("and ")]
    assert shown + sum(hidden) == count


@given(TEXTS, st.integers(1, 200))
def test_an_escaped_text_is_bounded_and_has_whole_entities(text, limit):
    escaped = slack_model.escape_within(text, limit)
    assert len(escaped) <= limit
    assert list(problems(escaped, [])) == []


def test_the_fake_refuses_messages_over_a_limit():
    def section(text):
        return {"type": "section", "text": {"type": "mrkdwn", "text": text}}

    def refused(text, *blocks):
        return list(problems(text, list(blocks)))

    assert refused("a", section("b" * 3_000)) == []
    assert refused("a", section("b" * 3_001)) == ["invalid_blocks"]
    assert refused("a", *[section("b")] * 51) == ["invalid_blocks"]
    assert refused("a", *[section("b" * 2_900)] * 4) == ["msg_blocks_too_long"]
    assert refused("a <!channel>") == ["invalid_blocks"]
    assert refused("a", {"type": "header", "text": {"type": "plain_text", "text": "b" * 151}}) == ["invalid_blocks"]
    assert slack.CHANNEL.startswith("C")
