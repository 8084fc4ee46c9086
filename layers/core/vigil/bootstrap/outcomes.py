"""Wiring of outcomes."""

from typing import TYPE_CHECKING

from vigil.bootstrap import process, scoring

if TYPE_CHECKING:
    from vigil.decisions.outcomes.service import Outcomes


@process.once
def api() -> process.Handler:
    """Return the Lambda entry of the outcomes API."""
    from vigil.decisions.outcomes import routes

    return process.api([routes.router], outcomes=service(), cursors=process.cursors(), claims=process.claims())


@process.once
def service() -> "Outcomes":
    """Return the service of outcomes."""
    from vigil.decisions.outcomes.service import Outcomes
    from vigil.decisions.outcomes.store import DynamoOutcomes

    reports = DynamoOutcomes(process.client("dynamodb"), process.settings().outcomes_table)
    return Outcomes(scoring.ledger(), reports, process.now)
