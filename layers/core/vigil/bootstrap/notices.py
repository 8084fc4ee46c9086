"""Wires the delivery of notices and the sweep of due alerts."""

from random import SystemRandom
from typing import TYPE_CHECKING
from uuid import uuid4

from vigil.bootstrap import alerting, channels, inbound, process

if TYPE_CHECKING:
    from vigil.alerting.alerts.model import AlertEvent
    from vigil.alerting.notices.digest_store import DynamoDigests
    from vigil.alerting.notices.follow_ups_service import FollowUps
    from vigil.alerting.notices.service import Deliveries
    from vigil.alerting.notices.store import DynamoNotices


@process.entry("alert_deliveries_queue", "alerts_table")
def alerting_sweep() -> process.Handler:
    """Return the Lambda entry of the schedule that finds due alerts and notices."""
    from vigil.alerting.notices.schedule import SweepSchedule
    from vigil.alerting.notices.sweep_service import Sweep

    sweep = Sweep(_notices(), alerting.alert_deliveries(), process.now)
    return process.telemetry().wrap(SweepSchedule(sweep, process.telemetry()).handle)


@process.entry(
    *alerting.ALERTS_NEEDS,
    *(need for need in channels.SENDER_NEEDS if need not in alerting.ALERTS_NEEDS),
    "alerts_queue",
    "dead_letters",
)
def alerting_delivery() -> process.Handler:
    """Return the Lambda entry of the queue of deliveries."""
    from vigil.alerting.notices.digest_service import Digests
    from vigil.alerting.notices.stream import DeliveryWorker

    digests = Digests(_digests(), alerting.alert_deliveries(), process.now)
    return process.worker(DeliveryWorker(_deliveries(), _follow_ups(), digests, alerting.alerts()).process)


def _deliveries() -> "Deliveries":
    from vigil.alerting.notices.destinations_service import ChannelDestinations
    from vigil.alerting.notices.service import Deliveries, DeliveryPorts
    from vigil.alerting.notices.stream import DeliveryLog

    ports = DeliveryPorts(
        store=_notices(),
        digests=_digests(),
        episodes=alerting.episodes(),
        destinations=ChannelDestinations(
            channels.channel_store(), alerting.alerting_configs(), process.now, process.cache_reports()
        ),
        sender=channels.senders(),
        links=inbound.link_maker(),
        queue=alerting.alert_deliveries(),
        follow_ups=_follow_ups(),
    )
    # SystemRandom, because a seeded generator is part of a snapshot, and all instances would draw the same pauses.
    observe = DeliveryLog(process.telemetry()).observe
    return Deliveries(ports, process.now, SystemRandom(), lambda: uuid4().hex, observe)


@process.once
def _follow_ups() -> "FollowUps":
    from vigil.alerting.notices.follow_ups_service import FollowUps

    return FollowUps(_notices(), channels.usage_reports(), _send_alert)


def _send_alert(event: "AlertEvent") -> None:
    """Send an alert event to the queue of alerts."""
    from vigil.alerting.sources.stream import to_message
    from vigil.workers.queues import SqsQueue

    SqsQueue(process.client("sqs"), process.settings().alerts_queue).send([to_message(event)])


@process.once
def _notices() -> "DynamoNotices":
    from vigil.alerting.notices.store import DynamoNotices

    return DynamoNotices(process.client("dynamodb"), process.settings().alerts_table)


@process.once
def _digests() -> "DynamoDigests":
    from vigil.alerting.notices.digest_store import DynamoDigests

    return DynamoDigests(process.client("dynamodb"), process.settings().alerts_table)
