"""Wires the events that decisions publish, and alerts."""

from typing import TYPE_CHECKING
from uuid import uuid4

from vigil.bootstrap import access, process, stores
from vigil.errors import NotFound
from vigil.kernel.tenants import OPERATORS
from vigil.runtime import telemetry

if TYPE_CHECKING:
    from vigil.alerting.episodes.changes_service import EpisodeChanges
    from vigil.alerting.episodes.intake_service import AlertIntake
    from vigil.alerting.episodes.service import Alerts
    from vigil.alerting.episodes.store import DynamoEpisodes
    from vigil.alerting.events.service import DecisionPublisher
    from vigil.alerting.notices.queue_store import SqsDeliveryQueue
    from vigil.alerting.policies.configs_service import CachedAlertingConfigs
    from vigil.alerting.policies.store import DynamoConfigurations

ALERTS_NEEDS = ("access_table", "alert_deliveries_queue", "alerts_table", "event_bus")
"""Settings that every function needs which changes alerts."""


@process.entry("event_bus")
def events_publisher() -> process.Handler:
    """Return the Lambda entry of the decisions table's stream."""
    from vigil.alerting.events.stream import DecisionStream

    return process.telemetry().wrap(DecisionStream(decision_publisher(), process.telemetry()).handle)


def decision_publisher() -> "DecisionPublisher":
    """Return the service that publishes an event for each decision."""
    from vigil.alerting.events.service import DecisionPublisher

    return DecisionPublisher(stores.event_bus("vigil.scoring"), process.now)


@process.entry(
    *ALERTS_NEEDS, "alerting_secret_arn", "cursor_secret_arn", "idempotency_table", "limits_table", "usage_events_queue"
)
def alerting_api() -> process.Handler:
    """Return the Lambda entry of the API of alerts and of their configuration."""
    from vigil.alerting.channels import routes as channels_routes
    from vigil.alerting.episodes import routes as alerts_routes
    from vigil.alerting.notices import routes as limits_routes
    from vigil.alerting.notices.limits_service import TenantLimits
    from vigil.alerting.notices.store import DynamoNotices
    from vigil.alerting.oncall import members_routes
    from vigil.alerting.oncall import routes as on_call_routes
    from vigil.alerting.oncall.service import OnCall
    from vigil.alerting.policies import routes as policies_routes
    from vigil.alerting.policies import silences_routes
    from vigil.alerting.policies.service import AlertingRules
    from vigil.bootstrap import channels

    return process.api(
        [
            *(alerts_routes.router, alerts_routes.alerting_router, channels_routes.router),
            *(policies_routes.router, policies_routes.routes_router, silences_routes.router),
            *(on_call_routes.router, members_routes.router, limits_routes.router),
        ],
        alerts=alerts(),
        alert_intake=alert_intake(),
        channels=channels.channels(alerting_configurations()),
        alerting_rules=AlertingRules(alerting_configurations(), _new_id, process.now),
        notice_limits=TenantLimits(DynamoNotices(process.client("dynamodb"), process.settings().alerts_table)),
        on_call=OnCall(alerting_configurations(), _new_id, process.now),
        cursors=process.cursors(),
        claims=process.claims(),
    )


@process.entry(*ALERTS_NEEDS, "dead_letters")
def alerting_intake() -> process.Handler:
    """Return the Lambda entry of the queue of alarms and events that raise or clear alerts."""
    from vigil.alerting.sources.stream import AlertWorker, read_message

    return process.worker(AlertWorker(alert_intake(), _is_open_tenant).process, read_message)


@process.once
def alerts() -> "Alerts":
    """Return the service that reads alerts, changes them, and advances them with the clock."""
    from vigil.alerting.episodes.service import Alerts

    return Alerts(episodes(), alert_changes(), process.now)


@process.once
def alert_intake() -> "AlertIntake":
    """Return the service that accepts alert events."""
    from vigil.alerting.episodes.intake_service import AlertIntake

    return AlertIntake(alert_changes(), lambda severity, outcome: telemetry.count(f"Alerts.{severity}.{outcome}"))


@process.once
def alert_changes() -> "EpisodeChanges":
    """Return the service that writes changes of alerts and sends their notices."""
    from vigil.alerting.episodes.changes_service import EpisodeChanges

    return EpisodeChanges(
        episodes(),
        alerting_configs(),
        alert_deliveries(),
        stores.event_bus("vigil.alerting"),
        process.now,
        count_unroutable=lambda number: telemetry.count("NoticesUnroutable", number),
    )


@process.once
def episodes() -> "DynamoEpisodes":
    """Return the store of alerts."""
    from vigil.alerting.episodes.store import DynamoEpisodes

    return DynamoEpisodes(process.client("dynamodb"), process.settings().alerts_table)


@process.once
def alert_deliveries() -> "SqsDeliveryQueue":
    """Return the queue of notices."""
    from vigil.alerting.notices.queue_store import SqsDeliveryQueue
    from vigil.workers.queues import SqsQueue

    return SqsDeliveryQueue(SqsQueue(process.client("sqs"), process.settings().alert_deliveries_queue))


@process.once
def alerting_configs() -> "CachedAlertingConfigs":
    """Return the configurations with which alerts are decided."""
    from vigil.alerting.policies.configs_service import CachedAlertingConfigs

    return CachedAlertingConfigs(alerting_configurations(), _contact, process.now, process.cache_reports())


@process.once
def alerting_configurations() -> "DynamoConfigurations":
    """Return the store of policies, routes, silences, schedules and members."""
    from vigil.alerting.policies.store import DynamoConfigurations

    return DynamoConfigurations(process.client("dynamodb"), process.settings().alerts_table)


def _contact(tenant_id: str) -> str:
    """Return the contact address of a tenant, or an empty text. The operators have none."""
    if tenant_id == OPERATORS:
        return ""
    try:
        return access.tenants().get(tenant_id).settings.contact
    except NotFound:
        return ""


def _is_open_tenant(tenant_id: str) -> bool:
    """Return True for the operators, and for a tenant whose data are not being erased."""
    if tenant_id == OPERATORS:
        return True
    try:
        return access.tenants().get(tenant_id).status in {"active", "suspended"}
    except NotFound:
        return False


def _new_id() -> str:
    """Return a random id of a part of the configuration."""
    return uuid4().hex[:16]
