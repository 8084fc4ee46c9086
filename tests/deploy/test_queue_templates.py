"""Guarantees of the queues and their consumers, read from the templates."""

from datetime import timedelta

import pytest

from cli.checkout import ROOT
from functions.build import folder
from tests.support.dead_letter_queues import QUEUES as REDRIVEN
from tests.support.dead_letter_queues import STREAMS
from tests.support.templates import TEMPLATES, functions, resources, template
from vigil.operations.dead_letters.model import RetryRules
from vigil.workers.queues import DEAD_LETTERS_SUFFIX

FUNCTIONS = functions()
QUEUE = template(ROOT / "infra" / "queue.yaml")
QUEUES = {
    name: nested["Parameters"]
    for name, nested in resources(TEMPLATES[0], "AWS::Serverless::Application").items()
    if nested["Location"] == "infra/queue.yaml"
}
CONSUMERS = {
    event["Properties"]["Queue"]["Ref"].removesuffix("Arn"): (function, event["Properties"])
    for function in FUNCTIONS.values()
    for event in function.get("Events", {}).values()
    if event["Type"] == "SQS"
}


def kebab(name):
    return folder(name).replace("_", "-")


def test_no_queue_is_made_but_by_the_one_construction():
    made = {path.name: [*resources(path, "AWS::SQS::Queue")] for path in TEMPLATES}
    assert {name: queues for name, queues in made.items() if queues} == {
        "queue.yaml": ["Queue", "DeadLetters"],
        # A stream has no queue, so its failed records need queues of their own.
        "events.yaml": ["EventsPublisherDeadLetters", "UsageCountersDeadLetters"],
    }


def test_dead_letters_outlive_the_messages_of_every_queue():
    made = resources(ROOT / "infra" / "queue.yaml", "AWS::SQS::Queue")
    kept = made["DeadLetters"]["MessageRetentionPeriod"]
    assert (
        kept > QUEUE["Parameters"]["RetentionSeconds"]["MaxValue"] >= QUEUE["Parameters"]["RetentionSeconds"]["Default"]
    )
    assert made["Queue"]["RedrivePolicy"]["maxReceiveCount"] == {"Ref": "MaxReceiveCount"}
    for of_a_stream in resources(ROOT / "infra" / "events.yaml", "AWS::SQS::Queue").values():
        assert of_a_stream["MessageRetentionPeriod"] == kept


def test_a_retry_waits_longer_than_the_retention_of_any_queue():
    longest = max(
        QUEUE["Parameters"]["RetentionSeconds"]["Default"], *(q.get("RetentionSeconds", 0) for q in QUEUES.values())
    )
    assert RetryRules().confirmation_timeout > timedelta(seconds=longest)


def test_a_claim_on_a_job_outlives_the_redriver():
    assert RetryRules().lease > timedelta(seconds=FUNCTIONS["DeadLettersRedrive"]["Timeout"])


def test_every_queue_has_one_consumer():
    assert CONSUMERS.keys() == QUEUES.keys()


@pytest.mark.parametrize("queue", CONSUMERS)
def test_visibility_is_at_least_six_times_the_consumers_timeout(queue):
    consumer, _ = CONSUMERS[queue]
    assert QUEUES[queue]["VisibilitySeconds"] >= 6 * consumer["Timeout"]


@pytest.mark.parametrize("queue", CONSUMERS)
def test_a_consumer_is_bounded_and_says_which_messages_failed(queue):
    _, source = CONSUMERS[queue]
    assert source["ScalingConfig"]["MaximumConcurrency"] >= 2
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def redriven():
    """Return the variables of the redriver."""
    return FUNCTIONS["DeadLettersRedrive"]["Environment"]["Variables"]


def test_a_dead_letter_queue_has_the_name_of_its_queue_and_a_suffix():
    made = resources(ROOT / "infra" / "queue.yaml", "AWS::SQS::Queue")
    assert made["Queue"]["QueueName"] == {"Ref": "Name"}
    assert made["DeadLetters"]["QueueName"] == {"Sub": f"${{Name}}{DEAD_LETTERS_SUFFIX}"}


@pytest.mark.parametrize("stream", ["EventsPublisher", "UsageCounters"])
def test_the_dead_letters_of_every_consumer_of_the_stream_are_redriven(stream):
    assert redriven()[STREAMS[kebab(stream)]] == {"Ref": f"{stream}DeadLettersUrl"}


@pytest.mark.parametrize("queue", QUEUES)
def test_the_dead_letters_of_every_queue_are_redriven(queue):
    assert redriven()[REDRIVEN[kebab(queue)]] == {"Ref": f"{queue}Url"}
