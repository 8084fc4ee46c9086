"""The inputs of the feature sets `art-visits/1` and `art-visits/2`: names, units, ranges and optional values."""

from dataclasses import replace
from typing import get_args

from vigil.prediction.features.feature_spec import FeatureSpec, with_words
from vigil.prediction.features.model import OBSERVATION_SPECS, FacilityLevel, MaritalStatus, Regimen, Sex

CASCADE_STATUSES = ("never", "restarted_recently", "restarted_earlier")
VIRAL_LOAD_STATUSES = ("none", "suppressed", "unsuppressed")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_SINGULARS = {
    "cells/uL": "cell/uL",
    "contacts": "contact",
    "copies/mL": "copy/mL",
    "days": "day",
    "months": "month",
    "visits": "visit",
    "years": "year",
}
_LABELS = {
    "cascade_status": {
        "restarted_recently": "restarted within 6 months",
        "restarted_earlier": "restarted more than 6 months ago",
    },
    "appointment_weekday": {day: day.capitalize() for day in WEEKDAYS},
    "appointment_month": {
        "jan": "January", "feb": "February", "mar": "March", "apr": "April", "may": "May", "jun": "June",
        "jul": "July", "aug": "August", "sep": "September", "oct": "October", "nov": "November", "dec": "December",
    },
    "facility_level": {"health_centre": "health centre"},
    "regimen": {
        "dtg": "dolutegravir (DTG)",
        "efv": "efavirenz (EFV)",
        "nvp": "nevirapine (NVP)",
        "pi": "protease inhibitor (PI)",
        "other": "another one",
    },
    "adherence": {"fair_poor": "fair or poor"},
    "vl_status": {"none": "no result"},
}  # fmt: skip
"""Words for people by level, for the levels that are not words themselves."""

_LATENESS = (
    FeatureSpec(
        "last_days_late", "integer", "days late at the last expected contact", "days", 0, 100, other_units={"hours": 24}
    ),
    FeatureSpec("late_mean_3", "number", "mean lateness of the last 3 contacts", "days", 0, 100),
    FeatureSpec("late_mean_5", "number", "mean lateness of the last 5 contacts", "days", 0, 100),
    FeatureSpec("late_mean_10", "number", "mean lateness of the last 10 contacts", "days", 0, 100),
    FeatureSpec("late14_count_10", "integer", "contacts 14 or more days late among the last 10", "contacts", 0, 10),
    FeatureSpec("late28_count_10", "integer", "contacts 28 or more days late among the last 10", "contacts", 0, 10),
    FeatureSpec(
        "early_late28_count", "integer", "contacts 28 or more days late in the first 6 months", "contacts", 0, 10
    ),
    FeatureSpec("cascade_status", "category", "restart of treatment", categories=CASCADE_STATUSES, missing="refuse"),
    FeatureSpec("unscheduled_rate_10", "number", "share of unscheduled contacts among the last 10", "", 0, 1),
    FeatureSpec("visit_count", "integer", "contacts on record", "contacts", 1, 600, missing="refuse"),
)
_SUPPLY = (
    FeatureSpec("days_supply", "integer", "days of medicine dispensed", "days", 1, 400),
    FeatureSpec("supply_gap_days", "integer", "days without medicine before this dispense", "days", 0, 100),
    FeatureSpec(
        "next_appointment_days", "integer", "days to the next expected contact", "days", 1, 400, missing="abstain"
    ),
    FeatureSpec("appointment_weekday", "category", "weekday of the next expected contact", categories=WEEKDAYS),
    FeatureSpec("appointment_month", "category", "month of the next expected contact", categories=MONTHS),
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

_GROUPS = (*_LATENESS, *_SUPPLY, *_PERSON, *_TREATMENT, *_CLINICAL)
SPECS: tuple[FeatureSpec, ...] = with_words(_GROUPS, _SINGULARS, _LABELS)
"""Inputs of `art-visits/2`."""

_FIRST_LABELS = {
    "last_days_late": "days late at the last visit",
    "late_mean_3": "mean lateness of the last 3 visits",
    "late_mean_5": "mean lateness of the last 5 visits",
    "late_mean_10": "mean lateness of the last 10 visits",
    "late14_count_10": "visits 14 or more days late among the last 10",
    "late28_count_10": "visits 28 or more days late among the last 10",
    "early_late28_count": "visits 28 or more days late in the first 6 months",
    "unscheduled_rate_10": "share of unscheduled visits among the last 10",
    "visit_count": "visits on record",
    "next_appointment_days": "days to the next appointment",
    "appointment_weekday": "weekday of the next appointment",
    "appointment_month": "month of the next appointment",
}
_FIRST_GROUPS = [
    replace(
        spec,
        label=_FIRST_LABELS.get(spec.name, spec.label),
        unit="visits" if spec.unit == "contacts" else spec.unit,
    )
    for spec in _GROUPS
]
FIRST_SPECS: tuple[FeatureSpec, ...] = with_words(_FIRST_GROUPS, _SINGULARS, _LABELS)
"""Inputs of `art-visits/1`, with the labels of its models."""
