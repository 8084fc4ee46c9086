"""`vigil decisions replay` recomputes 20 explained decisions of each model to the same bytes, in a fresh process."""

import importlib
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import native
from cli.main import app
from models import recipe
from models.packed import add_packed_tables
from tests.support.deployments import deployment
from tests.support.gateway import Context, event
from tests.support.trained import trained_model
from vigil.bootstrap import process
from vigil.prediction.engines import trees

DECISIONS = 20


@pytest.fixture(params=recipe.recipe_names())
def decided(request, clock, monkeypatch):
    """Ids and sizes of explained decisions on samples of a model, with its packed tables."""
    native.add_to_path()
    model, _ = add_packed_tables(trained_model(request.param))
    samples = recipe.load_recipe(request.param).samples(1, DECISIONS)
    with deployment(model, monkeypatch):
        yield [score(request.param, dict(sample)) for sample in samples]


@pytest.fixture
def fresh(decided, monkeypatch):
    """The state of a new process: nothing is loaded, and the path has no native libraries."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if not (Path(entry) / "vigil_native").exists()])
    monkeypatch.delitem(sys.modules, "vigil_native", raising=False)
    native.add_to_path.cache_clear()
    importlib.invalidate_caches()
    process.forget()
    assert trees.load_library() is None
    yield
    native.add_to_path.cache_clear()
    importlib.invalidate_caches()


def score(name, sample):
    from functions.scoring_api.handler import lambda_handler

    sample.pop("_label", None)
    body = {**sample, "model": name, "explain": True}
    answer = lambda_handler(event("POST", "/v1/scores", body=body), Context())
    assert answer["statusCode"] == 201, answer["body"]
    assert json.loads(answer["body"])["explanation"]
    return json.loads(answer["body"])["decision_id"], len(answer["body"])


def test_20_explained_decisions_replay_to_the_same_bytes(decided, fresh):
    for decision, size in decided:
        result = CliRunner().invoke(app, ["decisions", "replay", "acme", decision])
        assert (result.exit_code, f"the same {size} bytes" in result.output) == (0, True), result.output
