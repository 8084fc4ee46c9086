"""The redriver: records dead letters as jobs, and does for each job what is due. Nothing vanishes on the way.

Every step is receive, record, send, delete, in this order, and safe to repeat. Any number of redrivers may run at once:
a job is claimed by a conditional write first, and a claim lasts longer than a redriver can. One that is killed between
sending and recording it sends again after its lease has run out: the message has the same business id and attempt, and
is absorbed by whoever does the work.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from random import Random
from typing import Literal

from vigil.errors import NotFound, Unavailable, VigilError
from vigil.kernel.time import format_timestamp
from vigil.operations.dead_letters.model import UNREADABLE, Job, Letter, Rules, State, StepName, key
from vigil.operations.dead_letters.ports import Jobs, Owners, Source
from vigil.runtime.retries import TryAgain, retry

_STEPS: dict[State, StepName] = {"retrying": "retried", "parked": "parked", "resolved": "resolved"}
_LEAST_SECONDS = 10.0
_AT_ONCE = 25
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that a redriver took, or failed to take."""

    step: StepName | Literal["failed"]
    queue: str
    job: Job | None = None
    error: Exception | None = None


class Reprocessor:
    """Drains dead-letter queues and retries, parks and resolves jobs."""

    def __init__(
        self,
        sources: Sequence[Source],
        jobs: Jobs,
        owners: Owners,
        rules: Rules,
        random: Random,
        clock: Callable[[], datetime],
        observe: Callable[[Taken], None],
    ) -> None:
        self._sources = sources
        self._jobs = jobs
        self._owners = owners
        self._rules = rules
        self._random = random
        self._clock = clock
        self._observe = observe

    def run(self, remaining: Callable[[], float]) -> None:
        """Do everything that there is to do, in the seconds that remain; what is left waits for the next run."""
        for source in self._sources:
            for work in (self._drain, self._advance):
                try:
                    while remaining() > _LEAST_SECONDS and work(source):
                        pass
                except Exception as error:  # one queue that is away must not hold up the others
                    self._observe(Taken("failed", source.name, error=error))

    def _drain(self, source: Source) -> bool:
        """Record some letters and delete those; return whether there may be more."""
        letters = source.letters()
        recorded = [letter for letter in letters if self._try(source, None, partial(self._record, source, letter))]
        if recorded:
            source.delete(recorded)
        return bool(recorded)

    def _record(self, source: Source, letter: Letter) -> None:
        def attempt() -> None:
            job = self._jobs.get(letter.work.tenant_id, key(source.name, letter.work))
            changed = self._changed(source, letter, job)
            if changed is None:
                return
            if self._jobs.put(changed.tenant_id, changed):
                if not letter.settled:
                    self._observe(Taken("recorded", source.name, changed))
                if changed.state != "waiting":
                    self._tell(changed)
                return
            raise TryAgain

        retry(attempt, attempts=_TRIES, error=Unavailable("The job is changing at this moment."))

    def _changed(self, source: Source, letter: Letter, job: Job | None) -> Job | None:
        now = self._clock()
        if letter.settled:
            return job.resolved("succeeded", now) if job and job.state != "resolved" else None
        if job is None:
            return Job.opened(source.name, letter, self._rules, now, self._random)
        return job.died(letter, self._rules, now, self._random)

    def _advance(self, source: Source) -> bool:
        """Do what is due for some jobs; return whether there may be more."""
        done = 0
        for job in self._jobs.due(source.name, format_timestamp(self._clock()), _AT_ONCE):
            claimed = job.claimed(self._rules, self._clock())
            if self._jobs.put(job.tenant_id, claimed):
                done += 1
                self._try(source, claimed, partial(self._due, source, claimed))
        return done > 0

    def _due(self, source: Source, job: Job) -> None:
        if job.state == "parked":
            self._tell_owner(job)
        elif job.state == "retrying" and job.work.attempts >= self._rules.most_attempts:
            self._keep(job.parked("no-word", self._clock()))
        else:
            self._send(source, job)

    def _send(self, source: Source, job: Job) -> None:
        try:
            ended = source.put_back(replace(job.work, attempts=job.work.attempts + 1))
        except Unavailable:
            raise
        except VigilError:
            self._keep(job.parked("unreadable" if job.work.kind == UNREADABLE else "gone", self._clock()))
            return
        sent = job.sent(self._rules, self._clock())
        self._keep(sent)
        if ended:
            self._keep(sent.resolved(ended, self._clock()))

    def _tell_owner(self, job: Job) -> None:
        if owner := self._owners.get(job.work.kind):
            with suppress(NotFound):  # what the work belonged to is gone: nobody is left to tell
                owner(job.work)
        self._jobs.put(job.tenant_id, job.told())

    def _keep(self, job: Job) -> None:
        """Write a step; if somebody was faster (a worker's word, a hand), theirs stands."""
        if self._jobs.put(job.tenant_id, job):
            self._tell(job)

    def _tell(self, job: Job) -> None:
        self._observe(Taken(_STEPS[job.state], job.queue, job))

    def _try(self, source: Source, job: Job | None, work: Callable[[], None]) -> bool:
        """Return whether it went well: a letter or job that fails must not hold up the others."""
        try:
            work()
        except Exception as error:  # it stays where it is, and is tried again by a later run
            self._observe(Taken("failed", source.name, job, error))
            return False
        return True
