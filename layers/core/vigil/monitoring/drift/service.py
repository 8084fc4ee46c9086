"""New baselines of drift after a change that people accept."""

from vigil.errors import Conflict
from vigil.monitoring.drift.ports import DriftStateStore
from vigil.monitoring.drift.state_model import baseline_start
from vigil.monitoring.findings.model import Finding


class DriftBaselines:
    """Baselines of drift of the models of all tenants."""

    def __init__(self, states: DriftStateStore) -> None:
        self._states = states

    def restart(self, tenant_id: str, model: str, finding: Finding) -> None:
        """Start a new baseline of the finding's version and source on the day after the last judged one.

        A second call starts the baseline once more. Raises Conflict if there is no saved state, or if another process
        started a baseline meanwhile. Raises Unavailable.
        """
        place = tenant_id, model, finding.version, finding.source
        state = self._states.load(*place)
        if state is None:
            raise Conflict("This version has no baseline of drift any more; acknowledge the finding instead.")
        start = baseline_start(state.revision + 1, after=state.through)
        self._states.save(*place, start, ())
