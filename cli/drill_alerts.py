"""Ends the alert that the fault of a drill has opened. An alert from before the drill stays open."""

import time
from collections.abc import Collection
from typing import Any

import httpx

from cli.alerts import ALERTS
from cli.api import request_items, request_json
from cli.drill_faults import Fault
from cli.failures import FAILURES

_MAX_ALERTS = 1000
_WAIT_SECONDS = 30
"""Maximum time between the removal of a fault and its alert, in seconds."""
_POLL_SECONDS = 1
_FAILURE = "failure."
"""Beginning of the source of the alert of a group of failures."""


def open_alerts(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return all open alerts by their ids."""
    return {alert["id"]: alert for alert in request_items(client, ALERTS, _MAX_ALERTS)}


def end_alert(client: httpx.Client, fault: Fault, before: Collection[str]) -> str:
    """Resolve the alert of a fault, and its group of failures if it has one. Return a sentence about it.

    The call waits for the alert. An alert whose id is in `before` is older than the drill, and stays open.
    """
    facts = fault.alert_facts.items()
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        for alert_id, alert in open_alerts(client).items():
            has_facts, is_older = facts <= alert["facts"].items(), alert_id in before
            if is_older and (has_facts or alert["source"] == fault.alert_source):
                return f"The alert {alert_id} is older than the drill and stays open."
            if not has_facts:
                continue
            request_json(client, "POST", f"{ALERTS}/{alert_id}/resolve")
            if alert["source"].startswith(_FAILURE):
                request_json(client, "POST", f"{FAILURES}/{alert['source'].removeprefix(_FAILURE)}/resolve")
            return f"The drill has ended its alert {alert_id}."
        if time.monotonic() > deadline:
            return "The drill has opened no alert."
        time.sleep(_POLL_SECONDS)
