"""Words and JSON of a simulation, and words of the difference of two periods."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rich.text import Text

from models.production import ProductionPlan
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.findings.words_model import next_step
from vigil.monitoring.report.model import HealthReport
from vigil.monitoring.report.schemas import HealthReportView
from vigil.prediction.features.feature_spec import FeatureSpec

if TYPE_CHECKING:  # the classifier loads LightGBM, which a simulation does not need
    from cli.monitoring.domain_classifier import Difference

MAX_FEATURES = 10
"""Maximum features of a difference that are printed."""


def write_simulation(plan: ProductionPlan, findings: Sequence[Finding], report: HealthReport) -> Iterator[Text]:
    """Yield the lines that describe a simulation and its findings, in the given order."""
    yield Text.assemble(
        (f"{report.model} version {report.version}", "bold"),
        f": {plan.days} simulated days until {report.until}, {describe_drift(plan)}",
    )
    yield Text(report.status.headline, style="bold")
    for finding in findings:
        yield from write_finding(plan, finding, report.until)
    if not findings:
        yield Text("There is nothing to do.")


def write_finding(plan: ProductionPlan, finding: Finding, until: str) -> Iterator[Text]:
    """Yield two lines: a finding with the number of its day, and its next step.

    `until` is the last simulated day (`2026-11-21`).
    """
    day = day_number(plan, finding, until)
    yield Text.assemble((f"day {day}{_delay(plan, finding, day)}: ", "bold"), finding.text)
    yield Text(f"  next step: {next_step(finding)}")


def describe_drift(plan: ProductionPlan) -> str:
    """Return the planted drift of a plan in words: its name and first day, or that there is none."""
    return f"planted drift {plan.drift} from day {plan.drift_day} on" if plan.drift else "no planted drift"


def day_number(plan: ProductionPlan, finding: Finding, until: str) -> int:
    """Return the number of a finding's day, from 1 to `plan.days`; `until` is the last simulated day (`2026-11-21`)."""
    return plan.days - (date.fromisoformat(until) - date.fromisoformat(finding.day)) // timedelta(days=1)


def to_json(plan: ProductionPlan, findings: Sequence[Finding], report: HealthReport) -> dict[str, Any]:
    """Return plan, findings and report as values of JSON. Counts are hidden and rounded as in the report."""
    return {
        "seed": plan.seed,
        "days": plan.days,
        "rows_per_day": plan.rows_per_day,
        "drift": {"name": plan.drift, "day": plan.drift_day} if plan.drift else None,
        "findings": [
            {
                "day_number": day_number(plan, finding, report.until),
                "day": finding.day,
                "since": finding.since,
                "family": finding.family,
                "kind": finding.kind,
                "subjects": list(finding.subjects),
                "text": finding.text,
                "next_step": next_step(finding),
            }
            for finding in findings
        ],
        "report": HealthReportView.from_report(report).model_dump(mode="json"),
    }


def write_difference(found: "Difference", specs: Sequence[FeatureSpec]) -> Iterator[Text]:
    """Yield the lines that describe the difference of two periods, without counts.

    A visible difference has at most 10 features, the strongest first, each with at least 0.5 % of the gain.
    """
    auc = found.auc
    span = "" if auc.low is None or auc.high is None else f" ({auc.low:.2f} to {auc.high:.2f})"
    verdict = "the periods differ" if found.is_visible else "no visible difference"
    yield Text.assemble((verdict, "bold"), f": the area under the curve is {auc.value:.2f}{span}; 0.50 is chance alone")
    if not found.is_visible:
        return
    labels = {spec.name: spec.label for spec in specs}
    for name, share in found.importances[:MAX_FEATURES]:
        if share >= 0.005:
            yield Text(f"  {share:4.0%}  {name}: {labels[name]}")


def _delay(plan: ProductionPlan, finding: Finding, day: int) -> str:
    """Return the days since the planted drift, for findings of drift that follow it."""
    if not plan.drift or day < plan.drift_day or finding.family not in {"covariates", "predictions"}:
        return ""
    return f", {day - plan.drift_day} days after the drift began"
