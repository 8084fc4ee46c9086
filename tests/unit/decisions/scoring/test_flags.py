"""Flags change a decision, are named in it, and are reused by its replay."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.scoring import CONTRACT, ToyModel, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from tests.unit.decisions.scoring.world import REQUEST, World
from vigil.access.flags.model import EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT, Switches
from vigil.decisions.scoring.service import Scoring
from vigil.prediction.engines.ensemble import Abstention

DIGEST = "sha256:" + "f" * 64
HIGH = replace(REQUEST, features={"age": 90, "stage": "III"}, explain=False)
LOW = replace(REQUEST, features={"age": 1, "visits": 50}, explain=False)
UNSURE = replace(REQUEST, features={"age": 20}, explain=False)
UNSETTLED = {
    "abstention": Abstention(0.1, 0.05, 0.3, 0.09, 0.8),
    "typical": {"visits": (0.0, 10.0, 40.0), "urban": (0.0, 1.0), "stage": (0.0, 1.0, 2.0)},
}
"""A contract for which `UNSURE` abstains, with typical values for the missing fact."""


class Switched(World):
    """A world with flags that are on for the subjects of `whom`."""

    def __init__(self, *on, whom=("p-1",), **changes):
        self.on, self.whom = on, whom
        super().__init__()
        self.models.champions["toy"] = ToyModel(contract=replace(CONTRACT, **changes))

    def service(self, ledger):
        return Scoring(self.models, VisitCount, ledger, self.clock, timedelta(hours=24), self.switches, keys=tenant_key)

    def switches(self, tenant_id, subject_id):
        return Switches(DIGEST, self.on if subject_id in self.whom else ())

    def answered(self, request):
        outcome = self.scoring.score("acme", request)
        return json.loads(outcome.row.body), outcome


def test_a_decision_names_the_flag_set_and_a_list_entry_does_not():
    body, outcome = Switched(EXPLAIN_HIGH_RISK).answered(LOW)
    assert body["flags"] == {"digest": DIGEST, "on": [EXPLAIN_HIGH_RISK]}
    assert "flags" not in json.loads(outcome.row.summary)


def test_without_flags_the_decision_names_no_set_and_all_are_off():
    assert json.loads(World().scoring.score("acme", LOW).row.body)["flags"] == {"digest": None, "on": []}


@pytest.mark.parametrize(
    ("on", "request_", "explained"),
    [((EXPLAIN_HIGH_RISK,), HIGH, True), ((EXPLAIN_HIGH_RISK,), LOW, False), ((), HIGH, False)],
)
def test_the_flag_adds_explanations_to_high_risk_decisions(on, request_, explained):
    body, outcome = Switched(*on).answered(request_)
    assert (body["explanation"] is not None, outcome.explained) == (explained, explained)
    if explained:
        total = body["base_value"] + sum(reason["contribution"] for reason in body["explanation"])
        assert total == pytest.approx(body["raw_score"])


def test_only_subjects_with_the_flag_get_an_explanation():
    world = Switched(EXPLAIN_HIGH_RISK, whom=("p-2",))
    assert world.answered(HIGH)[0]["explanation"] is None
    assert world.answered(replace(HIGH, subject_id="p-2"))[0]["explanation"] is not None


@pytest.mark.parametrize("on", [(), (SKIP_MISSING_FACT,)])
def test_the_flag_removes_the_missing_fact_from_an_abstention(on):
    body, _ = Switched(*on, **UNSETTLED).answered(UNSURE)
    assert body["abstention"]["reasons"] == ["low_confidence"]
    assert (body["abstention"]["missing_fact"] is None) is bool(on)


@pytest.mark.parametrize("request_", [HIGH, LOW, UNSURE])
@pytest.mark.parametrize("on", [(), (EXPLAIN_HIGH_RISK,), (SKIP_MISSING_FACT,), (EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT)])
def test_a_replay_uses_the_flags_of_the_original_decision(on, request_):
    world = Switched(*on, **UNSETTLED)
    _, outcome = world.answered(request_)
    world.on = tuple({EXPLAIN_HIGH_RISK, SKIP_MISSING_FACT} - set(on))
    row, again = world.scoring.replay("acme", outcome.row.decision_id)
    assert again == row.body


def test_champion_and_challenger_use_the_same_flags():
    from tests.support.fakes.scoring import FakeTrial

    world = Switched(EXPLAIN_HIGH_RISK)
    world.models.on_trial = FakeTrial(ToyModel(version=2), share=1000)
    body, _ = world.answered(HIGH)
    assert (body["model"]["version"], body["flags"]["on"]) == (2, [EXPLAIN_HIGH_RISK])
    assert body["explanation"] is not None
