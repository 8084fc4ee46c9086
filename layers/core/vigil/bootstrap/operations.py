"""Wires dead letters, the function that retries them, and the API of circuit breakers."""

from dataclasses import asdict
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from vigil.bootstrap import alerting, breakers, decisions, process, stores

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vigil.operations.circuit_breakers.service import Circuits
    from vigil.operations.dead_letters.ports import AbandonedHandlers, DeadLetterSource
    from vigil.operations.dead_letters.store import DynamoDeadLetterJobs
    from vigil.workers.queues import Message, ReceivedMessage


QUEUES = {
    "batch-splits": "batch_splits_queue",
    "batch-chunks": "batch_chunks_queue",
    "batch-assemblies": "batch_assemblies_queue",
    "usage-events": "usage_events_queue",
    "alerts": "alerts_queue",
    "alert-deliveries": "alert_deliveries_queue",
    "webhook-deliveries": "webhook_deliveries_queue",
    "incident-steps": "incident_steps_queue",
}
"""Settings with the URLs of the queues whose dead letters are retried, by the name of the queue."""
_STREAMS = {"events-publisher": "events_publisher_dead_letters", "usage-counters": "usage_counters_dead_letters"}
"""Settings with the URLs of the dead-letter queues of stream consumers, by the name of the consumer."""
QUEUE_NEEDS = (*QUEUES.values(), *_STREAMS.values())
"""Settings that `queue_urls` reads."""


@process.entry(*breakers.NEEDS, "idempotency_table")
def circuit_breakers_api() -> process.Handler:
    """Return the Lambda entry of the API of circuit breakers."""
    from vigil.operations.circuit_breakers import routes

    return process.api([routes.router], circuits=circuits(), claims=process.claims())


@process.entry("cursor_secret_arn", "dead_letters_table", "idempotency_table", "limits_table")
def dead_letters_api() -> process.Handler:
    """Return the Lambda entry of the API of dead letters."""
    from vigil.operations.dead_letters import routes
    from vigil.operations.dead_letters.service import DeadLetters

    return process.api(
        [routes.router],
        dead_letters=DeadLetters(dead_letter_jobs(), process.now),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.entry(
    *("dead_letters_table", "event_bus", "usage_table"),
    *QUEUE_NEEDS,
    *decisions.ABANDONED_WORK_NEEDS,
)
def dead_letters_redrive() -> process.Handler:
    """Return the Lambda entry of the schedule that retries dead letters."""
    from vigil.operations.dead_letters.model import RetryRules
    from vigil.operations.dead_letters.notification import ParkedWorkNotifier
    from vigil.operations.dead_letters.redrive import Redriver
    from vigil.operations.dead_letters.schedule import ScheduledRedrive

    config, telemetry = process.settings(), process.telemetry()
    rules = RetryRules(config.backoff_base, config.most_reprocess_attempts)
    sources = [*map(_stream_source, _STREAMS), *map(_queue_source, QUEUES)]
    notifier = ParkedWorkNotifier(_owners(), stores.event_bus("vigil.operations"))
    schedule = ScheduledRedrive(
        telemetry,
        # SystemRandom, because a seeded generator is part of a snapshot, and all instances would draw the same pauses.
        lambda observe: Redriver(sources, dead_letter_jobs(), notifier, rules, SystemRandom(), process.now, observe),
    )
    return telemetry.wrap(schedule.handle)


def queue_urls() -> "Mapping[str, str]":
    """Return the URLs of all queues and of their dead-letter queues, by name."""
    from vigil.workers.queues import DEAD_LETTERS_SUFFIX

    config = process.settings()
    queues = {name: getattr(config, setting) for name, setting in QUEUES.items()}
    dead = {f"{name}{DEAD_LETTERS_SUFFIX}": f"{url}{DEAD_LETTERS_SUFFIX}" for name, url in queues.items()}
    streams = {f"{name}{DEAD_LETTERS_SUFFIX}": getattr(config, setting) for name, setting in _STREAMS.items()}
    return queues | dead | streams


def _owners() -> "AbandonedHandlers":
    """Return the callbacks for abandoned work, by kind of message."""
    from vigil.decisions.batches.stream import KINDS
    from vigil.workers.queues import Message

    abandoned = decisions.abandoned_work()
    return dict.fromkeys(KINDS, lambda work: abandoned.record_abandoned(Message(**asdict(work))))


def _readers(name: str) -> "list[Callable[[ReceivedMessage], Message]]":
    """Return the parsers of messages on a queue that are not in Vigil's own form."""
    from vigil.alerting.sources import stream as alert_events
    from vigil.alerting.webhooks import stream as webhook_events

    if name == "batch-splits":
        return [decisions.arrival_reader().read]
    readers = {"alerts": alert_events.read_message, "webhook-deliveries": webhook_events.read_message}
    return [readers[name]] if name in readers else []


def _queue_source(name: str) -> "DeadLetterSource":
    from vigil.operations.dead_letters.store import SqsSource
    from vigil.workers.queues import DEAD_LETTERS_SUFFIX, SqsQueue

    url, sqs = getattr(process.settings(), QUEUES[name]), process.client("sqs")
    return SqsSource(name, SqsQueue(sqs, url), SqsQueue(sqs, f"{url}{DEAD_LETTERS_SUFFIX}"), *_readers(name))


def _stream_source(name: str) -> "DeadLetterSource":
    from vigil.alerting.events.store import DynamoStreamReader
    from vigil.alerting.events.stream import StreamReplay
    from vigil.operations.dead_letters.store import StreamSource
    from vigil.workers.queues import SqsQueue

    dead = SqsQueue(process.client("sqs"), getattr(process.settings(), _STREAMS[name]))
    reader = DynamoStreamReader(process.client("dynamodbstreams"))
    return StreamSource(name, dead, StreamReplay(reader, _consumer(name)))


def _consumer(name: str) -> "Callable[[Sequence[Mapping[str, Any]]], list[str]]":
    """Return the consumer of a stream's records; it returns the ids of the records to retry."""
    from vigil.alerting.events.stream import publish_records
    from vigil.money.usage.service import UsageCounter
    from vigil.money.usage.stream import count_records

    if name == "usage-counters":
        return partial(count_records, counter=UsageCounter(stores.usage()))
    return partial(publish_records, publisher=alerting.decision_publisher())


@process.once
def circuits() -> "Circuits":
    """Return the service that lists and changes circuits."""
    from vigil.operations.circuit_breakers.service import Circuits
    from vigil.outbound.breakers.telling import tell_own

    table, events = breakers.circuits(), breakers.circuit_events()
    return Circuits(table, events, partial(tell_own, table, events), process.now)


@process.once
def dead_letter_jobs() -> "DynamoDeadLetterJobs":
    """Return the store of jobs of dead letters."""
    from vigil.operations.dead_letters.store import DynamoDeadLetterJobs

    return DynamoDeadLetterJobs(process.client("dynamodb"), process.settings().dead_letters_table)
