"""Metrics of models in production, from published reports alone, so that they show no hidden count."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from vigil.monitoring.report.model import HealthReport
from vigil.monitoring.report.service import HealthReports, ReportRequest

MeasureObserver: TypeAlias = Callable[[str, Mapping[str, float]], None]
"""Function that receives the name of a model and its measures by metric."""


class ModelMetrics:
    """Publisher of the measures of health reports, one tenant at a time. No tenant is part of a metric."""

    def __init__(self, reports: HealthReports, observe: MeasureObserver) -> None:
        self._reports = reports
        self._observe = observe

    def report_metrics(self, tenant_id: str, wanted: ReportRequest) -> None:
        """Pass the model's name and the measures of a report to the observer. Raises as `HealthReports.report`."""
        report = self._reports.report(tenant_id, wanted)
        self._observe(report.model, model_measures(report))


def model_measures(report: HealthReport) -> dict[str, float]:
    """Return the measures of a report by metric: `OpenFindings`, and `ModelAuc` if a shown value exists.

    `ModelAuc` is the confirmed area under the curve, otherwise the estimated one.
    """
    measures = {"OpenFindings": float(len(report.status.findings))}
    for performance in (report.confirmed, report.estimated):
        for measure in performance.measures if performance else ():
            if measure.name == "auc" and measure.estimate.value is not None:
                measures.setdefault("ModelAuc", measure.estimate.value)
    return measures
