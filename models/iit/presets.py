"""The simulated worlds: their base rates, their calendar, and the fairness structure planted in them.

Effect sizes are log odds ratios of the published associations listed in the model card; they mix outcomes and designs
and are priors for a simulator, not clinical truth.
"""

from dataclasses import dataclass
from datetime import date

EPOCH = date(2019, 1, 1)
"""Day 0 of the simulated calendar."""
LAST_DAY = 2008
"""Records are extracted on this day, 2024-07-01."""
DRIFT_DAY = 1642
"""2023-07-01: more multi-month dispensing, and a higher base rate, at once."""

REGIONS = ("north", "south", "east", "west", "lake", "coast")
SITES_PER_REGION = 4
KEY_POPULATION_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Planted:
    """What is true of the regions, for tests of fairness monitoring; all that is not named here is alike."""

    equal_risk: tuple[str, ...] = ("north", "south", "coast")
    """Same process, same risk: an alarm between these is a false alarm."""
    viral_load_missing: str = "east"
    """Same risk, but 40 % of its patients never have a viral load on record (10 % elsewhere)."""
    shifted_base_rate: str = "west"
    """Log odds of interruption higher by `base_rate_shift`; no feature says so."""
    silent_transfers: str = "lake"
    """Same risk, but transfers that nobody records look like interruptions."""
    viral_load_missing_share: float = 0.40
    base_rate_shift: float = 0.5
    silent_transfer_rate: float = 0.02


PLANTED = Planted()


@dataclass(frozen=True, slots=True)
class Preset:
    """One world. Intercepts and standard deviations are in log odds per visit."""

    name: str
    intercept: float
    engagement_sd: float
    site_sd: float = 0.35
    engagement_memory: float = 0.85
    """Correlation of the latent engagement of two visits that follow each other."""
    drift_shift: float = 0.2


KENYA_LIKE = Preset("kenya-like", intercept=-5.5, engagement_sd=1.2)
SOUTH_AFRICA_LIKE = Preset("south-africa-like", intercept=-3.5, engagement_sd=1.0)
