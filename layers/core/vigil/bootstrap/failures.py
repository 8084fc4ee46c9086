"""Wires failures: the intake of log entries, and the API."""

from typing import TYPE_CHECKING

from vigil.bootstrap import breakers, outbound, process, stores

if TYPE_CHECKING:
    from vigil.operations.failures.ports import FindingExporter
    from vigil.operations.failures.store import DynamoFailures


@process.entry("cursor_secret_arn", "failures_table", "idempotency_table", "limits_table")
def failures_api() -> process.Handler:
    """Return the Lambda entry of the API of failures."""
    from vigil.operations.failures import routes
    from vigil.operations.failures.service import Failures

    failures = Failures(failure_table(), process.now)
    return process.api([routes.router], failures=failures, cursors=process.cursors(), claims=process.claims())


@process.entry("failures_table", *breakers.NEEDS)
def failures_intake() -> process.Handler:
    """Return the Lambda entry of the subscriptions to log groups."""
    from time import sleep

    from vigil.operations.failures.intake import FailureIntake
    from vigil.operations.failures.stream import FailureStream

    intake = FailureIntake(failure_table(), stores.event_bus("vigil.failures"), _exporters(), sleep)
    telemetry = process.telemetry()
    return telemetry.wrap(FailureStream(intake, telemetry).handle)


@process.once
def failure_table() -> "DynamoFailures":
    """Return the store of groups of failures."""
    from vigil.operations.failures.store import DynamoFailures

    return DynamoFailures(process.client("dynamodb"), process.settings().failures_table, process.now)


def _exporters() -> "list[FindingExporter]":
    """Return the exporter to Sentry if the deployment has a project there."""
    from vigil.operations.failures.sentry import SentryExporter, SentryProject

    settings, telemetry = process.settings(), process.telemetry()
    if settings.sentry_dsn is None:
        return []
    address, public_key = settings.sentry_dsn
    project = SentryProject(address, public_key, settings.stage)
    guard = breakers.circuit_breakers()
    return [SentryExporter(project, outbound.outbound(), guard, lambda: telemetry.log_degradation("FindingsLost"))]
