"""The simulated worlds: base rates, calendar, and planted differences between regions for tests of fairness.

Effect sizes are log odds ratios of the published associations in the model card. They mix outcomes and designs: they
are priors for a simulator, not clinical truth.
"""

from dataclasses import dataclass
from datetime import date

EPOCH = date(2019, 1, 1)
"""Day 0 of the simulated calendar."""
LAST_DAY = 2008
"""Day on which records are extracted: 2024-07-01."""
DRIFT_DAY = 1642
"""Day of the drift, 2023-07-01: more multi-month dispensing and a higher base rate, at once."""
LONGEST_SUPPLY = 180
"""Longest supply of medicine that a visit dispenses, in days."""
ENROLMENT_END = int(LAST_DAY * 0.8)
"""First day without new patients."""

REGIONS = ("north", "south", "east", "west", "lake", "coast")
SITES_PER_REGION = 4
KEY_POPULATION_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class Planted:
    """True differences between regions, for tests of fairness monitoring; everything else is equal in all regions."""

    equal_risk: tuple[str, ...] = ("north", "south", "coast")
    """Regions with the same process and the same risk; an alarm between them is a false alarm."""
    viral_load_missing: str = "east"
    """Region with the same risk, in which 40 % of patients never have a recorded viral load (10 % elsewhere)."""
    shifted_base_rate: str = "west"
    """Region with log odds of interruption higher by `base_rate_shift`; no feature shows it."""
    silent_transfers: str = "lake"
    """Region with the same risk, in which unrecorded transfers look like interruptions."""
    viral_load_missing_share: float = 0.40
    base_rate_shift: float = 0.5
    silent_transfer_rate: float = 0.02


PLANTED = Planted()


@dataclass(frozen=True, slots=True)
class Preset:
    """One simulated world. Intercepts and standard deviations are in log odds per visit."""

    name: str
    intercept: float
    engagement_sd: float
    site_sd: float = 0.35
    engagement_memory: float = 0.85
    """Correlation of the latent engagement of two successive visits."""
    drift_shift: float = 0.2
    drift_day: int = DRIFT_DAY


KENYA_LIKE = Preset("kenya-like", intercept=-5.5, engagement_sd=1.2)
SOUTH_AFRICA_LIKE = Preset("south-africa-like", intercept=-3.5, engagement_sd=1.0)
