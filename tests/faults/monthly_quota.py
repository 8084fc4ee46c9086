"""One tenant's month with a quota, and two ways to send its requests: a race of clients, and a storm of faults."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import FakeModels, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.faultbed.deliveries import Deliveries
from tests.support.faultbed.history import Answer, Count, Effect, Input, violations
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import Seeded, inject, uniform_rates
from tests.support.ledger_rows import unpacked_item
from tests.support.ledgers import ledger
from vigil.access.quota.service import MonthlyQuota
from vigil.access.quota.store import DynamoMonthlyQuota
from vigil.decisions.scoring.model import Conditions, ScoreRequest, derive_decision_id
from vigil.decisions.scoring.service import Scoring
from vigil.decisions.scoring.store import DynamoLedger
from vigil.errors import QuotaExceeded
from vigil.kernel.ids import stored_decision_id
from vigil.money.usage.store import DynamoUsage


@dataclass
class Month:
    """One tenant's month in separate tables, and the answers to its callers."""

    bed: object
    limit: int
    kind: type[DynamoLedger] = DynamoLedger
    answers: dict[int, list[tuple[bool, str]]] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)

    def __post_init__(self):
        self.clock = Clock()
        self.decisions, self.usage = self.bed.table("Decisions"), self.bed.table("Usage")

    def scoring(self, client):
        rows = ledger(client, self.decisions, self.usage, self.kind, self.clock)
        return Scoring(FakeModels(), VisitCount, rows, self.clock, timedelta(hours=24), keys=tenant_key)

    def quota(self, client):
        return MonthlyQuota(DynamoMonthlyQuota(client, self.usage, self.clock), self.clock)

    def score(self, scoring, number):
        """Deliver a request and record its answer or refusal."""
        request = ScoreRequest("toy", f"p-{number}", features={"age": number % 90})
        try:
            outcome = scoring.score("acme", request, f"k-{number}", conditions=Conditions(self.limit))
        except QuotaExceeded:
            self.refused.append(number)
        else:
            self.answers.setdefault(number, []).append((outcome.replayed, outcome.row.body))

    @property
    def used(self):
        return DynamoUsage(self.bed.client("dynamodb"), self.usage).month("acme", "2026-03").used

    @property
    def rows(self):
        return self.bed.items(self.decisions)

    def violations(self):
        """Return the violations of answers and counter against all writes of the ledger."""
        inputs = [Input(_pk(number), "acme") for number in self.answers]
        images = [unpacked_item(record["dynamodb"]["NewImage"]) for record in self.bed.writes(self.decisions)]
        effects = [Effect(image["pk"]["S"], image["tenant_pk"]["S"], image["body"]["S"]) for image in images]
        told = [Answer(_pk(number), body) for number, answers in self.answers.items() for _, body in answers]
        return violations(inputs, effects, told, [Count("month", self.used, len(images))])


def _pk(number):
    return f"acme#{stored_decision_id(derive_decision_id(tenant_key('acme'), f'k-{number}', 0))}"


def race(bed, seed, limit, calls, clients=32, world=Month):
    """Send calls of parallel clients with separate connections. One call in six is a duplicate; return the month."""
    month, random = world(bed, limit), Random(seed)
    numbers = list(range(calls)) + [random.randrange(calls) for _ in range(calls // 6)]
    random.shuffle(numbers)
    shares = [numbers[client::clients] for client in range(clients)]

    def run(share):
        scoring = month.scoring(bed.client("dynamodb"))
        for number in share:
            month.score(scoring, number)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(run, shares))
    return month


def storm(bed, seed, limit, requests, kind=DynamoLedger, world=Month):
    """Deliver every request three times through five interleaved actors under faults; return the month."""
    month, turns = world(bed, limit, kind), Interleaving(seed)
    client = inject(bed.client("dynamodb"), Seeded(seed, uniform_rates(0.04)), pause=turns.pause)
    scoring = month.scoring(client)
    Deliveries(seed, range(requests), 3).run(lambda number: month.score(scoring, number), turns, actors=5)
    return month
