"""The five runbooks as data: their steps, the minutes of each, and the checks and actions that a step uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

IncidentType = Literal["service_down", "high_error_rate", "model_failure", "database_issue", "security_breach"]
"""Type of an incident. Each type has one runbook."""
StepKind = Literal["check", "action", "manual"]
"""Kind of a step. A check reads, an action changes after a dry run and a confirmation, a person signs a manual one."""
FailureRule = Literal["stop", "continue", "escalate"]
"""Consequence of a failed step.

`stop`: the next step waits until this one is done or skipped. `continue`: the result is a finding. `escalate`: the
incident escalates.
"""


@dataclass(frozen=True, slots=True)
class RunbookStep:
    """One step of a runbook.

    `uses` names one check, or the actions of which a person chooses one. A check with `repeats` above 1 must pass so
    many times in a row within its `minutes`.
    """

    kind: StepKind
    title: str
    minutes: int
    uses: tuple[str, ...] = ()
    on_failure: FailureRule = "continue"
    repeats: int = 1
    needs_second_person: bool = False
    """True if a second person must confirm the action. See `authors_model`."""


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook: its steps in order, and the minutes after which an open incident escalates."""

    type: IncidentType
    title: str
    minutes: int
    alert_type: str
    """Type of the alert of its escalation. `alerts_model` has the alerts that open an incident."""
    steps: tuple[RunbookStep, ...]


_SERVICE_DOWN = Runbook(
    type="service_down",
    title="The service does not answer",
    minutes=30,
    alert_type="system_down",
    steps=(
        RunbookStep("check", "Check the health of the API from outside", 3, ("api_health",)),
        RunbookStep("check", "Check errors, throttles and alarms of the functions", 4, ("errors_and_throttles",)),
        RunbookStep("check", "Check the last deployment", 3, ("last_deployment",)),
        RunbookStep("action", "Move the alias back one version", 8, ("function_back_one_version",), "stop"),
        RunbookStep(
            "check", "Check that the API is ready three minutes in a row", 8, ("ready_in_a_row",), "escalate", 3
        ),
        RunbookStep("manual", "Tell the tenants, and sign off", 4),
    ),
)
_HIGH_ERROR_RATE = Runbook(
    type="high_error_rate",
    title="Too many requests fail",
    minutes=30,
    alert_type="high_error_rate",
    steps=(
        RunbookStep("check", "Check the error rate of each route", 3, ("error_rate_by_route",)),
        RunbookStep("check", "Check new and regressed groups of errors", 3, ("newest_error_groups",)),
        RunbookStep("check", "Check the circuit breakers", 2, ("circuits",)),
        RunbookStep(
            "action",
            "Open a circuit, turn a flag off, or move the alias back one version",
            6,
            ("circuit_open", "flag_off", "function_back_one_version"),
            "stop",
        ),
        RunbookStep(
            "check",
            "Check that the error rate is low five minutes in a row",
            12,
            ("rate_below_threshold",),
            "escalate",
            5,
        ),
        RunbookStep("manual", "State the cause, and sign off", 4),
    ),
)
_MODEL_FAILURE = Runbook(
    type="model_failure",
    title="A model was refused or cannot decide",
    minutes=90,
    alert_type="model_failure",
    steps=(
        RunbookStep("check", "Check package, signature and golden rows of the model", 10, ("package_and_golden_rows",)),
        RunbookStep("check", "Check refusals and abstentions", 10, ("refusals_and_abstention",)),
        RunbookStep("action", "Move the champion to the last good version", 15, ("champion_to_last_good",), "stop"),
        RunbookStep("check", "Replay 20 recent decisions", 15, ("replay_recent_decisions",), "escalate"),
        RunbookStep("manual", "Let the clinical owner sign off", 40),
    ),
)
_DATABASE_ISSUE = Runbook(
    type="database_issue",
    title="The database fails or is slow",
    minutes=45,
    alert_type="dependency_failure",
    steps=(
        RunbookStep("check", "Check that each table answers, and how fast", 3, ("tables_answer",)),
        RunbookStep("check", "Check throttled requests of the tables", 3, ("table_throttles",)),
        RunbookStep("check", "Check queues and dead letters", 4, ("queues_and_dead_letters",)),
        RunbookStep("action", "Pause the intake of batches", 5, ("intake_paused",), "stop"),
        RunbookStep("check", "Check the restore window of each table", 5, ("restore_window",), "escalate"),
        RunbookStep("manual", "Resume the intake or restore a table, and sign off", 25),
    ),
)
_SECURITY_BREACH = Runbook(
    type="security_breach",
    title="A credential may be stolen, or data may be exposed",
    minutes=120,
    alert_type="security_breach",
    steps=(
        RunbookStep("check", "Check keys, addresses and refusals of 24 hours", 10, ("scope_of_breach",)),
        RunbookStep(
            "action",
            "Revoke keys, or suspend the tenant",
            15,
            ("keys_revoked", "tenant_suspended"),
            "stop",
            needs_second_person=True,
        ),
        RunbookStep(
            "action", "Rotate the signing keys", 15, ("signing_keys_rotated",), "stop", needs_second_person=True
        ),
        RunbookStep("check", "Check the isolation of tenants", 10, ("audit_and_isolation",), "escalate"),
        RunbookStep("manual", "Assess the exposure and its legal deadlines (GDPR 72 hours, HIPAA 60 days)", 40),
        RunbookStep("manual", "Write the report to the owners, and sign off", 30),
    ),
)
RUNBOOKS: Mapping[IncidentType, Runbook] = {
    book.type: book for book in (_SERVICE_DOWN, _HIGH_ERROR_RATE, _MODEL_FAILURE, _DATABASE_ISSUE, _SECURITY_BREACH)
}
"""Runbook of each type of incident."""
