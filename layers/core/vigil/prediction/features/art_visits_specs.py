"""The inputs of the feature set `art-visits/1`: names, units, ranges and optional values."""

from typing import get_args

from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.features.model import OBSERVATION_SPECS, FacilityLevel, MaritalStatus, Regimen, Sex

CASCADE_STATUSES = ("never", "restarted_recently", "restarted_earlier")
VIRAL_LOAD_STATUSES = ("none", "suppressed", "unsuppressed")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_LATENESS = (
    FeatureSpec("last_days_late", "integer", "days late at the last visit", "days", 0, 100, other_units={"hours": 24}),
    FeatureSpec("late_mean_3", "number", "mean lateness of the last 3 visits", "days", 0, 100),
    FeatureSpec("late_mean_5", "number", "mean lateness of the last 5 visits", "days", 0, 100),
    FeatureSpec("late_mean_10", "number", "mean lateness of the last 10 visits", "days", 0, 100),
    FeatureSpec("late14_count_10", "integer", "visits 14 or more days late among the last 10", "visits", 0, 10),
    FeatureSpec("late28_count_10", "integer", "visits 28 or more days late among the last 10", "visits", 0, 10),
    FeatureSpec("early_late28_count", "integer", "visits 28 or more days late in the first 6 months", "visits", 0, 10),
    FeatureSpec("cascade_status", "category", "restart of treatment", categories=CASCADE_STATUSES, missing="refuse"),
    FeatureSpec("unscheduled_rate_10", "number", "share of unscheduled visits among the last 10", "", 0, 1),
    FeatureSpec("visit_count", "integer", "visits on record", "visits", 1, 600, missing="refuse"),
)
_SUPPLY = (
    FeatureSpec("days_supply", "integer", "days of medicine dispensed", "days", 1, 400),
    FeatureSpec("supply_gap_days", "integer", "days without medicine before this dispense", "days", 0, 100),
    FeatureSpec("next_appointment_days", "integer", "days to the next appointment", "days", 1, 400, missing="abstain"),
    FeatureSpec("appointment_weekday", "category", "weekday of the next appointment", categories=WEEKDAYS),
    FeatureSpec("appointment_month", "category", "month of the next appointment", categories=MONTHS),
)
_PERSON = (
    FeatureSpec("age_years", "number", "age", "years", 0, 100, other_units={"months": 12, "days": 365.25}),
    FeatureSpec("sex", "category", "sex", categories=get_args(Sex), missing="refuse"),
    FeatureSpec("marital_status", "category", "marital status", categories=get_args(MaritalStatus)),
    FeatureSpec("rural", "boolean", "home in a rural area"),
    FeatureSpec("distance_km", "number", "distance to the facility", "km", 0, 1000, other_units={"m": 1000}),
    FeatureSpec("facility_level", "category", "level of the facility", categories=get_args(FacilityLevel)),
    FeatureSpec("has_phone", "boolean", "phone number on record"),
)
_TREATMENT = (
    FeatureSpec("months_on_art", "number", "time on treatment", "months", 0, 600, other_units={"days": 30.4375}),
    FeatureSpec("pregnant_at_start", "boolean", "pregnant when treatment started"),
    FeatureSpec("regimen", "category", "regimen", categories=get_args(Regimen)),
    FeatureSpec("regimen_switched_365d", "boolean", "regimen switched in the last year"),
    FeatureSpec("adherence", "category", "adherence", categories=OBSERVATION_SPECS["adherence"].categories),
)
# Cost of obtaining a value: 1 is a question at the visit, 3 an examination, 10 or more a laboratory test.
_CLINICAL = (
    FeatureSpec("vl_status", "category", "viral load of the last year", categories=VIRAL_LOAD_STATUSES, cost=20),
    FeatureSpec("viral_load", "number", "last viral load", "copies/mL", 0, 1e7, cost=20),
    FeatureSpec("viral_load_age_days", "integer", "age of the last viral load", "days", 0, 10_000, cost=20),
    FeatureSpec("cd4", "number", "last CD4 count", "cells/uL", 0, 3000, cost=10),
    FeatureSpec("who_stage", "integer", "WHO clinical stage", "", 1, 4, cost=3),
    FeatureSpec("weight_kg", "number", "weight", "kg", 0.5, 300, other_units={"g": 1000}),
    FeatureSpec("bmi", "number", "body mass index", "kg/m2", 5, 100),
)

SPECS: tuple[FeatureSpec, ...] = (*_LATENESS, *_SUPPLY, *_PERSON, *_TREATMENT, *_CLINICAL)
