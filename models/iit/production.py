"""Production of `iit`: the visits of a year at clinics of a simulated cohort that no model was trained on."""

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np

from models.iit.dataset import EXTRACTED_AT, FEATURES, contacts_until, encode
from models.iit.label import Outcome
from models.iit.people import Ints
from models.iit.presets import ENROLMENT_END, EPOCH, REGIONS, SOUTH_AFRICA_LIKE
from models.iit.records import history, subject
from models.iit.simulator import NEVER, Cohort, simulate
from models.production import ProductionPlan, SimulatedRequest, lose
from vigil.monitoring.performance.cohorts_model import Label

DRIFTS: Mapping[str, str] = {
    "supply": "stable patients receive medicine for 180 days more often, and interruptions rise a little",
    "laboratory": "results of the laboratory no longer arrive",
}
PATIENTS_PER_ROW = 153
"""Simulated patients for one visit a day."""
MIN_PATIENTS_PER_PROCESS = 1_000
_LABORATORY = frozenset({"vl_status", "viral_load", "viral_load_age_days", "cd4"})
_SEED = 1_000_003
"""Added to the seed, so that no cohort is one that a model was trained on."""
_LABELS: Mapping[Outcome, Label] = {
    "interrupted": "occurred",
    "retained": "not_occurred",
    "died": "excluded",
    "transferred": "excluded",
    "unresolved": "overdue",
}


def requests(plan: ProductionPlan) -> Iterable[SimulatedRequest]:
    """Return the visits of the last `plan.days` days before enrolment ends, in the order of their times.

    The number of visits a day varies around `plan.rows_per_day`.
    """
    start = ENROLMENT_END - plan.days
    drift_day = start + plan.drift_day - 1 if plan.drift == "supply" else NEVER
    preset = replace(SOUTH_AFRICA_LIKE, drift_day=drift_day)
    cohort = simulate(_SEED + plan.seed, PATIENTS_PER_ROW * plan.rows_per_day, preset)
    inside = (cohort.visits.day >= start) & (cohort.visits.day < ENROLMENT_END)
    patients = np.unique(cohort.visits.patient[inside])
    parts = np.array_split(patients, min(os.cpu_count() or 1, 1 + len(patients) // MIN_PATIENTS_PER_PROCESS))
    found = partial(_requests_of, cohort, plan)
    if len(parts) == 1:
        return _sorted(found(patients))
    with ProcessPoolExecutor(len(parts)) as pool:
        return _sorted(chain.from_iterable(pool.map(found, parts)))


def _sorted(found: Iterable[SimulatedRequest]) -> list[SimulatedRequest]:
    return sorted(found, key=lambda request: (request.at, request.subject))


def _requests_of(cohort: Cohort, plan: ProductionPlan, patients: Ints) -> list[SimulatedRequest]:
    return [request for patient in patients.tolist() for request in _visits(cohort, plan, patient)]


def _visits(cohort: Cohort, plan: ProductionPlan, patient: int) -> Iterator[SimulatedRequest]:
    record, people = history(cohort, patient), cohort.people
    groups = {
        "sex": "male" if people.male[patient] else "female",
        "region": REGIONS[cohort.sites.region[people.site[patient]]],
    }
    for index in contacts_until(cohort, patient, record, EXTRACTED_AT):
        day = (index.as_of.date() - EPOCH).days - (ENROLMENT_END - plan.days) + 1
        if 1 <= day <= plan.days:
            row = tuple(encode(FEATURES.extract(record, index.as_of)))
            if plan.has_drift("laboratory", day):
                row = lose(row, FEATURES.specs, _LABORATORY)
            yield SimulatedRequest(subject(patient), index.as_of, row, _LABELS[index.outcome], groups)
