"""Hard stops are exact to one micro-dollar under races, crashes and duplicates."""

from dataclasses import dataclass

import pytest

from tests.faults.monthly_quota import Month, race, storm
from tests.support.faultbed.history import report
from vigil.decisions.scoring.model import Conditions, ScoreRequest
from vigil.errors import BudgetExhausted
from vigil.kernel.money import SPEND_COUNTERS, SpendLimit
from vigil.money.budgets.hard_limits_store import DynamoHardLimits

EACH = 1_000


@dataclass
class Purse(Month):
    """One tenant's month with a hard stop: the price of `limit` predictions plus half a prediction."""

    @property
    def used(self):
        """Number of predictions with reserved money, by the counter of the month."""
        return self.tally["inference_month"] / EACH

    @property
    def tally(self):
        return (
            DynamoHardLimits(self.bed.client("dynamodb"), self.usage, self.clock).read_tally("acme", "2026-03-01").used
        )

    def score(self, scoring, number):
        request = ScoreRequest("toy", f"p-{number}", features={"age": number % 90})
        stop = SpendLimit(EACH, inference_month=self.limit * EACH + EACH // 2, total_day=2 * self.limit * EACH)
        try:
            outcome = scoring.score("acme", request, f"k-{number}", conditions=Conditions(hard_stop=stop))
        except BudgetExhausted:
            self.refused.append(number)
        else:
            self.answers.setdefault(number, []).append((outcome.replayed, outcome.row.body))


@pytest.mark.parametrize(
    ("rounds", "limit", "calls"),
    [(1, 100, 150), pytest.param(10, 1000, 1500, marks=pytest.mark.faults)],
    ids=["100 of 150", "1000 of 1500, 10 times"],
)
def test_parallel_clients_get_exactly_the_predictions_the_limit_pays(bed, seeds, rounds, limit, calls):
    for seed in seeds(rounds):
        purse = race(bed, seed, limit, calls, world=Purse)
        assert (len(purse.rows), purse.used, len(purse.answers)) == (limit, limit, limit), f"seed {seed}"
        assert purse.tally == dict.fromkeys(SPEND_COUNTERS, limit * EACH)
        assert not purse.violations()
        scoring, number = purse.scoring(bed.client("dynamodb")), next(iter(purse.answers))
        purse.score(scoring, number)
        assert purse.answers[number][-1][0]  # a replay is answered without money left
        purse.score(scoring, calls)
        assert calls in purse.refused


@pytest.mark.parametrize(("limit", "requests"), [(40, 40), (25, 40)], ids=["as many as fit", "more than fit"])
def test_reserved_money_equals_the_rows_under_faults(bed, seeds, limit, requests):
    for seed in seeds(2):
        purse = storm(bed, seed, limit, requests, world=Purse)
        wrong = purse.violations()
        assert not wrong, report(wrong, seed)
        assert purse.used == len(purse.rows) == min(limit, requests)
        assert purse.tally == dict.fromkeys(SPEND_COUNTERS, sum(int(row["reserved_micros"]["N"]) for row in purse.rows))
