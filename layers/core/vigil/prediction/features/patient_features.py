"""Features of a patient's person, treatment and measurements, and of lateness: shared by versions of `art-visits`."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from vigil.kernel.rows import FeatureValue
from vigil.prediction.features.model import Dispense, Observation, ObservationCode, Registration

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


def capped_days(days: int) -> int:
    """Return the days within 0 and `MAX_DAYS_LATE`."""
    return min(max(days, 0), MAX_DAYS_LATE)


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, or None without values."""
    return sum(values) / len(values) if values else None


def lateness_features(days: Sequence[int], early: Sequence[int], last: int | None) -> dict[str, FeatureValue]:
    """Return the features of lateness; `days` are the known days late, `early` those of the first half year."""
    return {
        "last_days_late": last,
        "late_mean_3": mean(days[-3:]),
        "late_mean_5": mean(days[-5:]),
        "late_mean_10": mean(days[-10:]),
        "late14_count_10": _at_least(14, days[-10:]) if days else None,
        "late28_count_10": _at_least(RESTART_GAP_DAYS, days[-10:]) if days else None,
        "early_late28_count": min(_at_least(RESTART_GAP_DAYS, early), 10) if early else None,
    }


def _at_least(threshold: int, days: Iterable[int]) -> int:
    return sum(d >= threshold for d in days)


def last_restart(dated: Iterable[tuple[date, int | None]]) -> date | None:
    """Return the last of the dates with 28 or more days late, or None."""
    restarts = [on for on, days in dated if days is not None and days >= RESTART_GAP_DAYS]
    return restarts[-1] if restarts else None


def cascade_status(restarted_on: date | None, today: date) -> str:
    """Return the status of treatment after the last restart."""
    if restarted_on is None:
        return "never"
    return "restarted_recently" if today - restarted_on <= HALF_YEAR else "restarted_earlier"


def person_features(person: Registration, today: date) -> dict[str, FeatureValue]:
    """Return the features of a registration on a day."""
    return {
        "age_years": age_years(person, today),
        "sex": person.sex,
        "marital_status": person.marital_status,
        "rural": person.rural,
        "distance_km": person.distance_km,
        "facility_level": person.facility_level,
        "has_phone": person.has_phone,
    }


def age_years(person: Registration, today: date) -> float | None:
    """Return the age in years on a day, or None if the birth date is unknown."""
    if person.birth_date is None:
        return None
    return max((today - person.birth_date.midpoint()).days, 0) / DAYS_PER_YEAR


def treatment_features(person: Registration, dispenses: Sequence[Dispense], today: date) -> dict[str, FeatureValue]:
    """Return the features of the treatment and its regimens on a day."""
    start = person.art_started_on
    regimens = [(d.dispensed_at.date(), d.regimen) for d in dispenses if d.regimen is not None]
    switched = any(a != b and today - on <= YEAR for (_, a), (on, b) in pairwise(regimens))
    return {
        "months_on_art": months_since(start, today) if start else None,
        "pregnant_at_start": person.pregnant_at_start,
        "regimen": regimens[-1][1] if regimens else None,
        "regimen_switched_365d": switched if len(regimens) > 1 else None,
    }


def months_since(start: date, today: date) -> float:
    """Return the months from a date to a day, 0 if the date is later."""
    return max((today - start).days, 0) / (DAYS_PER_YEAR / 12)


def viral_load_features(last: Observation | None, restarted_on: date | None, today: date) -> dict[str, FeatureValue]:
    """Return the features of the last viral load on a day."""
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


def clinical_features(
    latest: dict[ObservationCode, Observation], person: Registration, today: date
) -> dict[str, FeatureValue]:
    """Return the features of the latest measurements on a day."""
    weight, cd4, stage = (_number(latest.get(code)) for code in ("weight", "cd4", "who_stage"))
    adherence = latest.get("adherence")
    return {
        "adherence": str(adherence.value) if adherence else None,
        "cd4": cd4,
        "who_stage": None if stage is None else int(stage),
        "weight_kg": weight,
        "bmi": _bmi(weight, latest.get("height"), age_years(person, today), today),
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
