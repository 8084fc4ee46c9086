"""A month's quota holds exactly, whoever races, crashes or sends again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest

from tests.faults.planted import ChargedApart
from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import FakeModels, VisitCount
from tests.support.faultbed.deliveries import Deliveries
from tests.support.faultbed.faults import CRASHES, FAULTS, Crash
from tests.support.faultbed.history import Answer, Count, Effect, Input, report, violations
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import At, Seeded, everywhere, inject
from tests.support.ledgers import ledger
from vigil.access.quota.service import MonthlyQuota
from vigil.access.quota.store import DynamoMonthlyQuota
from vigil.decisions.scoring.model import Conditions, ScoreRequest, derive_decision_id
from vigil.decisions.scoring.service import Scoring
from vigil.decisions.scoring.store import DynamoLedger
from vigil.errors import QuotaExceeded, Unavailable
from vigil.money.usage.store import DynamoUsage


@dataclass
class Month:
    """One tenant's month in tables of its own, and what its callers were told."""

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
        return Scoring(FakeModels(), VisitCount, rows, self.clock, timedelta(hours=24))

    def quota(self, client):
        return MonthlyQuota(DynamoMonthlyQuota(client, self.usage, self.clock), self.clock)

    def score(self, scoring, number):
        """Deliver a request, and note its answer or its refusal."""
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
        """Hold what was answered against every write that the ledger ever took, and against the counter."""
        inputs = [Input(_pk(number), "acme") for number in self.answers]
        images = [record["dynamodb"]["NewImage"] for record in self.bed.writes(self.decisions)]
        effects = [Effect(image["pk"]["S"], image["tenant_pk"]["S"], image["body"]["S"]) for image in images]
        told = [Answer(_pk(number), body) for number, answers in self.answers.items() for _, body in answers]
        return violations(inputs, effects, told, [Count("month", self.used, len(images))])


def _pk(number):
    return f"acme#{derive_decision_id('acme', f'k-{number}', 0)}"


def race(bed, seed, limit, calls, clients=32, world=Month):
    """Let clients race for a month, each with a connection of its own; one call in six is a duplicate of another."""
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


@pytest.mark.parametrize(
    ("rounds", "limit", "calls"),
    [(2, 100, 150), pytest.param(20, 1000, 1500, marks=pytest.mark.faults)],
    ids=["100 of 150, twice", "1000 of 1500, 20 times"],
)
def test_32_clients_race_for_a_month_and_exactly_its_quota_passes(bed, seeds, rounds, limit, calls):
    for seed in seeds(rounds):
        month = race(bed, seed, limit, calls)
        assert (len(month.rows), month.used, len(month.answers)) == (limit, limit, limit), f"seed {seed}"
        assert not month.violations()
        firsts = [number for number, answers in month.answers.items() if [r for r, _ in answers].count(False) == 1]
        assert len(firsts) == limit  # each accepted request was new once, and a replay whenever it came again
        scoring, number = month.scoring(bed.client("dynamodb")), next(iter(month.answers))
        month.score(scoring, number)
        assert month.answers[number][-1][0]  # a full month still replays
        month.score(scoring, calls)
        assert calls in month.refused
        assert (len(month.rows), month.used) == (limit, limit)


def storm(bed, seed, limit, requests, kind=DynamoLedger, world=Month):
    """Deliver every request three times through five interleaved actors and many faults."""
    month, turns = world(bed, limit, kind), Interleaving(seed)
    client = inject(bed.client("dynamodb"), Seeded(seed, everywhere(0.04)), pause=turns.pause)
    scoring = month.scoring(client)
    Deliveries(seed, range(requests), 3).run(lambda number: month.score(scoring, number), turns, actors=5)
    return month


@pytest.mark.parametrize(("limit", "requests"), [(40, 40), (25, 40)], ids=["as many as fit", "more than fit"])
def test_under_faults_the_counter_is_the_number_of_rows_and_never_above_the_limit(bed, seeds, limit, requests):
    for seed in seeds(3):
        month = storm(bed, seed, limit, requests)
        wrong = month.violations()
        assert not wrong, report(wrong, seed)
        assert month.used == len(month.rows) == min(limit, requests)


def test_a_ledger_that_charges_apart_is_caught(bed, seeds):
    assert any(
        {"miscounted"} & {violation.kind for violation in storm(bed, seed, 10_000, 40, ChargedApart).violations()}
        for seed in seeds(5)
    )


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "partial"])
def test_a_charge_survives_every_fault_at_every_call(bed, fault):
    number, reached = 0, True
    while reached:
        month, plan = Month(bed, 1), At(number, fault)
        scoring = month.scoring(inject(bed.client("dynamodb"), plan))
        for _ in range(2):
            while True:
                try:
                    month.score(scoring, 7)
                    break
                except (Unavailable, Crash):
                    continue
        assert not month.violations(), f"{fault} at call {number}"
        assert (month.used, len(month.rows), month.refused) == (1, 1, [])
        number, reached = number + 1, plan.reached
    assert number > 2


@pytest.mark.parametrize("fault", CRASHES)
def test_a_crash_leaves_row_and_charge_or_neither(bed, fault):
    month = Month(bed, 10)
    scoring = month.scoring(inject(bed.client("dynamodb"), At(0, fault)))
    with pytest.raises(Crash):
        month.score(scoring, 1)
    assert len(month.rows) == month.used == (fault == "crash_after")


def test_batches_and_single_predictions_race_for_one_month_and_it_holds(bed, seeds):
    for seed in seeds(3):
        month, turns = Month(bed, 100), Interleaving(seed)
        client = inject(bed.client("dynamodb"), Seeded(seed, everywhere(0.04)), pause=turns.pause)
        scoring, quota, held = month.scoring(client), month.quota(client), {}

        def work(item, scoring=scoring, quota=quota, month=month, held=held):
            kind, number = item
            if kind == "score":
                month.score(scoring, number)
                return
            try:
                reservation = quota.reserve("acme", f"b-{number}", 20, month.limit)
            except QuotaExceeded:
                return
            held[number] = reservation
            quota.release("acme", reservation, 5)

        items = [("score", number) for number in range(60)] + [("batch", number) for number in range(6)]
        Deliveries(seed, items, 3).run(work, turns, actors=5)
        assert month.used == len(month.rows) + 15 * len(held), f"seed {seed}"
        assert month.used <= 100
