"""Checks of tables and queues."""

from collections import Counter

from vigil.errors import Unavailable
from vigil.operations.dead_letters.model import JobFilter
from vigil.operations.dead_letters.ports import JobStore
from vigil.operations.diagnosis.model import SLOW_TABLE, WINDOW, Fact, conclude
from vigil.operations.diagnosis.ports import MetricTotals, QueueDepths, TableProbes
from vigil.operations.diagnosis.service import counted
from vigil.operations.incidents.steps_model import Evidence, Scope

_MAX_JOBS = 200
"""Maximum parked jobs that are counted."""
_MAX_WAITING = 1_000
"""Maximum messages that may wait in a queue without a fault."""
_NO_QUEUE = "The queue of the incident was not found. Allowed are: {}."
_THROTTLES = ("ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors")


class DataChecks:
    """Checks of the tables and queues of the deployment. Every check but `tables_answer` raises Unavailable."""

    def __init__(self, tables: TableProbes, queues: QueueDepths, jobs: JobStore, metrics: MetricTotals) -> None:
        self._tables = tables
        self._queues = queues
        self._jobs = jobs
        self._metrics = metrics

    def tables_answer(self, _: Scope) -> Evidence:
        """Read from each table and return one duration per table. No answer within two seconds is a fault."""
        faults: list[Fact] = []
        fine: list[Fact] = []
        for name in self._tables.names():
            try:
                taken = self._tables.probe(name)
            except Unavailable:
                faults.append((name, "no answer"))
                continue
            (faults if taken >= SLOW_TABLE else fine).append((name, f"{taken.total_seconds() * 1e3:.0f} ms"))
        return conclude(faults, "Every table answers.", "Tables without an answer in time", fine)

    def table_throttles(self, _: Scope) -> Evidence:
        """Return the numbers of throttled and failed calls of tables and indexes in the last 15 minutes."""
        faults = [
            (" ".join(value for _, value in metric.dimensions), f"{count:.0f} {name}")
            for name in _THROTTLES
            for metric, count in counted(self._metrics, "AWS/DynamoDB", name, WINDOW)
        ]
        return conclude(faults, "No table throttles or fails.", "Tables or indexes with throttled or failed calls")

    def queues_and_dead_letters(self, scope: Scope) -> Evidence:
        """Return the depth of the incident's queue, or of every queue for an incident without one.

        Dead letters, parked jobs and more than 1,000 waiting messages are faults. A queue that is not found gives the
        verdict `unknown`.
        """
        parked = Counter(job.queue for job in self._jobs.page(None, JobFilter("parked"), None, _MAX_JOBS).jobs)
        faults: list[Fact] = []
        fine: list[Fact] = []
        depths = self._queues.depths()
        names = [depth.queue for depth in depths]
        missing = "" if not scope.queue or scope.queue in names else _NO_QUEUE.format(", ".join(names))
        for depth in depths:
            jobs = parked[depth.queue]
            if scope.queue and depth.queue != scope.queue:
                continue
            fact = (depth.queue, f"{depth.waiting} waiting, {depth.dead} dead, {jobs} parked")
            is_faulty = bool(depth.dead or jobs) or depth.waiting > _MAX_WAITING
            (faults if is_faulty else fine).append(fact)
        return conclude(
            faults,
            "No queue has dead letters or a backlog.",
            "Queues with dead letters or a backlog",
            fine,
            missing=missing,
        )

    def restore_window(self, _: Scope) -> Evidence:
        """Return the earliest and the latest time to which each table can be restored."""
        faults: list[Fact] = []
        fine: list[Fact] = []
        for name in self._tables.names():
            window = self._tables.restore_window(name)
            if window.latest is None:
                faults.append((name, "point-in-time recovery is off"))
            else:
                fine.append((name, f"{window.earliest} to {window.latest}"))
        return conclude(faults, "Every table can be restored.", "Tables that cannot be restored", fine)
