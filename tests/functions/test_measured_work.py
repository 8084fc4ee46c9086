"""Log lines of functions have the metrics of alarms about readiness, high risk, batches and abstentions."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.batch_workers import run
from tests.support.deployments import publish
from tests.support.filter_patterns import filter_value, metric_filters
from tests.support.gateway import Context, event
from tests.support.templates import functions
from vigil.bootstrap import process
from vigil.prediction.engines.ensemble import Abstention

EVENT = json.loads((Path(__file__).parents[2] / "events" / "events_publisher.json").read_text())
STRICT = Abstention(0.1, 0.05, 0.001, 0.0, 0.8)
"""A certified threshold that no answer meets."""
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80, "stage": "III"}}


@pytest.fixture
def lines(caplog):
    """Function that returns the log lines of requests since its last call."""

    def take():
        found = [json.dumps(one.fields) for one in caplog.records if one.getMessage() == "request"]
        caplog.clear()
        return found

    return take


def test_the_schedule_of_the_scoring_function_gets_a_ready_answer(published, lines):
    from functions.scoring_api.handler import lambda_handler

    (schedule,) = functions()["ScoringApi"]["Events"].values()
    answer = lambda_handler(json.loads(schedule["Properties"]["Input"]), Context())
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (200, "up")
    assert [filter_value(metric_filters()["ReadyAnswers"], line) for line in lines()] == [1]


def test_a_new_decision_with_a_high_risk_is_counted_once(published, lines):
    from functions.events_publisher.handler import lambda_handler

    lambda_handler(EVENT, Context())
    (found,) = [json.loads(line) for line in lines()]
    assert (found["high_risk"], found["HighRiskDecisions"]) == (1, 1)
    changed = json.loads(json.dumps(EVENT))
    changed["Records"][0]["eventName"] = "MODIFY"
    lambda_handler(changed, Context())
    assert "HighRiskDecisions" not in lines()[0]


def test_the_end_of_a_batch_has_its_duration(deployed, lines):
    from functions.batches_api.handler import lambda_handler

    rows = [{"subject_id": f"p-{n}", "features": {"age": 20 * n, "stage": "I"}} for n in range(3)]
    answer = lambda_handler(event("POST", "/v1/batches", body={"model": "toy", "rows": rows}), Context())
    run(deployed, json.loads(answer["body"])["batch_id"])
    ended = [line for line in map(json.loads, lines()) if "BatchSeconds" in line]
    assert [(line["route"], line["seconds"] >= 0) for line in ended] == [("batch.assembly", True)]


def test_an_abstention_has_its_reasons_and_a_decision_has_none(published, trained, lines):
    from functions.scoring_api.handler import lambda_handler

    publish(published, replace(trained, contract=replace(trained.contract, abstention=STRICT)), 2)
    lambda_handler(event("POST", "/v1/scores", body=BODY), Context())
    assert [json.loads(line).get("abstained") for line in lines()] == ["low_confidence"]
    publish(published, trained, 3)
    process.forget()
    lambda_handler(event("POST", "/v1/scores", body=BODY), Context())
    assert [json.loads(line).get("abstained") for line in lines()] == [None]
