"""Wiring of scoring and its ledger."""

from typing import TYPE_CHECKING

from vigil.bootstrap import documented, flags, models, process, quota, subjects

if TYPE_CHECKING:
    from vigil.decisions.scoring.service import Scoring
    from vigil.decisions.scoring.store import DynamoLedger


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the scoring API, its models loaded."""
    from vigil.decisions.scoring import routes as scoring_routes
    from vigil.operations.health import routes as health_routes
    from vigil.operations.health.service import Health
    from vigil.prediction.features.service import get_feature_set
    from vigil.prediction.packages import routes as registry_routes
    from vigil.web import swagger

    registry = models.registry()
    registry.preload()
    flags.service().preload()
    return process.api(
        [scoring_routes.router, registry_routes.router, health_routes.router, swagger.router],
        scoring=service(),
        registry=registry,
        history_schema=lambda name: get_feature_set(name).schema(),
        cursors=process.cursors(),
        health=Health({"models": registry.check_champions, "ledger": ledger().check}),
        documented=documented.routers,
    )


@process.once
def service() -> "Scoring":
    """Return the scoring service."""
    from vigil.decisions.scoring.service import Scoring
    from vigil.prediction.features.service import get_feature_set

    window = process.settings().idempotency_window
    return Scoring(models.registry(), get_feature_set, ledger(), process.now, window, flags.service().switches)


@process.once
def ledger() -> "DynamoLedger":
    """Return the ledger of decisions."""
    from vigil.decisions.scoring.store import DynamoLedger

    client, table = process.client("dynamodb"), process.settings().decisions_table
    return DynamoLedger(client, table, quota.store(), quota.stops(), subjects.consents())
