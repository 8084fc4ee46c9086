"""Wires the monitoring of models: the nightly sweep and its stores."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vigil.bootstrap import access, prediction, process, stores

if TYPE_CHECKING:
    from vigil.decisions.scoring.model import LedgerRow
    from vigil.monitoring.drift.store import DynamoDriftStates
    from vigil.monitoring.findings.ports import FindingAlerts
    from vigil.monitoring.findings.store import DynamoFindings
    from vigil.monitoring.nightly.counting_service import DayCounting
    from vigil.monitoring.nightly.service import Reviews
    from vigil.monitoring.nightly.store import DynamoProgress
    from vigil.monitoring.performance.store import DynamoCohorts
    from vigil.monitoring.profiles.store import DynamoProfiles
    from vigil.monitoring.report.metrics_service import ModelMetrics
    from vigil.monitoring.report.packaged_models import PackagedModels
    from vigil.monitoring.report.service import HealthReports
    from vigil.monitoring.trials.store import DynamoTrials
    from vigil.prediction.engines.contract import ModelContract


@process.entry(
    "access_table", "batches_bucket", "batches_table", "decisions_table", "event_bus", "model_keys",
    "monitoring_table", "outcomes_table", "packages_bucket", "registry_table", "subjects_table", "tenant_keys_table",
    "usage_table",
)  # fmt: skip
def monitoring_sweep() -> process.Handler:
    """Return the Lambda entry of the schedule that counts and judges the decisions of ended days."""
    from vigil.monitoring.nightly.service import MonitoringSweep

    sweep = MonitoringSweep(_counting(), _reviews(), models(), progress(), findings(), finding_alerts(), process.now)
    return process.sweep("nightly", sweep, process.settings().monitoring_table, access.tenants().ids)


@process.once
def reports() -> "HealthReports":
    """Return the service of health reports."""
    from vigil.monitoring.report.service import HealthReports, MonitoringStores

    read = MonitoringStores(profiles(), drift_states(), cohorts(), findings(), trials())
    return HealthReports(models(), read, process.now)


@process.once
def models() -> "PackagedModels":
    """Return the versions of models, read from their signed packages."""
    from vigil.monitoring.report.packaged_models import PackagedModels

    return PackagedModels(prediction.describe_package, stores.catalogue())


@process.once
def profiles() -> "DynamoProfiles":
    """Return the store of profiles."""
    from vigil.monitoring.profiles.store import DynamoProfiles

    return DynamoProfiles(process.client("dynamodb"), process.settings().monitoring_table)


@process.once
def cohorts() -> "DynamoCohorts":
    """Return the store of cohorts."""
    from vigil.monitoring.performance.store import DynamoCohorts

    return DynamoCohorts(process.client("dynamodb"), process.settings().monitoring_table)


@process.once
def findings() -> "DynamoFindings":
    """Return the store of findings."""
    from vigil.monitoring.findings.store import DynamoFindings

    return DynamoFindings(process.client("dynamodb"), process.settings().monitoring_table)


@process.once
def trials() -> "DynamoTrials":
    """Return the store of weighed trials."""
    from vigil.monitoring.trials.store import DynamoTrials

    return DynamoTrials(process.client("dynamodb"), process.settings().monitoring_table)


@process.once
def drift_states() -> "DynamoDriftStates":
    """Return the store of states of drift."""
    from vigil.monitoring.drift.store import DynamoDriftStates

    return DynamoDriftStates(process.client("dynamodb"), process.settings().monitoring_table, findings())


@process.once
def finding_alerts() -> "FindingAlerts":
    """Return the alerts about findings."""
    from vigil.monitoring.findings.alerts_service import PublishedFindingAlerts

    return PublishedFindingAlerts(findings(), stores.event_bus("vigil.monitoring").publish_one)


@process.once
def progress() -> "DynamoProgress":
    """Return the store of the progress of the nightly sweep."""
    from vigil.monitoring.nightly.store import DynamoProgress

    return DynamoProgress(process.client("dynamodb"), process.settings().monitoring_table)


def _metrics() -> "ModelMetrics":
    from vigil.monitoring.report.metrics_service import ModelMetrics

    def observe(model: str, measures: Mapping[str, float]) -> None:
        process.telemetry().log_measures("ModelHealth", about=("model", model), measures=measures)

    return ModelMetrics(reports(), observe)


def _counting() -> "DayCounting":
    from vigil.monitoring.nightly.batch_service import BatchDays
    from vigil.monitoring.nightly.counting_service import DayCounting

    batches = BatchDays(stores.scored_chunks())
    return DayCounting(stores.ledger(), batches, models(), _groups_of, profiles(), progress(), progress())


def _reviews() -> "Reviews":
    from vigil.decisions.outcomes.store import DynamoOutcomes
    from vigil.monitoring.nightly.batch_due_service import BatchDueDecisions
    from vigil.monitoring.nightly.drift_service import DriftReview
    from vigil.monitoring.nightly.due_service import LedgerDueDecisions
    from vigil.monitoring.nightly.fairness_service import FairnessReview
    from vigil.monitoring.nightly.labels_service import LabelReview
    from vigil.monitoring.nightly.service import Reviews
    from vigil.monitoring.nightly.trials_service import TrialReview

    outcomes = DynamoOutcomes(process.client("dynamodb"), process.settings().outcomes_table)
    single = LedgerDueDecisions(stores.ledger(), progress(), outcomes, models(), _groups_of)
    batch = BatchDueDecisions(
        stores.scored_chunks(), stores.joined_rows(), outcomes, models(), _is_completed, process.now
    )
    return Reviews(
        labels=LabelReview({"single": single, "batch": batch}, cohorts(), findings(), progress(), process.now),
        drift=DriftReview(profiles(), drift_states()),
        fairness=FairnessReview(profiles(), cohorts(), findings(), progress()),
        trials=TrialReview(prediction.trial_outcomes(), trials(), models(), findings(), progress()),
        metrics=_metrics(),
    )


def _is_completed(tenant_id: str, batch_id: str) -> bool:
    """Return True if a batch has results."""
    batch = stores.batches().get(tenant_id, batch_id)
    return batch is not None and batch.state in {"completed", "completed_with_errors"}


def _groups_of(row: "LedgerRow", contract: "ModelContract") -> Mapping[str, str]:
    """Return the value of each known attribute of a decision. Only a model with groups needs the key of the tenant."""
    from vigil.decisions.scoring.decision_groups import groups_of

    return groups_of(row, contract, stores.tenant_key(row.tenant_id)) if contract.groups else {}
