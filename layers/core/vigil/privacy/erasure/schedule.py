"""Scheduled Lambda handler of erasures: one run, one log line."""

from typing import Any

from vigil.privacy.erasure.service import Eraser
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry


class ErasureSchedule:
    """Continues the erasures of tenants or of persons, and logs the number of completed ones."""

    def __init__(self, eraser: Eraser, telemetry: Telemetry, route: str) -> None:
        self._eraser = eraser
        self._telemetry = telemetry
        self._route = route

    def handle(self, event: Any, context: Any) -> dict[str, list[str]]:
        """Continue every open erasure and return the ids of the completed ones under `closed`.

        Raises Unavailable at the end if a store was unavailable for one of them; the others still continue.
        """
        correlation.start(event.get("id"))
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = self._route
        try:
            closed = self._eraser.run(lambda: context.get_remaining_time_in_millis() / 1e3)
            facts.status, facts.records = 200, len(closed)
        finally:
            self._telemetry.end(facts, started)
        return {"closed": list(closed)}
