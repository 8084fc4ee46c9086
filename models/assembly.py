"""Assembly of engines into a contract: calibration, ensemble and certified abstention threshold.

Calibration and ensemble are fitted on the tuning rows. The threshold is certified on rows that no fit has used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize

from models.certification import CandidateAnswers, Guarantee, certify, threshold_sequence
from models.parts import EnginePart
from models.training import Floats, Ints, fit_calibration
from vigil.prediction.engines.contract import Label, ModelContract, TrainingData
from vigil.prediction.engines.ensemble import Band, Ensemble, EnsemblePolicy, Verdict, error_probability
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.engines.votes import Calibration, EngineSpec, logit
from vigil.prediction.features.feature_spec import FeatureSpec

MIN_ROWS_TO_FIT = 10
"""Minimum rows for a fit."""
SHRINKAGE = 1.0
"""Strength of the shrinkage of weights towards equal weights, in rows.

It keeps weights finite if the classes separate.
"""


@dataclass(frozen=True, slots=True)
class ModelFrame:
    """Parts of a contract that are known before the engines are assembled."""

    name: str
    features: tuple[FeatureSpec, ...]
    label: Label
    training: TrainingData
    typical: Mapping[str, tuple[float, ...]]
    history: str | None = None
    groups: tuple[GroupAttribute, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionPlan:
    """Decision rules of a model: bands from probabilities of tuning rows, first positive band, guarantee, policy."""

    bands: Callable[[Floats], tuple[Band, ...]]
    positive: str
    guarantee: Guarantee
    policy: EnsemblePolicy = "weighted"


@dataclass(frozen=True, slots=True)
class Sample:
    """Encoded rows and their labels."""

    rows: Floats
    labels: Ints


@dataclass(frozen=True, slots=True)
class Assembled:
    """A contract without metrics, the files of its engines, and their runner."""

    contract: ModelContract
    files: Mapping[str, bytes]
    runner: EnsembleRunner


def assemble(
    frame: ModelFrame, parts: Sequence[EnginePart], plan: DecisionPlan, tune: Sample, certified: Sample
) -> Assembled:
    """Calibrate the engines, fit the ensemble and certify the threshold.

    Tuning and certification rows share no subject. The certification rows are independent.
    """
    raw = _runner(_contract(frame, [part.spec for part in parts], plan), parts)
    specs = _calibrated(raw, parts, tune)
    calibrated = _runner(_contract(frame, specs, plan), parts)
    verdicts = [calibrated.assess(row) for row in tune.rows.tolist()]
    ensemble = fit_ensemble(verdicts, [part.name for part in parts], tune.labels)
    chance = np.array([ensemble.probability(verdict.votes) or 0.0 for verdict in verdicts])
    bands = plan.bands(chance)
    positive_from = next(band.lower for band in bands if band.name == plan.positive)
    ensemble = replace(ensemble, positive_from=positive_from, policy=plan.policy)
    contract = replace(calibrated.contract, ensemble=ensemble, bands=bands)
    final = _runner(contract, parts)
    order = threshold_sequence(candidate_answers(final, tune, plan.guarantee), len(certified.rows), plan.guarantee)
    abstention = certify(candidate_answers(final, certified, plan.guarantee), order, plan.guarantee)
    contract = replace(contract, abstention=abstention)
    return Assembled(contract, {part.spec.file: part.content for part in parts}, _runner(contract, parts))


def candidate_answers(runner: EnsembleRunner, sample: Sample, guarantee: Guarantee) -> CandidateAnswers:
    """Return error probabilities and errors of the answers to which an abstention threshold applies.

    Vetoed answers and answers that abstain for other reasons are excluded.
    """
    positive_from = runner.contract.ensemble.positive_from
    error_probabilities, errors = [], []
    for row, label in zip(sample.rows.tolist(), sample.labels.tolist(), strict=True):
        verdict = runner.assess(row)
        if verdict.vetoed or verdict.reasons or verdict.probability is None:
            continue
        positive = verdict.probability >= positive_from
        if guarantee.harm == "missed" and positive:
            continue
        error_probabilities.append(error_probability(verdict.probability, positive_from, guarantee.harm))
        errors.append(positive != bool(label))
    return CandidateAnswers(np.array(error_probabilities), np.array(errors, bool), len(sample.rows))


def fit_ensemble(verdicts: Sequence[Verdict], names: Sequence[str], labels: Ints) -> Ensemble:
    """Fit non-negative weights of calibrated log-odds, a term for each engine's abstention, and the intercept.

    An engine with too few abstentions has its average contribution as term. If it is missing, the answer then stays
    where it would be without information from it.
    """
    odds = np.array([[_log_odds(verdict, name) for name in names] for verdict in verdicts])
    silent = np.isnan(odds)
    heard = [i for i in range(len(names)) if (~silent[:, i]).sum() >= MIN_ROWS_TO_FIT]
    if not heard:
        raise ValueError("no engine gives a probability on the tuning rows")
    both = [i for i in heard if silent[:, i].sum() >= MIN_ROWS_TO_FIT]
    design = np.column_stack([np.nan_to_num(odds[:, heard]), silent[:, both].astype(float), np.ones(len(odds))])
    start = np.concatenate([np.full(len(heard), 1 / len(heard)), np.zeros(len(both) + 1)])
    fitted = _nonnegative(design, labels, start, len(heard))
    weights = dict(zip([names[i] for i in heard], fitted.tolist(), strict=False))
    terms = dict(zip([names[i] for i in both], fitted[len(heard) : -1].tolist(), strict=True))
    for i in heard:
        terms.setdefault(names[i], weights[names[i]] * float(np.nanmean(odds[:, i])))
    return Ensemble(weights, positive_from=0.5, intercept=float(fitted[-1]), abstain=terms)


def _nonnegative(design: Floats, labels: Ints, start: Floats, weights: int) -> Floats:
    """Minimise the log loss, shrunk towards `start`; the first `weights` coefficients must not be negative."""
    pull = np.full(len(start), SHRINKAGE)
    pull[-1] = 0.0

    def loss(x: Floats) -> tuple[float, Floats]:
        log_odds = design @ x
        gap = x - start
        value = np.logaddexp(0, log_odds).sum() - labels @ log_odds + pull @ gap**2 / 2
        return float(value), design.T @ (1 / (1 + np.exp(-log_odds)) - labels) + pull * gap

    bounds: list[Any] = [(0, None)] * weights + [(None, None)] * (len(start) - weights)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x, np.float64)


def _calibrated(runner: EnsembleRunner, parts: Sequence[EnginePart], tune: Sample) -> list[EngineSpec]:
    votes = [runner.assess(row).votes for row in tune.rows.tolist()]
    specs = []
    for part in parts:
        raw = np.array([np.nan if (v := vote[part.name]).raw is None or v.out_of_domain else v.raw for vote in votes])
        specs.append(replace(part.spec, calibration=_platt(raw, tune.labels)))
    return specs


def _platt(raw: Floats, labels: Ints) -> Calibration | None:
    """Fit Platt's sigmoid if there are enough rows, otherwise the smoothed event rate; None without scores."""
    heard = ~np.isnan(raw)
    count, events = int(heard.sum()), int(labels[heard].sum())
    if not count:
        return None
    if min(events, count - events) < MIN_ROWS_TO_FIT or len(np.unique(raw[heard])) < 2:
        return Calibration(0.0, logit((events + 1) / (count + 2)))
    return fit_calibration(raw[heard], labels[heard])


def _log_odds(verdict: Verdict, name: str) -> float:
    probability = verdict.votes[name].probability
    return np.nan if probability is None else logit(probability)


def _contract(frame: ModelFrame, engines: Sequence[EngineSpec], plan: DecisionPlan) -> ModelContract:
    return ModelContract(
        name=frame.name,
        features=frame.features,
        label=frame.label,
        engines=tuple(engines),
        ensemble=Ensemble(dict.fromkeys((engine.name for engine in engines), 1.0), 0.5),
        bands=plan.bands(np.linspace(0, 1, 101)),
        training=frame.training,
        metrics={},
        typical=frame.typical,
        history=frame.history,
        groups=frame.groups,
        intersections=frame.intersections,
    )


def _runner(contract: ModelContract, parts: Sequence[EnginePart]) -> EnsembleRunner:
    specs = {spec.name: spec for spec in contract.engines}
    return EnsembleRunner(
        contract, {part.name: load_engine(specs[part.name], part.content, contract) for part in parts}
    )
