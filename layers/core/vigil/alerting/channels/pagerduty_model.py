"""Events of PagerDuty's Events API v2. Source: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/."""

from collections.abc import Mapping
from typing import Any

from vigil.alerting.alerts.model import Severity
from vigil.alerting.channels.masking_model import MAX_FACTS, shorten
from vigil.alerting.channels.model import NoticeContent
from vigil.alerting.channels.texts_model import NoticeText, dedup_key, describe, more

MAX_SUMMARY = 1024
"""Maximum characters of a summary."""
_SEVERITIES: Mapping[Severity, str] = {
    "INFO": "info",
    "WARNING": "warning",
    "ERROR": "error",
    "CRITICAL": "critical",
}


def is_change(content: NoticeContent) -> bool:
    """Return True if a notice is sent as a change event, which opens no incident.

    These are digests, and INFO notices of deployments. A digest has no end, so that its incident would stay open for
    ever. Source: https://developer.pagerduty.com/docs/events-api-v2/change-events/.
    """
    episode = content.episode
    if content.notice.action == "digest":
        return True
    return episode is not None and episode.type == "deployment_status" and content.notice.severity == "INFO"


def to_event(content: NoticeContent, routing_key: str) -> dict[str, Any]:
    """Return the event of a notice as JSON. A trigger with the key of an open incident changes its severity and text.

    Only a trigger has a text; `acknowledge` and `resolve` name the incident only.
    """
    action = content.notice.action
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(content),
    }
    if action != "trigger":
        return event
    text = describe(content)
    payload = _payload(text) | {"severity": _SEVERITIES[text.severity], "class": text.type, "group": text.source}
    return event | {"client": "Vigil", "payload": payload, "links": _links(text)}


def to_change(content: NoticeContent, routing_key: str) -> dict[str, Any]:
    """Return the change event of a deployment's news or of a digest as JSON."""
    text = describe(content)
    return {"routing_key": routing_key, "payload": _payload(text), "links": _links(text)}


def _payload(text: NoticeText) -> dict[str, Any]:
    shown = text.facts[: MAX_FACTS + 5]
    details = dict(shown)
    if hidden := more(len(text.facts) - len(shown)):
        details["More"] = hidden
    return {
        "summary": shorten(text.title or text.type, MAX_SUMMARY),
        "source": text.source or "vigil",
        "timestamp": text.at,
        "custom_details": details,
    }


def _links(text: NoticeText) -> list[dict[str, str]]:
    return [{"href": address, "text": name} for name, address in text.links]
