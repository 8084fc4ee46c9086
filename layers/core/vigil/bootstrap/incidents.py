"""Wires incidents: their API, the worker that runs steps, and the sweep of late incidents."""

from typing import TYPE_CHECKING
from uuid import uuid4

from vigil.bootstrap import alerting, diagnosis, process, remedies, stores
from vigil.kernel.tenants import OPERATORS

if TYPE_CHECKING:
    from vigil.operations.incidents.changes_service import IncidentChanges
    from vigil.operations.incidents.model import AlertOfIncident
    from vigil.operations.incidents.store import DynamoIncidents
    from vigil.operations.incidents.stream import StepMessages

_NEEDS = ("event_bus", "incident_steps_queue", "incidents_table")
"""Settings that every function of incidents needs."""


@process.entry(*_NEEDS, "alerts_table", "cursor_secret_arn", "idempotency_table", "limits_table")
def incidents_api() -> process.Handler:
    """Return the Lambda entry of the API of incidents."""
    from vigil.operations.incidents import routes
    from vigil.operations.incidents.service import Incidents

    incidents = Incidents(_incidents(), _changes(), _messages(), _find_alert, _new_id, process.now)
    return process.api([routes.router], incidents=incidents, cursors=process.cursors(), claims=process.claims())


@process.entry(*_NEEDS, *diagnosis.NEEDS, "dead_letters")
def incidents_steps() -> process.Handler:
    """Return the Lambda entry of the queue of steps."""
    from vigil.operations.incidents.steps_service import StepRunner
    from vigil.operations.incidents.stream import StepWorker

    config = process.settings()
    runner = StepRunner(_changes(), diagnosis.checks(), remedies.actions(), config.sample_pause, process.now)
    return process.worker(StepWorker(runner).process, own_queue=config.incident_steps_queue)


@process.entry(*_NEEDS)
def incidents_sweep() -> process.Handler:
    """Return the Lambda entry of the schedule that escalates late incidents."""
    from vigil.operations.incidents.schedule import IncidentSweepHandler
    from vigil.operations.incidents.sweep_service import IncidentSweep

    sweep = IncidentSweep(_incidents(), _changes(), _messages(), process.now)
    return process.telemetry().wrap(IncidentSweepHandler(sweep, process.telemetry()).handle)


@process.once
def _incidents() -> "DynamoIncidents":
    from vigil.operations.incidents.store import DynamoIncidents

    return DynamoIncidents(process.client("dynamodb"), process.settings().incidents_table)


@process.once
def _changes() -> "IncidentChanges":
    from vigil.operations.incidents.changes_service import IncidentChanges

    return IncidentChanges(_incidents(), stores.event_bus("vigil.incidents"))


@process.once
def _messages() -> "StepMessages":
    from vigil.operations.incidents.stream import StepMessages
    from vigil.workers.queues import SqsQueue

    return StepMessages(SqsQueue(process.client("sqs"), process.settings().incident_steps_queue))


def _find_alert(alert_id: str) -> "AlertOfIncident":
    """Return an alert of the operators by its id. Raises NotFound and Unavailable."""
    from vigil.alerting.episodes.service import find_episode
    from vigil.operations.incidents.model import AlertOfIncident

    episode = find_episode(alerting.episodes(), OPERATORS, alert_id)
    return AlertOfIncident(episode.alert_id, episode.fingerprint, episode.type, episode.source, episode.started_at)


def _new_id() -> str:
    """Return a random id of an incident."""
    return f"inc-{uuid4().hex}"
