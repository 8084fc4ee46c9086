"""A strict fake of Opsgenie's alert API and its copy in Jira Service Management. Requests are queued.

Rules: https://docs.opsgenie.com/docs/alert-api and /alert-api-continued.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.vendors.requests import VendorAnswer, VendorRequest, json_answer

API_KEY = "eb243592-faa2-4ba2-a551-1afdf565c889"
"""Key of an API integration at the fake."""
_MALFORMED = "Request body is not processable. Please check the errors."
_PREFIX = "/jsm/ops/integration"
_ACTION = re.compile(r"/v2/alerts/([^/]+)/(acknowledge|close|priority)")
_REQUEST = re.compile(r"/v2/alerts/requests/([^/]+)")
_LIMITS = {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100}
_PRIORITIES = {"P1", "P2", "P3", "P4", "P5"}


@dataclass
class OpsgenieAlert:
    """An alert. `count` is the number of its creations, `notes` are the notes of actions."""

    alias: str
    message: str
    priority: str
    alert_id: str
    status: str = "open"
    is_acknowledged: bool = False
    count: int = 1
    notes: list[str] = field(default_factory=list)


@dataclass
class _Queued:
    action: str
    alias: str
    body: Mapping[str, Any]
    polls_left: int
    result: dict[str, Any] | None = None


class FakeOpsgenie:
    """Alerts of one account. A queued request is done after `lag` polls that answer 404. `refused` are messages."""

    def __init__(self) -> None:
        self.keys = {API_KEY}
        self.alerts: list[OpsgenieAlert] = []
        self.lag = 0
        self.refused: set[str] = set()
        self._queue: dict[str, _Queued] = {}

    def open_alert(self, alias: str) -> OpsgenieAlert | None:
        """Return the open alert of an alias, or None."""
        return next((alert for alert in self.alerts if alert.alias == alias and alert.status == "open"), None)

    def answer(self, request: VendorRequest) -> VendorAnswer:
        """Return the answer to a request."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "GenieKey" or key not in self.keys:
            return _problem(401, "Could not authenticate")
        parts = urlsplit(request.path.removeprefix(_PREFIX))
        if request.method == "GET" and (polled := _REQUEST.fullmatch(parts.path)):
            return self._poll(polled[1])
        body = request.document()
        if not isinstance(body, dict):
            return _problem(400, _MALFORMED)
        if request.method == "POST" and parts.path == "/v2/alerts":
            return self._create(body)
        return self._act(request.method, parts.path, parse_qs(parts.query), body)

    def _act(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any]) -> VendorAnswer:
        action = _ACTION.fullmatch(path)
        if action is None or query != {"identifierType": ["alias"]}:
            return _problem(404, "Not found")
        if method != ("PUT" if action[2] == "priority" else "POST"):
            return _problem(405, "Method not allowed")
        if action[2] == "priority" and body.get("priority") not in _PRIORITIES:
            return _problem(422, _MALFORMED, "priority is invalid")
        return self._accept(action[2], unquote(action[1]), body)

    def _create(self, body: Mapping[str, Any]) -> VendorAnswer:
        broken = [name for name, limit in _LIMITS.items() if len(body.get(name, "")) > limit]
        if not body.get("message") or broken or body.get("priority", "P3") not in _PRIORITIES:
            fields = ", ".join(broken) or "message or priority"
            return _problem(422, _MALFORMED, f"{fields} is invalid")
        if body["message"] in self.refused:
            return _problem(400, _MALFORMED, "message is refused")
        if not all(isinstance(value, str) for value in body.get("details", {}).values()):
            return _problem(422, _MALFORMED, "details are invalid")
        return self._accept("create", body.get("alias") or uuid.uuid4().hex, body)

    def _accept(self, action: str, alias: str, body: Mapping[str, Any]) -> VendorAnswer:
        request_id = str(uuid.uuid4())
        self._queue[request_id] = _Queued(action, alias, body, self.lag)
        return json_answer(202, {"result": "Request will be processed", "took": 0.1, "requestId": request_id})

    def process(self) -> None:
        """Do all queued requests in their order."""
        for queued in self._queue.values():
            if queued.result is None:
                queued.result = self._apply(queued)

    def _poll(self, request_id: str) -> VendorAnswer:
        queued = self._queue.get(request_id)
        if queued is None or queued.polls_left:
            if queued:
                queued.polls_left -= 1
            return _problem(404, "Request not found. It might not be processed, yet.")
        self.process()
        return json_answer(200, {"data": queued.result, "took": 0.1, "requestId": request_id})

    def _apply(self, queued: _Queued) -> dict[str, Any]:
        found = self.open_alert(queued.alias)
        if queued.action == "create":
            if found:
                found.count += 1
            else:
                body = queued.body
                found = OpsgenieAlert(queued.alias, body["message"], body.get("priority", "P3"), str(uuid.uuid4()))
                self.alerts.append(found)
        elif found is None:
            return _result(queued, None, "Alert does not exist")
        elif queued.action == "priority":
            found.priority = queued.body["priority"]
        else:
            found.notes.append(queued.body.get("note", ""))
            found.is_acknowledged |= queued.action == "acknowledge"
            found.status = "closed" if queued.action == "close" else found.status
        return _result(queued, found, "Done")


def _result(queued: _Queued, alert: OpsgenieAlert | None, status: str) -> dict[str, Any]:
    known = {"alertId": alert.alert_id} if alert else {}
    success = {"success": alert is not None, "isSuccess": alert is not None}
    return {**success, **known, "action": queued.action.capitalize(), "status": status, "alias": queued.alias}


def _problem(status: int, message: str, error: str = "") -> VendorAnswer:
    errors = {"errors": {"message": error}} if error else {}
    return json_answer(status, {"message": message, **errors, "took": 0.1, "requestId": str(uuid.uuid4())})
