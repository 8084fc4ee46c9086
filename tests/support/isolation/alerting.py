"""Alerts of a tenant, their configuration and its circuits, for attacks by other tenants."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3

from vigil.alerting.webhooks.deliveries_model import PublishedEvent, create_delivery
from vigil.alerting.webhooks.deliveries_store import DynamoWebhookDeliveries
from vigil.bootstrap import process
from vigil.kernel.time import format_timestamp
from vigil.outbound.breakers.model import CircuitId
from vigil.outbound.breakers.store import DynamoCircuits

Send = Callable[..., dict[str, Any]]
"""Function that sends a request of the tenant's administrator and returns the body of the answer."""


def create_alerting(send: Send, tenant_id: str, hidden: str, ending: str) -> tuple[dict[str, str], set[str]]:
    """Return the names of a tenant's alerts, their configuration, circuits and webhooks, and hidden names of others."""
    alerts = [send_alert(send, f"{hidden}-{number}") for number in range(3)]
    hooks, hidden_hooks = subscribe(send, tenant_id, hidden)
    names = {"alert_id": alerts[0], "other_alert_id": alerts[1], **hooks}
    names |= configure_alerts(send, hidden) | create_channels(send, hidden) | open_circuits(tenant_id, hidden, ending)
    return names, {alerts[2], *hidden_hooks}


def send_alert(send: Send, name: str) -> str:
    """Return the id of an alert with the end of a name. Alerts refuse texts with seven digits in a row."""
    body = {"type": "work_stuck", "source": f"queue.{name[-6:]}", "title": "Work is stuck"}
    return str(send("/v1/alerting/send", body)["alert_id"])


def configure_alerts(send: Send, name: str) -> dict[str, str]:
    """Return the ids of two members, schedules, policies and silences by their names in `Names`."""
    matcher, ends_at = {"source": name}, (process.now() + timedelta(days=1)).isoformat()
    found: dict[str, str] = {}
    for prefix in ("", "other_"):
        member = str(send("/v1/alerting/members", {"name": name, "address": f"{name}@clinic.test"})["id"])
        schedule = send("/v1/alerting/schedules", rota(name, found.get("member_id", member)))["id"]
        step = {"targets": [f"schedule:{found.get('schedule_id', schedule)}"]}
        policy = send("/v1/alerting/policies", {"name": name, "steps": [step]})["id"]
        body = {"matcher": matcher, "ends_at": ends_at, "reason": name}
        silence = send("/v1/alerting/silences", body)["id"]
        ids = {"member_id": member, "schedule_id": schedule, "policy_id": policy, "silence_id": silence}
        found |= {f"{prefix}{kind}": made for kind, made in ids.items()}
    send("/v1/alerting/routes", {"routes": [{"id": name[:32], "policy_id": found["policy_id"]}]}, method="PUT")
    return found


def rota(name: str, member_id: str) -> dict[str, Any]:
    """Return the body of a schedule with one member."""
    layer = {"name": name, "people": [member_id], "starts_on": "2026-01-05", "hand_off_at": "09:00"}
    return {"name": name, "zone": "Europe/Berlin", "layers": [layer]}


def create_channels(send: Send, label: str) -> dict[str, str]:
    """Return the ids of two channels with a label."""
    body = {"kind": "email", "label": label, "options": {"address": "on-call@clinic.test"}}
    return {name: str(send("/v1/alerting/channels", body)["id"]) for name in ("channel_id", "other_channel_id")}


def open_circuits(tenant_id: str, hidden: str, ending: str) -> dict[str, str]:
    """Open the circuits of three endpoints of the tenant; return the names of two of them."""
    circuits = DynamoCircuits(boto3.client("dynamodb"), "limits")
    names = [f"webhook:{word}-{ending}" for word in ("first", "second", hidden)]
    for name in names:
        circuit = circuits.get(CircuitId(name, tenant_id))
        circuits.change(circuit, circuit.open(process.now(), timedelta(days=1)))
    return {"circuit": names[0], "other_circuit": names[1]}


def subscribe(send: Send, tenant_id: str, hidden: str) -> tuple[dict[str, str], set[str]]:
    """Return the names of two webhooks and a delivery, and hidden names of another webhook and its delivery."""
    body = {"url": f"https://{hidden}.example/hook", "kinds": ["persons.changed"], "label": hidden}
    hooks = [str(send("/v1/webhooks", body)["webhook_id"]) for _ in range(3)]
    sent = [_deliver(tenant_id, hooks[place], f"{hidden}-{number}") for number, place in enumerate((0, 0, 2))]
    names = {"webhook_id": hooks[0], "other_webhook_id": hooks[1], "delivery_id": sent[0]}
    return names, {hooks[2], sent[2]}


def _deliver(tenant_id: str, webhook_id: str, name: str) -> str:
    """Return the id of a delivered event of a webhook."""
    at = format_timestamp(process.now())
    detail = json.dumps({"event_id": name, "tenant_id": tenant_id})
    event = PublishedEvent(tenant_id, name, "persons.changed", at, detail)
    delivery = create_delivery(webhook_id, event, process.now())
    DynamoWebhookDeliveries(boto3.client("dynamodb"), "webhooks").create(tenant_id, delivery)
    return delivery.delivery_id
