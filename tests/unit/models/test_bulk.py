"""Tests that every packaged model decides equally in batches and in requests."""

import json
from datetime import UTC, datetime, timedelta

from models import recipe
from tests.support.fakes.scoring import FakeLedger, FakeModels
from tests.support.fakes.tenant_keys import tenant_key
from vigil.decisions.scoring import serialize
from vigil.decisions.scoring.batch_scorer import BatchScorer
from vigil.decisions.scoring.model import ScoreRequest
from vigil.decisions.scoring.schemas import parse_subject
from vigil.decisions.scoring.service import Scoring
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.features.service import get_feature_set
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.model import Manifest


def test_a_row_of_a_batch_gets_the_decision_of_a_request(name, trained):
    engines = {
        spec.name: load_engine(spec, trained.files[spec.file], trained.contract) for spec in trained.contract.engines
    }
    manifest = Manifest(2, 1, "", "2099-01-01T00:00:00Z", "", trained.contract, {})
    model = LoadedModel(manifest, "sha256:0", "", EnsembleRunner(trained.contract, engines))
    now = datetime.now(UTC)
    samples = [{k: v for k, v in row.items() if k != "_label"} for row in recipe.load_recipe(name).samples(3, 25)]
    golden = [{"subject_id": f"golden-{i}", "features": dict(row)} for i, row in enumerate(trained.golden)]
    documents = [*samples, *golden]
    scoring = Scoring(
        FakeModels({name: model}), get_feature_set, FakeLedger(), lambda: now, timedelta(hours=1), keys=tenant_key
    )
    for document, answer in zip(
        documents,
        BatchScorer(model, get_feature_set, now, (), serialize.result_members).answer_rows(documents).texts,
        strict=True,
    ):
        body = parse_subject(document)
        asked = ScoreRequest(name, body.subject_id, body.features, body.history, body.as_of)
        alone = json.loads(scoring.score("acme", asked).row.body)
        assert isinstance(answer, str)
        row = json.loads("{" + answer)
        assert row == {key: alone[key] for key in row}
