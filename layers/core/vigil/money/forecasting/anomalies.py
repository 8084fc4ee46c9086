"""Detection of spend that the weeks before do not explain. Pure.

The current hour counts as it is. It can only grow, so a check every few minutes finds an excess before the hour ends
and raises no more false alarms than one check per hour.
"""

from collections.abc import Sequence

from vigil.money.costs.model import CATEGORIES
from vigil.money.forecasting.baseline import WINDOW_HOURS, Baseline
from vigil.money.forecasting.model import HOURS_PER_DAY, ExcessSpend

MONTHLY_FALSE_ALARMS = 0.1
"""Maximum expected false alarms per tenant and month over all categories: one in ten months."""
FALSE_ALARM_CHANCE = MONTHLY_FALSE_ALARMS / (730 * len(CATEGORIES) * len(WINDOW_HOURS))
"""Probability of a false alarm for one hour, category and window."""
MIN_EXCESS_MICROS = 100_000
"""Minimum excess over the expected spend that is an anomaly, in micro-dollars: ten cents."""
MIN_EXCESS_SHARE = 0.25
"""Minimum excess over the expected spend that is an anomaly, as a share of the expected spend."""


class AnomalyDetector:
    """Detects anomalies of one category, by the history of its hourly spend.

    `history` has whole days of hours, oldest first, and is long enough for a baseline; `weekday` is the weekday of its
    first day (Monday is 0).
    """

    def __init__(self, history: Sequence[float], weekday: int) -> None:
        self._baseline = Baseline(history, weekday, FALSE_ALARM_CHANCE)
        self._count = len(history)
        self._last = tuple(history[-HOURS_PER_DAY:])

    def detect(self, today: Sequence[float]) -> ExcessSpend | None:
        """Return the excess of the windows that end with the last hour of today, or None if no window has one.

        If several windows have one, the result is the one furthest above its bound.
        """
        spent = (*self._last, *today)
        found = (self._excess(window, self._count + len(today), sum(spent[-window:])) for window in WINDOW_HOURS)
        beyond = [excess for excess in found if excess]
        return max(beyond, key=lambda excess: excess.spent / excess.bound, default=None)

    def _excess(self, window: int, end: int, spent: float) -> ExcessSpend | None:
        expected = sum(self._baseline.expected_spend(number) for number in range(end - window, end))
        chance = self._baseline.bound(window, expected)
        bound = max(chance, expected + MIN_EXCESS_MICROS, expected * (1 + MIN_EXCESS_SHARE))
        return ExcessSpend(window, spent, expected, bound) if spent > bound else None
