"""The schedule that closes months: once a day, one log line."""

from typing import Any

from vigil.costs.closing import Closing
from vigil.platform import correlation
from vigil.platform.telemetry import Telemetry
from vigil.platform.worker import Deadline

_LEAST_SECONDS = 10.0
"""What must be left for another tenant to be begun."""


class ClosingSchedule:
    """Closes what is due."""

    def __init__(self, closing: Closing, telemetry: Telemetry) -> None:
        self._closing = closing
        self._telemetry = telemetry

    def handle(self, _event: Any, context: Any) -> dict[str, int]:
        """Return how many statements and adjustments were made; without time for all, fail and alarm."""
        correlation.begin(None)
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "closing"
        deadline = Deadline.from_context(context)
        try:
            done = self._closing.run(lambda: deadline.remaining() > _LEAST_SECONDS)
            facts.records, facts.status = done.tenants, 200
            return {"statements": done.statements, "adjustments": done.adjustments}
        finally:
            self._telemetry.end(facts, started)
