"""Dead-letter queues and jobs in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vigil.errors import Unavailable
from vigil.operations.dead_letters.model import DeadLetter, DeadLetterJob, JobFilter, JobPage, JobResolution, Work

WORK = Work("batch-1.chunk-7", "batch.chunk", "acme", "0000000a-0000-4000-8000-000000000001", '{"key":"part/7"}')


def letter(work: Work = WORK, handle: str = "h-1", **more: Any) -> DeadLetter:
    """Return a letter for this work."""
    return DeadLetter(work, handle, **more)


@dataclass
class FakeSource:
    """A dead-letter queue. `fail` is the error of the next sends; `ended` is the immediate resolution of a send."""

    name: str = "work"
    lying: list[DeadLetter] = field(default_factory=list)
    sent: list[Work] = field(default_factory=list)
    fail: Exception | None = None
    ended: JobResolution | None = None
    away: bool = False

    def receive(self) -> Sequence[DeadLetter]:
        if self.away:
            raise Unavailable("away")
        return self.lying[:10]

    def delete(self, letters: Sequence[DeadLetter]) -> None:
        self.lying = [each for each in self.lying if each not in letters]

    def resend(self, work: Work) -> JobResolution | None:
        if self.fail:
            raise self.fail
        self.sent.append(work)
        return self.ended

    def die(self, work: Work | None = None, **more: Any) -> None:
        """Add a letter for the last sent work, or for other work."""
        self.lying.append(letter(work or self.sent[-1], f"h-{len(self.lying)}", **more))


@dataclass
class FakeJobStore:
    """Jobs with version checks. `before_write` runs between a read and its write."""

    items: dict[str, DeadLetterJob] = field(default_factory=dict)
    before_write: Callable[[], object] | None = None

    def get(self, tenant_id: str, key: str) -> DeadLetterJob | None:
        return self.items.get(f"{tenant_id}#{key}")

    def write(self, tenant_id: str, job: DeadLetterJob) -> bool:
        if self.before_write:
            act, self.before_write = self.before_write, None
            act()
        place = f"{tenant_id}#{job.key}"
        there = self.items.get(place)
        if (there.version if there else 0) != job.version - 1:
            return False
        self.items[place] = replace(job)
        return True

    def delete(self, tenant_id: str, job: DeadLetterJob) -> bool:
        place = f"{tenant_id}#{job.key}"
        if self.items.get(place) != job:
            return False
        del self.items[place]
        return True

    def page(self, tenant_id: str | None, wanted: JobFilter, after: dict[str, str] | None, limit: int) -> JobPage:
        found = sorted((job for job in self.items.values() if _listed(job, tenant_id, wanted)), key=_listed_at)[::-1]
        rest = [job for job in found if not after or _listed_at(job) < after["listed_at"]]
        more = {"listed_at": _listed_at(rest[limit - 1])} if len(rest) > limit else None
        return JobPage(tuple(rest[:limit]), more)

    def due(self, queue: str, now: str, limit: int) -> Sequence[DeadLetterJob]:
        mine = (job for job in self.items.values() if job.queue == queue and job.due_at and job.due_at <= now)
        return sorted(mine, key=lambda job: job.due_at or "")[:limit]


def _listed_at(job: DeadLetterJob) -> str:
    return f"{job.changed_at if job.state == 'resolved' else job.died_at}#{job.key}"


def _listed(job: DeadLetterJob, tenant_id: str | None, wanted: JobFilter) -> bool:
    shelf = job.state == "resolved" if wanted.state == "resolved" else job.state != "resolved"
    said = [(wanted.state, job.state), (wanted.queue, job.queue), (wanted.reason, job.reason)]
    young = wanted.before is not None and not _listed_at(job) < wanted.before
    return shelf and tenant_id in {None, job.tenant_id} and all(a in {None, b} for a, b in said) and not young
