"""Requests of Opsgenie's alert API, which Jira Service Management also serves.

Source: https://docs.opsgenie.com/docs/alert-api. Opsgenie ends on 2027-04-05; its customers move to the address of
Jira Service Management, with the same requests.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from vigil.alerting.alerts.model import Severity
from vigil.alerting.channels.masking_model import MAX_FACTS, shorten
from vigil.alerting.channels.model import NoticeContent
from vigil.alerting.channels.texts_model import dedup_key, describe, more
from vigil.kernel.time import format_day

BASES: Mapping[str, str] = {
    "us": "https://api.opsgenie.com",
    "eu": "https://api.eu.opsgenie.com",
    "jsm": "https://api.atlassian.com/jsm/ops/integration",
}
"""Addresses of the API by the option `base`."""
END_OF_OPSGENIE = date(2027, 4, 5)
"""Day on which the addresses `us` and `eu` stop."""
WARNED_FROM = datetime(2027, 1, 1, tzinfo=UTC)
"""Time from which channels with the addresses `us` and `eu` show a warning. It has no end."""
PRIORITIES: Mapping[Severity, str] = {"CRITICAL": "P1", "ERROR": "P2", "WARNING": "P3", "INFO": "P5"}
"""Priorities by severity."""
MAX_MESSAGE, MAX_ALIAS, MAX_DESCRIPTION = 130, 512, 15_000
"""Maximum characters of a message, an alias and a description."""
_SOURCE = "Vigil"


def to_alert(content: NoticeContent) -> dict[str, Any]:
    """Return the body of an alert as JSON. Texts are cut to the vendor's limits.

    The vendor counts a second request with the alias of an open alert, and opens no other one.
    """
    text = describe(content)
    shown = text.facts[: MAX_FACTS + 5]
    lines = [f"{name}: {value}" for name, value in shown] + [f"{name}: {address}" for name, address in text.links]
    if hidden := more(len(text.facts) - len(shown)):
        lines.append(hidden)
    return {
        "message": shorten(text.title or text.type, MAX_MESSAGE),
        "alias": shorten(dedup_key(content), MAX_ALIAS),
        "description": shorten("\n".join(lines), MAX_DESCRIPTION),
        "priority": PRIORITIES[text.severity],
        "source": _SOURCE,
        "entity": shorten(text.source, MAX_ALIAS),
        "tags": [text.type, text.severity],
        "details": {"alert_id": text.alert_id, "severity": text.severity} if text.alert_id else {},
    }


def action_path(content: NoticeContent, action: str) -> str:
    """Return the path of an action on the alert of a notice: `acknowledge`, `close` or `priority`."""
    return f"/v2/alerts/{quote(dedup_key(content), safe='')}/{action}?identifierType=alias"


def to_action(content: NoticeContent) -> dict[str, Any]:
    """Return the body of an acknowledgement or a close as JSON."""
    return {"source": _SOURCE, "note": shorten(describe(content).headline, MAX_DESCRIPTION)}


def warning(base: str, now: datetime) -> str:
    """Return the warning that Opsgenie ends, or an empty text if the address does not end or it is too early.

    `base` is the option `base` of the channel: `us`, `eu` or `jsm`. Only `us` and `eu` end. The warning is shown from
    WARNED_FROM on, also after the end.
    """
    if base == "jsm" or now < WARNED_FROM:
        return ""
    return (
        f"Opsgenie ends on {format_day(END_OF_OPSGENIE)}. Set the option base to jsm, with a key of "
        "Jira Service Management."
    )
