"""Scheduled sweep of webhooks, every minute, with one log line per run."""

from typing import Any

from vigil.alerting.webhooks.sweep import WebhookSweep
from vigil.errors import Unavailable
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry


class WebhookSweepHandler:
    """Lambda handler of the sweep of webhooks, which runs once a minute."""

    def __init__(self, sweep: WebhookSweep, telemetry: Telemetry) -> None:
        self._sweep = sweep
        self._telemetry = telemetry

    def handle(self, event: Any, context: Any) -> dict[str, int]:
        """Return the numbers of a run: `sent` deliveries for which a message was sent, and `notified` tenants.

        A tenant is notified of a disabled endpoint. Raises Unavailable if a step failed; the next run repeats it.
        """
        correlation.start(event.get("id"))
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "webhooks"
        try:
            result = self._sweep.run(lambda: context.get_remaining_time_in_millis() / 1e3)
            facts.records, facts.failed = result.sent + result.notified, result.failed
            facts.status = 503 if result.failed else 200
        finally:
            self._telemetry.end(facts, started)
        if result.failed:
            raise Unavailable(f"{result.failed} steps failed; the next run repeats them.")
        return {"sent": result.sent, "notified": result.notified}
