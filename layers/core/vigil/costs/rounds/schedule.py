"""The schedule that looks after what tenants spend: every five minutes, one log line."""

from typing import Any

from vigil.costs.rounds.service import Rounds
from vigil.platform import correlation
from vigil.platform.telemetry import Telemetry
from vigil.platform.worker import Deadline

_LEAST_SECONDS = 10.0
"""What must be left for another tenant to be begun."""


class WatchSchedule:
    """Goes round the tenants."""

    def __init__(self, rounds: Rounds, telemetry: Telemetry) -> None:
        self._rounds = rounds
        self._telemetry = telemetry

    def handle(self, _event: Any, context: Any) -> dict[str, int]:
        """Return how many tenants were looked at and what was told; what failed is a metric, and tried again."""
        correlation.begin(None)
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "watch"
        deadline = Deadline.from_context(context)
        try:
            done = self._rounds.run(lambda: deadline.remaining() > _LEAST_SECONDS)
            facts.records, facts.failed = done.tenants, done.failed
            facts.status = 503 if done.failed else 200
            return {"tenants": done.tenants, "told": done.told, "failed": done.failed}
        finally:
            self._telemetry.end(facts, started)
