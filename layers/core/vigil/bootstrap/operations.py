"""Wiring of dead letters and their redriver."""

from dataclasses import asdict
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from vigil.bootstrap import batches, events, metering, process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vigil.operations.dead_letters.ports import AbandonedHandlers, DeadLetterSource
    from vigil.operations.dead_letters.store import DynamoDeadLetterJobs
    from vigil.workers.queues import Message, Received


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of dead letters."""
    from vigil.operations.dead_letters import routes
    from vigil.operations.dead_letters.service import DeadLetters

    return process.api(
        [routes.router],
        dead_letters=DeadLetters(_jobs(), process.now),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.once
def redrive() -> process.Handler:
    """Return the Lambda entry of the redriver."""
    from vigil.operations.dead_letters.model import RetryRules
    from vigil.operations.dead_letters.redrive import Redriver
    from vigil.operations.dead_letters.schedule import ScheduledRedrive

    config, telemetry = process.settings(), process.telemetry()
    rules = RetryRules(config.backoff_base, config.most_reprocess_attempts)
    sources = [_source(name) for name in config.queues]
    schedule = ScheduledRedrive(
        telemetry,
        # Of the system: a generator of our own would be in the snapshot, and all instances would wait alike.
        lambda observe: Redriver(sources, _jobs(), _owners(), rules, SystemRandom(), process.now, observe),
    )
    return telemetry.wrap(schedule.handle)


def _owners() -> "AbandonedHandlers":
    """Return who is told, by kind of message, that work was given up."""
    from vigil.decisions.batches.stream import KINDS
    from vigil.workers.queues import Message

    given_up = batches.given_up()
    return dict.fromkeys(KINDS, lambda work: given_up.record_abandoned(Message(**asdict(work))))


def _reader(name: str) -> "list[Callable[[Received], Message]]":
    """Return what reads the messages of a queue that are not in Vigil's own form, if any come there."""
    from vigil.decisions.batches.stream import SplitWorker

    return [SplitWorker(batches.splits(), batches.books().get).read] if name == "batch-splits" else []


def _source(name: str) -> "DeadLetterSource":
    from vigil.operations.dead_letters.store import SqsSource, StreamSource
    from vigil.workers.queues import SqsQueue

    urls, sqs = process.settings().queues[name], process.client("sqs")
    dead = SqsQueue(sqs, urls["dead"])
    if "url" in urls:
        return SqsSource(name, SqsQueue(sqs, urls["url"]), dead, *_reader(name))
    from vigil.alerting.events.store import DynamoStream
    from vigil.alerting.events.stream import Replay

    return StreamSource(name, dead, Replay(DynamoStream(process.client("dynamodbstreams")), _teller(name)))


def _teller(name: str) -> "Callable[[Sequence[Mapping[str, Any]]], list[str]]":
    """Return what a consumer of the ledger's stream does with records; it says which of them must come again."""
    from vigil.alerting.events.stream import announce
    from vigil.money.usage.service import Meter
    from vigil.money.usage.stream import count

    if name == "metering-counters":
        return partial(count, meter=Meter(metering.usage()))
    return partial(announce, announcer=events.announcer())


@process.once
def _jobs() -> "DynamoDeadLetterJobs":
    from vigil.operations.dead_letters.store import DynamoDeadLetterJobs

    return DynamoDeadLetterJobs(process.client("dynamodb"), process.settings().dead_letters_table)
