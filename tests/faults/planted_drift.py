"""Planted rules of drift alarms, each with a usual mistake that an acceptance criterion must detect."""

from collections.abc import Iterable

import numpy as np
from scipy import stats

from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.profiles.model import FeatureCounts, Profile

INTOLERANT = DriftRules(floor_sd=0, floor_odds=1, busy_floor_sd=0, busy_floor_odds=1, wobbles=0, errors=0)
"""Rules that tolerate no effect, not even the error of the baseline."""
SETTLING_DAYS = 56
"""Days of the baseline of the planted rules that judge each day anew."""


def daily_discoveries(profiles: Iterable[Profile]) -> int:
    """Return the days after the settling time with a discovery by Benjamini and Hochberg at 5 % a day."""
    baseline, days = _split(profiles)
    return sum(_has_discovery([_statistic(*pair) for pair in zip(day, baseline, strict=True)]) for day in days)


def large_indexes(profiles: Iterable[Profile], limit: float = 0.1) -> int:
    """Return the days after the settling time on which the PSI of a number exceeds a fixed limit."""
    baseline, days = _split(profiles)
    return sum(any(_psi(*pair) > limit for pair in zip(day, baseline, strict=True)) for day in days)


def _split(profiles: Iterable[Profile]) -> tuple[list[FeatureCounts], list[tuple[FeatureCounts, ...]]]:
    days = [profile.features for profile in profiles]
    settling = days[:SETTLING_DAYS]
    sums = [
        FeatureCounts(
            tuple(map(sum, zip(*(own.counts for own in column), strict=True))), sum(c.missing for c in column)
        )
        for column in zip(*settling, strict=True)
    ]
    return sums, days[SETTLING_DAYS:]


def _statistic(day: FeatureCounts, baseline: FeatureCounts) -> tuple[float, int]:
    """Return Pearson's statistic of two rows of counts, and its degrees of freedom."""
    table = np.array([[*day.counts, day.missing], [*baseline.counts, baseline.missing]])
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(((table - expected) ** 2 / expected).sum()), table.shape[1] - 1


def _has_discovery(tests: list[tuple[float, int]]) -> bool:
    values = stats.chi2.sf(*np.array(tests).T)
    ranks = np.arange(1, len(values) + 1)
    return bool((np.sort(values) <= 0.05 * ranks / len(values)).any())


def _psi(day: FeatureCounts, baseline: FeatureCounts) -> float:
    own, other = (np.maximum(np.array(each.counts) / sum(each.counts), 1e-4) for each in (day, baseline))
    return float(((own - other) * np.log(own / other)).sum())
