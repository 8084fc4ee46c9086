"""Bodies of webhooks: Vigil's own events, and Adaptive Cards for the Workflows of Microsoft Teams."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vigil.alerting.alerts.model import Severity
from vigil.alerting.channels.masking_model import MAX_FACTS
from vigil.alerting.channels.model import NoticeContent
from vigil.alerting.channels.texts_model import NoticeText, describe, more
from vigil.kernel.events import EVENT_VERSION

MAX_BODY = 20_000
"""Maximum bytes of a body, the advice of Standard Webhooks. Teams accepts 28 KB."""
TYPES = {
    "trigger": "alerts.raised",
    "acknowledge": "alerts.acknowledged",
    "resolve": "alerts.cleared",
    "digest": "alerts.held_back",
}
"""Type of the event by the action of a notice."""
_COLORS: Mapping[Severity, str] = {
    "INFO": "accent",
    "WARNING": "warning",
    "ERROR": "attention",
    "CRITICAL": "attention",
}
_CARD = "application/vnd.microsoft.card.adaptive"
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_MAX_ACTIONS = 4
_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>"})
Facts = Sequence[tuple[str, str]]


def message_id(content: NoticeContent) -> str:
    """Return the `webhook-id` of a notice, equal in all its attempts. It has no dot."""
    return f"msg_{content.notice.notice_id}"


def to_event(content: NoticeContent) -> bytes:
    """Return Vigil's event of a notice as JSON: `type`, `timestamp`, `data`.

    Its fields are those of the event for subscribers, and more. Of two facts with one name, the first is sent, so that
    no text of an alert replaces a fact of Vigil. Last facts are left out above MAX_BODY.
    """
    text, kind = describe(content), TYPES[content.notice.action]

    def render(facts: Facts) -> dict[str, Any]:
        data = {
            "event_id": f"{content.notice.notice_id}.{kind}",
            "event_version": EVENT_VERSION,
            "occurred_at": text.at,
            "alert_id": text.alert_id or None,
            "notice_id": content.notice.notice_id,
            "tenant_id": content.notice.tenant_id,
            "severity": text.severity,
            "event_type": text.type,
            "source": text.source,
            "title": text.title,
            "facts": dict(reversed(facts)),
            "facts_omitted": len(dict(text.facts)) - len(dict(facts)),
            "links": dict(text.links),
        }
        return {"type": kind, "timestamp": text.at, "data": data}

    return _within_limit(render, text)


def to_card(content: NoticeContent) -> bytes:
    """Return the message of a Workflow of Teams as JSON, with one Adaptive Card.

    Last facts are left out above MAX_BODY.
    """
    text = describe(content)

    def render(facts: Facts) -> dict[str, Any]:
        shown = [{"title": _plain(name), "value": _plain(value)} for name, value in facts]
        body = [
            _block(text.headline, size="medium", weight="bolder", color=_color(text)),
            _block(f"{text.type} {text.source}", isSubtle=True),
            {"type": "FactSet", "facts": shown},
        ]
        if hidden := more(len(text.facts) - len(facts)):
            body.append(_block(hidden))
        opened = [{"type": "Action.OpenUrl", "title": name.capitalize(), "url": url} for name, url in text.links]
        card = {"$schema": _SCHEMA, "type": "AdaptiveCard", "version": "1.4", "body": body}
        return {
            "type": "message",
            "attachments": [{"contentType": _CARD, "content": card | {"actions": opened[:_MAX_ACTIONS]}}],
        }

    return _within_limit(render, text)


def _within_limit(render: Callable[[Facts], dict[str, Any]], text: NoticeText) -> bytes:
    """Return the JSON with as many facts as fit into the maximum body."""
    for count in range(min(len(text.facts), MAX_FACTS + 5), -1, -1):
        body = json.dumps(render(text.facts[:count]), ensure_ascii=False, separators=(",", ":")).encode()
        if len(body) <= MAX_BODY:
            return body
    return body


def _block(text: str, **more_fields: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _plain(text), "wrap": True, **more_fields}


def _plain(text: str) -> str:
    """Return a text in which Teams finds no markup."""
    return text.translate(_MARKDOWN)


def _color(text: NoticeText) -> str:
    return "good" if text.state == "Resolved" else _COLORS[text.severity]
