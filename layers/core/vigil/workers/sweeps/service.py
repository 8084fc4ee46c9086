"""Sweeps over all tenants in as many runs as needed; a failing tenant or a killed run does not stop the others."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TypeAlias

from vigil.kernel.time import format_timestamp
from vigil.workers.sweeps.model import Checkpoint, SweepSummary
from vigil.workers.sweeps.ports import CheckpointStore, SweepJob, TenantIds

BATCH_SIZE = 25
"""Number of tenants per saved checkpoint."""
MAX_PENDING_RETRIES = 1_000
"""Maximum tenants waiting for a retry. At this number, no further tenant is processed until some were retried."""

OnFailure: TypeAlias = Callable[[str, Exception], None]
"""Callback with a tenant that failed and its error."""


class TenantSweep:
    """Runs the sweeps of one job."""

    def __init__(
        self, tenants: TenantIds, job: SweepJob, checkpoints: CheckpointStore, clock: Callable[[], datetime]
    ) -> None:
        self._tenants = tenants
        self._job = job
        self._checkpoints = checkpoints
        self._clock = clock

    def run(self, has_time_left: Callable[[], bool], on_failure: OnFailure) -> SweepSummary:
        """Continue the unfinished sweep, then start the next one if it is due, while there is time.

        Of two concurrent runs one stops. Raises Unavailable if checkpoints cannot be saved.
        """
        run = _Run(self._tenants, self._job, self._checkpoints, has_time_left, on_failure)
        with suppress(Superseded):
            run.run_until_deadline()
            if run.checkpoint.is_finished and (name := self._job.next_sweep(run.checkpoint.name)) is not None:
                run.start(name, format_timestamp(self._clock()))
                run.run_until_deadline()
        return run.summary()

    def is_late(self, summary: SweepSummary) -> bool:
        """Return True if a run left a sweep unfinished that is older than the job's maximum duration."""
        if summary.open_since is None:
            return False
        return self._clock() - datetime.fromisoformat(summary.open_since) > self._job.max_duration


class Superseded(Exception):
    """Another run has saved a checkpoint meanwhile."""


class _Run:
    """One run of a job."""

    def __init__(
        self,
        tenants: TenantIds,
        job: SweepJob,
        checkpoints: CheckpointStore,
        has_time_left: Callable[[], bool],
        on_failure: OnFailure,
    ) -> None:
        self._tenants = tenants
        self._job = job
        self._checkpoints = checkpoints
        self._has_time_left = has_time_left
        self._on_failure = on_failure
        self._counts: Counter[str] = Counter()
        self._processed = self._failed = self._lost = 0
        self.checkpoint = checkpoints.load()

    def start(self, name: str, at: str) -> None:
        """Start a sweep."""
        self.checkpoint = self.checkpoint.start(name, at)

    def run_until_deadline(self) -> None:
        """Continue the sweep until its end or until there is no time left."""
        if self.checkpoint.is_finished:
            return
        tenants, earlier_retries = iter(self._tenants(self.checkpoint.after)), len(self.checkpoint.pending_retries)
        while self._has_time_left():
            is_full = len(self.checkpoint.pending_retries) >= MAX_PENDING_RETRIES
            if not is_full and (batch := tuple(islice(tenants, BATCH_SIZE))):
                self._process_batch(batch)
            elif earlier_retries:  # a tenant that failed in this run is retried in the next one
                earlier_retries -= 1
                self._retry_first()
            else:
                self.checkpoint = replace(self.checkpoint, is_finished=not self.checkpoint.pending_retries)
                break
        self._save(self.checkpoint)
        self._lost += self.checkpoint.lost if self.checkpoint.is_finished else 0

    def summary(self) -> SweepSummary:
        """Return the results of the run."""
        open_since = None if self.checkpoint.is_finished else self.checkpoint.started_at
        return SweepSummary(self._processed, self._failed, dict(self._counts), self._lost, open_since)

    def _process_batch(self, tenants: Sequence[str]) -> None:
        """Process the next tenants."""
        before, processed, failed = self.checkpoint, list[str](), list[str]()
        self._save(before.advance(tenants, failed=tenants))
        for tenant_id in tenants:
            processed.append(tenant_id)
            if not self._process(tenant_id):
                failed.append(tenant_id)
            if not self._has_time_left():
                break
        self.checkpoint = replace(before.advance(processed, failed), revision=self.checkpoint.revision)

    def _retry_first(self) -> None:
        """Process the first pending tenant once more."""
        before = self.checkpoint
        self._save(before.retried(failed=True))
        if self._process(before.pending_retries[0]):
            self.checkpoint = replace(before.retried(failed=False), revision=self.checkpoint.revision)

    def _process(self, tenant_id: str) -> bool:
        self._processed += 1
        try:
            self._counts.update(self._job.process_tenant(tenant_id, self.checkpoint.name))
        except Exception as error:
            self._failed += 1
            self._on_failure(tenant_id, error)
            return False
        return True

    def _save(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = replace(checkpoint, revision=self.checkpoint.revision + 1)
        if not self._checkpoints.save(self.checkpoint):
            raise Superseded
