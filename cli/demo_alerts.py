"""The part of the demo about alerts: a decision with high risk becomes a page, and a person acknowledges it."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx
from rich.text import Text

from cli import deployment
from cli.api import request_json
from cli.checkout import CommandFailed
from cli.pager import HOST, Pager, load_port, open_pager

PAGE_SECONDS = 40
"""Maximum time to wait for a page or its acknowledgement, in seconds."""
_TYPE = "high_risk_prediction"


@contextmanager
def paged(client: httpx.Client) -> Iterator[Pager]:
    """Yield a pager on this machine that is a channel of the tenant. Alerts of an earlier demo are resolved before."""
    port = load_port(deployment.state_folder())
    with open_pager(port) as pager:
        for alert in _open_alerts(client):
            request_json(client, "POST", f"/v1/alerts/{alert['id']}/resolve")
        body = {
            "kind": "pagerduty",
            "label": "Pager of the demo",
            "options": {"base_url": f"http://{HOST}:{port}"},
            "secrets": {"routing_key": secrets.token_hex(16)},
        }
        channel = request_json(client, "POST", "/v1/alerting/channels", json=body)
        try:
            yield pager
        finally:
            request_json(client, "DELETE", f"/v1/alerting/channels/{channel['id']}")


def acknowledge_page(client: httpx.Client, pager: Pager) -> Text:
    """Wait for the page of a high-risk decision, acknowledge its alert, and return the report as text."""
    page = pager.wait_for(lambda incident: incident.state == "triggered", PAGE_SECONDS)
    if page is None:
        raise CommandFailed(f"no page arrived within {PAGE_SECONDS} s; `vigil alerts list` shows the alerts")
    alert = next(each for each in _open_alerts(client) if page.key.endswith(each["id"].removeprefix("alr-")))
    paged_after = (page.at - datetime.fromisoformat(alert["started_at"])).total_seconds()
    began = time.monotonic()
    request_json(client, "POST", f"/v1/alerts/{alert['id']}/acknowledge")
    taken = pager.wait_for(lambda incident: (incident.key, incident.state) == (page.key, "acknowledged"), PAGE_SECONDS)
    if taken is None:
        raise CommandFailed(f"the pager showed no acknowledgement within {PAGE_SECONDS} s")
    return Text(
        f"   {paged_after:.1f} s after the first decision with high risk, the pager showed: {page.summary}\n"
        f"   The acknowledgement reached the pager after {time.monotonic() - began:.1f} s. "
        f"`vigil alerts show {alert['id']}` shows all of it."
    )


def _open_alerts(client: httpx.Client) -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = request_json(client, "GET", "/v1/alerts", params={"type": _TYPE})["items"]
    return [alert for alert in alerts if alert["state"] != "resolved"]
