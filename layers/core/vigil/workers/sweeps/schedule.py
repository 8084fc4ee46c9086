"""The schedule of a job that goes round all tenants: as far as there is time, one log line for each run."""

from typing import Any

from vigil.errors import Unavailable
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry
from vigil.workers.sweeps.service import Rounds
from vigil.workers.worker_loop import Deadline

_LEAST_SECONDS = 10.0
"""What must be left for another tenant to have its turn."""


class RoundsSchedule:
    """Goes on with the rounds of one job."""

    def __init__(self, name: str, rounds: Rounds, telemetry: Telemetry) -> None:
        self._name = name
        self._rounds = rounds
        self._telemetry = telemetry

    def handle(self, _event: Any, context: Any) -> dict[str, int]:
        """Return how many tenants had a turn, for how many it failed, and what was done for the others.

        Who fails has another turn in a later run. Raises Unavailable, when all that can be done is done, where that was
        in vain as well, and where a round takes too long: the alarms are on the function's errors.
        """
        correlation.begin(None)
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = self._name
        deadline = Deadline.from_context(context)

        def blame(tenant_id: str, error: Exception) -> None:
            facts.target_tenant = tenant_id
            facts.blame(error)

        try:
            run = self._rounds.run(lambda: deadline.remaining() > _LEAST_SECONDS, blame)
            facts.records, facts.failed, facts.mismatches = run.tenants, run.failed, run.did.get("mismatches")
            if run.lost:
                raise Unavailable(f"{run.lost} tenants failed twice in this round.")
            if self._rounds.is_late(run):
                raise Unavailable(f"The round of {run.open_since} is not over.")
            facts.status = 503 if run.failed else 200
            return {"tenants": run.tenants, "failed": run.failed, **run.did}
        finally:
            self._telemetry.end(facts, started)
