"""Ports of trials: the compared versions, their weighed outcomes, and the store of the last ones."""

from collections.abc import Mapping
from typing import Protocol

from vigil.monitoring.trials.model import WeighedTrial
from vigil.prediction.trials.evidence_model import TrialEvidence


class AliasReader(Protocol):
    """Aliases of models."""

    def aliases(self, model: str) -> Mapping[str, int]:
        """Return the version of each alias that is not withdrawn, such as `champion`. Raises Unavailable."""
        ...


class OutcomeWeigher(Protocol):
    """Outcomes of requests that two versions have answered."""

    def weigh(self, name: str, champion: int, challenger: int, tenant_id: str, decisive: float) -> TrialEvidence | None:
        """Return the evidence of a tenant's requests for and against a challenger; None without labels that become due.

        More requests are read until the evidence for or against the challenger is `decisive`. Raises Unavailable.
        """
        ...


class TrialStore(Protocol):
    """Last weighed trials of the models of all tenants. `load` and `put` raise Unavailable."""

    def load(self, tenant_id: str, model: str, champion: int) -> WeighedTrial | None:
        """Return the last weighed trial beside a version, read consistently; None without one.

        Raises DamagedData for a damaged trial.
        """
        ...

    def put(self, tenant_id: str, model: str, champion: int, trial: WeighedTrial) -> None:
        """Store a trial beside a version in place of the one before."""
        ...
