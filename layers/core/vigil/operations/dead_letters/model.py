"""Work that failed for good or for now: jobs, their states, and the rules by which they are tried again. Pure values.

waiting ──sent──> retrying ──worker's word──> resolved (succeeded)
   ^ └─────────────dies─┘│                        ^
   │                     └─dies once too often─┐  │ by hand, from any state
by hand <──────────── parked <─────────────────┘──┘
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from vigil.kernel.time import format_timestamp

JobState = Literal["waiting", "retrying", "parked", "resolved"]
JobCause = Literal["transient", "permanent", "poison"]
"""Why work died: what may pass by itself, what its own rules refuse, and what died in every try or cannot be read."""
JobResolution = Literal["succeeded", "by_hand", "sent_on"]
"""How a job ended: its worker reported the work done; somebody closed it; or, where a message that had been unreadable
could be read after all, it went on as that message (and is a new job should it die again)."""
StepName = Literal["recorded", "asked", "retried", "parked", "resolved"]
OPERATORS = "_operators"
"""Whose jobs belong to no tenant; no tenant can have this name."""
UNREADABLE = "unreadable"
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class Work:
    """What a message asked for. `id` is its business id, `attempts` how often it was put back from here."""

    id: str
    kind: str
    tenant_id: str
    correlation_id: str
    body: str
    attempts: int = 0
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What lies on a dead-letter queue: dead work, or the word of a worker that work put back earlier is done."""

    work: Work
    handle: str
    refusal: str | None = None
    """The code of the problem for which a worker refused the work for good."""
    settled: bool = False


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How dead work is tried again."""

    base_delay: timedelta = timedelta(seconds=60)
    max_attempts: int = 5
    max_delay: timedelta = timedelta(hours=6)
    lease: timedelta = timedelta(minutes=2)
    """Longer than a redriver can run, so that a claim never outlives its owner."""
    confirmation_timeout: timedelta = timedelta(days=5)
    """Longer than any queue keeps a message: without a word until then, the work is gone from it."""

    def classify(self, letter: DeadLetter) -> tuple[JobCause, str]:
        """Return why work died, and the reason as a code."""
        if letter.work.kind == UNREADABLE:
            return "poison", "unreadable"
        if letter.refusal:
            return "permanent", letter.refusal
        if letter.work.attempts >= self.max_attempts:
            return "poison", "attempts-exhausted"
        return "transient", "deliveries-exhausted"

    def delay(self, attempts: int, random: Random) -> timedelta:
        """Return the pause before the next try: exponential backoff with full jitter.

        Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        seconds = min(self.max_delay.total_seconds(), self.base_delay.total_seconds() * 2.0 ** min(attempts, 32))
        return timedelta(seconds=random.uniform(0, seconds))


@dataclass(frozen=True, slots=True)
class JobStep:
    """Something that happened to a job."""

    at: str
    name: StepName
    attempts: int
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterJob:
    """Dead work and what became of it. Times are ISO 8601 in UTC.

    `version` rises with every change and fences it: a change is written only over the version that it was made from.
    At `due_at` a redriver has something to do: send, give up waiting, or tell the work's owner that it was parked.
    """

    queue: str
    work: Work
    state: JobState
    cause: JobCause
    reason: str
    died_at: str
    changed_at: str
    due_at: str | None
    version: int = 1
    leased_until: str | None = None
    resolution: JobResolution | None = None
    steps: tuple[JobStep, ...] = field(default=())

    @property
    def tenant_id(self) -> str:
        """Return whose job this is."""
        return self.work.tenant_id

    @property
    def key(self) -> str:
        """Return the job's id among its tenant's."""
        return job_key(self.queue, self.work)

    @property
    def job_id(self) -> str:
        """Return the job's id as callers know it."""
        return f"{self.tenant_id}.{self.key}"

    @classmethod
    def create(
        cls, queue: str, letter: DeadLetter, rules: RetryRules, now: datetime, random: Random
    ) -> "DeadLetterJob":
        """Return the job of work that died for the first time."""
        born = cls(
            queue,
            letter.work,
            "waiting",
            "transient",
            "",
            format_timestamp(now),
            format_timestamp(now),
            None,
            version=0,
        )
        return _dead(born, letter, rules, now, random)

    def record_death(
        self, letter: DeadLetter, rules: RetryRules, now: datetime, random: Random
    ) -> "DeadLetterJob | None":
        """Return the job after its work died again, or None for a letter that tells nothing new."""
        known = self.work.attempts + (self.state != "retrying")
        if letter.work.attempts < known or self.resolution in {"succeeded", "sent_on"}:
            return None
        return _dead(self, letter, rules, now, random)

    def claim(self, rules: RetryRules, now: datetime) -> "DeadLetterJob":
        """Return the job with a lease on what is due; once it has run out, anyone may claim again."""
        until = format_timestamp(now + rules.lease)
        return replace(self, due_at=until, leased_until=until, version=self.version + 1)

    def is_leased(self, now: datetime) -> bool:
        """Say whether a redriver is at work on this job."""
        return self.leased_until is not None and self.leased_until > format_timestamp(now)

    def mark_sent(self, rules: RetryRules, now: datetime) -> "DeadLetterJob":
        """Return the job after its work was put back on its queue."""
        work = replace(self.work, attempts=self.work.attempts + 1)
        return _next(replace(self, work=work), "retrying", "retried", now, due=now + rules.confirmation_timeout)

    def park(self, reason: str, now: datetime, cause: JobCause = "poison") -> "DeadLetterJob":
        """Return the job after it was given up; its owner is still to be told."""
        return _next(replace(self, cause=cause, reason=reason), "parked", "parked", now, due=now)

    def mark_notified(self) -> "DeadLetterJob":
        """Return the parked job after its owner was told."""
        return replace(self, due_at=None, leased_until=None, version=self.version + 1)

    def request_retry(self, by: str, now: datetime) -> "DeadLetterJob":
        """Return the job after somebody asked for another try."""
        return _next(self, "waiting", "asked", now, by=by, due=now)

    def resolve(self, resolution: JobResolution, now: datetime, by: str | None = None) -> "DeadLetterJob":
        """Return the job after its end."""
        return _next(replace(self, resolution=resolution), "resolved", "resolved", now, by=by)


def _dead(job: DeadLetterJob, letter: DeadLetter, rules: RetryRules, now: datetime, random: Random) -> DeadLetterJob:
    cause, reason = rules.classify(letter)
    dead = replace(job, work=letter.work, cause=cause, reason=reason, resolution=None)
    if cause == "transient":
        return _next(dead, "waiting", "recorded", now, due=now + rules.delay(letter.work.attempts, random))
    return _step(dead, "recorded", now).park(reason, now, cause)


def _next(
    job: DeadLetterJob,
    state: JobState,
    step: StepName,
    now: datetime,
    *,
    due: datetime | None = None,
    by: str | None = None,
) -> DeadLetterJob:
    moved = replace(
        job,
        state=state,
        changed_at=format_timestamp(now),
        due_at=format_timestamp(due) if due else None,
        leased_until=None,
        version=job.version + 1,
    )
    return _step(moved, step, now, by)


def _step(job: DeadLetterJob, name: StepName, now: datetime, by: str | None = None) -> DeadLetterJob:
    reason = job.resolution if name == "resolved" else None if name in {"asked", "retried"} else job.reason
    taken = JobStep(format_timestamp(now), name, job.work.attempts, reason, by)
    return replace(job, steps=(*job.steps, taken)[-_MOST_STEPS:])


def job_key(queue: str, work: Work) -> str:
    """Return what identifies work among its tenant's: the same work on the same queue has the same key for ever."""
    return hashlib.sha256(f"{queue}\0{work.kind}\0{work.id}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list: those of one state, or all that are not resolved."""

    state: JobState | None = None
    queue: str | None = None
    reason: str | None = None
    before: str | None = None
    """Only those that died before then; of resolved ones, those that were resolved before then."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of jobs, latest first, and the position after it."""

    jobs: tuple[DeadLetterJob, ...]
    next: dict[str, str] | None
