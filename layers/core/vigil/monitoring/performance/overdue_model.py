"""Overdue labels: their share, its baseline in the first weeks, and what is tolerated."""

import math
from dataclasses import dataclass

from vigil.monitoring.fairness.intervals_model import Proportion
from vigil.monitoring.performance.cohorts_model import CohortArm
from vigil.monitoring.performance.detectors_model import OVERDUE_TOLERANCE
from vigil.monitoring.performance.model import Z95, Metric, log_odds

SETTLING_WEEKS = 8
"""Minimum weeks with decisions of the baseline."""
SETTLING_ROWS = 200
"""Minimum decisions of the baseline."""
_BASELINE_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class OverdueBaseline:
    """Decisions of the first weeks and the overdue ones among them, as pairs (decisions, overdue) in their order."""

    weeks: tuple[tuple[int, int], ...] = ()

    @property
    def is_complete(self) -> bool:
        """True with at least `SETTLING_WEEKS` weeks and `SETTLING_ROWS` decisions: the detector can start."""
        return len(self.weeks) >= SETTLING_WEEKS and sum(rows for rows, _ in self.weeks) >= SETTLING_ROWS

    @property
    def counts(self) -> tuple[int, int]:
        """Overdue labels, and the other decisions."""
        overdue = sum(overdue for _, overdue in self.weeks)
        return overdue, sum(rows for rows, _ in self.weeks) - overdue

    @property
    def rate(self) -> float:
        """Share of overdue labels, with half a decision of each kind added so that it is above 0 and below 1."""
        return (sum(overdue for _, overdue in self.weeks) + 0.5) / (sum(rows for rows, _ in self.weeks) + 1)

    @property
    def dispersion(self) -> float:
        """Variance between weeks relative to independent decisions; at least 1, and 1 below two weeks."""
        rate, terms = self.rate, []
        for rows, overdue in self.weeks:
            if rows:
                terms.append((overdue - rows * rate) ** 2 / (rows * rate * (1 - rate)))
        return max(1.0, math.fsum(terms) / (len(terms) - 1)) if len(terms) > 1 else 1.0

    @property
    def tolerated_odds(self) -> float:
        """Log-odds of a tolerated share, above the rate of the baseline.

        Its odds are 1.25 times those of the rate, or two standard errors of the baseline above them if that is more.
        """
        rows = sum(rows for rows, _ in self.weeks) + 1
        error = math.sqrt(self.dispersion / (rows * self.rate * (1 - self.rate)))
        return log_odds(self.rate) + max(math.log(OVERDUE_TOLERANCE), _BASELINE_ERRORS * error)

    def add(self, arm: CohortArm) -> "OverdueBaseline":
        """Return the baseline with one more week of untreated decisions; a week without decisions changes nothing."""
        return OverdueBaseline((*self.weeks, (arm.total.rows, sum(arm.overdue)))) if arm.total.rows else self


def overdue_rate(arm: CohortArm) -> Metric | None:
    """Return the share of due decisions without a resolved report, with its 95 % interval; None without decisions."""
    if not arm.total.rows:
        return None
    share = Proportion(sum(arm.overdue), arm.total.rows)
    return Metric(share.rate, *share.interval(Z95))
