"""Each request has one decision in DynamoDB, under duplicates, reordering, crashes and faults."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.faults.planted import CheckThenWrite, Unconditional
from tests.support.fakes.clock import Clock
from tests.support.fakes.scoring import FakeModels, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from tests.support.faultbed.deliveries import Deliveries
from tests.support.faultbed.faults import CRASHES, FAULTS, Crash
from tests.support.faultbed.history import Answer, Effect, Input, report, violations
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import At, Seeded, inject, uniform_rates
from tests.support.ledger_rows import unpacked_item
from tests.support.ledgers import ledger as ledger_on
from vigil.decisions.scoring.model import ScoreRequest, derive_decision_id
from vigil.decisions.scoring.service import Scoring
from vigil.decisions.scoring.store import DynamoLedger
from vigil.errors import Unavailable
from vigil.kernel.ids import stored_decision_id

# Without two faults, because the ledger writes single rows and reads consistently.
HERE = [fault for fault in FAULTS if fault not in {"partial", "stale"}]
TENANTS = ("acme", "globex", "initech")


@dataclass
class Run:
    """Scoring with a faulty client, and the answers to its callers."""

    bed: object
    plan: object
    kind: type[DynamoLedger] = DynamoLedger
    turns: Interleaving = field(default_factory=lambda: Interleaving(0))
    models: FakeModels = field(default_factory=FakeModels)
    clock: Clock = field(default_factory=Clock)
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self):
        self.table = self.bed.table("Decisions")
        client = inject(self.bed.client("dynamodb"), self.plan, pause=self.turns.pause)
        ledger = ledger_on(client, self.table, self.bed.table("Usage"), self.kind)
        self.scoring = Scoring(self.models, VisitCount, ledger, self.clock, timedelta(hours=24), keys=tenant_key)

    def deliver(self, request):
        """Score one delivery. Each has a later time, so two deliveries never write the same bytes."""
        tenant, key = request
        self.clock.advance(seconds=1)
        outcome = self.scoring.score(tenant, ScoreRequest("toy", f"p-{key}", features={"age": key % 90}), f"k-{key}")
        self.answers.append(Answer(_pk(request), outcome.row.body))

    def violations(self, requests):
        """Return the violations of requests and answers against all writes of the table."""
        inputs = [Input(_pk(request), request[0]) for request in requests]
        images = [unpacked_item(record["dynamodb"]["NewImage"]) for record in self.bed.writes(self.table)]
        effects = [Effect(image["pk"]["S"], image["tenant_pk"]["S"], image["body"]["S"]) for image in images]
        return violations(inputs, effects, self.answers)


def _pk(request):
    tenant, key = request
    return f"{tenant}#{stored_decision_id(derive_decision_id(tenant_key(tenant), f'k-{key}', 0))}"


def storm(bed, seed, kind=DynamoLedger, requests=60, copies=4):
    """Deliver every request several times through six interleaved actors under faults."""
    asked = [(TENANTS[number % 3], number // 3) for number in range(requests)]
    turns, plan = Interleaving(seed), Seeded(seed, uniform_rates(0.03))
    run = Run(bed, plan, kind, turns)
    Deliveries(seed, asked, copies).run(run.deliver, turns, actors=6)
    return run, run.violations(asked)


@pytest.mark.parametrize(
    ("count", "requests"), [(2, 60), pytest.param(1, 2_500, marks=pytest.mark.faults)], ids=["480", "10000"]
)
def test_duplicate_and_reordered_requests_have_one_decision_under_faults(bed, seeds, count, requests):
    for seed in seeds(count):
        run, wrong = storm(bed, seed, requests=requests)
        assert not wrong, report(wrong, seed)
        assert len(run.answers) == requests * 4  # every delivery was answered
        assert {*HERE} == {*run.plan.fault_counts()}, "some kind of fault did not occur"


@pytest.mark.parametrize("planted", [CheckThenWrite, Unconditional])
def test_a_ledger_with_a_planted_bug_is_detected(bed, seeds, planted):
    wrong = next(wrong for seed in seeds(5) if (wrong := storm(bed, seed, planted)[1]))
    assert {"double", "changed"} & {violation.kind for violation in wrong}


def test_a_seed_repeats_a_run_exactly(bed):
    one, two = (storm(bed, 3, CheckThenWrite) for _ in range(2))
    assert one[0].plan.trace == two[0].plan.trace
    assert one[1] == two[1]


@pytest.mark.parametrize("fault", HERE)
def test_a_request_is_scored_once_despite_a_fault_at_any_call(bed, fault):
    number, reached = 0, True
    while reached:
        plan = At(number, fault)
        run = Run(bed, plan)
        _deliver_until_answered(run)
        run.models.failure = Unavailable("The models are away.")  # only the ledger can answer now
        _deliver_until_answered(run)
        wrong = run.violations([("acme", 7)])
        assert not wrong, f"{fault} at call {number}: {wrong}"
        number, reached = number + 1, plan.reached
    assert number > 2


def _deliver_until_answered(run):
    while True:
        try:
            return run.deliver(("acme", 7))
        except (Unavailable, Crash):
            continue


@pytest.mark.parametrize("fault", CRASHES)
def test_a_crash_leaves_a_whole_row_or_no_row(bed, fault):
    run = Run(bed, At(0, fault))
    with pytest.raises(Crash):
        run.deliver(("acme", 1))
    assert len(bed.items(run.table)) == (fault == "crash_after")
