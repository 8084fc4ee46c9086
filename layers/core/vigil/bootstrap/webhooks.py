"""Wires webhooks: their API, the worker that delivers them, and the sweep of due deliveries."""

from typing import TYPE_CHECKING

from vigil.bootstrap import breakers, channels, outbound, process, stores

if TYPE_CHECKING:
    from vigil.alerting.webhooks.attempts import DeliveryAttempts
    from vigil.alerting.webhooks.deliveries_store import DynamoWebhookDeliveries
    from vigil.alerting.webhooks.endpoints import EndpointHealth
    from vigil.alerting.webhooks.secret_sealing import WebhookSealing
    from vigil.alerting.webhooks.store import DynamoWebhooks
    from vigil.alerting.webhooks.stream import DeliveryJobs


@process.entry(
    "alerting_secret_arn", "cursor_secret_arn", "idempotency_table", "limits_table", "webhook_deliveries_queue",
    "webhooks_table",
)  # fmt: skip
def webhooks_api() -> process.Handler:
    """Return the Lambda entry of the API of webhooks."""
    from vigil.alerting.webhooks import routes
    from vigil.alerting.webhooks.replays import DeliveryHistory
    from vigil.alerting.webhooks.service import Webhooks

    webhooks = Webhooks(_webhooks(), _deliveries(), _jobs(), _sealing(), _check_url, process.now)
    history = DeliveryHistory(_webhooks(), _deliveries(), _jobs(), process.now)
    return process.api(
        [routes.router], webhooks=webhooks, delivery_history=history, cursors=process.cursors(), claims=process.claims()
    )


@process.entry(
    "alerting_secret_arn", "dead_letters", "event_bus", "limits_table", "usage_events_queue",
    "webhook_deliveries_queue", "webhooks_table",
)  # fmt: skip
def webhooks_delivery() -> process.Handler:
    """Return the Lambda entry of the queue of events and attempts."""
    from vigil.alerting.webhooks.fan_out import EventFanOut
    from vigil.alerting.webhooks.stream import WebhookWorker, read_message

    fan_out = EventFanOut(_webhooks(), _deliveries(), _jobs(), process.now)
    return process.worker(WebhookWorker(fan_out, _attempts()).process, read_message)


@process.entry("event_bus", "webhook_deliveries_queue", "webhooks_table")
def webhooks_sweep() -> process.Handler:
    """Return the Lambda entry of the schedule that sends due deliveries to the queue."""
    from vigil.alerting.webhooks.schedule import WebhookSweepHandler
    from vigil.alerting.webhooks.sweep import WebhookSweep

    sweep = WebhookSweep(_webhooks(), _deliveries(), _jobs(), _health(), process.now)
    return process.telemetry().wrap(WebhookSweepHandler(sweep, process.telemetry()).handle)


def _attempts() -> "DeliveryAttempts":
    from vigil.alerting.webhooks.attempts import DeliveryAttempts
    from vigil.alerting.webhooks.sender import DeliverySender

    sender = DeliverySender(_sealing(), outbound.outbound(), breakers.circuit_breakers(), process.now)
    usage = channels.usage_reports()
    return DeliveryAttempts(_webhooks(), _deliveries(), _jobs(), sender, usage, _health(), process.now)


def _check_url(url: str) -> None:
    from vigil.outbound.destinations import parse_destination

    parse_destination(url, outbound.allowed_destinations())


def _health() -> "EndpointHealth":
    from vigil.alerting.webhooks.endpoints import EndpointHealth

    return EndpointHealth(_webhooks(), stores.event_bus("vigil.webhooks").publish_one, process.now)


@process.once
def _sealing() -> "WebhookSealing":
    from vigil.alerting.webhooks.secret_sealing import WebhookSealing

    return WebhookSealing(channels.sealing())


@process.once
def _webhooks() -> "DynamoWebhooks":
    from vigil.alerting.webhooks.store import DynamoWebhooks

    return DynamoWebhooks(process.client("dynamodb"), process.settings().webhooks_table)


@process.once
def _deliveries() -> "DynamoWebhookDeliveries":
    from vigil.alerting.webhooks.deliveries_store import DynamoWebhookDeliveries

    return DynamoWebhookDeliveries(process.client("dynamodb"), process.settings().webhooks_table)


@process.once
def _jobs() -> "DeliveryJobs":
    from vigil.alerting.webhooks.stream import DeliveryJobs
    from vigil.workers.queues import SqsQueue

    return DeliveryJobs(SqsQueue(process.client("sqs"), process.settings().webhook_deliveries_queue))
