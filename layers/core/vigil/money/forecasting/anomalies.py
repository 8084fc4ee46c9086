"""Whether the spend of the hours up to now is beyond what the weeks before explain. Pure.

The running hour counts as it stands: it can only grow, so that looking at it every few minutes finds what is out of
bounds before its hour is over, and raises no more false alarms than looking at it once.
"""

from collections.abc import Sequence

from vigil.money.costs.model import CATEGORIES
from vigil.money.forecasting.baseline import WINDOWS, Baseline
from vigil.money.forecasting.model import DAY, Finding

MONTHLY_FALSE_ALARMS = 0.1
"""At most so many are raised per tenant and month, over all categories: one in ten months."""
CHANCE = MONTHLY_FALSE_ALARMS / (730 * len(CATEGORIES) * len(WINDOWS))
"""Of one hour, category and window."""
MATERIAL_MICROS = 100_000
MATERIAL_SHARE = 0.25
"""Less than ten cents, or than a quarter of what was expected, too much is nobody's alarm."""


class Judge:
    """Knows the past: whole days of hours, oldest first and enough of them, from a `weekday` (Monday is 0) on."""

    def __init__(self, history: Sequence[float], weekday: int) -> None:
        self._baseline = Baseline(history, weekday, CHANCE)
        self._count = len(history)
        self._last = tuple(history[-DAY:])

    def finding(self, today: Sequence[float]) -> Finding | None:
        """Return what is furthest beyond its bound of the windows that end with the last hour of today, if any is."""
        spent = (*self._last, *today)
        found = (self._judged(window, self._count + len(today), sum(spent[-window:])) for window in WINDOWS)
        beyond = [finding for finding in found if finding]
        return max(beyond, key=lambda finding: finding.spent / finding.bound, default=None)

    def _judged(self, window: int, end: int, spent: float) -> Finding | None:
        expected = sum(self._baseline.hour(number) for number in range(end - window, end))
        chance = self._baseline.bound(window, expected)
        bound = max(chance, expected + MATERIAL_MICROS, expected * (1 + MATERIAL_SHARE))
        return Finding(window, spent, expected, bound) if spent > bound else None
