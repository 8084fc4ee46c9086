"""Wires the collection of metrics, the watch over objectives, and their API."""

from functools import partial
from typing import TYPE_CHECKING

from vigil.bootstrap import alerting, breakers, failures, operations, process, stores
from vigil.kernel.tenants import OPERATORS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from vigil.operations.metrics.ports import Source
    from vigil.operations.metrics.states_store import DynamoStates
    from vigil.operations.objectives.burns_model import Burn, CollectedSums

_CLOUDWATCH_ALARMS = {"availability", "score_latency"}
"""Objectives whose pages are alarms of CloudWatch (`infra/objectives.yaml`), which need none of our code."""


@process.entry(
    *("alerts_table", "dead_letters_table", "event_bus", "failures_table"),
    *("limits_table", "measurements_table"),
    *operations.QUEUE_NEEDS,
)
def metrics_collection() -> process.Handler:
    """Return the Lambda entry of the schedule that collects metrics and evaluates objectives."""
    from vigil.operations.metrics.schedule import ScheduledCollection
    from vigil.operations.metrics.service import Collector
    from vigil.operations.objectives.service import ObjectiveWatch
    from vigil.operations.objectives.store import DynamoBurns

    config, telemetry = process.settings(), process.telemetry()
    burns = DynamoBurns(process.client("dynamodb"), config.measurements_table)
    publish = stores.event_bus("vigil.objectives").publish_one
    watch = ObjectiveWatch(_read_sums, burns, publish, watched_burns(config.stage))
    collector = Collector(_states(), _sources(), process.now)
    return telemetry.wrap(ScheduledCollection(collector, watch.run, telemetry).handle)


@process.entry("limits_table", "measurements_table")
def metrics_api() -> process.Handler:
    """Return the Lambda entry of the API of metrics and objectives."""
    from vigil.operations.metrics import routes as metrics_routes
    from vigil.operations.metrics.service import Metrics
    from vigil.operations.objectives import routes as objectives_routes
    from vigil.operations.objectives.service import Objectives

    return process.api(
        [metrics_routes.router, objectives_routes.router],
        metrics=Metrics(_states(), process.now),
        objectives=Objectives(_read_sums),
    )


def watched_burns(stage: str) -> "Collection[Burn]":
    """Return the rules that raise events. The embedded stack has no alarms with formulas, so it watches all rules."""
    from vigil.operations.objectives.model import OBJECTIVES, RULES

    return {
        (name, rule.name)
        for name in OBJECTIVES
        for rule in RULES
        if stage == "local" or name not in _CLOUDWATCH_ALARMS or not rule.is_page
    }


def _sources() -> "list[Source]":
    from vigil.alerting.alerts.model import SEVERITIES
    from vigil.operations.metrics.cloudwatch_store import CloudWatchReader
    from vigil.operations.metrics.gauges_source import CircuitSource, GaugeSource
    from vigil.operations.metrics.series_model import Catalogue
    from vigil.operations.metrics.series_source import SeriesSource

    config = process.settings()
    catalogue = Catalogue(config.stack_name, config.stage, SEVERITIES)
    jobs = operations.dead_letter_jobs()
    return [
        SeriesSource(CloudWatchReader(process.client("cloudwatch"), config.stack_name), catalogue),
        CircuitSource(partial(breakers.circuits().page, None)),
        GaugeSource("queues", "vigil_queue_messages", ("queue", "state"), _queue_depths),
        GaugeSource("dead_letters", "vigil_dead_letter_jobs", ("queue", "state"), jobs.count_open),
        GaugeSource("alerts", "vigil_alerts_open", ("severity",), _open_alerts),
        GaugeSource("failures", "vigil_failure_groups", ("state",), _failure_groups),
    ]


def _queue_depths() -> "Mapping[tuple[str, ...], float]":
    """Return the approximate messages of each queue by queue and state."""
    from vigil.workers.queues import SqsQueue

    sqs = process.client("sqs")
    return {
        (name, state): number
        for name, url in operations.queue_urls().items()
        for state, number in SqsQueue(sqs, url).depths().items()
    }


def _open_alerts() -> "Mapping[tuple[str, ...], float]":
    """Return the open alerts of the operators by severity."""
    return {(severity,): number for severity, number in alerting.episodes().count_open(OPERATORS).items()}


def _failure_groups() -> "Mapping[tuple[str, ...], float]":
    """Return the groups of failures by state."""
    return {(state,): number for state, number in failures.failure_table().count_groups().items()}


def _read_sums() -> "CollectedSums | None":
    """Return the units of all objectives up to the last collected minute, or None before the first collection.

    The source of CloudWatch has collected them. Raises Unavailable.
    """
    from vigil.operations.metrics.series_model import SeriesMemory
    from vigil.operations.metrics.series_source import SeriesSource
    from vigil.operations.objectives.burns_model import CollectedSums

    state = _states().find(SeriesSource.name)
    if state is None:
        return None
    memory = SeriesMemory.from_stored(state.collected.memory)
    return CollectedSums(memory.end, memory.timelines)


@process.once
def _states() -> "DynamoStates":
    from vigil.operations.metrics.states_store import DynamoStates

    return DynamoStates(process.client("dynamodb"), process.settings().measurements_table)
