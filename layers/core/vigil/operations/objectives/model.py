"""Service level objectives, their error budgets, and the burn rates that raise alerts. Pure values and rules.

Source of the burn rates: https://sre.google/workbook/alerting-on-slos/ (the SRE workbook of Google).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

ObjectiveName = Literal["availability", "score_latency", "critical_alerts", "events", "batches"]
RuleName = Literal["fast", "slow", "ticket"]
BUDGET_WINDOW = timedelta(days=30)
"""Window of the error budget of every objective."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Number of valid units, such as requests, and of the bad ones among them."""

    valid: int = 0
    bad: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.valid + other.valid, self.bad + other.bad)

    @property
    def error_rate(self) -> float:
        """Share of bad units, from 0 to 1; 0 without units."""
        return self.bad / self.valid if self.valid else 0.0


@dataclass(frozen=True, slots=True)
class Objective:
    """A target share of good units over 30 days. `target` is from 0 to 1.

    `unit` is the plural of the counted unit, and `good` its condition, both as words for people.

    A long window counts for an alert from `least_valid` units and `least_bad` bad ones on. Otherwise one failure in a
    quiet hour would page a person. Units that come a few a day need few valid ones, or no failure would ever count.
    """

    name: ObjectiveName
    target: float
    unit: str
    good: str
    least_valid: int
    least_bad: int

    @property
    def budget(self) -> float:
        """Share of units that may be bad, from 0 to 1."""
        return 1 - self.target

    def burn_rate(self, sums: Sums) -> float:
        """Return the error rate of a window in multiples of the budget. At 1, the budget lasts exactly 30 days."""
        return sums.error_rate / self.budget

    def alert_rate(self, sums: Sums) -> float:
        """Return the error rate of a long window, from 0 to 1, that counts: 0 below the least numbers of units."""
        counts = sums.valid >= self.least_valid and sums.bad >= self.least_bad
        return sums.error_rate if counts else 0.0

    def budget_left(self, month: Sums) -> float:
        """Return the share of the budget that 30 days have left: 1 without bad units, negative when overspent."""
        return 1 - self.burn_rate(month)


@dataclass(frozen=True, slots=True)
class BurnRule:
    """An alert fires while both windows burn the budget `factor` times faster than it lasts.

    `long` and `short` are the lengths of the windows. `is_page` is True if the alert calls a person at once.
    The long window shows that much was spent, by enough units. The short one shows that the failure goes on, by any
    number of units, so that the alert ends soon after the cause has ended.
    """

    name: RuleName
    factor: float
    long: timedelta
    short: timedelta
    is_page: bool

    def threshold(self, objective: Objective) -> float:
        """Return the error rate above which a window burns too fast: a share from 0 to 1."""
        return self.factor * objective.budget

    def is_burning(self, objective: Objective, long: Sums, short: Sums) -> bool:
        """Return True if both windows burn too fast. A window below the least numbers of units does not."""
        threshold = self.threshold(objective)
        return objective.alert_rate(long) > threshold and short.error_rate > threshold


OBJECTIVES: Mapping[ObjectiveName, Objective] = {
    objective.name: objective
    for objective in (
        Objective("availability", 0.999, "requests", "got no 5xx response; health checks do not count", 100, 3),
        Objective("score_latency", 0.99, "scores", "were answered within 300 ms", 100, 3),
        Objective("critical_alerts", 0.999, "notices", "of CRITICAL alerts reached a channel within 60 s", 1, 2),
        Objective("events", 0.999, "decisions", "had their events published within 5 minutes", 100, 3),
        Objective("batches", 0.99, "batches", "of at most 100,000 rows were completed within 15 minutes", 1, 3),
    )
}
"""All objectives by name, in the order of answers."""
RULES: tuple[BurnRule, ...] = (
    BurnRule("fast", 14.4, timedelta(hours=1), timedelta(minutes=5), is_page=True),
    BurnRule("slow", 6, timedelta(hours=6), timedelta(minutes=30), is_page=True),
    BurnRule("ticket", 1, timedelta(days=3), timedelta(hours=6), is_page=False),
)
"""Rules of every objective. They fire after 2 %, 5 % and 10 % of the budget."""
