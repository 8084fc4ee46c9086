"""Monthly quotas are exact under races, crashes and duplicates."""

import pytest

from tests.faults.monthly_quota import Month, race, storm
from tests.faults.planted import ChargedApart
from tests.support.faultbed.deliveries import Deliveries
from tests.support.faultbed.faults import CRASHES, FAULTS, Crash
from tests.support.faultbed.history import report
from tests.support.faultbed.interleaving import Interleaving
from tests.support.faultbed.plans import At, Seeded, inject, uniform_rates
from vigil.errors import QuotaExceeded, Unavailable


@pytest.mark.parametrize(
    ("rounds", "limit", "calls"),
    [(2, 100, 150), pytest.param(20, 1000, 1500, marks=pytest.mark.faults)],
    ids=["100 of 150, twice", "1000 of 1500, 20 times"],
)
def test_parallel_clients_get_exactly_the_quota(bed, seeds, rounds, limit, calls):
    for seed in seeds(rounds):
        month = race(bed, seed, limit, calls)
        assert (len(month.rows), month.used, len(month.answers)) == (limit, limit, limit), f"seed {seed}"
        assert not month.violations()
        firsts = [number for number, answers in month.answers.items() if [r for r, _ in answers].count(False) == 1]
        assert len(firsts) == limit  # each accepted request was new once; its duplicates were replays
        scoring, number = month.scoring(bed.client("dynamodb")), next(iter(month.answers))
        month.score(scoring, number)
        assert month.answers[number][-1][0]  # a replay is answered without quota left
        month.score(scoring, calls)
        assert calls in month.refused
        assert (len(month.rows), month.used) == (limit, limit)


@pytest.mark.parametrize(("limit", "requests"), [(40, 40), (25, 40)], ids=["as many as fit", "more than fit"])
def test_the_counter_equals_the_rows_within_the_limit_under_faults(bed, seeds, limit, requests):
    for seed in seeds(3):
        month = storm(bed, seed, limit, requests)
        wrong = month.violations()
        assert not wrong, report(wrong, seed)
        assert month.used == len(month.rows) == min(limit, requests)


def test_a_ledger_that_charges_in_a_separate_call_is_detected(bed, seeds):
    assert any(
        {"miscounted"} & {violation.kind for violation in storm(bed, seed, 10_000, 40, ChargedApart).violations()}
        for seed in seeds(5)
    )


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "partial"])
def test_a_request_is_charged_once_despite_a_fault_at_any_call(bed, fault):
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
def test_a_crash_leaves_both_row_and_charge_or_neither(bed, fault):
    month = Month(bed, 10)
    scoring = month.scoring(inject(bed.client("dynamodb"), At(0, fault)))
    with pytest.raises(Crash):
        month.score(scoring, 1)
    assert len(month.rows) == month.used == (fault == "crash_after")


def test_parallel_batches_and_predictions_respect_one_quota(bed, seeds):
    for seed in seeds(3):
        month, turns = Month(bed, 100), Interleaving(seed)
        client = inject(bed.client("dynamodb"), Seeded(seed, uniform_rates(0.04)), pause=turns.pause)
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
