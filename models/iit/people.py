"""Patients and facilities of a simulated cohort, as columns."""

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.iit.presets import (
    ENROLMENT_END,
    KEY_POPULATION_SHARE,
    LAST_DAY,
    PLANTED,
    REGIONS,
    SITES_PER_REGION,
    Preset,
)

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

SITES = len(REGIONS) * SITES_PER_REGION
MONTHS = LAST_DAY // 30 + 1
_SITE_SCORES = np.array([-1.34, -0.45, 0.45, 1.34])
"""Four evenly spaced values with mean 0 and standard deviation 1."""
_AGE_BANDS = ((2, 15), (15, 25), (25, 50), (50, 80))
_AGE_SHARES = (0.06, 0.18, 0.56, 0.20)


@dataclass(frozen=True, slots=True)
class Sites:
    """One row per facility; `stock_out` has a second axis for the 30-day month."""

    region: Ints
    effect: Floats
    male_effect: Floats
    level: Ints
    stock_out: Bools


@dataclass(frozen=True, slots=True)
class People:
    """One row per patient. Days count from `presets.EPOCH`.

    `born_precision` is 0 unknown, 1 year, 2 month, 3 day.
    """

    site: Ints
    male: Bools
    born: Ints
    born_precision: Ints
    art_start: Ints
    art_start_known: Bools
    first_visit: Ints
    pregnant_at_start: Bools
    pregnancy_known: Bools
    marital: Ints
    marital_known: Bools
    rural: Bools
    rural_known: Bools
    distance_km: Floats
    distance_known: Bools
    phone: Bools
    key_population: Bools
    never_viral_load: Bools
    height_cm: Floats
    weight_kg: Floats
    who_stage: Ints
    cd4: Floats
    engagement: Floats

    def __len__(self) -> int:
        return len(self.site)

    def select(self, rows: Ints) -> "People":
        """Return the patients in these rows, in that order."""
        return People(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def draw_sites(rng: np.random.Generator, preset: Preset) -> Sites:
    """Draw the facilities; every region has the same set of facility effects, so that no region differs by chance."""
    scores = rng.permuted(np.tile(_SITE_SCORES, (len(REGIONS), 1)), axis=1)
    effect = preset.site_sd * scores
    effect[REGIONS.index(PLANTED.shifted_base_rate)] += PLANTED.base_rate_shift
    return Sites(
        region=np.repeat(np.arange(len(REGIONS)), SITES_PER_REGION),
        effect=effect.ravel(),
        # Men have a higher risk at most facilities and a lower one at some, as in the literature.
        male_effect=(0.1 + 0.2 * rng.permuted(scores, axis=1)).ravel(),
        level=rng.permuted(np.tile([0, 1, 1, 2], (len(REGIONS), 1)), axis=1).ravel(),
        stock_out=rng.random((SITES, MONTHS)) < 0.03,
    )


def draw_people(rng: np.random.Generator, count: int, sites: Sites, preset: Preset) -> People:
    """Draw `count` patients who enter the records over the first 80 % of the calendar."""
    site = rng.integers(0, SITES, count)
    male = rng.random(count) < 0.38
    art_start = rng.integers(-1800, ENROLMENT_END, count)
    first_visit = np.where(art_start < 0, rng.integers(0, 120, count), art_start)
    low, high = np.array(_AGE_BANDS)[rng.choice(4, count, p=_AGE_SHARES)].T
    age = low + rng.random(count) * (high - low)
    born = np.minimum(first_visit - (age * 365.25).astype(np.int64), art_start)
    years_at_start = (art_start - born) / 365.25
    fertile = ~male & (years_at_start >= 15) & (years_at_start < 50)
    missing = PLANTED.viral_load_missing_share
    in_planted = sites.region[site] == REGIONS.index(PLANTED.viral_load_missing)
    height = np.clip(np.where(age < 18, 80 + 5 * age, rng.normal(165 + 6 * male, 7, count)), 60, 205)
    rural = rng.random(count) < 0.45
    return People(
        site=site,
        male=male,
        born=born,
        born_precision=rng.choice(4, count, p=[0.01, 0.09, 0.10, 0.80]),
        art_start=art_start,
        art_start_known=rng.random(count) < 0.97,
        first_visit=first_visit,
        pregnant_at_start=fertile & (rng.random(count) < 0.18),
        pregnancy_known=fertile & (rng.random(count) < 0.8),
        marital=rng.choice(3, count, p=[0.5, 0.4, 0.1]),
        marital_known=rng.random(count) < 0.85,
        rural=rural,
        rural_known=rng.random(count) < 0.9,
        distance_km=np.round(rng.lognormal(1.2 + 0.7 * rural, 0.8).clip(0.1, 300), 1),
        distance_known=rng.random(count) < 0.45,
        phone=rng.random(count) < 0.8,
        key_population=rng.random(count) < KEY_POPULATION_SHARE,
        never_viral_load=rng.random(count) < np.where(in_planted, missing, 0.10),
        height_cm=np.round(height),
        weight_kg=np.clip(rng.normal(22, 3.5, count), 14, 40) * (height / 100) ** 2,
        who_stage=np.where(rng.random(count) < 0.85, rng.choice([1, 2, 3, 4], count, p=[0.5, 0.22, 0.2, 0.08]), 0),
        cd4=np.where(rng.random(count) < 0.4, np.round(rng.gamma(3, 130, count).clip(1, 2500)), np.nan),
        engagement=rng.normal(0, preset.engagement_sd, count),
    )
