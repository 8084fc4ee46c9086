"""Alerts, secrets and reports that actions from outside use."""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from vigil.alerting.inbound.model import Endpoint, Vendor
from vigil.errors import NotFound

ENDPOINT = Endpoint("acme", "night")
FINGERPRINT = "0123456789abcdef01234567"
ALERT_ID = f"alr-{FINGERPRINT}-1"
KEY = f"vigil-acme-{FINGERPRINT}-1"
SECRETS: Mapping[Vendor, str] = {"pagerduty": "canaryPagerDutySecret", "slack": "canarySlackSecret"}


@dataclass
class FakeAlerts:
    """Alerts by tenant and id, each with its state. `changes` has each change, `calls` counts the calls."""

    states: dict[tuple[str, str], str] = field(default_factory=lambda: {("acme", ALERT_ID): "firing"})
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    calls: int = 0
    failures: list[Exception] = field(default_factory=list)

    def acknowledge(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> None:
        self._change(tenant_id, alert_id, ("firing",), "acknowledged", by, origin)

    def resolve(
        self, tenant_id: str, alert_id: str, by: str, origin: str = "", acted_at: datetime | None = None
    ) -> None:
        self._change(tenant_id, alert_id, ("firing", "acknowledged"), "resolved", by, origin)

    def _change(self, tenant: str, alert: str, before: tuple[str, ...], after: str, by: str, origin: str) -> None:
        self.calls += 1
        if self.failures:
            raise self.failures.pop()
        known = (tenant, alert.replace(f"vigil-{tenant}-", "alr-"))
        if known not in self.states:
            raise NotFound("There is no such alert.")
        if self.states[known] in before:
            self.states[known] = after
            self.changes.append((after, by, origin))


class FakeSigningSecrets:
    """The secrets of one channel per vendor."""

    def find(self, endpoint: Endpoint, vendor: Vendor) -> Sequence[str]:
        return [SECRETS[vendor]] if endpoint == ENDPOINT else []


class FakeAppliedReports:
    """Ids of applied reports, with their expiry."""

    def __init__(self) -> None:
        self.known: dict[tuple[Endpoint, str], datetime] = {}

    def has(self, endpoint: Endpoint, report_id: str) -> bool:
        return (endpoint, report_id) in self.known

    def add(self, endpoint: Endpoint, report_id: str, until: datetime) -> None:
        self.known[endpoint, report_id] = until


def pagerduty_body(at: datetime, kind: str = "incident.acknowledged", **changes: Any) -> bytes:
    """Return a webhook of PagerDuty; `changes` are fields of its event."""
    event = {
        "id": "01CHEXAMPLE",
        "event_type": kind,
        "resource_type": "incident",
        "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "agent": {"html_url": "https://acme.pagerduty.com/users/PLH1HKV", "id": "PLH1HKV", "type": "user_reference"},
        "client": None,
        "data": {"id": "PGR0VU2", "type": "incident", "status": "acknowledged", "incident_key": KEY},
    }
    return json.dumps({"event": event | changes}).encode()


def pagerduty_headers(body: bytes, *secrets: str) -> dict[str, str]:
    """Return the header with one signature per secret."""
    digests = [hmac.digest(secret.encode(), body, "sha256").hex() for secret in secrets or (SECRETS["pagerduty"],)]
    return {"x-pagerduty-signature": ",".join(f"v1={digest}" for digest in digests)}


def slack_body(action: str = "acknowledge", **changes: Any) -> bytes:
    """Return the interaction of a button of Slack; `changes` are fields of its payload."""
    payload = {
        "type": "block_actions",
        "user": {"id": "U2CERLKJA", "username": "roadrunner"},
        "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": KEY, "action_ts": "1.0"}],
        "response_url": "https://hooks.slack.com/actions/T1/1/x",
    }
    return urlencode({"payload": json.dumps(payload | changes)}).encode()


def slack_headers(body: bytes, at: datetime, secret: str = SECRETS["slack"]) -> dict[str, str]:
    """Return the headers of a signature at a time."""
    timestamp = str(int(at.timestamp()))
    digest = hmac.digest(secret.encode(), f"v0:{timestamp}:".encode() + body, "sha256").hex()
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={digest}"}
