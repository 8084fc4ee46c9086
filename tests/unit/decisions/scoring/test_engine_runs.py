"""Work per request: each model runs once, and a history is parsed once."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.fakes.scoring import CONTRACT, FakeTrial, LinearEngine, ToyModel, VisitCount
from tests.support.fakes.tenant_keys import tenant_key
from tests.unit.decisions.scoring.world import World
from vigil.decisions.scoring.model import ScoreRequest
from vigil.decisions.scoring.service import Scoring

FEATURES = ScoreRequest("toy", "p-1", features={"age": 40, "urban": True, "stage": "II"}, explain=True)


class CountingEngine(LinearEngine):
    def __init__(self, runs):
        self.runs = runs

    def assess(self, row):
        self.runs.append(row)
        return super().assess(row)


class CountingWorld(World):
    """A world that records each engine run, and each parse with the name of its feature set."""

    def __init__(self, challenger=None):
        self.runs, self.parses = [], []
        super().__init__()
        self.models.champions["toy"] = self.model(1)
        if challenger is not None:
            self.models.on_trial = FakeTrial(self.model(2, history=challenger), share=1000)

    def model(self, version, history="toy/1"):
        contract = replace(CONTRACT, history=history)
        return ToyModel(version=version, contract=contract, engines={"linear": CountingEngine(self.runs)})

    def service(self, ledger):
        def feature_sets(name):
            counted = VisitCount(name)
            parse = counted.parse
            counted.parse = lambda history: self.parses.append(name) or parse(history)
            return counted

        return Scoring(self.models, feature_sets, ledger, self.clock, timedelta(hours=24), keys=tenant_key)


def history_request(world):
    return ScoreRequest("toy", "p-1", history={"visits": [1, 2]}, as_of=world.clock())


@pytest.mark.parametrize(("challenger", "runs"), [(None, 1), ("toy/1", 2)])
def test_each_model_runs_once_per_request(challenger, runs):
    world = CountingWorld(challenger)
    row = world.scoring.score("acme", FEATURES).row
    assert len(world.runs) == runs
    assert row.model.version == runs


@pytest.mark.parametrize(("challenger", "runs"), [(None, 1), ("toy/1", 2)])
def test_a_history_is_parsed_once_for_both_models(challenger, runs):
    world = CountingWorld(challenger)
    row = world.scoring.score("acme", history_request(world)).row
    assert (len(world.runs), world.parses) == (runs, ["toy/1"])
    assert json.loads(row.inputs)["visits"] == 2


def test_a_challenger_with_its_own_feature_set_parses_once_more():
    world = CountingWorld("toy/2")
    world.scoring.score("acme", history_request(world))
    assert world.parses == ["toy/1", "toy/2"]


def test_a_new_generation_of_a_key_runs_the_engines_once():
    world = CountingWorld()
    world.scoring.score("acme", FEATURES, "key")
    world.clock.advance(hours=25)
    world.scoring.score("acme", FEATURES, "key")
    assert len(world.runs) == 2


def test_a_replay_runs_the_engines_once():
    world = CountingWorld("toy/1")
    row = world.scoring.score("acme", FEATURES).row
    world.runs.clear()
    _, body = world.scoring.replay("acme", row.decision_id)
    assert (len(world.runs), body) == (1, row.body)
