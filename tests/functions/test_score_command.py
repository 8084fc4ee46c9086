"""`vigil score` over HTTP with the function of scores behind it."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.support.fakes.api import served
from tests.support.gateway import Context, event

BODY = {"model": "toy", "subject_id": "p-1", "features": {"age": 80.123456, "visits": 3, "stage": "III"}}


def answer(asked):
    from functions.scoring_api.handler import lambda_handler

    headers = {"Idempotency-Key": asked.idempotency_key} if asked.idempotency_key else {}
    given = lambda_handler(event(asked.method, asked.path, body=asked.body or None, headers=headers), Context())
    kept = {name: value for name, value in given["headers"].items() if name == "idempotency-replayed"}
    return given["statusCode"], given["body"].encode(), kept


@pytest.fixture
def score(clock, published, monkeypatch, tmp_path):
    """Function that runs `vigil score` on a body, and returns its code and the words or bytes of its output."""
    with served(answer, monkeypatch):

        def run(body, *options):
            (tmp_path / "score.json").write_text(json.dumps(body))
            done = CliRunner().invoke(app, ["score", str(tmp_path / "score.json"), *options])
            return done.exit_code, done.stdout_bytes if "--json" in options else " ".join(done.output.split())

        yield run


def test_a_score_is_printed_in_words_for_people(score):
    code, shown = score(BODY)
    assert code == 0, shown
    assert "chance of trouble" in shown
    assert "band high → call" in shown
    assert "Age: 80.1 years" in shown


def test_an_idempotency_key_repeats_the_first_answer(score):
    first = score(BODY, "--json", "--idempotency-key", "visit-1")
    assert first == score(BODY, "--json", "--idempotency-key", "visit-1")
    decision = json.loads(first[1])["decision_id"]
    assert f"decision {decision}, as of" in (shown := score(BODY, "--idempotency-key", "visit-1")[1])
    assert ", repeated" in shown
    code, shown = score(BODY | {"subject_id": "p-2"}, "--idempotency-key", "visit-1")
    assert (code, "used before with another payload" in shown) == (1, True)


def test_a_refusal_names_each_field_with_bound_and_remedy(score):
    code, shown = score({"model": "toy", "subject_id": "p-1", "features": {"age": 960, "stage": "IV"}})
    assert code == 1
    assert "features.age: must be between 0 and 100 years; the value looks like months" in shown
    assert "features.stage: must be one of I, II, III" in shown
    assert "features: is required without a history" in score({"model": "toy", "subject_id": "p-1"})[1]
