"""Recipe of `leads`: the chance that sales will accept a lead, trained on simulated leads."""

from collections.abc import Iterable
from typing import Any

from models import parts
from models.assembly import DecisionPlan, ModelFrame, assemble
from models.certification import Guarantee
from models.evaluation import STANDARD_MEASURES, Bootstrap, Estimate, auc, judge
from models.finishing import finish_model
from models.leads import dataset
from models.leads.card_text import CARD_TEXT
from models.leads.dataset import Part
from models.leads.rules import RULES
from models.leads.schema import GROUPS, LABEL, SPECS
from models.leakage import refuse_leaks
from models.parts import StatisticsTests
from models.recipe import Progress
from models.reference import DatedRows, make_reference
from models.training import Floats, TreeShape, data_digest, fit_booster
from vigil.prediction.engines.contract import TrainingData
from vigil.prediction.engines.ensemble import Band
from vigil.prediction.packages.model import TrainedModel

LEADS = 30_000
SHAPE = TreeShape(trees=80, leaves=8, rows_per_leaf=60, learning_rate=0.06)
BANDS = (Band("low", 0.0, "nurture_by_mail"), Band("moderate", 0.12, "write_personally"), Band("high", 0.28, "call"))
GATE = 0.005
"""Share of leads like those of training that are reported as out of domain: one in two hundred."""
PLAN = DecisionPlan(
    lambda _chance: BANDS, positive="moderate", guarantee=Guarantee(alpha=0.08, delta=0.1, harm="missed")
)
"""The guarantee covers leads that are ranked low: a missed lead is lost, an unnecessary call costs minutes."""


def train(seed: int, progress: Progress) -> TrainedModel:
    """Simulate, train, calibrate, certify and evaluate; the same seed gives the same bytes.

    Raises LeakageError if a single feature reveals the label.
    """
    return build(seed, LEADS, progress)


def build(seed: int, leads: int, progress: Progress) -> TrainedModel:
    """Train on `leads` simulated leads."""
    progress("simulating leads", 0.0)
    split = dataset.parts(seed, leads)
    fitted, tune, test = split["train"], split["tune"], split["test"]
    refuse_leaks(fitted.rows, fitted.labels, SPECS)
    progress("training", 0.1)
    engines = [
        parts.boosted("accept_lgbm", fit_booster(fitted.rows, fitted.labels, SPECS, SHAPE, seed)),
        parts.rules("rules", RULES),
        parts.statistics("statistics", fitted.rows, tune.rows, SPECS, gate=GATE, tests=StatisticsTests(votes=False)),
    ]
    progress("calibrating", 0.3)
    assembled = assemble(_frame(fitted), engines, PLAN, tune.sample, split["certify"].sample)
    progress("evaluating", 0.6)
    judged = judge(assembled.runner, test.rows, test.labels)
    estimates = _estimates(test, judged.chance, seed)
    held_out = dataset.join(tune, split["certify"], test)
    reference = make_reference(assembled.runner, DatedRows(fitted.rows, fitted.days), held_out)
    model = finish_model(assembled, test.sample, judged, estimates, dataset.groups(test), CARD_TEXT, reference)
    progress("done", 1.0)
    return model


def samples(seed: int, count: int) -> Iterable[dict[str, Any]]:
    """Return held-out leads with their known facts as `features`; unknown facts are left out."""
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
        **bootstrap.estimates(test.labels, chance, *STANDARD_MEASURES),
        "oracle_auc": oracle,
    }


def _frame(fitted: Part) -> ModelFrame:
    training = TrainingData(
        description=f"Simulated leads of the first {dataset.CUTOFF} days.",
        simulated=True,
        rows=len(fitted.labels),
        sha256=data_digest(fitted.rows, fitted.labels, SPECS),
    )
    typical = parts.typical_values(fitted.rows, SPECS)
    return ModelFrame("leads", SPECS, LABEL, training, typical, groups=GROUPS)
