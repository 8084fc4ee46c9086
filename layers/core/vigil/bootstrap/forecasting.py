"""Wiring of what is unusual of spend, and of where it will end."""

from typing import TYPE_CHECKING

from vigil.bootstrap import costs, events, process

if TYPE_CHECKING:
    from vigil.money.forecasting.checks import AnomalyCheck
    from vigil.money.forecasting.service import Anomalies, Projections
    from vigil.money.forecasting.store import DynamoAnomalies


def anomalies() -> "Anomalies":
    """Return the service of anomalies."""
    from vigil.money.forecasting.service import Anomalies

    return Anomalies(_store(), costs.costs(), process.now)


def projections() -> "Projections":
    """Return the service of projections."""
    from vigil.money.forecasting.service import Projections

    return Projections(costs.costs(), process.now)


@process.once
def watch() -> "AnomalyCheck":
    """Return what looks after spend."""
    from vigil.money.forecasting.checks import AnomalyCheck

    return AnomalyCheck(_store(), costs.costs(), events.bus("vigil.costs"), process.now)


@process.once
def _store() -> "DynamoAnomalies":
    from vigil.money.forecasting.store import DynamoAnomalies

    return DynamoAnomalies(process.client("dynamodb"), process.settings().costs_table)
