"""Scores from a history over HTTP: how a clinic records a person does not change the answer."""

import json
from copy import deepcopy
from dataclasses import replace

import pytest

from tests.support.clinic_extracts import AS_OF, EXTRACTS, LATE
from tests.support.deployments import publish
from tests.support.gateway import Context, event
from tests.support.trained import trained_model
from vigil.bootstrap import decisions, process

ANSWER = ("probability", "band", "decision", "abstention", "warnings")


@pytest.fixture(scope="module")
def trained():
    """Model of interruption in treatment, which takes histories."""
    return trained_model("iit")


@pytest.fixture
def score(clock, published):
    from functions.scoring_api.handler import lambda_handler

    def call(history, as_of=AS_OF, key=None):
        body = {"model": "iit", "subject_id": "p-1", "history": history, "as_of": as_of}
        headers = {"Idempotency-Key": key} if key else None
        answer = lambda_handler(event("POST", "/v1/scores", body=body, headers=headers), Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


def outcome(answer):
    status, body = answer
    assert status == 201
    return {name: body[name] for name in ANSWER}


def fields(answer):
    status, body = answer
    assert status == 422
    return [error["field"] for error in body["errors"]]


def changed(**registration):
    history = deepcopy(EXTRACTS["clean"])
    history["registrations"][0].update(registration)
    return history


def with_viral_load(value):
    result = {"code": "viral_load", "observed_at": AS_OF, "recorded_at": AS_OF, "value": value}
    return EXTRACTS["clean"] | {"observations": [result]}


def test_a_late_return_has_one_answer_however_recorded(score):
    answers = [outcome(score(EXTRACTS[name])) for name in LATE]
    assert answers == [answers[0]] * len(LATE)
    assert (answers[0]["band"], answers[0]["decision"]) == ("high", "call_patient")


def test_a_person_who_picked_up_in_time_is_less_at_risk(score):
    assert outcome(score(EXTRACTS["pick-ups"]))["probability"] < outcome(score(EXTRACTS["clean"]))["probability"]


def test_a_person_with_pick_ups_only_is_answered_as_with_visits(score):
    """A visit that books nothing adds nothing to the pick-up of the same day."""
    pick_ups = {name: records for name, records in EXTRACTS["pick-ups"].items() if name != "visits"}
    moments = [dispense["dispensed_at"] for dispense in pick_ups["dispenses"]]
    visits = [{"visited_at": moment, "recorded_at": moment} for moment in moments]
    assert outcome(score(pick_ups)) == outcome(score(pick_ups | {"visits": visits}))


@pytest.mark.parametrize(
    ("registration", "field"),
    [
        ({"birth_date": "2010-01-01", "art_started_on": "2005-01-01"}, "art_started_on"),
        ({"birth_date": "1900-01-01"}, "birth_date"),
        ({"birth_date": None, "art_started_on": "1900-01-01"}, "art_started_on"),
    ],
)
def test_an_impossible_person_is_refused_with_the_callers_field(score, registration, field):
    assert fields(score(changed(**registration))) == [f"history.registrations[0].{field}"]


@pytest.mark.parametrize("form", ["<20", "< 20 copies/mL", {"below": 20}, "LDL", "Not Detected"])
def test_a_censored_viral_load_is_answered_as_suppressed(score, form):
    assert outcome(score(with_viral_load(form))) == outcome(score(with_viral_load(0)))


def test_an_unknown_form_of_viral_load_is_refused_with_the_allowed_ones(score):
    answer = score(with_viral_load("low"))
    assert fields(answer) == ["history.observations[0].value"]
    assert '"<20"' in answer[1]["errors"][0]["message"]


def test_a_model_of_the_first_version_scores_and_replays_as_before(score, trained, published, clock):
    first = replace(trained, contract=replace(trained.contract, history="art-visits/1"))
    publish(published, first, 2)
    clock.advance(seconds=61)
    twice = score(EXTRACTS["a visit twice"], key="old")
    assert twice[1]["model"]["version"] == 2
    assert outcome(twice)["probability"] != outcome(score(EXTRACTS["clean"]))["probability"]
    publish(published, trained, 3)
    clock.advance(seconds=61)
    process.forget()
    assert score(EXTRACTS["a visit twice"], key="old") == (200, twice[1])
    row, again = decisions.scoring().replay("acme", twice[1]["decision_id"])
    assert again == row.body
    assert outcome(score(EXTRACTS["a visit twice"]))["probability"] == outcome(score(EXTRACTS["clean"]))["probability"]
