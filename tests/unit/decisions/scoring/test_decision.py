"""Parts of an answer beside the probability: engines, abstention, guarantee, degraded engines."""

import json
from dataclasses import replace

import pytest

from tests.support.fakes.scoring import CONTRACT, LinearEngine, ToyModel
from tests.unit.decisions.scoring.world import REQUEST, World
from vigil.prediction.engines.ensemble import Abstention

CERTIFIED = Abstention(0.1, 0.05, 0.35, 0.09, 0.8)


class Broken(LinearEngine):
    def assess(self, row):
        raise RuntimeError("the engine has failed")


def world(engine=None, **changes):
    world = World()
    world.models.champions["toy"] = ToyModel(
        contract=replace(CONTRACT, **changes), engines={"linear": engine or LinearEngine()}
    )
    return world


def answered(world, **features):
    row = world.scoring.score("acme", replace(REQUEST, features=REQUEST.features | features)).row
    return json.loads(row.body), json.loads(row.summary), row


def test_an_answer_has_every_engines_vote_and_a_list_entry_has_none():
    body, summary, _ = answered(world())
    assert [(e["name"], e["kind"], e["vote"], e["version"]) for e in body["engines"]] == [
        ("linear", "lightgbm", "positive", "linear")
    ]
    assert body["engines"][0]["probability"] == pytest.approx(body["probability"])
    assert body["explained_engine"] == "linear"
    assert "engines" not in summary
    assert summary["degraded"] == []


def test_without_a_threshold_the_answer_has_a_warning_and_no_guarantee():
    body, _, _ = answered(world())
    assert body["warnings"] == ["no_calibration"]
    assert (body["guarantee"], body["abstention"], body["decision"]) == (None, None, "call")


def test_a_certified_answer_has_its_guarantee():
    body, _, _ = answered(world(abstention=CERTIFIED))
    assert body["warnings"] == []
    assert (body["guarantee"]["alpha"], body["guarantee"]["delta"], body["guarantee"]["threshold"]) == (0.1, 0.05, 0.35)


def test_a_doubtful_answer_abstains_with_its_band_and_probability():
    body, summary, _ = answered(world(abstention=replace(CERTIFIED, threshold=0.001)))
    assert (body["decision"], body["band"]) == ("abstain", "high")
    assert body["probability"] > 0.5
    assert body["abstention"] == {"reasons": ["low_confidence"], "missing_fact": None}
    assert body["guarantee"] is None
    assert summary["abstention"] == body["abstention"]


@pytest.mark.parametrize(("threshold", "reasons"), [(0.001, ("low_confidence",)), (0.35, ())])
def test_a_result_has_the_reasons_of_its_abstention(threshold, reasons):
    found = world(abstention=replace(CERTIFIED, threshold=threshold)).scoring.score("acme", REQUEST)
    assert found.reasons == reasons


def test_an_abstention_names_the_missing_fact_with_the_best_value_for_cost():
    costs = {"visits": 1.0, "urban": 4.0, "stage": 1.0}
    features = tuple(replace(spec, cost=costs.get(spec.name, 1.0)) for spec in CONTRACT.features)
    typical = {"visits": (0.0, 10.0, 40.0), "urban": (0.0, 1.0), "stage": (0.0, 1.0, 2.0)}
    body, _, _ = answered(
        world(abstention=replace(CERTIFIED, threshold=0.3), features=features, typical=typical),
        age=20, urban=None, stage=None,
    )  # fmt: skip
    # log-odds 0.6: 10 or 40 visits (-0.2 each) change the side; so do stage III (+0.8) and urban (+0.5)
    assert body["abstention"]["reasons"] == ["low_confidence"]
    assert body["abstention"]["missing_fact"] == {
        "feature": "visits", "label": "visits kept", "unit": "visits", "cost": 1.0, "resolves": pytest.approx(2 / 3),
    }  # fmt: skip


def test_a_missing_essential_fact_is_named():
    age, visits, *rest = CONTRACT.features
    features = (age, replace(visits, missing="abstain"), *rest)
    body, _, _ = answered(world(features=features, typical={"visits": (1.0, 2.0)}))
    assert body["abstention"]["reasons"] == ["missing"]
    assert body["abstention"]["missing_fact"]["feature"] == "visits"
    assert body["abstention"]["missing_fact"]["resolves"] == 1.0


def test_a_failing_engine_degrades_the_answer_but_not_the_request():
    broken = world(Broken())
    body, _, _ = answered(broken)
    assert body["degraded"] == [{"engine": "linear", "reason": "failed"}]
    assert (body["decision"], body["band"], body["probability"], body["raw_score"]) == (
        "abstain",
        "unknown",
        None,
        None,
    )
    assert body["abstention"]["reasons"] == ["missing"]
    assert body["explanation"] is None


def test_a_degraded_decision_replays_to_the_same_bytes_after_recovery():
    broken = world(Broken())
    body, _, row = answered(broken)
    broken.models.history["toy", 1] = ToyModel()
    stored, again = broken.scoring.replay("acme", row.decision_id)
    assert again == stored.body
    assert json.loads(again) == body
