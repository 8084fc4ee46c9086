"""Refusal of dates that are impossible for a patient, with the field that the caller sent."""

from collections.abc import Iterator
from datetime import date

from vigil.errors import FieldError, InvalidInput
from vigil.prediction.features.art_visits_specs import SPECS
from vigil.prediction.features.model import PatientHistory
from vigil.prediction.features.patient_features import age_years, months_since

_LIMITS = {spec.name: spec.maximum or 0.0 for spec in SPECS}


def refuse_as_of(first: str) -> InvalidInput:
    """Return the error of an `as_of` before the first fact of a kind was recorded."""
    bound = f"at or after the recording of the first {first}"
    return InvalidInput(FieldError("as_of", f"must be {bound} in `history`", bound))


def check_dates(history: PatientHistory, known: PatientHistory, today: date) -> None:
    """Check that no date gives an impossible age, time on treatment or age of a viral load on a day.

    `known` are the facts of `history` that count. Raises InvalidInput with each field under `history`.
    """
    if errors := [*_registration_errors(known, today), *_viral_load_errors(history, known, today)]:
        raise InvalidInput(*errors)


def _registration_errors(known: PatientHistory, today: date) -> Iterator[FieldError]:
    if not known.registrations:
        return
    person, number = known.registrations[-1], len(known.registrations) - 1
    age, start = age_years(person, today), person.art_started_on
    if person.birth_date is not None and person.birth_date.earliest() > today:
        bound = "at or before the last contact"
        yield FieldError(f"history.registrations[{number}].birth_date", "must not be after the last contact", bound)
    if age is not None and age > _LIMITS["age_years"]:
        yield _too_early(f"registrations[{number}].birth_date", f"{_LIMITS['age_years']:g} years")
    if start is not None and months_since(start, today) > _LIMITS["months_on_art"]:
        yield _too_early(f"registrations[{number}].art_started_on", f"{_LIMITS['months_on_art'] / 12:g} years")


def _viral_load_errors(history: PatientHistory, known: PatientHistory, today: date) -> Iterator[FieldError]:
    measured = [o for o in known.observations if o.code == "viral_load"]
    if measured and (today - measured[-1].observed_at.date()).days > _LIMITS["viral_load_age_days"]:
        number = next(i for i, o in enumerate(history.observations) if o is measured[-1])
        yield _too_early(f"observations[{number}].observed_at", f"{_LIMITS['viral_load_age_days']:,.0f} days")


def _too_early(field: str, limit: str) -> FieldError:
    bound = f"at most {limit} before the last contact"
    left_out = "the observation" if field.startswith("observations") else "it"
    return FieldError(f"history.{field}", f"must be {bound}; leave {left_out} out if the date is unknown", bound)
