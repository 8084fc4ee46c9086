"""Records of a clinic's system about simulated patients: facts with event and recording times."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import get_args

from models.iit.label import Exit
from models.iit.presets import EPOCH
from models.iit.simulator import EXITS, Cohort
from vigil.prediction.features.model import (
    Dispense,
    FacilityLevel,
    MaritalStatus,
    Observation,
    PartialDate,
    PatientHistory,
    Regimen,
    Registration,
    Visit,
)

_MIDNIGHT = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)
_SAME_DAY = timedelta(minutes=40)
_BETWEEN_FORMS = timedelta(minutes=5)
_LEVELS = get_args(FacilityLevel)
_MARITAL = get_args(MaritalStatus)
_REGIMENS = get_args(Regimen)


def simulated_time(day: int, minute: int = 0) -> datetime:
    """Return the time of a simulated day and minute, in UTC."""
    return _MIDNIGHT + timedelta(days=int(day), minutes=int(minute))


def simulated_date(number: int) -> date:
    """Return the date of a simulated day."""
    return EPOCH + timedelta(days=int(number))


def subject(patient: int) -> str:
    """Return the identifier of a simulated patient."""
    return f"sim-{patient:06d}"


def history(cohort: Cohort, patient: int) -> PatientHistory:
    """Return all records of a patient."""
    rows = range(cohort.starts[patient], cohort.starts[patient + 1])
    attended = [row for row in rows if not cohort.extracts.is_pick_up[row]]
    return PatientHistory(
        registrations=(_registration(cohort, patient),),
        visits=tuple(form for row in rows for form in _forms(cohort, row)),
        dispenses=tuple(_dispense(cohort, row) for row in rows),
        observations=tuple(o for row in attended for o in _observations(cohort, row, first=row == rows[0])),
    )


def recorded_exit(cohort: Cohort, patient: int) -> Exit | None:
    """Return the recorded exit of a patient; a silent transfer leaves no record."""
    visits, row = cohort.visits, cohort.starts[patient + 1] - 1
    kind = EXITS[visits.exit[row]]
    if kind not in {"died", "transferred"}:
        return None
    happened = visits.exit_day[row]
    known = simulated_time(happened + visits.exit_lag[row], 12 * 60)
    return Exit("died" if kind == "died" else "transferred", simulated_date(happened), known)


def recorded_at(cohort: Cohort, row: int) -> datetime:
    """Return the time at which a visit was entered: the same day, or back-dated up to 45 days later."""
    visits = cohort.visits
    return simulated_time(visits.day[row] + visits.lag[row], visits.minute[row]) + _SAME_DAY


def _forms(cohort: Cohort, row: int) -> Iterator[Visit]:
    """Yield the forms of a visit, and of a sick visit after it."""
    visits, extracts = cohort.visits, cohort.extracts
    visited_at, entered = simulated_time(visits.day[row], visits.minute[row]), recorded_at(cohort, row)
    due = simulated_date(visits.appointment[row]) if visits.appointment_known[row] else None
    if not extracts.is_pick_up[row]:
        yield Visit(visited_at, entered, due, scheduled=bool(visits.scheduled[row]))
        # The second form is a copy of the first one. The third, for example of the laboratory, has no booking.
        for form in range(1, extracts.forms[row]):
            at = visited_at + form * _BETWEEN_FORMS
            yield Visit(at, entered, due, bool(visits.scheduled[row])) if form == 1 else Visit(at, entered)
    if extracts.sick_day[row] >= 0:
        at = simulated_time(extracts.sick_day[row], visits.minute[row])
        yield Visit(at, at + _SAME_DAY, scheduled=False)


def _dispense(cohort: Cohort, row: int) -> Dispense:
    visits = cohort.visits
    return Dispense(
        dispensed_at=simulated_time(visits.day[row], visits.minute[row] + 20),
        recorded_at=recorded_at(cohort, row),
        days_supply=int(visits.supply[row]) if visits.supply_known[row] else None,
        regimen=_REGIMENS[visits.regimen[row]],
    )


def _observations(cohort: Cohort, row: int, *, first: bool) -> Iterator[Observation]:
    """Yield the observations of a visit; laboratory results are recorded later."""
    visits, people = cohort.visits, cohort.people
    at, entered, patient = (
        simulated_time(visits.day[row], visits.minute[row]),
        recorded_at(cohort, row),
        visits.patient[row],
    )
    if first:
        yield Observation("height", at, entered, float(people.height_cm[patient]))
        if people.who_stage[patient]:
            yield Observation("who_stage", at, entered, int(people.who_stage[patient]))
        if (cd4 := float(people.cd4[patient])) == cd4:
            yield Observation("cd4", at, simulated_time(visits.day[row] + visits.viral_load_lag[row]), cd4)
    if visits.adherence[row]:
        yield Observation("adherence", at, entered, ("good", "fair_poor")[visits.adherence[row] - 1])
    if (weight := float(visits.weight_kg[row])) == weight:
        yield Observation("weight", at, entered, weight)
    if (copies := float(visits.viral_load[row])) == copies:
        yield Observation("viral_load", at, simulated_time(visits.day[row] + visits.viral_load_lag[row]), copies)


def _registration(cohort: Cohort, patient: int) -> Registration:
    people, i = cohort.people, patient
    born, precision = simulated_date(people.born[i]), int(people.born_precision[i])
    known = (born.year, born.month, born.day)[:precision]
    return Registration(
        recorded_at=simulated_time(people.first_visit[i], 8 * 60),
        sex="male" if people.male[i] else "female",
        birth_date=PartialDate(*known) if known else None,
        art_started_on=simulated_date(people.art_start[i]) if people.art_start_known[i] else None,
        pregnant_at_start=bool(people.pregnant_at_start[i]) if people.pregnancy_known[i] else None,
        marital_status=_MARITAL[people.marital[i]] if people.marital_known[i] else None,
        rural=bool(people.rural[i]) if people.rural_known[i] else None,
        distance_km=float(people.distance_km[i]) if people.distance_known[i] else None,
        facility_level=_LEVELS[cohort.sites.level[people.site[i]]],
        has_phone=bool(people.phone[i]),
    )
