"""A strict fake of the envelope endpoint of a Sentry project.

Rules: https://develop.sentry.dev/sdk/foundations/transport/envelopes/ (framing, limits, headers),
https://develop.sentry.dev/sdk/foundations/transport/event-payloads/ (events), and
https://develop.sentry.dev/sdk/foundations/transport/authentication/ (the header `X-Sentry-Auth`).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.support.vendors.requests import VendorAnswer, VendorRequest, json_answer

PUBLIC_KEY = "0123456789abcdef" * 2
"""Public key of the project 42."""
_PATH = "/api/42/envelope/"
_AUTH = re.compile(r"Sentry ((?:[a-z_]+=[^,\s]+)(?:, ?[a-z_]+=[^,\s]+)*)")
_EVENT_ID = re.compile(r"[0-9a-f]{32}")
_LEVELS = {"fatal", "error", "warning", "info", "debug"}
_MAX_EVENT = 1 << 20
_MAX_TAG, _MAX_TAG_NAME = 200, 32
_FIELDS = {
    *("event_id", "timestamp", "platform", "level", "logger", "server_name", "release", "environment"),
    *("fingerprint", "tags", "exception"),
}
"""Fields that Vigil may send."""


class FakeSentry:
    """Events of one project, each id once."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    def answer(self, request: VendorRequest) -> VendorAnswer:
        """Return the answer to an envelope: 200 with the id of the event, 400, 401, 403 or 404."""
        if (request.method, request.path) != ("POST", _PATH):
            return json_answer(404, {"detail": "not found"})
        if (refused := self._refused_sender(request.headers)) is not None:
            return refused
        try:
            event = _event(request)
        except (KeyError, TypeError, ValueError) as broken:
            return json_answer(400, {"detail": "invalid envelope", "causes": [str(broken)]})
        if event["event_id"] not in {each["event_id"] for each in self.events}:
            self.events.append(event)
        return json_answer(200, {"id": event["event_id"]})

    def _refused_sender(self, headers: Mapping[str, str]) -> VendorAnswer | None:
        found = _AUTH.fullmatch(headers.get("x-sentry-auth", ""))
        if found is None:
            return json_answer(401, {"detail": "missing authorization information"})
        pairs = dict(each.strip().split("=", 1) for each in found[1].split(","))
        if pairs.get("sentry_version") != "7" or "sentry_client" not in pairs:
            return json_answer(401, {"detail": "bad sentry auth header"})
        if pairs.get("sentry_key") != PUBLIC_KEY:
            return json_answer(403, {"detail": "event submission rejected with_reason: ProjectId"})
        if headers.get("content-type") != "application/x-sentry-envelope":
            return json_answer(400, {"detail": "unsupported content type"})
        return None


def _event(request: VendorRequest) -> dict[str, Any]:
    """Return the event of an envelope. Raises ValueError for a broken frame or event."""
    head, _, rest = request.body.partition(b"\n")
    item_head, _, rest = rest.partition(b"\n")
    headers, item = json.loads(head), json.loads(item_head)
    if item["type"] != "event" or not isinstance(item["length"], int):
        raise ValueError("an envelope needs one event with its length")
    payload, end = rest[: item["length"]], rest[item["length"] :]
    if len(payload) != item["length"] or end not in (b"", b"\n"):
        raise ValueError("the length of the item is wrong")
    if len(payload) > _MAX_EVENT:
        raise ValueError("the event is too large")
    event: dict[str, Any] = json.loads(payload)
    _check(event, headers)
    return event


def _check(event: Mapping[str, Any], headers: Mapping[str, Any]) -> None:
    if not _EVENT_ID.fullmatch(event["event_id"]) or headers["event_id"] != event["event_id"]:
        raise ValueError("event_id must be 32 hexadecimal digits, the same in both places")
    if event["platform"] != "python" or event["level"] not in _LEVELS:
        raise ValueError("platform or level is unknown")
    if unknown := event.keys() - _FIELDS:
        raise ValueError(f"fields that Vigil must not send: {sorted(unknown)}")
    for name, text in event["tags"].items():
        if len(name) > _MAX_TAG_NAME or not 0 < len(text) <= _MAX_TAG or "\n" in text:
            raise ValueError("a tag is too long or empty")
    for error in event["exception"]["values"]:
        if not error.get("type") and not error.get("value"):
            raise ValueError("an exception needs a type or a value")
        frames = error.get("stacktrace", {"frames": [{"function": "f"}]})["frames"]
        if not frames or not all(frame.get("function") or frame.get("module") for frame in frames):
            raise ValueError("a frame needs a function or a module")
