"""Jobs for failed messages: their states and retry rules.

waiting ──send──> retrying ──success reported──> resolved (succeeded)
   ^ └────fails again───┘│                          ^
   │                     └─out of attempts─────┐    │ by hand, from any state
by hand <──────────── parked <─────────────────┘────┘
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from vigil.kernel.events import Event, create_event
from vigil.kernel.tenants import OPERATORS
from vigil.kernel.time import format_timestamp

JobState = Literal["waiting", "retrying", "parked", "resolved"]
JobCause = Literal["transient", "permanent", "poison"]
"""Cause of a failure: `transient` may pass, `permanent` was refused by its worker, `poison` is unreadable or failed in
every attempt."""
JobResolution = Literal["succeeded", "by_hand", "sent_on"]
"""End of a job. `succeeded`: the worker reported success. `by_hand`: a person closed the job. `sent_on`: a message that
was unreadable became readable and was sent to its queue; a new failure opens a new job."""
StepName = Literal["recorded", "asked", "retried", "parked", "resolved", "reduced"]
UNREADABLE = "unreadable"
UNREADABLE_RETENTION = timedelta(days=7)
"""Time after which the text of an unreadable message is reduced to its length."""
_MOST_STEPS = 100
_ALERTS_QUEUE = "alerts"
"""Queue of alerts. An event about its own parked work would be parked again; the alarm `WorkParked` reports it."""


@dataclass(frozen=True, slots=True)
class Work:
    """Content of a message. `id` is its business id; `attempts` counts the redrives."""

    id: str
    kind: str
    tenant_id: str
    correlation_id: str
    body: str
    attempts: int = 0
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message on a dead-letter queue: failed work, or a worker's report that redriven work succeeded (`settled`)."""

    work: Work
    handle: str
    refusal: str | None = None
    """Problem code of a permanent refusal by the worker."""
    settled: bool = False


@dataclass(frozen=True, slots=True)
class RetryRules:
    """Rules for retries of failed work."""

    base_delay: timedelta = timedelta(seconds=60)
    max_attempts: int = 5
    max_delay: timedelta = timedelta(hours=6)
    lease: timedelta = timedelta(minutes=2)
    """Duration of a redriver's claim. It is longer than a redriver can run."""
    confirmation_timeout: timedelta = timedelta(days=5)
    """Time after which redriven work without a report counts as lost. It is longer than any queue's retention."""

    def classify(self, letter: DeadLetter) -> tuple[JobCause, str]:
        """Return the cause of a failure and its reason code: `unreadable`, the worker's code, or an end of attempts."""
        if letter.work.kind == UNREADABLE:
            return "poison", "unreadable"
        if letter.refusal:
            return "permanent", letter.refusal
        if letter.work.attempts >= self.max_attempts:
            return "poison", "attempts-exhausted"
        return "transient", "deliveries-exhausted"

    def delay(self, attempts: int, random: Random) -> timedelta:
        """Return the delay after `attempts` redrives: uniform from 0 to `base_delay` x 2^attempts, at most `max_delay`.

        Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        seconds = min(self.max_delay.total_seconds(), self.base_delay.total_seconds() * 2.0 ** min(attempts, 32))
        return timedelta(seconds=random.uniform(0, seconds))


@dataclass(frozen=True, slots=True)
class JobStep:
    """One step in the history of a job."""

    at: str
    name: StepName
    attempts: int
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterJob:
    """Failed work and its history. Times are ISO 8601 in UTC.

    `version` increases with every change; a change is written only over the version it was made from. At `due_at`, a
    redriver sends the work, stops waiting for a report, or notifies the owner of parked work.
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
        """Tenant of the job."""
        return self.work.tenant_id

    @property
    def key(self) -> str:
        """Job id within its tenant."""
        return job_key(self.queue, self.work)

    @property
    def job_id(self) -> str:
        """Job id in the API: tenant and key."""
        return f"{self.tenant_id}.{self.key}"

    @classmethod
    def create(
        cls, queue: str, letter: DeadLetter, rules: RetryRules, now: datetime, random: Random
    ) -> "DeadLetterJob":
        """Return the job for work that failed for the first time: waiting for its redrive, or parked without one."""
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
        """Return the job after a new failure of its work, waiting or parked. None if the letter reports a known one."""
        known = self.work.attempts + (self.state != "retrying")
        if letter.work.attempts < known or self.resolution in {"succeeded", "sent_on"}:
            return None
        return _dead(self, letter, rules, now, random)

    def claim(self, rules: RetryRules, now: datetime) -> "DeadLetterJob":
        """Return the job with a lease for its due step. After the lease, any redriver may claim it."""
        until = format_timestamp(now + rules.lease)
        return replace(self, due_at=until, leased_until=until, version=self.version + 1)

    def is_leased(self, now: datetime) -> bool:
        """Return True while a redriver has a lease on this job."""
        return self.leased_until is not None and self.leased_until > format_timestamp(now)

    def mark_sent(self, rules: RetryRules, now: datetime) -> "DeadLetterJob":
        """Return the job after its work was sent to its queue."""
        work = replace(self.work, attempts=self.work.attempts + 1)
        return _next(replace(self, work=work), "retrying", "retried", now, due=now + rules.confirmation_timeout)

    def park(self, reason: str, now: datetime, cause: JobCause = "poison") -> "DeadLetterJob":
        """Return the job without further attempts; its owner is not notified yet."""
        return _next(replace(self, cause=cause, reason=reason), "parked", "parked", now, due=now)

    def parked_events(self) -> tuple[Event, ...]:
        """Return the events of the parked job: one for its tenant, and one for the operators.

        Work of the operators has one event, and work of the queue of alerts has none. Repeated calls return equal
        events.
        """
        if self.queue == _ALERTS_QUEUE:
            return ()
        fields = {"queue": self.queue, "kind": self.work.kind, "reason": self.reason, "job_id": self.job_id}
        fields |= {"correlation_id": self.work.correlation_id}
        return tuple(
            create_event(
                f"{tenant_id}.{self.key}.{self.work.attempts}",
                "dead_letters.parked",
                self.changed_at,
                {"tenant_id": tenant_id, **fields},
            )
            for tenant_id in dict.fromkeys((self.tenant_id, OPERATORS))
        )

    def mark_notified(self) -> "DeadLetterJob":
        """Return the parked job after its owner was notified."""
        return replace(self, due_at=self._reduction_due(), leased_until=None, version=self.version + 1)

    @property
    def is_unreduced(self) -> bool:
        """True if the job has the text of an unreadable message, which may have data of persons."""
        return self.work.kind == UNREADABLE and "body" in json.loads(self.work.body)

    def must_be_reduced(self, now: datetime) -> bool:
        """Return True if the text of an unreadable message has reached its age."""
        due = self._reduction_due()
        return due is not None and due <= format_timestamp(now)

    def reduce(self, now: datetime) -> "DeadLetterJob":
        """Return the job with the length in place of the text. It cannot be sent again.

        A digest of the text would confirm a guess at it, and the operators have no key.
        """
        content = json.loads(self.work.body)["body"]
        work = replace(self.work, body=json.dumps({"characters": len(content)}))
        reduced = replace(self, work=work, due_at=None, leased_until=None, version=self.version + 1)
        return _step(reduced, "reduced", now)

    def _reduction_due(self) -> str | None:
        if not self.is_unreduced:
            return None
        return format_timestamp(datetime.fromisoformat(self.died_at) + UNREADABLE_RETENTION)

    def request_retry(self, by: str, now: datetime) -> "DeadLetterJob":
        """Return the job after a user requested a retry."""
        return _next(self, "waiting", "asked", now, by=by, due=now)

    def resolve(self, resolution: JobResolution, now: datetime, by: str | None = None) -> "DeadLetterJob":
        """Return the job with its resolution."""
        resolved = _next(replace(self, resolution=resolution), "resolved", "resolved", now, by=by)
        return replace(resolved, due_at=self._reduction_due())


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
    """Return the job id within a tenant. The same work on the same queue always has the same key."""
    return hashlib.sha256(f"{queue}\0{work.kind}\0{work.id}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Filter of a job list: one state, or all states except `resolved`."""

    state: JobState | None = None
    queue: str | None = None
    reason: str | None = None
    before: str | None = None
    """Time of failure, or of resolution for resolved jobs, before which a job must lie."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """One page of jobs, latest first, and the position of the next page."""

    jobs: tuple[DeadLetterJob, ...]
    next: dict[str, str] | None
