"""Wiring of feature flags."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process

if TYPE_CHECKING:
    from vigil.access.flags.service import Flags


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the API of feature flags."""
    from vigil.access.flags import routes

    return process.api([routes.router], flags=service(), claims=process.claims())


@process.once
def service() -> "Flags":
    """Return the feature flags of this process."""
    from vigil.access.flags.service import Flags
    from vigil.access.flags.store import DynamoFlags, powertools_evaluator

    config = process.settings()
    store = DynamoFlags(process.client("dynamodb"), config.flags_table)
    return Flags(
        store, powertools_evaluator, config.stage, process.now, config.flags_ttl, process.telemetry().log_degradation
    )
