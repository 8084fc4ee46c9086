"""Alerts of CloudWatch alarms. One table has an entry for each alarm of the templates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vigil.alerting.alerts.model import AlertEvent, AlertType, Severity
from vigil.alerting.sources.model import MAX_TEXT, as_id, text_of, time_of
from vigil.errors import UnreadableMessage
from vigil.kernel.tenants import OPERATORS


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """Alert of an alarm: its type, severity and source, and whether the state OK ends it.

    An alarm that counts single facts returns to OK although the cause remains, so a person ends its alert.
    """

    type: AlertType
    severity: Severity
    source: str
    is_cleared_by_ok: bool = True


ALARMS: Mapping[str, AlarmRule] = {
    "AlertDeliveriesLate": AlarmRule("work_stuck", "CRITICAL", "queue.alert-deliveries"),
    "AlertsLate": AlarmRule("work_stuck", "CRITICAL", "queue.alerts"),
    "AlertingSilent": AlarmRule("system_down", "CRITICAL", "alerting"),
    "AuthorizerErrors": AlarmRule("system_down", "CRITICAL", "function.tokens-authorizer"),
    "ErasureFails": AlarmRule("work_stuck", "ERROR", "function.tenants-offboarding"),
    "EventsLate": AlarmRule("work_stuck", "ERROR", "function.events-publisher"),
    "EventsNotTold": AlarmRule("work_stuck", "ERROR", "queue.events-publisher-dead"),
    "LoopsStopped": AlarmRule("work_stuck", "CRITICAL", "lambda", is_cleared_by_ok=False),
    "ModelsRefused": AlarmRule("model_failure", "CRITICAL", "packages", is_cleared_by_ok=False),
    "MonthsNotClosed": AlarmRule("work_stuck", "ERROR", "function.costs-closing"),
    "NotDrained": AlarmRule("work_stuck", "ERROR", "queue"),
    "PersonErasureFails": AlarmRule("work_stuck", "ERROR", "function.persons-erasure"),
    "RedriveFails": AlarmRule("work_stuck", "ERROR", "function.dead-letters-redrive"),
    "RotationFailed": AlarmRule("work_stuck", "ERROR", "function.tokens-rotation"),
    "ScoringThrottled": AlarmRule("system_down", "CRITICAL", "function.scoring-api"),
    "ServerErrors": AlarmRule("high_error_rate", "CRITICAL", "api"),
    "SignInsRefused": AlarmRule("security_breach", "WARNING", "sign-ins.authorizer"),
    "SignaturesRefused": AlarmRule("security_breach", "WARNING", "signatures"),
    "SlowAnswers": AlarmRule("high_latency", "WARNING", "api"),
    "SpendNotWatched": AlarmRule("work_stuck", "ERROR", "function.costs-checks"),
    "TenantsTrespassed": AlarmRule("security_breach", "CRITICAL", "tenant-guard", is_cleared_by_ok=False),
    "TokenSignInsRefused": AlarmRule("security_breach", "WARNING", "sign-ins.tokens"),
    "UsageNotAudited": AlarmRule("work_stuck", "ERROR", "function.usage-sweeps"),
    "UsageNotCounted": AlarmRule("work_stuck", "ERROR", "queue.usage-counters-dead"),
    "UsageNotTheLedger": AlarmRule("work_stuck", "ERROR", "usage", is_cleared_by_ok=False),
    "WorkParked": AlarmRule("work_stuck", "ERROR", "dead-letters", is_cleared_by_ok=False),
}
"""Alert of each alarm, by the logical id of the alarm. The name of an alarm is `<stack>-<logical id in kebab case>`."""
_PER_QUEUE = "NotDrained"
"""The alarm of every queue. The rest of its name is the name of the queue."""
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_REGION = re.compile(r"[a-z]{2}-[a-z-]{2,20}-[0-9]")
_UNKNOWN_TITLE = "An alarm of CloudWatch without an entry in Vigil's table fires."


def alarm_suffix(logical_id: str) -> str:
    """Return the end of the name of an alarm: `NotDrained` becomes `not-drained`."""
    return _WORD.sub("-", logical_id).lower()


_BY_SUFFIX = {alarm_suffix(logical_id): logical_id for logical_id in ALARMS}
_SUFFIXES = sorted(_BY_SUFFIX, key=len, reverse=True)


def find_alarm(name: str) -> str | None:
    """Return the logical id of the alarm with a name, or None for an unknown alarm. The longest suffix wins."""
    return next((_BY_SUFFIX[each] for each in _SUFFIXES if name == each or name.endswith(f"-{each}")), None)


def alarm_event(document: Mapping[str, Any]) -> AlertEvent | None:
    """Return the alert event of an alarm's message over SNS. None if the message does not change an alert.

    An unknown alarm is `work_stuck` with the severity ERROR. Raises UnreadableMessage for a malformed message.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-notification-schemas.html
    """
    name, state = text_of(document, "AlarmName"), text_of(document, "NewStateValue")
    if state not in {"ALARM", "OK", "INSUFFICIENT_DATA"}:
        raise UnreadableMessage("NewStateValue must be ALARM, OK or INSUFFICIENT_DATA.")
    at = time_of(document, "StateChangeTime")
    rule, title = _rule(name), _title(document, name)
    if state == "INSUFFICIENT_DATA" or (state == "OK" and not rule.is_cleared_by_ok):
        return None
    return AlertEvent(
        tenant_id=OPERATORS,
        event_id=as_id(f"{state}.{at}.{name}"),
        type=rule.type,
        severity=rule.severity,
        source=rule.source,
        title=title,
        occurred_at=at,
        is_cleared=state == "OK",
        facts=(("alarm", name[:MAX_TEXT]),),
        link=_link(document, name),
    )


def _rule(name: str) -> AlarmRule:
    logical_id = find_alarm(name)
    if logical_id is None:
        return AlarmRule("work_stuck", "ERROR", as_id(f"alarm.{name}"))
    rule = ALARMS[logical_id]
    if logical_id != _PER_QUEUE:
        return rule
    queue = name.removesuffix(alarm_suffix(_PER_QUEUE)).rstrip("-")
    return AlarmRule(rule.type, rule.severity, as_id(f"{rule.source}.{queue}"))


def _title(document: Mapping[str, Any], name: str) -> str:
    """Return the description of a known alarm. Other descriptions are foreign text."""
    if find_alarm(name) is None or not document.get("AlarmDescription"):
        return _UNKNOWN_TITLE
    return text_of(document, "AlarmDescription")[:MAX_TEXT]


def _link(document: Mapping[str, Any], name: str) -> str:
    """Return the page of an alarm in the console of AWS, or "" if the message has no ARN (MiniStack)."""
    arn = document.get("AlarmArn")
    region = arn.split(":")[3] if isinstance(arn, str) and arn.count(":") >= 6 else ""
    if not _REGION.fullmatch(region):
        return ""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{as_id(name)}"
