"""A challenger in shadow mode, or deciding for its share of subjects."""

import json
from dataclasses import replace

import pytest

from tests.support.fakes.scoring import FakeTrial, LinearEngine, ToyModel
from tests.unit.decisions.scoring.world import REQUEST
from vigil.prediction.trials.model import is_challenger_subject


class Shifted(LinearEngine):
    """The challenger's engine, with log-odds higher by one."""

    def raw_score(self, row):
        return super().raw_score(row) + 1


class Broken(LinearEngine):
    def raw_score(self, row):
        raise ZeroDivisionError


def challenger(engine=Shifted, **changes):
    return ToyModel(**{"version": 2, "digest": "sha256:" + "b" * 64, "engines": {"linear": engine()}, **changes})


def test_a_shadow_challenger_changes_no_answer_and_is_recorded(world):
    plain = world.scoring.score("acme", REQUEST, "plain").row
    world.models.on_trial = FakeTrial(challenger())
    row = world.scoring.score("acme", REQUEST, "shadow").row
    unlike = {"decision_id"}
    assert {k: v for k, v in json.loads(row.body).items() if k not in unlike} == {
        k: v for k, v in json.loads(plain.body).items() if k not in unlike
    }
    assert plain.comparison is None
    champion, rival = row.comparison.champion, row.comparison.challenger
    assert (champion.version, champion.probability) == (1, json.loads(row.body)["probability"])
    assert rival.version == 2
    assert rival.probability > champion.probability


def test_a_trial_makes_one_ledger_call_and_one_row(world):
    world.models.on_trial = FakeTrial(challenger(), share=500)
    world.scoring.score("acme", REQUEST, "key")
    assert (world.ledger.calls, len(world.ledger.rows)) == (1, 1)


def test_the_challenger_decides_for_a_constant_share_of_subjects(world):
    world.models.on_trial = FakeTrial(challenger(), share=300)
    for _ in range(2):
        for number in range(60):
            request = replace(REQUEST, subject_id=f"p-{number}")
            row = world.scoring.score("acme", request).row
            chosen = is_challenger_subject("toy", 2, "acme", request.subject_id, 300)
            assert row.model.version == (2 if chosen else 1)
            assert (row.comparison.champion.version, row.comparison.challenger.version) == (1, 2)
    assert {row.model.version for row in world.ledger.rows.values()} == {1, 2}


@pytest.mark.parametrize(
    "model",
    [challenger(Broken), challenger(contract=replace(ToyModel().contract, features=ToyModel().contract.features[:1]))],
    ids=["its engine fails", "it has another schema"],
)
def test_a_failing_challenger_does_not_affect_the_answer_and_is_counted(world, model):
    world.models.on_trial = FakeTrial(model, share=1000)
    row = world.scoring.score("acme", REQUEST).row
    assert row.model.version == 1
    assert row.comparison.challenger.probability is None


def test_a_challengers_decision_replays_to_the_same_bytes_after_its_trial(world):
    world.models.on_trial = FakeTrial(challenger(), share=1000)
    row = world.scoring.score("acme", REQUEST).row
    world.models.on_trial = None
    stored, again = world.scoring.replay("acme", row.decision_id)
    assert (stored.model.version, again) == (2, stored.body)
