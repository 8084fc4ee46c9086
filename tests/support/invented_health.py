"""Invented facts of a health report: months of a model whose appointments became longer, the same at every call."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.findings.model import Effect, Finding
from vigil.monitoring.report.facts_model import (
    CalibrationBin,
    DriftFacts,
    HealthFacts,
    MeasureFacts,
    PerformanceFacts,
    VolumeFacts,
    WeekFacts,
)
from vigil.monitoring.report.model import Budget
from vigil.monitoring.trials.model import WeighedTrial
from vigil.prediction.trials.evidence_model import TrialEvidence
from vigil.prediction.trials.intervals_model import MeanInterval

FIRST_WEEK, LAST_DAY = date(2026, 2, 2), date(2026, 11, 29)
WEEKS, ALARM_WEEK = 43, 41
DRIFTED = "days_supply"
"""Feature that the invented data change."""
FEATURES = (
    *(DRIFTED, "age_years", "months_on_art", "last_days_late", "late_mean_3", "visits_missed_12m", "distance_km"),
    *("viral_load_log", "cd4_last", "next_appointment_days", "weight_kg", "regimen_changes"),
)


def invent_facts(*, features: Sequence[str] = FEATURES) -> HealthFacts:
    """Return the facts of a model whose appointments became longer, the same at every call."""
    chance = Random("health")
    return HealthFacts(
        model="iit",
        version=4,
        source="single",
        until=LAST_DAY.isoformat(),
        is_settling=False,
        budget=Budget(expected_per_year=1.0, used=1, since=FIRST_WEEK.isoformat()),
        volume=VolumeFacts(
            *("2026-11-02", LAST_DAY.isoformat(), 2874, 2790),
            abstained={"low_confidence": 83, "out_of_domain": 41, "too_many_missing": 4},
            degraded={"xgboost": 0, "lightgbm": 27},
        ),
        findings=(_finding(),) if DRIFTED in features else (),
        estimated=_estimated(),
        confirmed=_confirmed(),
        calibration=_bins(chance, 4200, 1.08),
        reference=_bins(chance, 11000, 1.0),
        drift=tuple(_change(chance, name) for name in features) + _missing(features),
        groups={"sex": _groups("female", "male"), "age_band": _groups("0-14", "15-24", "25-49", "50+")},
        trend=tuple(_week(chance, number) for number in range(WEEKS)),
        training_shift=tuple(_change(chance, name, 0.6) for name in features[:6]),
        trial=WeighedTrial(5, LAST_DAY.isoformat(), _evidence()),
    )


def _evidence() -> TrialEvidence:
    return TrialEvidence("undecided", 4180, 3.4, 0.2, MeanInterval(-0.0011, -0.0026, 0.0004))


def _finding() -> Finding:
    return Finding(
        *(4, "single", "covariates", "population", (DRIFTED,), "2026-11-17", "2026-11-12"),
        effect=Effect("mean_shift_sd", 0.42, 0.36, 0.48),
        e_value=5210.0,
        recommendation="rebase",
        text="People now receive longer supplies: days_supply rose by 0.42 standard deviations.",
    )


def _estimated() -> PerformanceFacts:
    measures = (
        MeasureFacts("base_rate", 2790, 0.0871, 0.0782, 0.0964),
        MeasureFacts("auc", 2790, 0.712, 0.681, 0.742),
        MeasureFacts("brier", 2790, 0.0731, 0.0668, 0.0795),
        MeasureFacts("true_positive_rate", 243, 0.412, 0.351, 0.474),
        MeasureFacts("positive_predictive_value", 514, 0.196, 0.163, 0.232),
    )
    return PerformanceFacts("2026-11-02", LAST_DAY.isoformat(), 2790, measures)


def _confirmed() -> PerformanceFacts:
    measures = (
        MeasureFacts("base_rate", 4180, 0.0892, 0.081, 0.098),
        MeasureFacts("auc", 4180, 0.706, 0.679, 0.733),
        MeasureFacts("brier", 4180, 0.0754, 0.0702, 0.0806),
        MeasureFacts("true_positive_rate", 373, 0.402, 0.352, 0.453),
        MeasureFacts("positive_predictive_value", 781, 0.192, 0.165, 0.221),
        MeasureFacts("calibration_intercept", 4180, 0.062, -0.045, 0.169),
        MeasureFacts("calibration_slope", 4180, 0.97, 0.84, 1.1),
    )
    return PerformanceFacts("2026-03-02", "2026-06-14", 4180, measures, events=373, overdue=64)


def _bins(chance: Random, rows: int, lift: float) -> tuple[CalibrationBin, ...]:
    sizes = ((0.02, 0.22), (0.04, 0.22), (0.07, 0.2), (0.11, 0.16), (0.17, 0.11), (0.25, 0.06), (0.36, 0.03))
    return tuple(
        CalibrationBin(size, round(size * p * lift * chance.uniform(0.93, 1.07)), size * p)
        for p, size in ((p, round(rows * part)) for p, part in sizes)
    )


def _change(chance: Random, name: str, scale: float = 1.0) -> DriftFacts:
    is_alarm = name == DRIFTED and scale == 1
    shift = 0.42 if is_alarm else chance.gauss(0, 0.025) / scale
    window = [round(270 * (1 + shift * (i - 4.5) / 2.9) + chance.gauss(0, 11)) for i in range(10)]
    return DriftFacts(
        subject=name,
        aspect="values",
        cells=("below 1", *(f"{i} to {i + 1}" for i in range(1, 9)), "9 or more"),
        window=tuple(window),
        baseline=tuple(round(520 + chance.gauss(0, 20)) for _ in range(10)),
        effect=Effect("mean_shift_sd", shift, shift - 0.06, shift + 0.06),
        distance=sum((n / 2700 - 0.1) ** 2 / 0.1 for n in window),
        threshold=0.0094,
        e_value=5210.0 if is_alarm else chance.uniform(0.2, 4),
        since="2026-11-12" if is_alarm else None,
        is_alarm=is_alarm,
    )


def _missing(features: Sequence[str]) -> tuple[DriftFacts, ...]:
    return tuple(
        DriftFacts(
            *(name, "missing", ("missing", "given"), (140 + number, 2650 - number), (290, 5010)),
            effect=Effect("odds_ratio", 0.95, 0.78, 1.15),
            distance=0.0004,
            threshold=0.0021,
            e_value=0.4,
        )
        for number, name in enumerate(features)
    )


def _groups(*values: str) -> dict[str, GroupTally]:
    tallies = {
        value: GroupTally(
            *(2400 // (i + 1), 430 // (i + 1), 60 // (i + 1)),
            *(150 // (i + 1), 290 // (i + 1), 190 // (i + 1), 1500 // (i + 1)),
            expected=330 / (i + 1),
        )
        for i, value in enumerate(values)
    }
    return {**tallies, "other": GroupTally(9, 2, 0, 1, 1, 1, 5, 1.2), "not given": GroupTally(130, 21, 3)}


def _week(chance: Random, number: int) -> WeekFacts:
    rows = round(690 + chance.gauss(0, 30))
    flagged = round(rows * (0.17 + chance.gauss(0, 0.012) + (0.04 if number >= ALARM_WEEK else 0)))
    start = FIRST_WEEK + timedelta(weeks=number)
    return WeekFacts(start.isoformat(), rows, flagged, round(rows * 0.045), int(number == ALARM_WEEK))
