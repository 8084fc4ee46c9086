"""Training rows from outcomes and the inputs of their decisions, without unlabelled and old ones."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cli.collect_outcomes import OutcomeSources, collect_outcomes
from tests.support.fakes.clock import Clock
from tests.support.fakes.outcomes import FakeOutcomes
from tests.support.fakes.scoring import CONTRACT, FakeLedger, FakeModels, ToyModel, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.outcomes.model import BatchRow, Report
from vigil.decisions.outcomes.service import Outcomes
from vigil.decisions.scoring.model import ScoreRequest
from vigil.decisions.scoring.service import Scoring
from vigil.kernel.time import format_timestamp


class World:
    def __init__(self):
        self.clock, self.models, ledger = Clock(), FakeModels(), FakeLedger()
        self.scoring = Scoring(self.models, VisitCount, ledger, self.clock, timedelta(hours=24), keys=tenant_key)
        self.outcomes = Outcomes(ledger, self, FakeOutcomes(), self.clock, tenant_key)
        self.rows = []

    def find(self, tenant_id, batch_id, number):
        return BatchRow(batch_id, number, "toy", 1, format_timestamp(self.clock()))

    def report(self, status, subject="p-1", tenant="acme", model="toy", treated=False, **features):
        request = ScoreRequest(model, subject, features={"age": 40} | features)
        row = self.scoring.score(tenant, request).row
        self.rows.append(row)
        self.clock.advance(days=1)
        self.outcomes.record(tenant, row.decision_id, Report(status, self.clock(), treated=treated))

    def collect(self, since_days_ago=1000, tenants=("acme",), contract=CONTRACT, propensity=0.0):
        since = self.clock() - timedelta(days=since_days_ago)
        sources = OutcomeSources(self.outcomes, self.scoring, self.models)
        return collect_outcomes(contract, tenants, since, sources, propensity)


@pytest.fixture
def world():
    return World()


def test_a_known_outcome_becomes_a_row_of_its_decisions_inputs(world):
    world.report("occurred", "p-1", age=41, stage="III")
    world.report("not_occurred", "p-2", age=42, urban=True)
    found = world.collect().known
    rows = set(zip(found.subjects.tolist(), found.rows[:, 0].tolist(), found.labels.tolist(), strict=True))
    assert rows == {("acme/p-1", 41.0, 1), ("acme/p-2", 42.0, 0)}


def test_excluded_unresolved_and_other_models_outcomes_give_no_row(world):
    world.models.champions["other"] = ToyModel("other")
    world.report("excluded")
    world.report("unresolved")
    world.report("occurred", model="other")
    assert len(world.collect().known) == 0
    assert world.collect().known.rows.shape == (0, 4)


def test_only_outcomes_of_the_period_and_tenants_are_collected(world):
    for number in range(130):  # more than one page
        world.report("occurred", f"p-{number}")
    world.report("occurred", tenant="globex")
    assert len(world.collect(since_days_ago=110.5).known) == 110
    assert len(world.collect(tenants=["acme", "globex"]).known) == 131


def test_a_decision_with_another_feature_set_is_counted_and_omitted(world):
    world.report("occurred", "p-1")
    renewed = replace(CONTRACT, history="art-visits/2")
    world.models.promote(version=2, contract=renewed)
    world.report("occurred", "p-2")
    found = world.collect(contract=renewed)
    assert (found.known.subjects.tolist(), found.skipped) == (["acme/p-2"], 1)


def test_a_decision_of_another_schema_is_counted_and_omitted(world):
    world.report("occurred", visits=3)
    world.report("occurred")
    narrow = replace(CONTRACT, features=(replace(CONTRACT.features[0], maximum=39), *CONTRACT.features[1:]))
    found = world.collect(contract=narrow)
    assert (len(found.known), found.skipped) == (0, 2)


def test_outcomes_of_treated_subjects_are_counted_and_left_out(world):
    world.report("not_occurred", "p-1", treated=True)
    world.report("occurred", "p-2")
    found = world.collect()
    assert (found.known.subjects.tolist(), found.known.weights.tolist(), found.treated) == (["acme/p-2"], [1.0], 1)


def test_outcomes_of_rows_of_batches_are_counted_and_left_out(world):
    world.report("occurred", "p-1")
    world.outcomes.record_row("acme", "bat_1", 7, Report("occurred", world.clock()))
    found = world.collect()
    assert (found.known.subjects.tolist(), found.of_batches) == (["acme/p-1"], 1)


def test_untreated_high_risk_rows_stand_in_for_treated_ones(world):
    for visits, subject in ((0, "p-1"), (40, "p-2")):
        world.report("occurred", subject, visits=visits)
    risks = {row.subject_id: row.high_risk for row in world.rows}
    assert set(risks.values()) == {True, False}
    found = world.collect(propensity=0.6).known
    weights = dict(zip(found.subjects.tolist(), found.weights.tolist(), strict=True))
    assert weights == {f"acme/{name}": pytest.approx(2.5 if risk else 1.0) for name, risk in risks.items()}
