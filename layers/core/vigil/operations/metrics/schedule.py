"""Scheduled collection, every minute, with one log line per run."""

from collections.abc import Callable
from typing import Any

from vigil.errors import Unavailable
from vigil.operations.metrics.service import Collector
from vigil.runtime import correlation
from vigil.runtime.error_facts import error_fields
from vigil.runtime.telemetry import Telemetry


class ScheduledCollection:
    """Collects the metrics, then evaluates the objectives over them with `watch`, which returns published events."""

    def __init__(self, collector: Collector, watch: Callable[[], int], telemetry: Telemetry) -> None:
        self._collector = collector
        self._watch = watch
        self._telemetry = telemetry

    def handle(self, event: Any, _: Any) -> dict[str, int]:
        """Run once and return the numbers of collected sources and of published events.

        A missing source has a log line `SourceMissing` with the classes of its error, which counts a metric. Raises
        Unavailable at the end if a source is missing, and if the objectives cannot be evaluated.
        """
        correlation.start(event.get("id"))
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "metrics"
        try:
            summary = self._collector.run()
            facts.records, facts.failed = len(summary.collected), len(summary.missing)
            for name, error in summary.missing.items():
                self._telemetry.log_event("SourceMissing", failed=True, about=("source", name), **error_fields(error))
            told = self._watch()
            facts.status = 503 if summary.missing else 200
        finally:
            self._telemetry.end(facts, started)
        if summary.missing:
            raise Unavailable(
                f"Sources of metrics are missing: {', '.join(summary.missing)}. The next run collects again."
            )
        return {"collected": len(summary.collected), "told": told}
