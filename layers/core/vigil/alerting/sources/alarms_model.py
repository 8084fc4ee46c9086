"""Alerts of CloudWatch alarms. One table has an entry for each alarm of the templates."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from vigil.alerting.alerts.model import AlertEvent, AlertType, Severity
from vigil.alerting.sources.model import MAX_TEXT, as_id, text_of, time_of
from vigil.errors import UnreadableMessage
from vigil.kernel.tenants import OPERATORS


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """Alert of an alarm: its type, severity and source.

    `is_cleared_by_ok` is True if the state OK ends it. An alarm that counts single facts returns to OK although the
    cause remains, so a person ends its alert.
    """

    type: AlertType
    severity: Severity
    source: str
    is_cleared_by_ok: bool = True


ALARMS: Mapping[str, AlarmRule] = {
    "AlertDeliveriesLate": AlarmRule("work_stuck", "CRITICAL", "queue.alert-deliveries"),
    "AlertingSilent": AlarmRule("system_down", "CRITICAL", "alerting"),
    "AlertsLate": AlarmRule("work_stuck", "CRITICAL", "queue.alerts"),
    "AuthorizerErrors": AlarmRule("system_down", "CRITICAL", "function.tokens-authorizer"),
    "BatchesSlow": AlarmRule("high_latency", "WARNING", "batches"),
    "ChunkMemoryHigh": AlarmRule("error_detected", "WARNING", "function.batches-chunk"),
    "CircuitsOpened": AlarmRule("dependency_failure", "ERROR", "circuits"),
    "CredentialsRefused": AlarmRule("security_breach", "WARNING", "credentials"),
    "DatabaseFails": AlarmRule("dependency_failure", "CRITICAL", "database"),
    "DeadLettersArrive": AlarmRule("work_stuck", "WARNING", "dead-letters.arrivals"),
    "AvailabilityBurnsFast": AlarmRule("high_error_rate", "CRITICAL", "objective.availability.fast"),
    "AvailabilityBurnsSlowly": AlarmRule("high_error_rate", "CRITICAL", "objective.availability.slow"),
    "ErasureFails": AlarmRule("work_stuck", "ERROR", "function.tenants-offboarding"),
    "EventsLate": AlarmRule("work_stuck", "ERROR", "function.events-publisher"),
    "EventsNotTold": AlarmRule("work_stuck", "ERROR", "queue.events-publisher-dead"),
    "FailuresNotRead": AlarmRule("work_stuck", "ERROR", "function.failures-intake"),
    "HighRiskSurge": AlarmRule("high_risk_prediction", "WARNING", "scoring.surge"),
    "IncidentsNotWatched": AlarmRule("work_stuck", "ERROR", "function.incidents-sweep"),
    "LoopsStopped": AlarmRule("work_stuck", "CRITICAL", "lambda", is_cleared_by_ok=False),
    "LatencyBurnsFast": AlarmRule("high_latency", "CRITICAL", "objective.score_latency.fast"),
    "LatencyBurnsSlowly": AlarmRule("high_latency", "CRITICAL", "objective.score_latency.slow"),
    "MetricsNotCollected": AlarmRule("work_stuck", "ERROR", "function.metrics-collection"),
    "ModelsNotMonitored": AlarmRule("work_stuck", "ERROR", "function.monitoring-sweep"),
    "ModelsRefused": AlarmRule("model_failure", "CRITICAL", "packages", is_cleared_by_ok=False),
    "MonthsNotClosed": AlarmRule("work_stuck", "ERROR", "function.costs-closing"),
    "NotDrained": AlarmRule("work_stuck", "ERROR", "queue"),
    "PermissionsRefused": AlarmRule("security_breach", "WARNING", "permissions"),
    "PersonErasureFails": AlarmRule("work_stuck", "ERROR", "function.persons-erasure"),
    "QueueLate": AlarmRule("work_stuck", "ERROR", "queue-late"),
    "RedriveFails": AlarmRule("work_stuck", "ERROR", "function.dead-letters-redrive"),
    "RotationFailed": AlarmRule("work_stuck", "ERROR", "function.tokens-rotation"),
    "ScoringMemoryHigh": AlarmRule("error_detected", "WARNING", "function.scoring-api.memory"),
    "ScoringThrottled": AlarmRule("system_down", "CRITICAL", "function.scoring-api"),
    "ServerErrors": AlarmRule("high_error_rate", "CRITICAL", "api"),
    "ServiceDown": AlarmRule("system_down", "CRITICAL", "service"),
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
PER_QUEUE = ("NotDrained", "QueueLate")
"""The alarms of every queue. The rest of the name is the name of the queue."""
_WINDOWS = ("availability", "latency"), ("fast", "slow"), ("long", "short")
"""Objective, rule and window of the alarms over one window. They have no action, and so no entry in ALARMS."""
PAGE = "docs/operations/alarms.md"
"""Page with a section per alarm. The description of an alarm ends with the address of its section."""
OBJECTIVES = "docs/operations/objectives.md#when-you-are-paged"
"""Section for all alarms of objectives."""
_REFERENCE = " See docs/operations/"
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_REGION = re.compile(r"[a-z]{2}-[a-z-]{2,20}-[0-9]")
_UNKNOWN_TITLE = "An alarm of CloudWatch without an entry in Vigil's table fires."


def alarm_suffix(logical_id: str) -> str:
    """Return the end of the name of an alarm, from its logical id: `NotDrained` becomes `not-drained`."""
    return _WORD.sub("-", logical_id).lower()


def alarm_names(queues: Collection[str]) -> frozenset[str]:
    """Return the names of all alarms of a stack with these queues, without the name of the stack."""
    windows = {"-".join(each) for each in product(*_WINDOWS)}
    per_queue = {f"{queue}-{alarm_suffix(each)}" for queue in queues for each in PER_QUEUE}
    return frozenset({alarm_suffix(each) for each in ALARMS if each not in PER_QUEUE} | windows | per_queue)


_BY_SUFFIX = {alarm_suffix(logical_id): logical_id for logical_id in ALARMS}
_SUFFIXES = sorted(_BY_SUFFIX, key=len, reverse=True)


def find_alarm(name: str) -> str | None:
    """Return the logical id of an alarm by its name, `<stack>-<suffix>`, or None for an unknown alarm.

    The longest suffix that fits decides.
    """
    return next((_BY_SUFFIX[each] for each in _SUFFIXES if name == each or name.endswith(f"-{each}")), None)


def alarm_event(document: Mapping[str, Any]) -> AlertEvent | None:
    """Return the alert event of the operators for a CloudWatch alarm, or None if it changes no alert.

    `document` is the alarm's message inside the SNS notification. The state ALARM fires and OK clears. None stands for
    INSUFFICIENT_DATA, and for OK of an alarm whose alert a person ends. An alarm without an entry in ALARMS is
    `work_stuck` with the severity ERROR.

    Raises UnreadableMessage for a missing name, an unknown state or a malformed time. Source:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-notification-schemas.html
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
        facts=(("alarm", name[:MAX_TEXT]), *_help(name)),
        link=_link(document, name),
    )


def _rule(name: str) -> AlarmRule:
    logical_id = find_alarm(name)
    if logical_id is None:
        return AlarmRule("work_stuck", "ERROR", as_id(f"alarm.{name}"))
    rule = ALARMS[logical_id]
    if logical_id not in PER_QUEUE:
        return rule
    queue = name.removesuffix(alarm_suffix(logical_id)).rstrip("-")
    return AlarmRule(rule.type, rule.severity, as_id(f"{rule.source}.{queue}"))


def _title(document: Mapping[str, Any], name: str) -> str:
    """Return the description of a known alarm, without its reference. Other descriptions are foreign text."""
    if find_alarm(name) is None or not document.get("AlarmDescription"):
        return _UNKNOWN_TITLE
    return text_of(document, "AlarmDescription").partition(_REFERENCE)[0][:MAX_TEXT]


def _help(name: str) -> tuple[tuple[str, str], ...]:
    """Return the section of the documentation about a known alarm, as a fact of its alert."""
    if (logical_id := find_alarm(name)) is None:
        return ()
    of_objective = ALARMS[logical_id].source.startswith("objective.")
    return (("help", OBJECTIVES if of_objective else f"{PAGE}#{alarm_suffix(logical_id)}"),)


def _link(document: Mapping[str, Any], name: str) -> str:
    """Return the page of an alarm in the console of AWS, or "" if the message has no ARN (MiniStack)."""
    arn = document.get("AlarmArn")
    region = arn.split(":")[3] if isinstance(arn, str) and arn.count(":") >= 6 else ""
    if not _REGION.fullmatch(region):
        return ""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{as_id(name)}"
