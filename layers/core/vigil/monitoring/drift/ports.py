"""Ports of drift: the store of the states of judges."""

from collections.abc import Sequence
from typing import Protocol

from vigil.monitoring.drift.state_model import DriftState
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.profiles.model import Source

MAX_FINDINGS_PER_SAVE = 50
"""Maximum findings that are saved with one state; a transaction has at most 100 parts."""


class DriftStateStore(Protocol):
    """States of drift of the models of all tenants, one per version and source. `load` and `save` raise Unavailable."""

    def load(self, tenant_id: str, model: str, version: int, source: Source) -> DriftState | None:
        """Return the last saved state, read consistently; None before the first one.

        A state that is damaged or of an earlier format has no sensors, as one after `DriftBaselines.restart`. The judge
        starts again then. Raises DamagedData if the baseline of the state is not known either.
        """
        ...

    def save(
        self,
        tenant_id: str,
        model: str,
        version: int,
        source: Source,
        state: DriftState,
        findings: Sequence[Finding],
    ) -> None:
        """Save a state in place of the one before, and add the findings since the last save: all or nothing.

        A finding that is stored already is not changed. A new baseline is `baseline_start` with the next revision.
        Raises Conflict if the saved state has a higher revision, and ValueError for more than `MAX_FINDINGS_PER_SAVE`
        (50) findings.
        """
        ...
