"""Tests of the deployed trials function, beside the scoring function that follows its promotions."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.deployments import KEY, publish
from tests.support.gateway import Context, event
from vigil.bootstrap import process
from vigil.kernel.tenants import Limits
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.verification import Release, build_package
from vigil.prediction.trials.model import is_challenger_subject

MANY = Limits(None, 1000, 1000, None, 1000, 1000).to_context()
BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80, "stage": "III"}}


@pytest.fixture
def api(clock, published):
    from functions.outcomes_api import handler as outcomes
    from functions.scoring_api import handler as scoring
    from functions.trials_api import handler as trials

    def call(method, path, role="operator", **kwargs):
        if path.startswith("/v1/outcomes"):
            function = outcomes
        else:
            function = trials if path.endswith(("versions", "promote", "withdraw", "comparison")) else scoring
        answer = function.lambda_handler(event(method, path, role=role, **MANY, **kwargs), Context())
        return answer["statusCode"], json.loads(answer["body"])

    return call


@pytest.fixture
def refresh_at_once(monkeypatch):
    """Let the registry read its pointers at every request instead of once a minute."""
    monkeypatch.setattr("vigil.prediction.packages.service.REFRESH_INTERVAL", timedelta(0))


def release(publisher, model, version):
    now = process.now()
    publisher.publish(build_package(model, Release(version, now, now + timedelta(days=30)), KEY, load_engine))


def test_a_challenger_goes_from_shadow_to_a_share_to_champion(api, published, trained, refresh_at_once):
    release(published, trained, 2)
    assert api("POST", "/v1/scores", body=BODY)[1]["model"]["version"] == 1
    assert api("POST", "/v1/models/toy/promote", body={"version": 2, "alias": "challenger", "share": 500})[0] == 200
    decided = {}
    for number in range(40):
        scored = api("POST", "/v1/scores", body=BODY | {"subject_id": f"p-{number}"})[1]
        decided[f"p-{number}"] = scored["model"]["version"]
        assert "comparison" not in scored
    assert decided == {s: 2 if is_challenger_subject("toy", 2, "acme", s, 500) else 1 for s in decided}
    status, compared = api("GET", "/v1/models/toy/comparison")
    assert (status, compared["pairs"], compared["subjects"], compared["unanswered"]) == (200, 40, 40, 0)
    assert (compared["difference"]["mean"], compared["changed"]["mean"]) == (
        0,
        0,
    )  # both versions contain the same model
    assert api("POST", "/v1/models/toy/promote", body={"version": 2})[0] == 200
    assert {api("POST", "/v1/scores", body=BODY | {"subject_id": s})[1]["model"]["version"] for s in decided} == {2}
    aliases = {v["version"]: v["aliases"] for v in api("GET", "/v1/models/toy/versions")[1]["versions"]}
    assert "champion" in aliases[2]


def score_on_trial(api, published, trained, subjects, horizon_days=10):
    """Score subjects on trial by a champion with this horizon of the label, and return the decisions."""
    contract = trained.contract
    dated = replace(trained, contract=replace(contract, label=replace(contract.label, horizon_days=horizon_days)))
    for version, alias in ((2, "champion"), (3, "challenger")):
        release(published, dated, version)
        assert api("POST", "/v1/models/toy/promote", body={"version": version, "alias": alias})[0] == 200
    scored = [api("POST", "/v1/scores", body=BODY | {"subject_id": f"p-{number}"}) for number in range(subjects)]
    return [body["decision_id"] for _, body in scored]


def test_outcomes_count_in_a_trial_once_their_labels_are_due(api, clock, published, trained, refresh_at_once):
    decisions = score_on_trial(api, published, trained, 14)
    clock.advance(days=9)
    for number, decision in enumerate(decisions):
        report = {"decision_id": decision, "status": "occurred", "recorded_at": clock().isoformat()}
        helped = {"treated": True} if number >= 12 else {}
        assert api("POST", "/v1/outcomes", body=report | helped)[0] == 201
    assert api("GET", "/v1/models/toy/comparison")[1]["outcomes"]["labelled"] is None
    clock.advance(days=2)
    assert api("GET", "/v1/models/toy/comparison")[1]["outcomes"] == {
        "verdict": "undecided",
        "labelled": 12,
        "better": 1.0,
        "worse": 1.0,
        "brier_difference": {"mean": 0.0, "low": None, "high": None},
    }


def test_a_label_without_a_horizon_gives_no_evidence(api, published, trained, refresh_at_once):
    score_on_trial(api, published, trained, 1, horizon_days=None)
    assert api("GET", "/v1/models/toy/comparison")[1]["outcomes"] is None


def test_a_version_without_a_complete_card_is_not_promoted(api, published, trained):
    release(published, replace(trained, card="# Toy, simulated"), 2)
    status, problem = api("POST", "/v1/models/toy/promote", body={"version": 2})
    assert (status, len(problem["errors"])) == (422, 6)
    assert api("GET", "/v1/models/toy/versions")[1]["versions"][0]["aliases"] == ["champion"]


def test_only_operators_promote(api, published, trained):
    release(published, trained, 2)
    assert api("POST", "/v1/models/toy/promote", role="member", body={"version": 2})[0] == 403


def test_a_withdrawn_champion_is_out_of_service_until_a_promotion(api, published, refresh_at_once):
    _, first = api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"})
    status, pointer = api("POST", "/v1/models/toy/withdraw", body={"alias": "champion"})
    assert (status, pointer["alias"], pointer["share"]) == (200, "champion", None)
    status, problem = api("POST", "/v1/scores", body=BODY)
    assert (status, problem["errors"][0]["message"]) == (422, "is not a model of this service")
    assert api("POST", "/v1/scores", body=BODY, headers={"Idempotency-Key": "k"}) == (200, first)
    assert api("GET", "/v1/models")[1] == {"models": [], "unavailable": []}
    assert api("GET", "/v1/models/toy")[0] == 404
    assert api("GET", f"/v1/scores/{first['decision_id']}") == (200, first)
    assert api("POST", "/v1/models/toy/promote", body={"version": 1})[0] == 200
    assert api("POST", "/v1/scores", body=BODY)[0] == 201


def test_only_operators_withdraw(api):
    assert api("POST", "/v1/models/toy/withdraw", role="admin", body={"alias": "champion"})[0] == 403
    assert api("POST", "/v1/models/toy/withdraw", body={"alias": "challenger"})[0] == 404
    assert api("POST", "/v1/models/other/withdraw", body={"alias": "champion"})[0] == 404
    assert api("POST", "/v1/models/toy/withdraw", body={"alias": "old"})[0] == 422


def test_the_sample_event_is_handled(api):
    from functions.trials_api.handler import lambda_handler

    sample = json.loads((Path(__file__).parents[2] / "events" / "trials_api.json").read_text())
    assert lambda_handler(sample, Context())["statusCode"] == 404  # the deployment has no wdbc model


def test_the_openapi_document_covers_every_function(api):
    paths = api("GET", "/openapi.json")[1]["paths"]
    assert {"/v1/outcomes", "/v1/models/{name}/promote", "/v1/scores", "/v1/models/{name}/comparison"} <= set(paths)


def test_a_published_version_is_listed(api, published, trained):
    assert api("POST", "/v1/models/toy/promote", body={"version": 2})[0] == 404
    publish(published, trained, 2)
    assert [v["version"] for v in api("GET", "/v1/models/toy/versions")[1]["versions"]] == [1, 2]
