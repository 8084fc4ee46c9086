"""Wires dead letters and the function that retries them."""

from dataclasses import asdict
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from vigil.bootstrap import alerting, decisions, process, stores

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vigil.operations.dead_letters.ports import AbandonedHandlers, DeadLetterSource
    from vigil.operations.dead_letters.store import DynamoDeadLetterJobs
    from vigil.workers.queues import Message, ReceivedMessage


@process.entry("cursor_secret_arn", "dead_letters_table", "idempotency_table", "limits_table")
def dead_letters_api() -> process.Handler:
    """Return the Lambda entry of the API of dead letters."""
    from vigil.operations.dead_letters import routes
    from vigil.operations.dead_letters.service import DeadLetters

    return process.api(
        [routes.router],
        dead_letters=DeadLetters(_jobs(), process.now),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.entry("dead_letters_table", "event_bus", "queues", "usage_table", *decisions.ABANDONED_WORK_NEEDS)
def dead_letters_redrive() -> process.Handler:
    """Return the Lambda entry of the schedule that retries dead letters."""
    from vigil.operations.dead_letters.model import RetryRules
    from vigil.operations.dead_letters.redrive import Redriver
    from vigil.operations.dead_letters.schedule import ScheduledRedrive

    config, telemetry = process.settings(), process.telemetry()
    rules = RetryRules(config.backoff_base, config.most_reprocess_attempts)
    sources = [_source(name) for name in config.queues]
    schedule = ScheduledRedrive(
        telemetry,
        # SystemRandom, because a seeded generator is part of a snapshot, and all instances would draw the same pauses.
        lambda observe: Redriver(sources, _jobs(), _owners(), rules, SystemRandom(), process.now, observe),
    )
    return telemetry.wrap(schedule.handle)


def _owners() -> "AbandonedHandlers":
    """Return the callbacks for abandoned work, by kind of message."""
    from vigil.decisions.batches.stream import KINDS
    from vigil.workers.queues import Message

    abandoned = decisions.abandoned_work()
    return dict.fromkeys(KINDS, lambda work: abandoned.record_abandoned(Message(**asdict(work))))


def _readers(name: str) -> "list[Callable[[ReceivedMessage], Message]]":
    """Return the parsers of messages on a queue that are not in Vigil's own form."""
    return [decisions.arrival_reader().read] if name == "batch-splits" else []


def _source(name: str) -> "DeadLetterSource":
    from vigil.operations.dead_letters.store import SqsSource, StreamSource
    from vigil.workers.queues import SqsQueue

    urls, sqs = process.settings().queues[name], process.client("sqs")
    dead = SqsQueue(sqs, urls["dead"])
    if "url" in urls:
        return SqsSource(name, SqsQueue(sqs, urls["url"]), dead, *_readers(name))
    from vigil.alerting.events.store import DynamoStreamReader
    from vigil.alerting.events.stream import StreamReplay

    return StreamSource(
        name, dead, StreamReplay(DynamoStreamReader(process.client("dynamodbstreams")), _consumer(name))
    )


def _consumer(name: str) -> "Callable[[Sequence[Mapping[str, Any]]], list[str]]":
    """Return the consumer of a stream's records; it returns the ids of the records to retry."""
    from vigil.alerting.events.stream import publish_records
    from vigil.money.usage.service import UsageCounter
    from vigil.money.usage.stream import count_records

    if name == "usage-counters":
        return partial(count_records, counter=UsageCounter(stores.usage()))
    return partial(publish_records, publisher=alerting.decision_publisher())


@process.once
def _jobs() -> "DynamoDeadLetterJobs":
    from vigil.operations.dead_letters.store import DynamoDeadLetterJobs

    return DynamoDeadLetterJobs(process.client("dynamodb"), process.settings().dead_letters_table)
