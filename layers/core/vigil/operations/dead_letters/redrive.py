"""The redriver: records dead letters as jobs and takes the due step of each job.

The order is receive, record, send, delete; every step is safe to repeat. Any number of redrivers can run in parallel:
a conditional write claims a job, and a claim lasts longer than a redriver can run. After a crash between send and
record, the work is sent again with the same business id and attempt number, so that its worker ignores the duplicate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Literal

from vigil.errors import Unavailable, VigilError
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp
from vigil.operations.dead_letters.model import (
    UNREADABLE,
    DeadLetter,
    DeadLetterJob,
    JobFilter,
    JobState,
    RetryRules,
    StepName,
    job_key,
)
from vigil.operations.dead_letters.notification import ParkedWorkNotifier
from vigil.operations.dead_letters.ports import DeadLetterSource, JobStore
from vigil.runtime.retries import TryAgain, retry

_STEPS: dict[JobState, StepName] = {"retrying": "retried", "parked": "parked", "resolved": "resolved"}
_LEAST_SECONDS = 10.0
_AT_ONCE = 25
_TRIES = 5
_SEARCH_PERIOD = timedelta(days=1)
"""Time between two searches for unreadable messages without a due step."""
_LISTS: tuple[JobState | None, ...] = (None, "resolved")
"""Lists of jobs: the open ones, and the resolved ones."""


@dataclass(frozen=True, slots=True)
class RedriveStep:
    """A step of a redriver, or a failed step with its error."""

    step: StepName | Literal["failed"]
    queue: str
    job: DeadLetterJob | None = None
    error: Exception | None = None


class Redriver:
    """Receives dead letters, and retries, parks and resolves jobs."""

    def __init__(
        self,
        sources: Sequence[DeadLetterSource],
        jobs: JobStore,
        notifier: ParkedWorkNotifier,
        rules: RetryRules,
        random: Random,
        clock: Callable[[], datetime],
        observe: Callable[[RedriveStep], None],
    ) -> None:
        self._sources = sources
        self._jobs = jobs
        self._notifier = notifier
        self._rules = rules
        self._random = random
        self._clock = clock
        self._observe = observe
        self._searched_at: datetime | None = None

    def run(self, remaining: Callable[[], float]) -> None:
        """Take all due steps while `remaining` returns more than ten seconds. The next run continues.

        An error of a step is reported to `observe`, and is not raised.
        """
        for source in self._sources:
            for work in (self._drain, self._process_due):
                try:
                    while remaining() > _LEAST_SECONDS and work(source):
                        pass
                except Exception as error:  # an unavailable queue must not block the others
                    self._observe(RedriveStep("failed", source.name, error=error))
        try:
            self._reduce_undue(remaining)
        except Exception as error:  # a later run searches again
            self._observe(RedriveStep("failed", OPERATORS, error=error))

    def _reduce_undue(self, remaining: Callable[[], float]) -> None:
        """Reduce old unreadable messages that have no due step: those that an earlier release has parked.

        The first run of a process searches for them, and then one run per day.
        """
        now = self._clock()
        if self._searched_at is not None and now < self._searched_at + _SEARCH_PERIOD:
            return
        for state in _LISTS:
            after: dict[str, str] | None = None
            while remaining() > _LEAST_SECONDS:
                page = self._jobs.page(OPERATORS, JobFilter(state, reason=UNREADABLE), after, _AT_ONCE)
                for job in page.jobs:
                    if job.due_at is None and job.must_be_reduced(now):
                        self._jobs.write(job.tenant_id, job.reduce(now))
                if (after := page.next) is None:
                    break
            else:
                return
        self._searched_at = now

    def _drain(self, source: DeadLetterSource) -> bool:
        """Record some letters and delete them. Return True if more may follow."""
        letters = source.receive()
        recorded = [letter for letter in letters if self._try(source, None, partial(self._record, source, letter))]
        if recorded:
            source.delete(recorded)
        return bool(recorded)

    def _record(self, source: DeadLetterSource, letter: DeadLetter) -> None:
        def attempt() -> None:
            job = self._jobs.get(letter.work.tenant_id, job_key(source.name, letter.work))
            changed = self._changed(source, letter, job)
            if changed is None:
                return
            if self._jobs.write(changed.tenant_id, changed):
                if not letter.settled:
                    self._observe(RedriveStep("recorded", source.name, changed))
                if changed.state != "waiting":
                    self._report(changed)
                return
            raise TryAgain

        retry(attempt, attempts=_TRIES, error=Unavailable("The job is being changed by another process."))

    def _changed(self, source: DeadLetterSource, letter: DeadLetter, job: DeadLetterJob | None) -> DeadLetterJob | None:
        now = self._clock()
        if letter.settled:
            return job.resolve("succeeded", now) if job and job.state != "resolved" else None
        if job is None:
            return DeadLetterJob.create(source.name, letter, self._rules, now, self._random)
        return job.record_death(letter, self._rules, now, self._random)

    def _process_due(self, source: DeadLetterSource) -> bool:
        """Take the due steps of some jobs. Return True if more may follow."""
        done = 0
        for job in self._jobs.due(source.name, format_timestamp(self._clock()), _AT_ONCE):
            claimed = job.claim(self._rules, self._clock())
            if self._jobs.write(job.tenant_id, claimed):
                done += 1
                self._try(source, claimed, partial(self._take_due_step, source, claimed))
        return done > 0

    def _take_due_step(self, source: DeadLetterSource, job: DeadLetterJob) -> None:
        if job.must_be_reduced(self._clock()):
            self._jobs.write(job.tenant_id, job.reduce(self._clock()))
        elif job.state == "parked":
            self._notify_owner(job)
        elif job.state == "retrying" and job.work.attempts >= self._rules.max_attempts:
            self._write(job.park("no-word", self._clock()))
        else:
            self._send(source, job)

    def _send(self, source: DeadLetterSource, job: DeadLetterJob) -> None:
        try:
            ended = source.resend(replace(job.work, attempts=job.work.attempts + 1))
        except Unavailable:
            raise
        except VigilError:
            self._write(job.park("unreadable" if job.work.kind == UNREADABLE else "gone", self._clock()))
            return
        sent = job.mark_sent(self._rules, self._clock())
        self._write(sent)
        if ended:
            self._write(sent.resolve(ended, self._clock()))

    def _notify_owner(self, job: DeadLetterJob) -> None:
        self._notifier.notify(job)
        self._jobs.write(job.tenant_id, job.mark_notified())

    def _write(self, job: DeadLetterJob) -> None:
        """Write a step, unless a worker's report or a user changed the job first."""
        if self._jobs.write(job.tenant_id, job):
            self._report(job)

    def _report(self, job: DeadLetterJob) -> None:
        self._observe(RedriveStep(_STEPS[job.state], job.queue, job))

    def _try(self, source: DeadLetterSource, job: DeadLetterJob | None, work: Callable[[], None]) -> bool:
        """Return True on success. A failed letter or job must not block the others."""
        try:
            work()
        except Exception as error:  # a later run retries it
            self._observe(RedriveStep("failed", source.name, job, error))
            return False
        return True
