"""Publication: makes a health report from exact facts, with small counts hidden and all others rounded."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from vigil.monitoring.drift.cells_model import ComparedCells
from vigil.monitoring.drift.effects_model import Distance, measure_distances, measure_odds
from vigil.monitoring.findings.model import Effect
from vigil.monitoring.findings.suppression_model import (
    MIN_COUNT,
    Estimate,
    round_count,
    round_evidence,
    round_figure,
    round_measure,
    round_outwards,
    round_share,
    share_interval,
    step_of,
)
from vigil.monitoring.report.facts_model import (
    CalibrationBin,
    DriftFacts,
    HealthFacts,
    MeasureFacts,
    PerformanceFacts,
    VolumeFacts,
    WeekFacts,
)
from vigil.monitoring.report.group_rows_model import publish_groups
from vigil.monitoring.report.model import (
    Calibration,
    CalibrationPoint,
    DriftRow,
    HealthReport,
    Measure,
    Part,
    Performance,
    Trial,
    Volume,
    Week,
)
from vigil.monitoring.report.status_model import describe_reading, describe_status
from vigil.monitoring.trials.model import WeighedTrial
from vigil.prediction.engines.group_attributes import NOT_GIVEN

_SHARES = {"base_rate", "accuracy", "true_positive_rate", "positive_predictive_value"}
"""Measures that are a share of rows."""
_LARGEST = {"auc": 1.0, "brier": 1.0}
"""Largest possible values of other measures; those without one are left out."""


def publish(facts: HealthFacts) -> HealthReport:
    """Return the report of some facts. Counts below 11 become None, others multiples of 20, and shares fit them."""
    return HealthReport(
        model=facts.model,
        version=facts.version,
        source=facts.source,
        until=facts.until,
        status=describe_status(facts),
        budget=replace(facts.budget, expected_per_year=round(facts.budget.expected_per_year, 3)),
        volume=_volume(facts.volume),
        estimated=_performance(facts.estimated) if facts.estimated else None,
        confirmed=_performance(facts.confirmed) if facts.confirmed else None,
        calibration=Calibration(_calibration(facts.calibration), _calibration(facts.reference)),
        drift=_drift(facts.drift),
        groups=publish_groups(facts.groups),
        not_given=tuple(_not_given(facts)),
        trend=tuple(_week(week) for week in facts.trend),
        training_shift=_drift(facts.training_shift),
        trial=_trial(facts.trial) if facts.trial else None,
        guidance=describe_reading(facts),
    )


def _volume(facts: VolumeFacts) -> Volume:
    decisions, counted = round_count(facts.decisions), round_count(facts.counted)
    return Volume(
        start=facts.start,
        end=facts.end,
        decisions=decisions,
        counted=counted,
        coverage=min(round(counted / decisions, 3), 1.0) if decisions and counted else None,
        abstained=_parts(facts.abstained, facts.counted),
        degraded=_parts(facts.degraded, facts.counted),
    )


def _parts(rows: Mapping[str, int], total: int) -> tuple[Part, ...]:
    """Return the parts by name: an order by size would compare hidden counts."""
    return tuple(Part(name, round_count(count), round_share(count, total)) for name, count in sorted(rows.items()))


def _not_given(facts: HealthFacts) -> list[Part]:
    parts = []
    for attribute, tallies in sorted(facts.groups.items()):
        if NOT_GIVEN in tallies:
            missing, total = tallies[NOT_GIVEN].rows, sum(tally.rows for tally in tallies.values())
            parts.append(Part(attribute, round_count(missing), round_share(missing, total)))
    return parts


def _performance(facts: PerformanceFacts) -> Performance:
    return Performance(
        start=facts.start,
        end=facts.end,
        rows=round_count(facts.rows),
        measures=tuple(Measure(measure.name, _estimate(measure, facts)) for measure in facts.measures),
        events=None if facts.events is None else round_count(facts.events),
        overdue=None if facts.overdue is None else round_count(facts.overdue),
        is_withdrawn=facts.is_withdrawn,
    )


def _estimate(measure: MeasureFacts, facts: PerformanceFacts) -> Estimate:
    """Return a measure as it may be shown. An estimate is a sum of probabilities, and so counts no person."""
    if round_count(facts.rows) is None or facts.is_withdrawn:
        return Estimate(None)
    if facts.events is None:
        return Estimate(*map(round_figure, (measure.value, measure.low, measure.high)))
    rarer = min(facts.events, facts.rows - facts.events)
    if rarer < MIN_COUNT:
        return Estimate(None)
    if measure.name in _SHARES:
        return _share_estimate(measure)
    exact = Estimate(measure.value, measure.low, measure.high)
    return round_measure(exact, rarer, _LARGEST.get(measure.name, math.inf))


def _share_estimate(measure: MeasureFacts) -> Estimate:
    """Return a share of labelled rows with its interval, both in the step of its denominator."""
    share, step = round_share(round(measure.value * measure.rows), measure.rows), step_of(measure.rows)
    if share is None or step is None:
        return Estimate(None)
    if measure.low is None or measure.high is None:
        return Estimate(share)
    low, high = math.floor(measure.low / step) * step, math.ceil(measure.high / step) * step
    return Estimate(share, round(min(share, low), 3), round(min(max(share, high), 1.0), 3))


def _calibration(bins: Sequence[CalibrationBin]) -> tuple[CalibrationPoint, ...]:
    """Return the points of bins that are merged until each has `MIN_COUNT` events and as many other rows."""
    merged: list[CalibrationBin] = []
    for each in bins:
        if merged and not _is_large(merged[-1]):
            merged[-1] = _joined(merged[-1], each)
        else:
            merged.append(each)
    while len(merged) > 1 and not _is_large(merged[-1]):
        last = merged.pop()
        merged[-1] = _joined(merged[-1], last)
    return tuple(
        CalibrationPoint(
            predicted=round(each.expected / each.rows, 3),
            rows=round_count(each.rows),
            observed=share_interval(round_share(each.events, each.rows), each.rows),
        )
        for each in merged
        if _is_large(each)
    )


def _is_large(each: CalibrationBin) -> bool:
    return min(each.events, each.rows - each.events) >= MIN_COUNT


def _joined(left: CalibrationBin, right: CalibrationBin) -> CalibrationBin:
    return CalibrationBin(left.rows + right.rows, left.events + right.events, left.expected + right.expected)


def _drift(facts: Sequence[DriftFacts]) -> tuple[DriftRow, ...]:
    """Return the changes, alarms first, then the strongest; those without a shown strength come last."""
    rows = [_drift_row(each) for each in facts]
    return tuple(sorted(rows, key=lambda row: (not row.is_alarm, -(row.strength or 0.0), row.subject, row.aspect)))


def _drift_row(facts: DriftFacts) -> DriftRow:
    """Return a change. Without figures, it has no evidence either."""
    sides: tuple[Sequence[float], Sequence[float]] = facts.window, facts.baseline
    if len(facts.cells) > 2 and facts.compared and len(facts.compared.window) == 2:
        sides = facts.compared.window, facts.compared.baseline
    effect, psi = _two_cells(facts, sides) if len(sides[0]) <= 2 else _many_cells(facts)
    return DriftRow(
        subject=facts.subject,
        aspect=facts.aspect,
        effect=effect,
        distance=round_figure(psi.value, 2) if psi else None,
        threshold=round_figure(psi.threshold, 2) if psi else None,
        e_value=round_evidence(facts.e_value) if psi else None,
        since=facts.since,
        is_alarm=facts.is_alarm,
        cells=facts.cells,
        window=tuple(map(round_count, facts.window)),
        baseline=tuple(map(round_count, facts.baseline)),
    )


def _two_cells(
    facts: DriftFacts, sides: tuple[Sequence[float], Sequence[float]]
) -> tuple[Effect | None, Distance | None]:
    """Return the figures that follow from the shown counts of two cells: exact figures would show exact counts."""
    window, baseline = ([float(rows) for rows in map(round_count, map(int, side)) if rows] for side in sides)
    if facts.distance is None or facts.effect is None or min(len(window), len(baseline)) < 2:
        return None, None
    cells = ComparedCells(tuple(window), tuple(baseline), ordered=False)
    effect = measure_odds(cells, facts.dispersion) if facts.effect.measure == "odds_ratio" else facts.effect
    return _effect(effect, sum(facts.window)), measure_distances(cells, facts.dispersion).psi


def _many_cells(facts: DriftFacts) -> tuple[Effect | None, Distance | None]:
    if facts.distance is None or facts.threshold is None or min(sum(facts.window), sum(facts.baseline)) < MIN_COUNT:
        return None, None
    effect = _effect(facts.effect, sum(facts.window)) if facts.effect else None
    return effect, Distance(facts.distance, facts.threshold)


def _effect(effect: Effect, rows: int) -> Effect | None:
    """Return an effect as it may be shown. A shift or a share of a window of `rows` rows gets their step."""
    figures = effect.value, effect.low, effect.high
    if effect.measure == "odds_ratio":
        shown = Estimate(*(round_figure(each, 2) for each in figures))
    else:
        shown = round_outwards(Estimate(*figures), step_of(rows))
    return None if shown.value is None else Effect(effect.measure, shown.value, shown.low, shown.high)


def _week(facts: WeekFacts) -> Week:
    return Week(
        start=facts.start,
        rows=round_count(facts.rows),
        flagged=round_share(facts.flagged, facts.rows),
        abstained=round_share(facts.abstained, facts.rows),
        alarms=facts.alarms,
    )


def _trial(trial: WeighedTrial) -> Trial:
    evidence, difference = trial.evidence, trial.evidence.brier_difference
    labelled = evidence.labelled or 0
    shown = Estimate(difference.mean, difference.low, difference.high) if difference else Estimate(None)
    shown = round_measure(shown, labelled)
    return Trial(
        challenger=trial.challenger,
        until=trial.day,
        rows=round_count(labelled),
        verdict=evidence.verdict,
        brier_difference=None if shown.value is None else shown,
        better=round_figure(evidence.better, 2),
        worse=round_figure(evidence.worse, 2),
    )
