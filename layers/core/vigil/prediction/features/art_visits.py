"""The feature set `art-visits/1`: visits on antiretroviral treatment, as known at a given time.

Training and serving use the same code. Every feature is computed from `PatientHistory.known_at(as_of)` only, so later
events or records cannot change it. The index visit is the last known visit.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from vigil.kernel.rows import FeatureValue
from vigil.prediction.features.art_visits_specs import MONTHS, WEEKDAYS
from vigil.prediction.features.model import (
    Dispense,
    Observation,
    ObservationCode,
    PatientHistory,
    Registration,
    Visit,
    check_as_of,
    expected_contacts,
)

MAX_DAYS_LATE = 100
RESTART_GAP_DAYS = 28
YEAR = timedelta(days=365)
HALF_YEAR = timedelta(days=183)
DAYS_PER_YEAR = 365.25
SUPPRESSION_THRESHOLD = 1000
"""Viral load in copies/mL below which a patient counts as suppressed: the threshold of WHO's consolidated guidelines.
"""
ADULT_HEIGHT_AGE_YEARS = 18
MAX_CHILD_HEIGHT_AGE = HALF_YEAR


def extract(history: PatientHistory, as_of: datetime) -> dict[str, FeatureValue]:
    """Return the features of `SPECS` by name, as of a time with a UTC offset.

    Raises InvalidInput with the field `as_of` if no visit was known by then.
    """
    known = history.known_at(as_of)
    check_as_of(known)
    person = known.registrations[-1] if known.registrations else Registration(as_of)
    today = known.visits[-1].visited_at.date()
    latest = {o.code: o for o in known.observations}
    late = _days_late(known)
    restarted_on = _last_restart(known.visits, late)
    return {
        **_lateness(known.visits, late),
        "cascade_status": _cascade_status(restarted_on, today),
        **_visits(known.visits),
        **_supply(known.visits[-1], known.dispenses),
        **_appointment(known.visits[-1]),
        **_person(person, today),
        **_treatment(person, known.dispenses, today),
        **_viral_load(latest.get("viral_load"), restarted_on, today),
        **_clinical(latest, person, today),
    }


def _days_late(known: PatientHistory) -> list[int | None]:
    """Return the days from the expected contact to each visit, 0 if early.

    None for the first visit and for visits without an expected contact.
    """
    expected = expected_contacts(known.visits, known.dispenses)
    late: list[int | None] = [None]
    for due, visit in zip(expected, known.visits[1:], strict=False):
        late.append(None if due is None else _capped((visit.visited_at.date() - due).days))
    return late


def _capped(days: int) -> int:
    return min(max(days, 0), MAX_DAYS_LATE)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _lateness(visits: Sequence[Visit], late: Sequence[int | None]) -> dict[str, FeatureValue]:
    days = [d for d in late if d is not None]
    early_until = visits[0].visited_at + HALF_YEAR
    early = [d for d, v in zip(late, visits, strict=True) if d is not None and v.visited_at <= early_until]
    return {
        "last_days_late": late[-1],
        "late_mean_3": _mean(days[-3:]),
        "late_mean_5": _mean(days[-5:]),
        "late_mean_10": _mean(days[-10:]),
        "late14_count_10": _at_least(14, days[-10:]) if days else None,
        "late28_count_10": _at_least(RESTART_GAP_DAYS, days[-10:]) if days else None,
        "early_late28_count": min(_at_least(RESTART_GAP_DAYS, early), 10) if early else None,
    }


def _at_least(threshold: int, days: Iterable[int]) -> int:
    return sum(d >= threshold for d in days)


def _last_restart(visits: Sequence[Visit], late: Sequence[int | None]) -> date | None:
    restarts = [
        v.visited_at.date() for v, d in zip(visits, late, strict=True) if d is not None and d >= RESTART_GAP_DAYS
    ]
    return restarts[-1] if restarts else None


def _cascade_status(restarted_on: date | None, today: date) -> str:
    if restarted_on is None:
        return "never"
    return "restarted_recently" if today - restarted_on <= HALF_YEAR else "restarted_earlier"


def _visits(visits: Sequence[Visit]) -> dict[str, FeatureValue]:
    marked = [float(not v.scheduled) for v in visits[-10:] if v.scheduled is not None]
    return {"unscheduled_rate_10": _mean(marked), "visit_count": len(visits)}


def _supply(visit: Visit, dispenses: Sequence[Dispense]) -> dict[str, FeatureValue]:
    given = [d for d in dispenses if d.days_supply is not None]
    today = given[-1].days_supply if given and given[-1].dispensed_at.date() >= visit.visited_at.date() else None
    gap = None
    if len(given) > 1:
        held_for = (given[-1].dispensed_at.date() - given[-2].dispensed_at.date()).days
        gap = _capped(held_for - (given[-2].days_supply or 0))
    return {"days_supply": today, "supply_gap_days": gap}


def _appointment(visit: Visit) -> dict[str, FeatureValue]:
    due = visit.next_appointment
    return {
        "next_appointment_days": (due - visit.visited_at.date()).days if due else None,
        "appointment_weekday": WEEKDAYS[due.weekday()] if due else None,
        "appointment_month": MONTHS[due.month - 1] if due else None,
    }


def _person(person: Registration, today: date) -> dict[str, FeatureValue]:
    return {
        "age_years": _age(person, today),
        "sex": person.sex,
        "marital_status": person.marital_status,
        "rural": person.rural,
        "distance_km": person.distance_km,
        "facility_level": person.facility_level,
        "has_phone": person.has_phone,
    }


def _age(person: Registration, today: date) -> float | None:
    if person.birth_date is None:
        return None
    return max((today - person.birth_date.midpoint()).days, 0) / DAYS_PER_YEAR


def _treatment(person: Registration, dispenses: Sequence[Dispense], today: date) -> dict[str, FeatureValue]:
    start = person.art_started_on
    regimens = [(d.dispensed_at.date(), d.regimen) for d in dispenses if d.regimen is not None]
    switched = any(a != b and today - on <= YEAR for (_, a), (on, b) in pairwise(regimens))
    return {
        "months_on_art": max((today - start).days, 0) / (DAYS_PER_YEAR / 12) if start else None,
        "pregnant_at_start": person.pregnant_at_start,
        "regimen": regimens[-1][1] if regimens else None,
        "regimen_switched_365d": switched if len(regimens) > 1 else None,
    }


def _viral_load(last: Observation | None, restarted_on: date | None, today: date) -> dict[str, FeatureValue]:
    if last is None:
        return {"vl_status": "none", "viral_load": None, "viral_load_age_days": None}
    taken_on, copies = last.observed_at.date(), float(last.value)
    # A result from before an interruption is no evidence of suppression after it.
    current = today - taken_on <= YEAR and (restarted_on is None or taken_on >= restarted_on)
    status = "suppressed" if copies < SUPPRESSION_THRESHOLD else "unsuppressed"
    return {
        "vl_status": status if current else "none",
        "viral_load": copies,
        "viral_load_age_days": max((today - taken_on).days, 0),
    }


def _clinical(latest: dict[ObservationCode, Observation], person: Registration, today: date) -> dict[str, FeatureValue]:
    weight, cd4, stage = (_number(latest.get(code)) for code in ("weight", "cd4", "who_stage"))
    adherence = latest.get("adherence")
    return {
        "adherence": str(adherence.value) if adherence else None,
        "cd4": cd4,
        "who_stage": None if stage is None else int(stage),
        "weight_kg": weight,
        "bmi": _bmi(weight, latest.get("height"), _age(person, today), today),
    }


def _number(observation: Observation | None) -> float | None:
    return None if observation is None else float(observation.value)


def _bmi(weight: float | None, height: Observation | None, age: float | None, today: date) -> float | None:
    if weight is None or height is None:
        return None
    growing = age is not None and age < ADULT_HEIGHT_AGE_YEARS
    if growing and today - height.observed_at.date() > MAX_CHILD_HEIGHT_AGE:
        return None
    bmi = weight / (float(height.value) / 100) ** 2
    return bmi if 5 <= bmi <= 100 else None  # not plausible for one person: the weight or the height is wrong
