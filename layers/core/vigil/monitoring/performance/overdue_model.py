"""Overdue labels: their share, its baseline in the first weeks, and the tolerated share."""

import math
from dataclasses import dataclass

from vigil.monitoring.performance.cohorts_model import CohortArm
from vigil.monitoring.performance.detectors_model import OVERDUE_TOLERANCE
from vigil.monitoring.performance.model import log_odds

SETTLING_WEEKS = 8
"""Minimum weeks with decisions of the baseline."""
SETTLING_ROWS = 200
"""Minimum decisions of the baseline."""
_BASELINE_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class OverdueBaseline:
    """Decisions of the first weeks: for each week, in order, the overdue labels and the other decisions."""

    weeks: tuple[tuple[int, int], ...] = ()

    @property
    def is_complete(self) -> bool:
        """True with at least `SETTLING_WEEKS` weeks and `SETTLING_ROWS` decisions: the detector can start."""
        return len(self.weeks) >= SETTLING_WEEKS and sum(self.counts) >= SETTLING_ROWS

    @property
    def counts(self) -> tuple[int, int]:
        """Sums over the weeks: the overdue labels, and the other decisions."""
        return sum(overdue for overdue, _ in self.weeks), sum(others for _, others in self.weeks)

    @property
    def rate(self) -> float:
        """Share of overdue labels, above 0 and below 1: half a decision of each kind is added."""
        overdue, others = self.counts
        return (overdue + 0.5) / (overdue + others + 1)

    @property
    def dispersion(self) -> float:
        """Variance between weeks relative to independent decisions; at least 1, and 1 below two weeks."""
        rate, terms = self.rate, []
        for overdue, others in self.weeks:
            if rows := overdue + others:
                terms.append((overdue - rows * rate) ** 2 / (rows * rate * (1 - rate)))
        return max(1.0, math.fsum(terms) / (len(terms) - 1)) if len(terms) > 1 else 1.0

    @property
    def tolerated_log_odds(self) -> float:
        """Natural log-odds of the tolerated share.

        The log-odds of `rate` are raised by the greater of log(1.25) and two standard errors of the baseline.
        """
        rows = sum(self.counts) + 1
        error = math.sqrt(self.dispersion / (rows * self.rate * (1 - self.rate)))
        return log_odds(self.rate) + max(math.log(OVERDUE_TOLERANCE), _BASELINE_ERRORS * error)

    def add(self, arm: CohortArm) -> "OverdueBaseline":
        """Return the baseline with one more week of untreated decisions; a week without decisions changes nothing."""
        return OverdueBaseline((*self.weeks, overdue_counts(arm))) if arm.total.rows else self


def overdue_counts(arm: CohortArm) -> tuple[int, int]:
    """Return the number of overdue labels, and of all other decisions."""
    overdue = sum(arm.overdue)
    return overdue, arm.total.rows - overdue
