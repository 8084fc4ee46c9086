"""Findings: a change of a model that monitoring noticed, its size, and the one next step."""

from dataclasses import dataclass
from typing import Literal

from vigil.monitoring.profiles.model import Source

Family = Literal["covariates", "predictions", "labels", "fairness", "release"]
"""Family of tests that share a part of the budget of false alarms."""
BUDGET_SHARES: dict[Family, float] = {
    "covariates": 0.35,
    "predictions": 0.15,
    "labels": 0.25,
    "fairness": 0.20,
    "release": 0.05,
}
"""Expected false alarms per model and year by family. The sum of the families is 1."""
DAYS_PER_YEAR = 365
"""Days of the year of the budget."""

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
"""Measure of an effect.

`mean_shift_sd`: change of the mean in standard deviations of the baseline. `odds_ratio`: factor of the odds.
`total_variation`: share of the rows that are in other cells, from 0 to 1. `calibration_intercept`: natural log-odds, 0
is perfect. `calibration_slope`: 1 is perfect. `rate_ratio`: rate of a group divided by that of all others. `rate`:
share of overdue labels, from 0 to 1. `paired_brier`: Brier score of a version minus that of the previous version on the
same outcomes; above 0, the previous version is better.
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """Size of a change with its 95 % interval. `value`, `low` and `high` are in the unit of `measure`.

    `low` and `high` are None if the interval cannot be calculated, or if it would show a small count. With a small
    count, `value` is the edge of the tolerated range, which the change exceeds.
    """

    measure: Measure
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about a model version and source. Days are in UTC (`2026-11-21`).

    `subjects` names features, groups, or parts of the answers, the strongest first. A part of the answers is `score`,
    `bands`, `decisions`, `abstention missing` or `engine linear`. Findings about labels and releases have no subjects.
    `day` is the day of the alarm: for labels and releases, the Sunday of the week. `since` is the most likely first day
    of the change. For groups, `since` is the first day of the compared counts. For releases, `since` is the first day
    of the version.

    `e_value` is the evidence against chance at the alarm. Without a change, evidence of drift reaches `x` at most once
    in `x` days on average. Evidence about labels does so at most once in `x` weeks. Evidence about a release reaches
    `x` for at most one of `x` versions. A finding about a group always has `1 / ALARM_LEVEL`. `text` is one or two
    sentences for people, without a person's data.
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
