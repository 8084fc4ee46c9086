"""Weekly cohorts with a planted truth, for tests of performance."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.performance.cohorts_model import Cohort, CohortArm
from vigil.monitoring.profiles.model import SCORE_BINS, SCORE_EDGES, SUM_SCALE, ScoreCounts

CENTRE, SPREAD = -2.75, 0.95
"""Mean and standard deviation of log-odds: a base rate of 8.7 % and an AUC of 0.74."""
START = date(2026, 1, 5)
"""Monday of the first week."""


def week_name(week: int) -> str:
    """Return the ISO week at this place."""
    year, number, _ = (START + timedelta(days=7 * week)).isocalendar()
    return f"{year}-W{number:02}"


def sigmoid(odds: Any) -> Any:
    """Return probabilities of log-odds."""
    return 1 / (1 + np.exp(-odds))


def arm_of(odds: Any, events: Any, overdue: Any = None) -> CohortArm:
    """Return the counts of decisions by log-odds, event, and True for an overdue label."""
    late = np.zeros(len(odds), bool) if overdue is None else overdue
    places, p = np.searchsorted(SCORE_EDGES, odds, side="right"), sigmoid(odds)
    known = ~late

    def binned(weights: Any) -> tuple[int, ...]:
        return tuple(np.rint(np.bincount(places, weights, SCORE_BINS)).astype(int).tolist())

    return CohortArm(
        ScoreCounts(binned(known), binned(known * p * SUM_SCALE), binned(known * p * p * SUM_SCALE)),
        binned(known & events),
        overdue=binned(late),
        total=GroupTally(rows=len(odds)),
    )


@dataclass(frozen=True)
class World:
    """Truth behind weeks of `rows` decisions.

    From the week `change` on, log-odds are shifted and scaled about the centre, and labels are overdue more often.
    `treated_ratio` is the odds ratio of the help that the top tenth of the scores has, in all weeks. `week_spread` is
    the standard deviation of log-odds between weeks, in which other facilities report.
    """

    weeks: int
    rows: int
    change: int = 10_000
    shift: float = 0.0
    slope: float = 1.0
    overdue_after: float = 0.05
    treated_ratio: float | None = None
    week_spread: float = 0.0

    def cohorts(self, rng: np.random.Generator) -> Iterator[Cohort]:
        """Yield the weeks."""
        for week in range(self.weeks):
            changed = week >= self.change
            odds = rng.normal(CENTRE, SPREAD, self.rows)
            truth = CENTRE + (odds - CENTRE) * self.slope + self.shift if changed else odds
            treated = odds > CENTRE + 1.2816 * SPREAD if self.treated_ratio else np.zeros(self.rows, bool)
            truth = truth + treated * np.log(self.treated_ratio or 1.0) + rng.normal(0, self.week_spread)
            events = rng.random(self.rows) < sigmoid(truth)
            late = rng.random(self.rows) < (self.overdue_after if changed else 0.05)
            untreated, helped = (arm_of(odds[who], events[who], late[who]) for who in (~treated, treated))
            yield Cohort(week_name(week), untreated, helped)


def ignoring_treatment(cohort: Cohort) -> Cohort:
    """Return the cohort of a system that does not know who was treated: a planted mistake."""
    return replace(cohort, untreated=cohort.untreated + cohort.treated, treated=CohortArm())
