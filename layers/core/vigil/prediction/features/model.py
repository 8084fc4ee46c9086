"""A patient's history as dated facts; each fact has an event time and a recording time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias, TypeVar

from vigil.prediction.features.feature_spec import FeatureSpec

Sex: TypeAlias = Literal["female", "male"]
MaritalStatus: TypeAlias = Literal["married", "unmarried", "widowed"]
FacilityLevel: TypeAlias = Literal["dispensary", "health_centre", "hospital"]
Regimen: TypeAlias = Literal["dtg", "efv", "nvp", "pi", "other"]
ObservationCode: TypeAlias = Literal["viral_load", "cd4", "weight", "height", "who_stage", "adherence"]

_Fact = TypeVar("_Fact", "Registration", "Visit", "Dispense", "Observation")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date with an unknown day, or an unknown month and day."""

    year: int
    month: int | None = None
    day: int | None = None

    def midpoint(self) -> date:
        """Return the date itself, or the middle of its known month or year."""
        return date(self.year, 7, 1) if self.month is None else date(self.year, self.month, self.day or 15)

    def earliest(self) -> date:
        """Return the date itself, or the first day of its known month or year."""
        return date(self.year, self.month or 1, self.day or 1)

    def __str__(self) -> str:
        parts = [f"{self.year:04d}", *(f"{p:02d}" for p in (self.month, self.day) if p is not None)]
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class Registration:
    """Register entry about the patient and the facility, valid from `recorded_at`.

    A later registration replaces an earlier one completely.
    """

    recorded_at: datetime
    sex: Sex | None = None
    birth_date: PartialDate | None = None
    art_started_on: date | None = None
    pregnant_at_start: bool | None = None
    marital_status: MaritalStatus | None = None
    rural: bool | None = None
    distance_km: float | None = None
    facility_level: FacilityLevel | None = None
    has_phone: bool | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One clinical contact, and the next appointment that was booked at it."""

    visited_at: datetime
    recorded_at: datetime
    next_appointment: date | None = None
    scheduled: bool | None = None


@dataclass(frozen=True, slots=True)
class Dispense:
    """One dispense of medicine; `days_supply` is the supply in days."""

    dispensed_at: datetime
    recorded_at: datetime
    days_supply: int | None = None
    regimen: Regimen | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One measurement, in the unit of `OBSERVATION_SPECS[code]`. Laboratory results are often recorded weeks later."""

    code: ObservationCode
    observed_at: datetime
    recorded_at: datetime
    value: float | str


OBSERVATION_SPECS: dict[ObservationCode, FeatureSpec] = {
    "viral_load": FeatureSpec("viral_load", "number", "viral load", "copies/mL", 0, 1e7),
    "cd4": FeatureSpec("cd4", "number", "CD4 count", "cells/uL", 0, 3000),
    "weight": FeatureSpec("weight", "number", "weight", "kg", 0.5, 300, other_units={"g": 1000}),
    "height": FeatureSpec("height", "number", "height", "cm", 30, 250, other_units={"m": 0.01, "mm": 10}),
    "who_stage": FeatureSpec("who_stage", "integer", "WHO clinical stage", "", 1, 4),
    "adherence": FeatureSpec("adherence", "category", "adherence", categories=("good", "fair_poor")),
}
"""Unit and range of each observation code."""


@dataclass(frozen=True, slots=True)
class PatientHistory:
    """Facts of one patient.

    Each tuple is in order of event time; registrations are in order of recording time.
    """

    registrations: tuple[Registration, ...]
    visits: tuple[Visit, ...]
    dispenses: tuple[Dispense, ...] = ()
    observations: tuple[Observation, ...] = ()

    def known_at(self, as_of: datetime) -> "PatientHistory":
        """Return the facts that had occurred and been recorded by `as_of`, a time with a UTC offset."""
        return PatientHistory(
            _until(as_of, self.registrations, lambda r: r.recorded_at),
            _until(as_of, self.visits, lambda v: v.visited_at),
            _until(as_of, self.dispenses, lambda d: d.dispensed_at),
            _until(as_of, self.observations, lambda o: o.observed_at),
        )


def _until(as_of: datetime, facts: Sequence[_Fact], happened_at: Callable[[_Fact], datetime]) -> tuple[_Fact, ...]:
    return tuple(f for f in facts if f.recorded_at <= as_of and happened_at(f) <= as_of)
