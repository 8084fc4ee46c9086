"""The eraser's turn: one run, one log line."""

from typing import Any

from vigil.platform import correlation
from vigil.platform.telemetry import Telemetry
from vigil.tenancy.offboarding.service import Eraser


class Erasing:
    """Runs the offboarding of all tenants that leave and tells how many were closed."""

    def __init__(self, eraser: Eraser, telemetry: Telemetry) -> None:
        self._eraser = eraser
        self._telemetry = telemetry

    def handle(self, event: Any, context: Any) -> dict[str, list[str]]:
        """Go on with every erasure; raise Unavailable if one of them stopped at a store that was away."""
        correlation.begin(event.get("id"))
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "offboarding"
        try:
            closed = self._eraser.run(lambda: context.get_remaining_time_in_millis() / 1e3)
            facts.status, facts.records = 200, len(closed)
        finally:
            self._telemetry.end(facts, started)
        return {"closed": list(closed)}
