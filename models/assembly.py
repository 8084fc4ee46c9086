"""From engines to a contract: each is calibrated, their ensemble is learnt, and the abstention threshold certified.

Calibration and ensemble are fitted on the tuning rows; the threshold is certified on rows that no fit has seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize

from models.certification import Answers, Promise, certify, sequence
from models.parts import Part
from models.training import Floats, Ints, calibrate
from vigil.prediction.engines.contract import Label, ModelContract, TrainingData
from vigil.prediction.engines.ensemble import Band, Ensemble, EnsemblePolicy, Verdict, error_probability
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.engines.votes import Calibration, EngineSpec, logit
from vigil.prediction.features.feature_spec import FeatureSpec

FEW = 10
"""With fewer rows than this nothing is fitted."""
SHRINKAGE = 1.0
"""Strength of the pull of weights towards equal ones, in rows: what keeps them finite where classes separate."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of a model before its engines are put together."""

    name: str
    features: tuple[FeatureSpec, ...]
    label: Label
    training: TrainingData
    typical: Mapping[str, tuple[float, ...]]
    history: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How engines decide: bands from the tuning rows' probabilities, the first positive band, policy, promise."""

    bands: Callable[[Floats], tuple[Band, ...]]
    positive: str
    promise: Promise
    policy: EnsemblePolicy = "weighted"


@dataclass(frozen=True, slots=True)
class Sample:
    """Encoded rows and their labels."""

    rows: Floats
    labels: Ints


@dataclass(frozen=True, slots=True)
class Assembled:
    """A contract without metrics, the files of its engines, and the engines at work."""

    contract: ModelContract
    files: Mapping[str, bytes]
    runner: EnsembleRunner


def assemble(frame: Frame, parts: Sequence[Part], plan: Plan, tune: Sample, certified: Sample) -> Assembled:
    """Calibrate, weigh and certify. Tuning and certification rows share no subject; the latter are independent."""
    raw = _runner(_contract(frame, [part.spec for part in parts], plan), parts)
    specs = _calibrated(raw, parts, tune)
    calibrated = _runner(_contract(frame, specs, plan), parts)
    verdicts = [calibrated.assess(row) for row in tune.rows.tolist()]
    ensemble = learn(verdicts, [part.name for part in parts], tune.labels)
    chance = np.array([ensemble.probability(verdict.votes) or 0.0 for verdict in verdicts])
    bands = plan.bands(chance)
    positive_from = next(band.lower for band in bands if band.name == plan.positive)
    ensemble = replace(ensemble, positive_from=positive_from, policy=plan.policy)
    contract = replace(calibrated.contract, ensemble=ensemble, bands=bands)
    final = _runner(contract, parts)
    order = sequence(answers(final, tune, plan.promise), len(certified.rows), plan.promise)
    abstention = certify(answers(final, certified, plan.promise), order, plan.promise)
    contract = replace(contract, abstention=abstention)
    return Assembled(contract, {part.spec.file: part.content for part in parts}, _runner(contract, parts))


def answers(runner: EnsembleRunner, sample: Sample, promise: Promise) -> Answers:
    """Return the doubts and errors of the answers that a threshold is to judge: those that nothing else decides."""
    positive_from = runner.contract.ensemble.positive_from
    doubts, errors = [], []
    for row, label in zip(sample.rows.tolist(), sample.labels.tolist(), strict=True):
        verdict = runner.assess(row)
        if verdict.vetoed or verdict.reasons or verdict.probability is None:
            continue
        positive = verdict.probability >= positive_from
        if promise.harm == "missed" and positive:
            continue
        doubts.append(error_probability(verdict.probability, positive_from, promise.harm))
        errors.append(positive != bool(label))
    return Answers(np.array(doubts), np.array(errors, bool), len(sample.rows))


def learn(verdicts: Sequence[Verdict], names: Sequence[str], labels: Ints) -> Ensemble:
    """Fit non-negative weights of calibrated log-odds, a term for each engine's abstention, and the intercept.

    An engine that hardly ever abstained has as its term what it contributes on average: a missing one then leaves the
    answer where it would be without any news from it.
    """
    odds = np.array([[_log_odds(verdict, name) for name in names] for verdict in verdicts])
    silent = np.isnan(odds)
    heard = [i for i in range(len(names)) if (~silent[:, i]).sum() >= FEW]
    if not heard:
        raise ValueError("no engine gives a probability")
    both = [i for i in heard if silent[:, i].sum() >= FEW]
    design = np.column_stack([np.nan_to_num(odds[:, heard]), silent[:, both].astype(float), np.ones(len(odds))])
    start = np.concatenate([np.full(len(heard), 1 / len(heard)), np.zeros(len(both) + 1)])
    fitted = _nonnegative(design, labels, start, len(heard))
    weights = dict(zip([names[i] for i in heard], fitted.tolist(), strict=False))
    terms = dict(zip([names[i] for i in both], fitted[len(heard) : -1].tolist(), strict=True))
    for i in heard:
        terms.setdefault(names[i], weights[names[i]] * float(np.nanmean(odds[:, i])))
    return Ensemble(weights, positive_from=0.5, intercept=float(fitted[-1]), abstain=terms)


def _nonnegative(design: Floats, labels: Ints, start: Floats, weights: int) -> Floats:
    """Minimise the log loss, shrunk towards `start`, with the first `weights` coefficients not below zero."""
    pull = np.full(len(start), SHRINKAGE)
    pull[-1] = 0.0

    def loss(x: Floats) -> tuple[float, Floats]:
        log_odds = design @ x
        gap = x - start
        value = np.logaddexp(0, log_odds).sum() - labels @ log_odds + pull @ gap**2 / 2
        return float(value), design.T @ (1 / (1 + np.exp(-log_odds)) - labels) + pull * gap

    bounds: list[Any] = [(0, None)] * weights + [(None, None)] * (len(start) - weights)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x, np.float64)


def _calibrated(runner: EnsembleRunner, parts: Sequence[Part], tune: Sample) -> list[EngineSpec]:
    votes = [runner.assess(row).votes for row in tune.rows.tolist()]
    specs = []
    for part in parts:
        raw = np.array([np.nan if (v := vote[part.name]).raw is None or v.out_of_domain else v.raw for vote in votes])
        specs.append(replace(part.spec, calibration=_platt(raw, tune.labels)))
    return specs


def _platt(raw: Floats, labels: Ints) -> Calibration | None:
    """Fit Platt's sigmoid where there is something to fit, else the smoothed rate; None for an engine never heard."""
    heard = ~np.isnan(raw)
    count, events = int(heard.sum()), int(labels[heard].sum())
    if not count:
        return None
    if min(events, count - events) < FEW or len(np.unique(raw[heard])) < 2:
        return Calibration(0.0, logit((events + 1) / (count + 2)))
    return calibrate(raw[heard], labels[heard])


def _log_odds(verdict: Verdict, name: str) -> float:
    probability = verdict.votes[name].probability
    return np.nan if probability is None else logit(probability)


def _contract(frame: Frame, engines: Sequence[EngineSpec], plan: Plan) -> ModelContract:
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
    )


def _runner(contract: ModelContract, parts: Sequence[Part]) -> EnsembleRunner:
    specs = {spec.name: spec for spec in contract.engines}
    return EnsembleRunner(
        contract, {part.name: load_engine(specs[part.name], part.content, contract) for part in parts}
    )
