"""Recipe of `iit`: the risk of interruption in HIV treatment after a visit, trained on a simulated cohort."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from models import parts
from models.assembly import Assembled, DecisionPlan, ModelFrame, assemble
from models.certification import Guarantee
from models.evaluation import STANDARD_MEASURES, Bootstrap, Estimate, auc, calibration, judge
from models.finishing import finish_model
from models.iit import dataset
from models.iit.card_text import card_text
from models.iit.dataset import CUTOFF, FEATURES, ROLES, Table, split_of
from models.iit.groups import GROUPS, INTERSECTIONS, attribute_values, audit_groups
from models.iit.label import LABEL
from models.iit.presets import DRIFT_DAY, EPOCH, SOUTH_AFRICA_LIKE
from models.iit.records import history, subject
from models.iit.rules import RULES
from models.iit.simulator import Cohort, simulate
from models.known import KnownOutcomes, no_outcomes
from models.leakage import refuse_leaks
from models.parts import StatisticsTests
from models.recipe import Progress
from models.reference import DatedRows, HeldOutRows, make_reference
from models.training import Floats, TreeShape, data_digest, fit_booster
from vigil.kernel.time import format_timestamp
from vigil.prediction.engines.contract import TrainingData
from vigil.prediction.engines.ensemble import Band
from vigil.prediction.features.schemas import to_json
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.reference_model import Reference

PATIENTS = 10_000
PRESET = SOUTH_AFRICA_LIKE
SHAPE = TreeShape(trees=120, leaves=8, rows_per_leaf=300, learning_rate=0.05)


def _bands(chance: Floats) -> tuple[Band, ...]:
    """Return bands from the 60th and 90th percentile of the tuning rows' probabilities, rounded to whole percents."""
    moderate, high = (round(float(edge), 2) for edge in np.quantile(chance, [0.6, 0.9]))
    moderate = max(moderate, 0.01)
    return (
        Band("low", 0.0, "routine_follow_up"),
        Band("moderate", moderate, "send_reminder"),
        Band("high", max(high, moderate + 0.01), "call_patient"),
    )


CALIBRATION_BOUND = 0.03
"""Maximum calibration error: a third of the base rate. Above it the bands lose their meaning."""
MIN_OUTCOMES_FOR_LEAK_CHECK = 100
"""Minimum outcomes of each class for the leakage check; with fewer, a feature can reveal them by chance."""
GATE = 0.005
"""Share of visits like those of training that are reported as out of domain: one in two hundred."""
PLAN = DecisionPlan(_bands, positive="moderate", guarantee=Guarantee(alpha=0.08, delta=0.1, harm="missed"))
"""The guarantee covers patients who are not flagged: flagging brings help, and the harm is under-flagging."""


def train(seed: int, progress: Progress) -> TrainedModel:
    """Simulate, train, calibrate and evaluate; the same seed gives the same bytes.

    Raises LeakageError if a single feature reveals the label.
    """
    return build(seed, PATIENTS, progress)


def retrain(seed: int, known: KnownOutcomes, progress: Progress) -> tuple[TrainedModel, KnownOutcomes]:
    """Train on the simulated cohort and on a share of the reported outcomes.

    Returns the model, and the held-out rows of the cohort and of the outcomes.

    Raises LeakageError if a single feature reveals the label, in the cohort or among the outcomes.
    """
    return rebuild(seed, PATIENTS, known, progress)


def build(seed: int, patients: int, progress: Progress) -> TrainedModel:
    """Train on a cohort of `patients` patients."""
    return rebuild(seed, patients, no_outcomes(FEATURES.specs), progress)[0]


def rebuild(seed: int, patients: int, known: KnownOutcomes, progress: Progress) -> tuple[TrainedModel, KnownOutcomes]:
    """Train on a cohort of `patients` patients and on reported outcomes."""
    progress("simulating patients", 0.0)
    cohort = simulate(seed, patients, PRESET)
    learnt, held_out = known.split()
    own_rows = dataset.table(cohort, "train", lambda done: progress("features for training", 0.05 + 0.4 * done))
    train_rows = own_rows.with_known(learnt)
    calibration_rows = dataset.table(
        cohort, "calibration", lambda done: progress("features for calibration", 0.45 + 0.15 * done)
    )
    progress("training", 0.6)
    refuse_leaks(train_rows.rows, train_rows.labels, FEATURES.specs)
    if min(known.labels.sum(), len(known) - known.labels.sum()) >= MIN_OUTCOMES_FOR_LEAK_CHECK:
        refuse_leaks(known.rows, known.labels, FEATURES.specs)
    tune, certified = dataset.split_calibration(cohort, calibration_rows, seed)
    engines = _engines(train_rows, tune, seed, _weights(len(own_rows), learnt))
    progress("calibrating", 0.62)
    assembled = assemble(_frame(train_rows, len(learnt)), engines, PLAN, tune.sample, certified.sample)
    test = dataset.table(cohort, "test", lambda done: progress("features for testing", 0.65 + 0.1 * done))
    progress("judging", 0.75)
    judged = judge(assembled.runner, test.rows, test.labels)
    progress("evaluating", 0.85)
    estimates = _evaluate(cohort, test, judged.chance, seed)
    bounded = replace(assembled, contract=replace(assembled.contract, calibration_bound=CALIBRATION_BOUND))
    groups, text = audit_groups(cohort, test), card_text(len(learnt))
    rng = np.random.default_rng(seed)
    visits = dataset.draw_visits(calibration_rows, rng).concat(dataset.draw_visits(test, rng))
    reference = _reference(assembled, cohort, own_rows, visits)
    model = finish_model(bounded, test.sample, judged, estimates, groups, text, reference)
    progress("done", 1.0)
    subjects = np.array([subject(patient) for patient in test.patients], np.str_)
    return model, KnownOutcomes(test.rows, test.labels, subjects, np.ones(len(test))).concat(held_out)


def _weights(own: int, learnt: KnownOutcomes) -> Floats | None:
    """Return the weights of own rows, followed by those of outcomes; None if all rows count equally."""
    return None if (learnt.weights == 1).all() else np.concatenate([np.ones(own), learnt.weights])


def _engines(trained: Table, tune: Table, seed: int, weights: Floats | None) -> list[parts.EnginePart]:
    specs = FEATURES.specs
    return [
        parts.boosted("lgbm", fit_booster(trained.rows, trained.labels, specs, SHAPE, seed, weights)),
        parts.forest("iforest", trained.rows, specs, seed),
        parts.rules("rules", RULES),
        parts.statistics("statistics", trained.rows, tune.rows, specs, gate=GATE, tests=StatisticsTests(votes=False)),
    ]


def _reference(assembled: Assembled, cohort: Cohort, trained: Table, held_out: Table) -> Reference:
    """Return the reference of held-out rows of the cohort, at most one visit of each patient.

    Visits whose labels could not all be resolved by the cutoff are left out of the training rows: those with a distant
    appointment are missing among them, which would be a wobble.
    """
    days = cohort.visits.day
    resolved = trained.where(days[trained.visit_rows] < dataset.RESOLVED_DAY)
    groups = attribute_values(cohort, held_out)
    rows = HeldOutRows(held_out.rows, held_out.labels, groups, days[held_out.visit_rows], EPOCH)
    return make_reference(assembled.runner, DatedRows(resolved.rows, days[resolved.visit_rows]), rows, ROLES)


def samples(seed: int, count: int) -> Iterable[dict[str, Any]]:
    """Return random contacts of held-out patients, one each, with the history known at `as_of`."""
    cohort = simulate(seed, PATIENTS, PRESET)
    rng = np.random.default_rng(seed)
    held_out = (patient for patient in rng.permutation(PATIENTS).tolist() if split_of(patient) == "test")
    bodies = (body for patient in held_out for body in _body(cohort, patient, rng))
    return list(islice(bodies, count))


def _body(cohort: Cohort, patient: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Yield one random resolved contact of the patient, if any.

    The last contact would be an interruption too often.
    """
    record = history(cohort, patient)
    if resolved := [i for i in dataset.index_contacts(cohort, patient, record, "test") if i.resolved]:
        index = resolved[rng.integers(len(resolved))]
        yield {
            "subject_id": subject(patient),
            "history": to_json(record.known_at(index.as_of)),
            "as_of": format_timestamp(index.as_of),
            "_label": index.label,
        }


def _evaluate(cohort: Cohort, test: Table, chance: Floats, seed: int) -> dict[str, Estimate]:
    bootstrap = Bootstrap(test.patients, seed)
    since = cohort.visits.day[test.visit_rows] >= DRIFT_DAY
    drifted = Bootstrap(test.patients[since], seed).estimates(test.labels[since], chance[since], auc, calibration)
    return {
        **bootstrap.estimates(test.labels, chance, *STANDARD_MEASURES),
        **{f"oracle_{name}": e for name, e in bootstrap.estimates(test.labels, test.probability, auc).items()},
        **{f"{name}_after_drift": estimate for name, estimate in drifted.items()},
    }


def _frame(trained: Table, outcomes: int) -> ModelFrame:
    reported = f" and {outcomes} reported outcomes" if outcomes else ""
    return ModelFrame(
        name="iit",
        features=FEATURES.specs,
        label=LABEL,
        training=TrainingData(
            description=f"Simulated cohort `{PRESET.name}`, index contacts resolved by {CUTOFF:%Y-%m-%d}{reported}.",
            simulated=True,
            rows=len(trained),
            sha256=data_digest(trained.rows, trained.labels, FEATURES.specs),
        ),
        typical=parts.typical_values(trained.rows, FEATURES.specs),
        history=FEATURES.name,
        groups=GROUPS,
        intersections=INTERSECTIONS,
    )
