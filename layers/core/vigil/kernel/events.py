"""Events that Vigil publishes to the event bus: their kinds, their version and their JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

EventKind = Literal[
    "scoring.decision_made",
    "scoring.high_risk_found",
    "scoring.abstained",
    "batches.completed",
    "dead_letters.parked",
    "budgets.threshold_reached",
    "spend.anomaly_found",
    "alerts.raised",
    "alerts.cleared",
    "persons.changed",
    "tokens.reused",
    "webhooks.tested",
    "webhooks.endpoint_disabled",
    "circuits.opened",
    "circuits.closed",
    "failures.found",
    "failures.regressed",
    "objectives.missed",
    "objectives.met",
    "incidents.opened",
    "incidents.escalated",
    "incidents.resolved",
    "findings.opened",
    "findings.decided",
]
"""Kind of an event: `<subject>.<past participle>`, also its `detail-type` on the bus.

`webhooks.tested` is sent to one webhook and is not published on the bus.
"""
EVENT_VERSION = 2
"""Version of the fields of every event; it grows when a field is removed or changes its meaning."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its id, kind, time and the JSON text that is published.

    Deliveries of the same event have the same id, so a consumer can drop repetitions.
    """

    event_id: str
    kind: EventKind
    occurred_at: str
    detail: str


PublishEvent: TypeAlias = Callable[[Event], None]
"""Function that publishes an event on the bus at least once. It raises Unavailable."""


def create_event(source_id: str, kind: EventKind, occurred_at: str, fields: Mapping[str, Any]) -> Event:
    """Return the event of a kind about `source_id`; `occurred_at` is a timestamp of `format_timestamp`.

    The event id is `<source id>.<kind>`. `fields` follow the fields that every event has, in the given order.
    """
    event_id = f"{source_id}.{kind}"
    common = {"event_id": event_id, "event_version": EVENT_VERSION, "occurred_at": occurred_at}
    return Event(event_id, kind, occurred_at, json.dumps(common | dict(fields), separators=(",", ":")))
