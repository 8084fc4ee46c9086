"""Evaluation on held-out rows, with 95 % intervals from a bootstrap that resamples whole subjects."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from models.roc_auc import roc_auc
from models.training import Floats, Ints, fit_logistic
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ensemble import Verdict
from vigil.prediction.engines.ensemble_runner import EnsembleRunner

Measure = Callable[[Ints, Floats, Floats], Mapping[str, float]]
"""Function from labels, probabilities and row weights to one or more named numbers."""

Rows = slice | NDArray[np.bool_]
"""Selection of rows of a table."""

MIN_GROUP_ROWS = 11
"""Minimum rows of a group for its figures to be shown; smaller groups could identify a person."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def auc(labels: Ints, chance: Floats, weights: Floats) -> Mapping[str, float]:
    """Return the area under the ROC curve."""
    return {"auc": roc_auc(labels, chance, weights)}


def precision(labels: Ints, chance: Floats, weights: Floats) -> Mapping[str, float]:
    """Return the average precision."""
    return {"average_precision": float(average_precision_score(labels, chance, sample_weight=weights))}


def brier(labels: Ints, chance: Floats, weights: Floats) -> Mapping[str, float]:
    """Return the Brier score."""
    return {"brier": float(np.average((chance - labels) ** 2, weights=weights))}


def calibration(labels: Ints, chance: Floats, weights: Floats) -> Mapping[str, float]:
    """Return slope and intercept of the labels on the predicted log-odds; 1 and 0 if calibrated (Cox, 1958)."""
    clipped = chance.clip(1e-9, 1 - 1e-9)
    fitted = fit_logistic(np.log(clipped / (1 - clipped)), labels, weights)
    return {"calibration_slope": fitted.slope, "calibration_intercept": fitted.intercept}


def calibration_error(labels: Ints, chance: Floats, weights: Floats) -> Mapping[str, float]:
    """Return the expected calibration error over ten bins of equal weight (Naeini et al., 2015); biased upwards."""
    order = np.argsort(chance, kind="stable")
    gap, weight = ((labels - chance) * weights)[order], weights[order]
    bins = np.minimum((np.cumsum(weight) - weight / 2) * 10 / weight.sum(), 9).astype(np.int64)
    return {"calibration_error": float(np.abs(np.bincount(bins, gap)).sum() / weight.sum())}


STANDARD_MEASURES: tuple[Measure, ...] = (auc, precision, brier, calibration, calibration_error)
"""Measures of models on simulated data; they need enough rows for a finite calibration slope."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Resamples of whole subjects, as row weights: percentile intervals (Efron & Tibshirani, 1993).

    >>> Bootstrap(np.arange(50), seed=0, repeats=20).estimates(np.arange(50) % 2, np.arange(50) % 2 * 0.5, auc)["auc"]
    Estimate(value=1.0, low=1.0, high=1.0)
    """

    subjects: Ints
    seed: int
    repeats: int = 200

    def estimates(self, labels: Ints, chance: Floats, *measures: Measure) -> dict[str, Estimate]:
        """Return each figure on the given rows, and its interval over resamples that contain both classes."""

        def figures(rows: Rows, weights: Floats) -> dict[str, float]:
            return _figures(measures, labels[rows], chance[rows], weights)

        return self._intervals(labels, figures)

    def differences(
        self, labels: Ints, before: Floats, after: Floats, *measures: Measure
    ) -> tuple[dict[str, float], dict[str, float], dict[str, Estimate]]:
        """Return each figure before and after, and the difference with its interval, paired over the same resamples."""

        def gaps(rows: Rows, weights: Floats) -> dict[str, float]:
            old, new = (_figures(measures, labels[rows], chance[rows], weights) for chance in (before, after))
            return {name: new[name] - old[name] for name in old}

        even = np.ones(len(labels))
        first, second = (_figures(measures, labels, chance, even) for chance in (before, after))
        return first, second, self._intervals(labels, gaps)

    def _intervals(self, labels: Ints, figures: Callable[[Rows, Floats], Mapping[str, float]]) -> dict[str, Estimate]:
        rng = np.random.default_rng(self.seed)
        _, subject = np.unique(self.subjects, return_inverse=True)
        people = int(subject.max()) + 1
        resampled = []
        for _ in range(self.repeats):
            weights = np.bincount(rng.integers(0, people, people), minlength=people)[subject]
            drawn = weights > 0
            if 0 < labels[drawn].sum() < drawn.sum():
                resampled.append(figures(drawn, weights[drawn].astype(np.float64)))
        found = {}
        for name, value in figures(slice(None), np.ones(len(labels))).items():
            low, high = np.quantile([figure[name] for figure in resampled], [0.025, 0.975])
            found[name] = Estimate(value, float(low), float(high))
        return found


def _figures(measures: Iterable[Measure], labels: Ints, chance: Floats, weights: Floats) -> dict[str, float]:
    return {name: value for measure in measures for name, value in measure(labels, chance, weights).items()}


def flat_metrics(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    """Return estimates as plain numbers for the manifest: `auc`, `auc_low`, `auc_high`, ..."""
    out: dict[str, float] = {}
    for name, estimate in estimates.items():
        out |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return {name: round(value, 6) for name, value in out.items()}


def metrics(
    estimates: Mapping[str, Estimate], labels: Ints, judged: "JudgedRows", groups: Sequence["GroupRow"]
) -> dict[str, float]:
    """Return the metrics for a manifest by name: counts, abstentions, group coverage, estimates with intervals."""
    return {**flat_metrics(estimates), **counts(labels), **abstentions(judged), **group_coverage(groups)}


def counts(labels: Ints) -> dict[str, float]:
    """Return the number of held-out rows and their event rate."""
    return {"test_rows": float(len(labels)), "base_rate": round(float(labels.mean()), 6)}


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Results of a model on held-out rows: verdicts, probabilities, and boolean masks of answered and wrong rows.

    `guaranteed` marks the answers that the guarantee covers. `reasons` counts the rows that abstained, by reason.
    """

    verdicts: Sequence[Verdict]
    chance: Floats
    answered: NDArray[np.bool_]
    guaranteed: NDArray[np.bool_]
    errors: NDArray[np.bool_]
    reasons: Mapping[str, int]


def judge(runner: EnsembleRunner, rows: Floats, labels: Ints) -> JudgedRows:
    """Return the verdicts on held-out rows; a row without a probability counts with the base rate."""
    verdicts = [runner.assess(row) for row in rows.tolist()]
    rate, positive_from = float(labels.mean()), runner.contract.ensemble.positive_from
    chance = np.array([rate if v.probability is None else v.probability for v in verdicts])
    return JudgedRows(
        verdicts,
        chance,
        np.array([not v.reasons for v in verdicts]),
        np.array([v.guaranteed for v in verdicts]),
        (chance >= positive_from) != (labels == 1),
        Counter(reason for v in verdicts for reason in v.reasons),
    )


def abstentions(judged: JudgedRows) -> dict[str, float]:
    """Return coverage, the abstention rate by reason, and the error rate of the answers under the guarantee."""
    figures = {"coverage": float(judged.answered.mean()), "abstention_rate": float(1 - judged.answered.mean())}
    if judged.guaranteed.any():
        figures["accepted_error"] = float(judged.errors[judged.guaranteed].mean())
    figures |= {f"abstained_{reason}": count / len(judged.chance) for reason, count in sorted(judged.reasons.items())}
    return {name: round(value, 6) for name, value in figures.items()}


def group_coverage(groups: Sequence["GroupRow"]) -> dict[str, float]:
    """Return the metrics of coverage and abstention by group, for groups that are large enough."""
    found: dict[str, float] = {}
    for group in groups:
        if group.coverage is not None and group.abstention is not None:
            name = group.group.replace(" ", "_")
            found |= {f"coverage[{name}]": group.coverage, f"abstention_rate[{name}]": group.abstention}
    return {name: round(value, 6) for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of the per-group table; a figure is None if the group has too few rows or only one class."""

    group: str
    rows: int
    event_rate: float | None
    mean_probability: float | None
    auc: float | None
    coverage: float | None

    @property
    def abstention(self) -> float | None:
        """Share of the group's rows without an answer."""
        return None if self.coverage is None else 1 - self.coverage


def by_band(contract: ModelContract, labels: Ints, judged: JudgedRows) -> list[GroupRow]:
    """Return event rate, mean probability and coverage of each band; the first two should be similar."""
    named = np.array([contract.band_for(p).name for p in judged.chance.tolist()])
    masks = {f"band {band.name}": named == band.name for band in contract.bands}
    return [replace(row, auc=None) for row in by_group(masks, labels, judged)]


def by_group(groups: Mapping[str, NDArray[np.bool_]], labels: Ints, judged: JudgedRows) -> list[GroupRow]:
    """Return event rate, mean probability, AUC and coverage of each group."""
    return [_group(name, labels[mask], judged.chance[mask], judged.answered[mask]) for name, mask in groups.items()]


def _group(name: str, labels: Ints, chance: Floats, answered: NDArray[np.bool_]) -> GroupRow:
    events = int(labels.sum())
    if len(labels) < MIN_GROUP_ROWS:
        return GroupRow(name, len(labels), None, None, None, None)
    few = min(events, len(labels) - events) < MIN_GROUP_ROWS
    alone = None if few else roc_auc(labels, chance)
    return GroupRow(name, len(labels), float(labels.mean()), float(chance.mean()), alone, float(answered.mean()))
