"""Irregular extracts: contacts on several forms, pick-ups without a visit, and sick visits without a booking.

One patient in ten has them. They change the records of a patient, never the patient's course.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.iit.people import Bools, Ints
from models.iit.presets import LAST_DAY

if TYPE_CHECKING:
    from models.iit.simulator import Visits

IRREGULAR_SHARE = 0.10
"""Share of patients with irregular records."""
SEVERAL_FORMS_SHARE = 0.3
PICK_UP_SHARE = 0.2
SICK_VISIT_SHARE = 0.2
"""Shares of the visits of these patients: on 2 or 3 forms, recorded as a dispense only, followed by a sick visit."""


@dataclass(frozen=True, slots=True)
class Extracts:
    """One row per visit: how it is recorded. A sick visit books nothing, and precedes the next expected contact."""

    forms: Ints
    is_pick_up: Bools
    sick_day: Ints
    """Day of a sick visit after the visit; -1 if there is none."""


def draw_extracts(rng: np.random.Generator, visits: "Visits") -> Extracts:
    """Draw how the visits of a cohort are recorded. The first visit of a patient is never a pick-up."""
    count = len(visits.patient)
    irregular = (rng.random(visits.patient.max() + 1) < IRREGULAR_SHARE)[visits.patient]
    is_first = np.append(True, visits.patient[1:] != visits.patient[:-1])
    several = irregular & (rng.random(count) < SEVERAL_FORMS_SHARE)
    room = _end_of_interim(visits) - visits.day - 1
    sick = irregular & (room > 0) & (rng.random(count) < SICK_VISIT_SHARE)
    after = 1 + (rng.random(count) * np.maximum(room, 1)).astype(np.int64)
    return Extracts(
        forms=np.where(several, rng.integers(2, 4, count), 1),
        is_pick_up=irregular & ~several & ~is_first & (rng.random(count) < PICK_UP_SHARE),
        sick_day=np.where(sick, visits.day + after, -1),
    )


def _end_of_interim(visits: "Visits") -> Ints:
    """Return the first day after each visit on which a visit is no longer interim, or no longer recorded."""
    later = np.append(visits.day[1:], LAST_DAY)
    is_last = np.append(visits.patient[1:] != visits.patient[:-1], True)
    due = np.minimum(visits.appointment, visits.day + visits.supply)
    gone = np.where(visits.exit > 0, visits.exit_day, LAST_DAY)
    ends: Ints = np.minimum(np.minimum(due, gone), np.where(is_last, LAST_DAY, later))
    return ends
