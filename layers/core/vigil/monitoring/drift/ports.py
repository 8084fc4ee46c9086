"""Ports of drift: the store of the states of judges."""

from collections.abc import Sequence
from typing import Protocol

from vigil.monitoring.drift.state_model import DriftState
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.profiles.model import Source


class DriftStateStore(Protocol):
    """States of drift of the models of all tenants, one per version and source. Both methods raise Unavailable."""

    def load(self, tenant_id: str, model: str, version: int, source: Source) -> DriftState | None:
        """Return the last saved state, read consistently, or None before the first one.

        A state of an earlier format, or one after `DriftBaselines.restart`, has no sensors. The judge starts again
        then.
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
        """Save a state with the findings since the last save, all or nothing. A finding that is stored already stays.

        `findings` has at most `MAX_FINDINGS_PER_SAVE` (50). A new baseline is `baseline_start` with the next revision.
        Raises Conflict if the saved state has a higher revision.
        """
        ...
