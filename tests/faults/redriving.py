"""Simulated dead letters: workers, redrivers, queues and the job store, on one virtual clock."""

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from botocore.exceptions import BotoCoreError, ClientError

from tests.faults.dead_letter_jobs import all_jobs
from tests.support.fakes.clock import Clock
from tests.support.fakes.events import FakeBus
from tests.support.faultbed.bed import Bed
from tests.support.faultbed.event_source import EventSource
from tests.support.faultbed.faults import Crash
from tests.support.faultbed.history import Effect, Input
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import Plan, inject
from tests.support.faultbed.virtual_queues import VirtualQueues
from tests.support.gateway import Context
from vigil.errors import NotFound, Unavailable
from vigil.kernel.tenants import OPERATORS
from vigil.operations.dead_letters.model import RetryRules
from vigil.operations.dead_letters.notification import ParkedWorkNotifier
from vigil.operations.dead_letters.redrive import Redriver
from vigil.operations.dead_letters.store import DynamoDeadLetterJobs, SqsSource
from vigil.runtime.telemetry import Telemetry
from vigil.workers.queues import Message, SqsQueue
from vigil.workers.worker_loop import Worker

KIND = "test.work"
RECEIVES = 3
RULES = RetryRules(base_delay=timedelta(minutes=1), max_attempts=4)
ENDS = {
    "good": "done",
    "late": "done",
    "poison": "parked: attempts-exhausted",
    "permanent": "parked: not-found",
    "unreadable": "parked: unreadable",
}
"""Expected end of each fate: success at once, success after retries, endless failure, refusal, malformed message."""
_FATES = ("good", "late", "late", "late", "poison", "permanent", "unreadable")


@dataclass
class World:
    """Work that fails by its fate and is redriven, with counts of tries, completions and notified owners."""

    bed: Bed
    seed: int
    plan: Plan
    redriver: type[Redriver] = Redriver
    books: type[DynamoDeadLetterJobs] = DynamoDeadLetterJobs
    duplicates: float = 0.05
    hours: int = 2
    """Maximum simulated time, in hours. The pauses of one work total about 30 minutes, and each crash adds some."""
    fates: dict[str, str] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    done: set[tuple[str, str]] = field(default_factory=set)
    bus: FakeBus = field(default_factory=FakeBus)

    def __post_init__(self):
        self.random, self.clock, self.turns = Random(self.seed), Clock(), Interleaving(self.seed)
        self.queues = VirtualQueues(self.bed, self.clock, self.seed, self.duplicates)
        self.dead = self.queues.create("https://sqs/dead")
        self.source = self.queues.create("https://sqs/work", self.dead, RECEIVES)
        self._client = self.queues.client()
        self._patience: dict[str, int] = {}
        self._table, self._dynamodb = self.bed.table("DeadLetters"), self.bed.client("dynamodb")
        self._sqs = self._faulty(self.queues.client())
        self._jobs = self.books(self._faulty(self.bed.client("dynamodb")), self._table)
        worker = Worker(self._work, Telemetry("faults", io.StringIO()), SqsQueue(self._sqs, self.dead))
        self._events = EventSource(self._sqs, self.source, worker.handle, Context())

    def send(self, number, fate=None):
        """Send one message and return the expected effect."""
        fate, key, tenant = fate or self.random.choice(_FATES), f"w-{number}", f"tenant-{number % 3}"
        self.fates[key], self._patience[key] = fate, self.random.randint(1, RECEIVES * RULES.max_attempts)
        if fate != "unreadable":
            SqsQueue(self._client, self.source).send([Message(key, KIND, tenant, "corr", "{}")])
            return Input(key, tenant, ENDS[fate])
        self._client.send_message_batch(QueueUrl=self.source, Entries=[{"Id": "0", "MessageBody": key}])
        return Input(key, OPERATORS, ENDS[fate])

    def live(self, actors=2):
        """Advance the clock until no message and no job waits. A crashed process is replaced."""
        for _ in range(self.hours * 60):
            self.clock.advance(minutes=1)
            for end in self.turns.run([self._consume, self._redrive] * actors):
                if isinstance(end, BaseException) and not isinstance(end, Crash):
                    raise end
            if self._quiet():
                return

    def jobs(self):
        return all_jobs(DynamoDeadLetterJobs(self._dynamodb, self._table))

    def effects(self):
        """Return one effect for each completed work and for each parked job."""
        parked = [job for job in self.jobs() if job.state == "parked"]
        given_up = [Effect(_name(job), job.tenant_id, f"parked: {job.reason}") for job in parked]
        return [Effect(key, tenant, "done") for key, tenant in self.done] + given_up

    def resend(self):
        """Return the recorded retries as inputs and the sent retries as effects."""
        steps = [(job, step) for job in self.jobs() for step in job.steps if step.name == "retried"]
        booked = [Input(f"{job.work.id}/{step.attempts}", job.tenant_id) for job, step in steps]
        sent = [Effect(f"{each['id']}/{each['attempts']}", each["tenant_id"]) for each in self._sent()]
        return booked, sent

    def max_attempts(self):
        """Return the highest number of retries of one work."""
        return max((int(each["attempts"]) for each in self._sent()), default=0)

    def _sent(self):
        return [each for each in self.queues.sent[self.source] if int(each.get("attempts", "0"))]

    def _work(self, message, deadline):
        self.tries[message.id] += 1
        fate = self.fates[message.id]
        if fate == "permanent":
            raise NotFound("There is no such batch.")
        if fate == "poison" or (fate == "late" and self.tries[message.id] <= self._patience[message.id]):
            raise Unavailable("Away.")
        self.done.add((message.id, message.tenant_id))  # the work is idempotent

    def _consume(self):
        for _ in range(20):
            try:
                if not self._events.poll()[0]:
                    return
            except (BotoCoreError, ClientError):  # Lambda polls again after an error
                continue

    def _redrive(self):
        dead = SqsSource("work", SqsQueue(self._sqs, self.source), SqsQueue(self._sqs, self.dead))
        notifier = ParkedWorkNotifier({KIND: lambda work: self.told.update([work.id])}, self.bus)
        run = self.redriver([dead], self._jobs, notifier, RULES, self.random, self.clock, lambda taken: None).run
        run(lambda: 60.0)

    def _quiet(self):
        waiting = self.queues.waiting(self.source) + self.queues.waiting(self.dead)
        return not waiting and not any(job.state in {"waiting", "retrying"} or job.due_at for job in self.jobs())

    def _faulty(self, client):
        return inject(client, self.plan, pause=self.turns.pause)


def _name(job):
    """Return the id of a job's work, or the body of a malformed message."""
    return json.loads(job.work.body)["body"] if job.tenant_id == OPERATORS else job.work.id
