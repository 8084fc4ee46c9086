"""Rules of drift alarms: the settling time, the tolerated effects and the steps of the bets beyond them."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DriftRules:
    """Rules of the alarms; the defaults respect the budget of false alarms.

    A baseline is complete after both `settling_days`, from the first day with rows on, and `settling_rows`. A sensor
    that has alarmed is muted until it has been quiet for `muted_days`.

    The tolerated effect is the greatest of three numbers: a floor, `wobbles` times the wobble, and `errors` standard
    errors of the baseline. `floor_sd` is in standard deviations, `floor_odds` is an odds ratio. Above `busy_rows`
    counted decisions a day, the floors are `busy_floor_sd` and `busy_floor_odds`.
    """

    settling_days: int = 56
    settling_rows: int = 2_000
    muted_days: int = 56
    floor_sd: float = 0.05
    floor_odds: float = 1.1
    busy_floor_sd: float = 0.1
    busy_floor_odds: float = 1.25
    busy_rows: int = 1_000
    wobbles: float = 2.0
    errors: float = 2.0

    def floors(self, rows_per_day: float) -> tuple[float, float]:
        """Return the two floors of the tolerated effect: standard deviations for numbers, natural log-odds for others.

        `rows_per_day` is the mean of the baseline's days with rows. Above `busy_rows`, the floors are the busy ones.
        """
        if rows_per_day > self.busy_rows:
            return self.busy_floor_sd, math.log(self.busy_floor_odds)
        return self.floor_sd, math.log(self.floor_odds)


LOCATION_STEPS = (0.1, 0.25, 0.55, 1.15)
"""Distances of location bets beyond the tolerated effect, in standard deviations: 0.15 to 1.2 at the floor."""
SCALE_STEPS = (0.1, 0.35)
"""Distances of scale bets beyond the tolerated effect, in standard deviations of the score."""
LEVEL_STEPS = tuple(math.log(odds / 1.1) for odds in (1.5, 2.5))
"""Distances of bets on a level beyond the tolerated effect, in natural log-odds: odds x 1.5 and x 2.5 at the floor."""
SHARE_STEPS = tuple(math.log(odds / 1.1) for odds in (1.5, 2.5, 5.0))
"""Distances of bets on a share beyond the tolerated effect, in natural log-odds: odds x 1.5, x 2.5 and x 5."""
MAX_LEVELS = 10
"""Maximum bets on levels of a category. With more levels, the nine most frequent have own bets; the rest share one."""
