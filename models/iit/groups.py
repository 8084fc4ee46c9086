"""Groups for which the model is audited and monitored; region and key population are never features."""

from typing import get_args

import numpy as np

from models.iit.dataset import Table
from models.iit.people import Bools
from models.iit.presets import REGIONS
from models.iit.simulator import Cohort
from vigil.prediction.engines.group_attributes import GroupAttribute
from vigil.prediction.features.model import Sex

GROUPS = (
    GroupAttribute("sex", get_args(Sex)),
    GroupAttribute("age_band", ("0-14", "15-24", "25-49", "50+"), source="age_years", cuts=(15.0, 25.0, 50.0)),
    GroupAttribute("region", REGIONS),
)
"""Attributes that monitoring compares; callers give sex and region beside the features."""
INTERSECTIONS = (("sex", "age_band"),)
AGE_BANDS = (("age under 15", 0, 15), ("age 15 to 24", 15, 25), ("age 25 to 49", 25, 50), ("age 50 and over", 50, 200))


def audit_groups(cohort: Cohort, table: Table) -> dict[str, Bools]:
    """Return a mask over the rows of a table for each group by sex, age band, region and key population."""
    people = cohort.people
    region = cohort.sites.region[people.site[table.patients]]
    age = (cohort.visits.day[table.visit_rows] - people.born[table.patients]) / 365.25
    male, key = people.male[table.patients], people.key_population[table.patients]
    return {
        "female": ~male,
        "male": male,
        **{name: (age >= low) & (age < high) for name, low, high in AGE_BANDS},
        **{f"region {name}": np.equal(region, i) for i, name in enumerate(REGIONS)},
        "key population": key,
        "not key population": ~key,
    }


def attribute_values(cohort: Cohort, table: Table) -> dict[str, list[str]]:
    """Return the value of each row by attribute that callers give."""
    people = cohort.people
    region = cohort.sites.region[people.site[table.patients]]
    return {
        "sex": ["male" if male else "female" for male in people.male[table.patients]],
        "region": [REGIONS[place] for place in region],
    }
