"""`leads`: the chance that sales will accept a lead, trained on simulated leads."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from models import card, parts
from models.assembly import Frame, Plan, assemble
from models.certification import Promise
from models.evaluation import (
    Bootstrap,
    Estimate,
    auc,
    brier,
    by_band,
    by_group,
    calibration,
    calibration_error,
    judge,
    metrics,
    precision,
)
from models.golden import golden
from models.leads import dataset
from models.leads.dataset import Part
from models.leads.prose import PROSE
from models.leads.rules import RULES
from models.leads.schema import LABEL, SPECS
from models.leakage import refuse_leaks
from models.parts import Tests
from models.recipe import Progress
from models.training import Floats, Shape, digest, fit
from vigil.prediction.engines.contract import TrainingData
from vigil.prediction.engines.ensemble import Band
from vigil.prediction.packages.model import TrainedModel

LEADS = 30_000
SHAPE = Shape(trees=80, leaves=8, rows_per_leaf=60, learning_rate=0.06)
BANDS = (Band("low", 0.0, "nurture_by_mail"), Band("moderate", 0.12, "write_personally"), Band("high", 0.28, "call"))
GATE = 0.005
"""One in two hundred leads like those of training is called out of domain."""
PLAN = Plan(lambda _chance: BANDS, positive="moderate", promise=Promise(alpha=0.08, delta=0.1, harm="missed"))
"""A lead that nobody looks at is lost, a call too many costs minutes: the promise is about those ranked low."""


def train(seed: int, progress: Progress) -> TrainedModel:
    """Simulate, train, calibrate, certify and evaluate; the same seed gives the same bytes.

    Raises LeakageError if a single feature tells the label.
    """
    return build(seed, LEADS, progress)


def build(seed: int, leads: int, progress: Progress) -> TrainedModel:
    """Train on that many simulated leads."""
    progress("simulating leads", 0.0)
    split = dataset.parts(seed, leads)
    fitted, tune, test = split["train"], split["tune"], split["test"]
    refuse_leaks(fitted.rows, fitted.labels, SPECS)
    progress("training", 0.1)
    engines = [
        parts.boosted("accept_lgbm", fit(fitted.rows, fitted.labels, SPECS, SHAPE, seed)),
        parts.rules("rules", RULES),
        parts.statistics("statistics", fitted.rows, tune.rows, SPECS, gate=GATE, tests=Tests(votes=False)),
    ]
    progress("calibrating", 0.3)
    assembled = assemble(_frame(fitted), engines, PLAN, tune.sample, split["certify"].sample)
    progress("evaluating", 0.6)
    judged = judge(assembled.runner, test.rows, test.labels)
    estimates = _estimates(test, judged.chance, seed)
    groups = by_band(assembled.contract, test.labels, judged)
    groups += by_group(dataset.groups(test), test.labels, judged)
    contract = replace(assembled.contract, metrics=metrics(estimates, test.labels, judged, groups))
    progress("done", 1.0)
    return TrainedModel(
        contract,
        assembled.files,
        golden(contract, test.rows, judged.verdicts),
        card.render(contract, PROSE, estimates, groups),
    )


def samples(seed: int, count: int) -> Iterable[dict[str, Any]]:
    """Return held-out leads with what is known of them as `features`; what is not known is left out."""
    test = dataset.parts(seed, LEADS)["test"]
    return [
        {
            "subject_id": f"lead-{test.numbers[i]:05d}",
            "features": {
                spec.name: value
                for spec, number in zip(SPECS, test.rows[i].tolist(), strict=True)
                if (value := spec.decode(number)) is not None
            },
            "_label": int(test.labels[i]),
        }
        for i in range(min(count, len(test.labels)))
    ]


def _estimates(test: Part, chance: Floats, seed: int) -> dict[str, Estimate]:
    bootstrap = Bootstrap(test.companies, seed)
    oracle = bootstrap.estimates(test.labels, test.probability, auc)["auc"]
    return {
        **bootstrap.estimates(test.labels, chance, auc, precision, brier, calibration, calibration_error),
        "oracle_auc": oracle,
    }


def _frame(fitted: Part) -> Frame:
    training = TrainingData(
        description=f"Simulated leads of the first {dataset.CUTOFF} days.",
        simulated=True,
        rows=len(fitted.labels),
        sha256=digest(fitted.rows, fitted.labels, SPECS),
    )
    return Frame("leads", SPECS, LABEL, training, parts.typical(fitted.rows, SPECS))
