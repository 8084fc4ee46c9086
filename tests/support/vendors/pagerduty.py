"""A strict fake of PagerDuty's Events API v2, with incidents, and of its V3 webhooks.

Rules: https://developer.pagerduty.com/docs/events-api-v2/overview/ and /trigger-events/, /change-events/;
https://developer.pagerduty.com/docs/webhooks/v3-overview/.
"""

import hmac
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.vendors.requests import VendorAnswer, VendorRequest, json_answer

ROUTING_KEY = "R0" + "k" * 30
"""Integration key of a service at the fake."""
_MAX_BYTES = 512 * 1024
_ACTIONS = {"trigger", "acknowledge", "resolve"}
_SEVERITIES = {"critical", "error", "warning", "info"}
_ALERT_FIELDS = {"routing_key", "event_action", "dedup_key", "payload", "links", "images", "client", "client_url"}
_CHANGE_FIELDS = {"routing_key", "payload", "links", "images"}
_INVALID_SEVERITY = "'payload.severity' is invalid (must be one of: 'critical', 'warning', 'error', 'info')"
_PAYLOAD_FIELDS = {
    *("summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"),
}


@dataclass
class Incident:
    """An incident of one integration and key. `log` lists the actions that applied to it, `links` addresses by name."""

    routing_key: str
    dedup_key: str
    summary: str
    severity: str
    status: str = "triggered"
    log: list[str] = field(default_factory=list)
    payload: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


class FakePagerDuty:
    """Incidents of all integrations. `refused` are dedup keys or summaries that the fake refuses with 400."""

    def __init__(self) -> None:
        self.keys = {ROUTING_KEY}
        self.incidents: list[Incident] = []
        self.changes: list[Mapping[str, Any]] = []
        self.dropped: list[Mapping[str, Any]] = []
        self.refused: set[str] = set()

    def open_incident(self, dedup_key: str, routing_key: str = ROUTING_KEY) -> Incident | None:
        """Return the open incident of a key, or None."""
        known = (routing_key, dedup_key)
        found = (i for i in self.incidents if (i.routing_key, i.dedup_key) == known and i.status != "resolved")
        return next(found, None)

    def answer(self, request: VendorRequest) -> VendorAnswer:
        """Return the answer to an event."""
        if request.method != "POST" or request.path not in {"/v2/enqueue", "/v2/change/enqueue"}:
            return VendorAnswer(404)
        event = request.document()
        is_change = request.path.startswith("/v2/change")
        if problems := list(self._problems(event, request, is_change=is_change)):
            body = {"status": "invalid event", "message": "Event object is invalid", "errors": problems}
            return json_answer(400, body)
        if is_change:
            self.changes.append(event)
            return json_answer(202, {"status": "success", "message": "Change event processed"})
        key = event.get("dedup_key") or uuid.uuid4().hex
        self._apply(event, key)
        return json_answer(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _problems(self, event: Any, request: VendorRequest, *, is_change: bool) -> Iterator[str]:
        if not isinstance(event, dict) or len(request.body) > _MAX_BYTES:
            yield "JSON parse error"
            return
        if "application/json" not in request.headers.get("content-type", ""):
            yield "Content-Type must be application/json"
        yield from (f"'{name}' is unknown" for name in event.keys() - (_CHANGE_FIELDS if is_change else _ALERT_FIELDS))
        key = event.get("routing_key")
        if not isinstance(key, str) or len(key) != 32 or key not in self.keys:
            yield "Invalid routing key"
        action = "change" if is_change else event.get("event_action")
        if action not in _ACTIONS | {"change"}:
            yield "'event_action' is invalid"
        dedup = event.get("dedup_key", "")
        if not isinstance(dedup, str) or len(dedup) > 255 or (action in {"acknowledge", "resolve"} and not dedup):
            yield "'dedup_key' is missing or invalid"
        if action in {"trigger", "change"}:
            yield from _payload_problems(event.get("payload"), is_change=is_change)
        if self.refused & {dedup, (event.get("payload") or {}).get("summary")}:
            yield _INVALID_SEVERITY
        yield from ("'links' is invalid" for link in event.get("links", ()) if not link.get("href"))

    def _apply(self, event: Mapping[str, Any], key: str) -> None:
        action, found = event["event_action"], self.open_incident(key, event["routing_key"])
        if action == "trigger":
            payload = event["payload"]
            if found is None:
                found = Incident(event["routing_key"], key, payload["summary"], payload["severity"])
                self.incidents.append(found)
            found.severity, found.summary, found.payload = payload["severity"], payload["summary"], payload
            found.links = {link.get("text", ""): link["href"] for link in event.get("links", ())}
        elif found is None:
            self.dropped.append(event)
            return
        else:
            found.status = f"{action}d"
        found.log.append(action)

    def webhook(
        self, dedup_key: str, event_type: str, secrets: tuple[str, ...], occurred_at: datetime
    ) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers of a V3 webhook about an incident, with one signature per secret."""
        event = {
            "id": uuid.uuid4().hex,
            "event_type": event_type,
            "resource_type": "incident",
            "occurred_at": occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "agent": {"id": "PLH1HKV", "type": "user_reference", "summary": "Ada"},
            "client": None,
            "data": {"id": "PGR0VU2", "type": "incident", "incident_key": dedup_key, "status": event_type[9:]},
        }
        body = json.dumps({"event": event}).encode()
        signatures = ",".join(f"v1={hmac.digest(each.encode(), body, 'sha256').hex()}" for each in secrets)
        return body, {"content-type": "application/json", "x-pagerduty-signature": signatures}


def _payload_problems(payload: Any, *, is_change: bool) -> Iterator[str]:
    if not isinstance(payload, dict):
        yield "'payload' is missing or blank"
        return
    if not (1 <= len(payload.get("summary") or "") <= 1024):
        yield "'payload.summary' is missing or too long"
    yield from (f"'payload.{name}' is unknown" for name in payload.keys() - _PAYLOAD_FIELDS)
    if not is_change and not payload.get("source"):
        yield "'payload.source' is missing or blank"
    if not is_change and payload.get("severity") not in _SEVERITIES:
        yield _INVALID_SEVERITY
    if "timestamp" in payload:
        try:
            datetime.fromisoformat(payload["timestamp"])
        except ValueError:
            yield "'payload.timestamp' is invalid"
    if not isinstance(payload.get("custom_details", {}), dict):
        yield "'payload.custom_details' is invalid"
