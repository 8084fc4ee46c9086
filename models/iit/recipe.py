"""`iit`: the risk of interruption in HIV treatment after a visit, trained on a simulated cohort."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from models import card
from models.evaluation import (
    Bootstrap,
    Estimate,
    auc,
    brier,
    by_band,
    by_group,
    calibration,
    calibration_error,
    counts,
    flat,
    precision,
)
from models.golden import golden
from models.iit import dataset
from models.iit.dataset import CUTOFF, FEATURES, Table, split_of
from models.iit.groups import audited
from models.iit.label import LABEL
from models.iit.presets import DRIFT_DAY, SOUTH_AFRICA_LIKE
from models.iit.prose import PROSE
from models.iit.records import history, subject
from models.iit.simulator import Cohort, simulate
from models.leakage import refuse_leaks
from models.recipe import Progress
from models.training import (
    Floats,
    Shape,
    calibrate,
    digest,
    fit,
    probabilities,
    raw_scores,
)
from vigil.features.schemas import as_json
from vigil.registry.model import Band, Calibration, ModelContract, TrainedModel, TrainingData

PATIENTS = 10_000
PRESET = SOUTH_AFRICA_LIKE
SHAPE = Shape(trees=120, leaves=8, rows_per_leaf=300, learning_rate=0.05)


def train(seed: int, progress: Progress) -> TrainedModel:
    """Simulate, train, calibrate and evaluate; the same seed gives the same bytes.

    Raises LeakageError if a single feature tells the label.
    """
    return build(seed, PATIENTS, progress)


def build(seed: int, patients: int, progress: Progress) -> TrainedModel:
    """Train on a cohort of that many patients."""
    progress("simulating patients", 0.0)
    cohort = simulate(seed, patients, PRESET)
    train_rows = dataset.table(cohort, "train", lambda done: progress("features for training", 0.05 + 0.4 * done))
    calibration_rows = dataset.table(
        cohort, "calibration", lambda done: progress("features for calibration", 0.45 + 0.15 * done)
    )
    progress("training", 0.6)
    refuse_leaks(train_rows.rows, train_rows.labels, FEATURES.specs)
    booster = fit(train_rows.rows, train_rows.labels, FEATURES.specs, SHAPE, seed)
    raw = raw_scores(booster, calibration_rows.rows)
    platt = calibrate(raw, calibration_rows.labels)
    bands = _bands(probabilities(platt, raw))
    test = dataset.table(cohort, "test", lambda done: progress("features for testing", 0.65 + 0.15 * done))
    chance = probabilities(platt, raw_scores(booster, test.rows))
    progress("evaluating", 0.8)
    estimates = _evaluate(cohort, test, chance, seed)
    contract = _contract(train_rows, platt, bands, {**flat(estimates), **counts(test.labels)})
    groups = by_band(contract, test.labels, chance) + by_group(audited(cohort, test), test.labels, chance)
    progress("done", 1.0)
    text = booster.model_to_string().encode()
    return TrainedModel(
        contract, text, golden(contract, test.rows, chance), card.render(contract, PROSE, estimates, groups)
    )


def samples(seed: int, count: int) -> Iterable[dict[str, Any]]:
    """Return visits of held-out patients, one each, drawn at random, with the history that was known by `as_of`."""
    cohort = simulate(seed, PATIENTS, PRESET)
    rng = np.random.default_rng(seed)
    held_out = (patient for patient in rng.permutation(PATIENTS).tolist() if split_of(patient) == "test")
    bodies = (body for patient in held_out for body in _body(cohort, patient, rng))
    return list(islice(bodies, count))


def _body(cohort: Cohort, patient: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Yield one resolved visit of the patient, if there is any; drawn, as the last one would be lost too often."""
    record = history(cohort, patient)
    if resolved := [i for i in dataset.indexes(cohort, patient, record, "test") if i.resolved]:
        index = resolved[rng.integers(len(resolved))]
        yield {
            "subject_id": subject(patient),
            "history": as_json(record.known(index.as_of)),
            "as_of": index.as_of.isoformat(),
            "_label": index.label,
        }


def _bands(chance: Floats) -> tuple[Band, ...]:
    """Cut calibrated probabilities of the calibration split at their 60th and 90th percentile, in whole percents."""
    moderate, high = (round(float(edge), 2) for edge in np.quantile(chance, [0.6, 0.9]))
    moderate = max(moderate, 0.01)
    return (
        Band("low", 0.0, "routine_follow_up"),
        Band("moderate", moderate, "send_reminder"),
        Band("high", max(high, moderate + 0.01), "call_patient"),
    )


def _evaluate(cohort: Cohort, test: Table, chance: Floats, seed: int) -> dict[str, Estimate]:
    bootstrap = Bootstrap(test.patients, seed)
    since = cohort.visits.day[test.visit_rows] >= DRIFT_DAY
    drifted = Bootstrap(test.patients[since], seed).estimates(test.labels[since], chance[since], auc, calibration)
    return {
        **bootstrap.estimates(test.labels, chance, auc, precision, brier, calibration, calibration_error),
        **{f"oracle_{name}": e for name, e in bootstrap.estimates(test.labels, test.probability, auc).items()},
        **{f"{name}_after_drift": estimate for name, estimate in drifted.items()},
    }


def _contract(trained: Table, platt: Calibration, bands: tuple[Band, ...], metrics: dict[str, float]) -> ModelContract:
    return ModelContract(
        name="iit",
        features=FEATURES.specs,
        label=LABEL,
        calibration=platt,
        bands=bands,
        training=TrainingData(
            description=f"Simulated cohort `{PRESET.name}`, index visits resolved by {CUTOFF:%Y-%m-%d}.",
            simulated=True,
            rows=len(trained),
            sha256=digest(trained.rows, trained.labels, FEATURES.specs),
        ),
        metrics=metrics,
        history=FEATURES.name,
    )
