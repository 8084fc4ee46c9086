"""Scheduled collection, every minute, with one log line per run."""

from collections.abc import Callable
from typing import Any

from vigil.errors import Unavailable
from vigil.operations.metrics.service import Collector
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry


class ScheduledCollection:
    """Collects the metrics, then evaluates the objectives over them with `watch`, which returns published events."""

    def __init__(self, collector: Collector, watch: Callable[[], int], telemetry: Telemetry) -> None:
        self._collector = collector
        self._watch = watch
        self._telemetry = telemetry

    def handle(self, event: Any, _: Any) -> dict[str, int]:
        """Run once and return the numbers of collected sources and of published events.

        Raises Unavailable at the end if a source is away, and if the objectives cannot be evaluated.
        """
        correlation.start(event.get("id"))
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "metrics"
        try:
            summary = self._collector.run()
            told = self._watch()
            facts.records, facts.failed = len(summary.collected), len(summary.away)
            facts.status = 503 if summary.away else 200
        finally:
            self._telemetry.end(facts, started)
        if summary.away:
            raise Unavailable(f"Sources of metrics were away: {', '.join(summary.away)}. The next run collects again.")
        return {"collected": len(summary.collected), "told": told}
