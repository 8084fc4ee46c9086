"""Retraining of `iit` on reported outcomes: a sound challenger is signed, an unsound one refused."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.retraining import ChallengerOptions, RetrainingOrder, load_retrainable, retrain, train_challenger
from cli.training import verify_files
from models.iit import recipe as iit
from models.iit.dataset import FEATURES
from models.known import known_outcomes, no_outcomes
from models.training import fit_booster
from tests.support.fakes.packages import KEY, KEYS, NOW, FixedBlocks, MemoryCatalogue, MemoryPackages
from vigil.errors import Conflict, NotFound
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.gates import check_promotable
from vigil.prediction.packages.publishing import Publisher
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, Release, build_package

PATIENTS = 1500
SMALL = SimpleNamespace(retrain=lambda seed, outcomes, progress: iit.rebuild(seed, PATIENTS, outcomes, progress))


def quiet(_step, _done):
    return None


@pytest.fixture(scope="module")
def first():
    """Model trained without outcomes, and its held-out rows."""
    return iit.rebuild(1, PATIENTS, no_outcomes(FEATURES.specs), quiet)


@pytest.fixture(scope="module")
def champion(first):
    from datetime import timedelta

    files = build_package(first[0], Release(1, NOW, NOW + timedelta(days=10_000)), KEY, load_engine)
    return PackageVerifier(KEYS, load_engine).verify(files, ExpectedPackage())


@pytest.fixture(scope="module")
def reported(first):
    """Outcomes of 600 held-out rows of the cohort, with subjects of one tenant."""
    rows = first[1]
    some = np.random.default_rng(2).permutation(len(rows))[:600]
    return known_outcomes(
        rows.rows[some].tolist(), rows.labels[some].tolist(), [f"acme/{n}" for n in some], rows.rows.shape[1]
    )


@pytest.fixture
def same(first):
    """Recipe whose training returns the first model."""
    return SimpleNamespace(retrain=lambda *_: first)


@pytest.fixture(scope="module")
def challenged(champion, reported):
    return train_challenger(SMALL, reported, champion, ChallengerOptions(KEY, 2), quiet)


def test_a_challenger_has_the_next_version_and_passes_every_gate(challenged):
    model = verify_files(challenged[0], KEYS)
    assert (model.name, model.version) == ("iit", 2)
    check_promotable(model)


def test_card_and_manifest_record_the_training_on_outcomes(challenged, reported):
    model, learnt = verify_files(challenged[0], KEYS), len(reported.split()[0])
    assert f"{learnt} reported outcomes" in model.card.splitlines()[0]
    assert f"{learnt} reported outcomes" in model.contract.training.description


def test_both_models_are_measured_on_the_same_rows_with_intervals(challenged, reported, first):
    found = challenged[1]
    assert found.rows == len(first[1]) + len(reported.split()[1])
    for measure in ("auc", "brier", "calibration_error"):
        difference = found.difference[measure]
        assert difference.value == pytest.approx(found.challenger[measure] - found.champion[measure])
        assert difference.low <= difference.value <= difference.high


def test_outcomes_that_leak_into_a_feature_are_refused(champion, reported):
    column = next(i for i, spec in enumerate(FEATURES.specs) if spec.name == "last_days_late")
    leaky, labels = reported.rows.copy(), np.arange(len(reported)) % 3 // 2
    leaky[:, column] = labels * 80.0
    with pytest.raises(Conflict, match=r"not published: last_days_late alone has AUC"):
        train_challenger(
            SMALL, replace(reported, rows=leaky, labels=labels), champion, ChallengerOptions(KEY, 2), quiet
        )


def test_outcomes_that_break_the_calibration_are_refused(champion, reported):
    """Every outcome is reported repeatedly as an interruption, so the challenger predicts a far higher rate."""
    spoilt = replace(reported, labels=np.ones_like(reported.labels))
    many = partial(np.repeat, repeats=40, axis=0)
    names = "rows", "labels", "subjects", "weights"
    spoilt = replace(spoilt, **{name: many(getattr(spoilt, name)) for name in names})
    with pytest.raises(Conflict, match="calibration error is higher by"):
        train_challenger(SMALL, spoilt, champion, ChallengerOptions(KEY, 2), quiet)


def test_a_champion_of_another_schema_is_refused(champion, reported, same):
    narrower = replace(champion.contract.features[0], maximum=7)
    contract = replace(champion.contract, features=(narrower, *champion.contract.features[1:]))
    other = replace(champion, manifest=replace(champion.manifest, contract=contract))
    with pytest.raises(Conflict, match="another schema"):
        train_challenger(same, reported, other, ChallengerOptions(KEY, 2), quiet)


def test_a_champion_of_another_feature_set_is_refused(champion, reported, same):
    contract = replace(champion.contract, history="art-visits/1")
    other = replace(champion, manifest=replace(champion.manifest, contract=contract))
    with pytest.raises(Conflict, match="another schema"):
        train_challenger(same, reported, other, ChallengerOptions(KEY, 2), quiet)


@pytest.mark.parametrize("name", ["wdbc", "nothing"])
def test_a_model_without_retraining_is_refused_by_name(name):
    with pytest.raises(NotFound, match=name):
        load_retrainable(name)


FINDING = "fnd-" + "0a" * 16


def test_card_and_manifest_name_the_answered_finding(champion, reported, same):
    files, _ = train_challenger(same, reported, champion, ChallengerOptions(KEY, 2, answers=FINDING), quiet)
    model = verify_files(files, KEYS)
    assert model.contract.training.description.endswith(f"Answers finding {FINDING}.")
    assert model.contract.training.description in model.card


def test_weights_of_outcomes_reach_the_trees(monkeypatch, reported):
    received = []

    def recorded(rows, labels, specs, shape, seed, weights):
        received.append((len(rows), weights))
        return fit_booster(rows, labels, specs, shape, seed, weights)

    monkeypatch.setattr(iit, "fit_booster", recorded)
    heavy = replace(reported, weights=reported.weights * 4)
    iit.rebuild(1, 300, heavy, quiet)
    ((rows, weights),) = received
    learnt = len(reported.split()[0])
    assert weights.tolist() == [1.0] * (rows - learnt) + [4.0] * learnt


def test_retraining_of_a_blocked_model_is_refused_before_any_training(monkeypatch):
    """Outcomes and champion are not read: without a deployment, reading them would fail otherwise."""
    blocks = FixedBlocks(
        {"iit": f"finding {FINDING} about a group is open. Decide: vigil models acknowledge iit {FINDING}"}
    )
    verifier = PackageVerifier(KEYS, load_engine)
    blocked = Publisher(MemoryPackages(), MemoryCatalogue(), verifier, blocks=blocks)
    monkeypatch.setattr("cli.retraining.publisher", lambda _keys: blocked)
    order = RetrainingOrder("iit", NOW, ["acme"])
    with pytest.raises(Conflict, match=f"promotions of iit are blocked; review the finding first: finding {FINDING}"):
        retrain(order, None)


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [("--weigh-treated", "1", "share from 0 to 0.9"), ("--answers", "fnd-1", "vigil models findings")],
)
def test_an_impossible_option_of_retraining_is_refused(option, value, remedy):
    result = CliRunner().invoke(app, ["models", "retrain", "iit", "--since", "2026-01-01", option, value])
    assert result.exit_code == 2
    assert remedy in result.output
