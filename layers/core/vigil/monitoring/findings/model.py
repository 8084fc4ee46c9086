"""Findings: what monitoring noticed about a model, how large it is, and the one next step."""

from dataclasses import dataclass
from typing import Literal

from vigil.monitoring.profiles.model import Source

Family = Literal["covariates", "predictions", "labels", "fairness"]
"""Family of tests that share a part of the budget of false alarms."""
BUDGET_SHARES: dict[Family, float] = {"covariates": 0.35, "predictions": 0.15, "labels": 0.30, "fairness": 0.20}
"""Expected false alarms per model and year by family; they add to one."""
DAYS_PER_YEAR = 365

FindingKind = Literal[
    "feed", "population", "predictions", "domain", "prior", "concept", "labels", "fairness", "release"
]
"""Kind of a finding.

`feed`: missing or constant features, probably a broken source. `population`: covariates moved. `predictions`: scores,
bands or abstentions moved. `domain`: rows outside the model's domain. `prior`: the event rate moved. `concept`: scores
rank worse. `labels`: outcomes are overdue. `fairness`: a group is served worse. `release`: the previous version was
better.
"""
Recommendation = Literal[
    "fix_feed", "watch", "rebase", "collect_labels", "recalibrate", "retrain", "review", "roll_back"
]
"""The one next step of a finding."""
Measure = Literal[
    "mean_shift_sd",
    "odds_ratio",
    "total_variation",
    "calibration_intercept",
    "calibration_slope",
    "rate_ratio",
    "rate",
    "paired_brier",
]
"""Measure of an effect; `mean_shift_sd` is in standard deviations of the baseline, calibration in log-odds."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Size of a change with its 95 % interval; an interval is None where it cannot be calculated."""

    measure: Measure
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about a model version and source.

    `subjects` are the features or groups that it is about, the strongest first. `day` is the day of the alarm, `since`
    the most likely first day of the change. `e_value` is the evidence: its detector exceeds `1 / rate` on average not
    more often than its budget allows. `text` is one or two sentences for people, without a person's data.
    """

    version: int
    source: Source
    family: Family
    kind: FindingKind
    subjects: tuple[str, ...]
    day: str
    since: str
    effect: Effect
    e_value: float
    recommendation: Recommendation
    text: str
