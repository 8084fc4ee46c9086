"""Wires the API of health reports and findings."""

from vigil.bootstrap import monitoring, process


@process.entry(
    "cursor_secret_arn", "event_bus", "idempotency_table", "limits_table", "model_keys", "monitoring_table",
    "packages_bucket", "registry_table",
)  # fmt: skip
def monitoring_api() -> process.Handler:
    """Return the Lambda entry of the API of health reports and findings."""
    from vigil.monitoring.drift.service import DriftBaselines
    from vigil.monitoring.findings import routes as finding_routes
    from vigil.monitoring.findings.service import Findings
    from vigil.monitoring.report import routes as report_routes

    baselines = DriftBaselines(monitoring.drift_states())
    return process.api(
        [report_routes.router, finding_routes.router],
        reports=monitoring.reports(),
        findings=Findings(monitoring.findings(), baselines, monitoring.finding_alerts(), process.now),
        cursors=process.cursors(),
        claims=process.claims(),
    )
