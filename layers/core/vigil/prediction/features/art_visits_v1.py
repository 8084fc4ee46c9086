"""The feature set `art-visits/1`, for models that were trained with it.

Each visit record is one contact, and only the visit before determines when the next one is expected. Later models use
`art-visits/2`, which counts days and carries expectations forward.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from vigil.kernel.rows import FeatureValue
from vigil.prediction.features.art_visits_specs import MONTHS, WEEKDAYS
from vigil.prediction.features.model import Dispense, PatientHistory, Registration, Visit
from vigil.prediction.features.patient_features import (
    HALF_YEAR,
    capped_days,
    cascade_status,
    clinical_features,
    last_restart,
    lateness_features,
    mean,
    person_features,
    treatment_features,
    viral_load_features,
)
from vigil.prediction.features.plausible_dates import check_dates, refuse_as_of


def extract(history: PatientHistory, as_of: datetime) -> dict[str, FeatureValue]:
    """Return the features of `FIRST_SPECS` by name, as of a time with a UTC offset.

    Raises InvalidInput with the field `as_of` if no visit was known by then, and with the field of a date that is
    impossible on the day of the last visit.
    """
    known = history.known_at(as_of)
    if not known.visits:
        raise refuse_as_of("visit")
    person = known.registrations[-1] if known.registrations else Registration(as_of)
    today = known.visits[-1].visited_at.date()
    latest = {o.code: o for o in known.observations}
    check_dates(history, known, today)
    late = _days_late(known)
    restarted_on = last_restart((v.visited_at.date(), d) for v, d in zip(known.visits, late, strict=True))
    return {
        **_lateness(known.visits, late),
        "cascade_status": cascade_status(restarted_on, today),
        **_visits(known.visits),
        **_supply(known.visits[-1], known.dispenses),
        **_appointment(known.visits[-1]),
        **person_features(person, today),
        **treatment_features(person, known.dispenses, today),
        **viral_load_features(latest.get("viral_load"), restarted_on, today),
        **clinical_features(latest, person, today),
    }


def _expected_contacts(known: PatientHistory) -> list[date | None]:
    """Return, for each visit, the booked appointment; without one, the end of the supply of the day; else None."""
    supply_ends = {
        d.dispensed_at.date(): d.dispensed_at.date() + timedelta(days=d.days_supply)
        for d in known.dispenses
        if d.days_supply is not None
    }
    return [v.next_appointment or supply_ends.get(v.visited_at.date()) for v in known.visits]


def _days_late(known: PatientHistory) -> list[int | None]:
    """Return the days from the expected contact to each visit, 0 if early.

    None for the first visit and for visits without an expected contact.
    """
    late: list[int | None] = [None]
    for due, visit in zip(_expected_contacts(known), known.visits[1:], strict=False):
        late.append(None if due is None else capped_days((visit.visited_at.date() - due).days))
    return late


def _lateness(visits: Sequence[Visit], late: Sequence[int | None]) -> dict[str, FeatureValue]:
    early_until = visits[0].visited_at + HALF_YEAR
    early = [d for d, v in zip(late, visits, strict=True) if d is not None and v.visited_at <= early_until]
    return lateness_features([d for d in late if d is not None], early, late[-1])


def _visits(visits: Sequence[Visit]) -> dict[str, FeatureValue]:
    marked = [float(not v.scheduled) for v in visits[-10:] if v.scheduled is not None]
    return {"unscheduled_rate_10": mean(marked), "visit_count": len(visits)}


def _supply(visit: Visit, dispenses: Sequence[Dispense]) -> dict[str, FeatureValue]:
    given = [d for d in dispenses if d.days_supply is not None]
    today = given[-1].days_supply if given and given[-1].dispensed_at.date() >= visit.visited_at.date() else None
    gap = None
    if len(given) > 1:
        held_for = (given[-1].dispensed_at.date() - given[-2].dispensed_at.date()).days
        gap = capped_days(held_for - (given[-2].days_supply or 0))
    return {"days_supply": today, "supply_gap_days": gap}


def _appointment(visit: Visit) -> dict[str, FeatureValue]:
    due = visit.next_appointment
    return {
        "next_appointment_days": (due - visit.visited_at.date()).days if due else None,
        "appointment_weekday": WEEKDAYS[due.weekday()] if due else None,
        "appointment_month": MONTHS[due.month - 1] if due else None,
    }
