"""The queues that the redriver reads, on moto: their names, their variables, and their dead-letter queues."""

import boto3
import pytest

QUEUES = {
    "batch-splits": "VIGIL_BATCH_SPLITS_QUEUE",
    "batch-chunks": "VIGIL_BATCH_CHUNKS_QUEUE",
    "batch-assemblies": "VIGIL_BATCH_ASSEMBLIES_QUEUE",
    "usage-events": "VIGIL_USAGE_EVENTS_QUEUE",
    "alerts": "VIGIL_ALERTS_QUEUE",
    "alert-deliveries": "VIGIL_ALERT_DELIVERIES_QUEUE",
    "webhook-deliveries": "VIGIL_WEBHOOK_DELIVERIES_QUEUE",
    "incident-steps": "VIGIL_INCIDENT_STEPS_QUEUE",
}
"""Variable of each queue, by its name."""
STREAMS = {
    "events-publisher": "VIGIL_EVENTS_PUBLISHER_DEAD_LETTERS",
    "usage-counters": "VIGIL_USAGE_COUNTERS_DEAD_LETTERS",
}
"""Variable of the dead-letter queue of each consumer of a stream, by its name."""


def variables(address: str) -> dict[str, str]:
    """Return the variables of all queues with URLs below an address, such as `https://sqs.eu-west-1.amazonaws.com/1`."""
    dead = {variable: f"{address}/{name}-dead" for name, variable in STREAMS.items()}
    return dead | {variable: f"{address}/{name}" for name, variable in QUEUES.items()}


def create_queues(environment: pytest.MonkeyPatch) -> dict[str, str]:
    """Create all queues and set their variables. Return the URLs by name; a dead-letter queue ends in `-dead`."""
    names = [*QUEUES, *(f"{name}-dead" for name in (*QUEUES, *STREAMS))]
    sqs = boto3.client("sqs")
    urls = {name: str(sqs.create_queue(QueueName=name)["QueueUrl"]) for name in names}
    for name, variable in (QUEUES | STREAMS).items():
        environment.setenv(variable, urls[name if name in QUEUES else f"{name}-dead"])
    return urls
