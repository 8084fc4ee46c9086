"""Wires the checks of runbooks to the sources that they read."""

import json
from typing import TYPE_CHECKING, Any

from vigil.bootstrap import access, decisions, failures, operations, outbound, prediction, process, remedies
from vigil.errors import ModelRefused
from vigil.runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vigil.operations.diagnosis.model import ChampionState, KnownFailure, PastDecision
    from vigil.operations.diagnosis.ports import AlarmStates, MetricTotals, ReadinessProbe
    from vigil.operations.incidents.steps_model import Check, Evidence, Scope

    Collected = Mapping[str, tuple[Callable[[Scope], Evidence], str]]
    """Functions that collect evidence, and the subject of the sentence for a missing answer, by check."""

NEEDS = (
    *remedies.NEEDS,
    *("dead_letters_table", "decisions_table", "failures_table", "incident_steps_queue"),
    *("subjects_table", "tenant_keys_table", "usage_table"),
)
"""Settings that a function with these checks cannot start without."""
_MAX_TENANTS = 50
"""Maximum tenants whose recent decisions are read."""
_TABLE = "_table"
"""End of the names of settings with tables."""
_OWN_QUEUE = "incident-steps"
"""Queue of the worker. The URLs of all queues differ in their last name only, and 4 KB of variables hold few URLs."""


@process.once
def checks() -> "Mapping[str, Check]":
    """Return the checks of the runbooks by name."""
    from vigil.operations.diagnosis.service import SafeCheck

    collected: Collected = {
        **_service_checks(),
        **_error_checks(),
        **_model_checks(),
        **_data_checks(),
        **_breach_checks(),
    }
    return {name: SafeCheck(collect, source) for name, (collect, source) in collected.items()}


def _service_checks() -> "Collected":
    from vigil.operations.diagnosis.availability_service import AvailabilityChecks

    functions = remedies.functions()
    found = AvailabilityChecks(_probe(), _alarms(), _metrics(), functions, functions.lambda_name, process.now)
    return {
        "api_health": (found.is_ready, "The API"),
        "ready_in_a_row": (found.is_ready, "The API"),
        "errors_and_throttles": (found.errors_and_throttles, "CloudWatch"),
        "last_deployment": (found.last_deployment, "Lambda"),
    }


def _error_checks() -> "Collected":
    from vigil.operations.diagnosis.error_rates_service import ErrorRateChecks

    api = (("ApiName", process.settings().stack_name), ("Stage", process.settings().stage))
    found = ErrorRateChecks(_metrics(), _OpenFailures(), operations.circuits(), access.tenants(), api)
    return {
        "error_rate_by_route": (found.error_rate_by_route, "CloudWatch"),
        "rate_below_threshold": (found.rate_below_threshold, "CloudWatch"),
        "newest_error_groups": (found.newest_error_groups, "The table of errors"),
        "circuits": (found.circuits, "The table of circuits or of tenants"),
    }


def _model_checks() -> "Collected":
    from vigil.operations.diagnosis.models_service import ModelChecks

    found = ModelChecks(_Champions(), _PastDecisions(), _alarms())
    return {
        "package_and_golden_rows": (found.package_and_golden_rows, "The store of packages"),
        "refusals_and_abstention": (found.refusals_and_abstention, "The ledger or CloudWatch"),
        "replay_recent_decisions": (found.replay_recent_decisions, "The ledger or the store of packages"),
    }


def _data_checks() -> "Collected":
    from vigil.operations.diagnosis.data_service import DataChecks
    from vigil.operations.diagnosis.data_store import DynamoProbes, SqsDepths

    tables = {name.removesuffix(_TABLE): value for name, value in _named(_TABLE).items()}
    begin = process.settings().incident_steps_queue.removesuffix(_OWN_QUEUE)
    queues = {name: f"{begin}{name}" for name in operations.QUEUES}
    probes = DynamoProbes(process.client("dynamodb"), tables)
    found = DataChecks(probes, SqsDepths(process.client("sqs"), queues), operations.dead_letter_jobs(), _metrics())
    return {
        "tables_answer": (found.tables_answer, "DynamoDB"),
        "table_throttles": (found.table_throttles, "CloudWatch"),
        "queues_and_dead_letters": (found.queues_and_dead_letters, "SQS or the table of jobs"),
        "restore_window": (found.restore_window, "DynamoDB"),
    }


def _breach_checks() -> "Collected":
    from vigil.operations.diagnosis.breaches_service import BreachChecks

    found = BreachChecks(access.tenants(), access.keys(), _metrics(), _alarms())
    return {
        "scope_of_breach": (found.scope_of_breach, "The access table or CloudWatch"),
        "audit_and_isolation": (found.audit_and_isolation, "CloudWatch"),
    }


def _probe() -> "ReadinessProbe":
    """Return the probe from outside, or the probe of the function in a deployment without a public address."""
    from vigil.operations.diagnosis.probes_store import FunctionProbe, HttpsProbe

    address = process.settings().api_address
    return (
        HttpsProbe(outbound.outbound_to_own_api(), address) if address else FunctionProbe(remedies.functions().invoke)
    )


@process.once
def _alarms() -> "AlarmStates":
    from vigil.alerting.sources.alarms_model import alarm_names
    from vigil.operations.diagnosis.cloudwatch_store import CloudWatchAlarms

    names = alarm_names(operations.QUEUES)
    return CloudWatchAlarms(process.client("cloudwatch"), process.settings().stack_name, names)


@process.once
def _metrics() -> "MetricTotals":
    from vigil.operations.diagnosis.cloudwatch_store import CloudWatchTotals

    return CloudWatchTotals(process.client("cloudwatch"), process.settings().stack_name, process.now)


def _named(end: str) -> dict[str, str]:
    """Return the settings of this function whose names have an end, by name."""
    values = {name: process.settings().get(name, "") for name in Settings.names() if name.endswith(end)}
    return {name: value for name, value in values.items() if value}


class _OpenFailures:
    """Open groups of errors. Its method raises Unavailable."""

    def newest(self, limit: int) -> "Sequence[KnownFailure]":
        """Return at most `limit` open groups of errors, latest failure first."""
        from vigil.operations.diagnosis.model import KnownFailure

        groups = failures.failure_table().page("open", None, limit).groups
        return [
            KnownFailure(
                group.failure_id,
                "regressed" if group.regressed_at else group.state,
                group.signature.title,
                group.last_seen,
            )
            for group in groups
        ]


class _Champions:
    """Champions of models. Every method raises Unavailable."""

    def names(self) -> "Sequence[str]":
        """Return the names of all models with a champion in service, sorted."""
        return prediction.registry().model_names()

    def check(self, name: str) -> "ChampionState | None":
        """Verify the package of a champion with its golden rows, and return the champion's state.

        A refused package is the `refusal` of the state and no error. Return None for a model without a champion, and
        for a withdrawn champion. Each call reads the package again, because a registry stores a loaded model.
        """
        from vigil.operations.diagnosis.model import ChampionState
        from vigil.prediction.packages.ports import CHAMPION

        publisher = prediction.publisher(prediction.pinned_keys())
        champion = publisher.pointers(name).get(CHAMPION)
        if champion is None or champion.share is None:
            return None
        try:
            publisher.verify(name, champion.version, digest=champion.digest, floor=champion.floor)
        except ModelRefused as refused:
            return ChampionState(champion.version, refused.reason)
        return ChampionState(champion.version)


class _PastDecisions:
    """Decisions of all tenants. Every method raises Unavailable."""

    def recent(self, model: str, limit: int) -> "Sequence[PastDecision]":
        """Return at most `limit` decisions of a model, the latest first.

        The latest `limit` decisions of each of up to 50 tenants are read, and then filtered by the model. So the result
        may be shorter, and may be empty for a model that is rarely used.
        """
        from itertools import islice

        found = [
            decision
            for tenant_id in islice(access.tenants().ids(), _MAX_TENANTS)
            for text in decisions.scoring().page(tenant_id, None, None, limit).summaries
            if (decision := _decision(tenant_id, json.loads(text), model))
        ]
        return sorted(found, key=lambda each: each.created_at, reverse=True)[:limit]

    def is_reproduced(self, decision: "PastDecision") -> bool:
        """Score a decision again; return True if the answer has the same bytes. Raises ModelRefused and NotFound."""
        row, body = decisions.scoring().replay(decision.tenant_id, decision.decision_id)
        return row.body == body


def _decision(tenant_id: str, summary: "Mapping[str, Any]", model: str) -> "PastDecision | None":
    """Return the decision of a list entry without its subject; None for another model."""
    from vigil.operations.diagnosis.model import PastDecision

    if summary["model"]["name"] != model:
        return None
    version, is_abstention = summary["model"]["version"], summary["decision"] == "abstain"
    return PastDecision(tenant_id, summary["decision_id"], version, summary["created_at"], is_abstention)
