"""The feature set `art-visits/2`: contacts on antiretroviral treatment, as known at a given time.

Training and serving use the same code. Every feature is computed from `PatientHistory.known_at(as_of)` only, so later
events or records cannot change it. The index contact is the last known one that is not interim. Interim contacts change
no feature, except for what was measured at them.
"""

from collections.abc import Sequence
from datetime import datetime

from vigil.kernel.rows import FeatureValue
from vigil.prediction.features.art_visits_specs import MONTHS, WEEKDAYS
from vigil.prediction.features.contacts import Contact, expected_course, find_contacts
from vigil.prediction.features.model import PatientHistory, Registration
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

MAX_CONTACTS = 600
"""Maximum of the feature `visit_count`."""


def extract(history: PatientHistory, as_of: datetime) -> dict[str, FeatureValue]:
    """Return the features of `SPECS` by name, as of a time with a UTC offset.

    Raises InvalidInput with the field `as_of` if no contact was known by then, and with the field of a date that is
    impossible on the day of the index contact.
    """
    known = history.known_at(as_of)
    course = expected_course(find_contacts(known.visits, known.dispenses))
    if not course:
        raise refuse_as_of("visit or dispense")
    today = course[-1].on
    check_dates(history, known, today)
    person = known.registrations[-1] if known.registrations else Registration(as_of)
    latest = {o.code: o for o in known.observations}
    restarted_on = last_restart((c.on, c.days_late) for c in course)
    return {
        **_lateness(course),
        "cascade_status": cascade_status(restarted_on, today),
        **_counts(course),
        **_supply(course),
        **_next_contact(course[-1]),
        **person_features(person, today),
        **treatment_features(person, known.dispenses, today),
        **viral_load_features(latest.get("viral_load"), restarted_on, today),
        **clinical_features(latest, person, today),
    }


def _lateness(course: Sequence[Contact]) -> dict[str, FeatureValue]:
    late = [(contact.on, capped_days(contact.days_late)) for contact in course if contact.days_late is not None]
    days, early_until = [d for _, d in late], course[0].on + HALF_YEAR
    return lateness_features(days, [d for on, d in late if on <= early_until], days[-1] if days else None)


def _counts(course: Sequence[Contact]) -> dict[str, FeatureValue]:
    marked = [float(not c.scheduled) for c in course[-10:] if c.scheduled is not None]
    return {"unscheduled_rate_10": mean(marked), "visit_count": min(len(course), MAX_CONTACTS)}


def _supply(course: Sequence[Contact]) -> dict[str, FeatureValue]:
    given = [(contact.on, contact.supply_days) for contact in course if contact.supply_days is not None]
    gap = None
    if len(given) > 1:
        (before, days), (now, _) = given[-2:]
        gap = capped_days((now - before).days - days)
    return {"days_supply": course[-1].supply_days, "supply_gap_days": gap}


def _next_contact(index: Contact) -> dict[str, FeatureValue]:
    due = index.expected
    return {
        "next_appointment_days": (due - index.on).days if due else None,
        "appointment_weekday": WEEKDAYS[due.weekday()] if due else None,
        "appointment_month": MONTHS[due.month - 1] if due else None,
    }
