from dataclasses import replace
from random import Random

import numpy as np
import pytest

from tests.support import health_reports
from tests.support.cohort_worlds import arm_of, sigmoid
from tests.support.health_reports import MIN_SPREAD, attack, lowest_shifted_spread, lowest_spread
from tests.support.random_reports import random_facts
from vigil.monitoring.drift.cells_model import compared_cells
from vigil.monitoring.drift.effects_model import measure_distances
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.findings import suppression_model
from vigil.monitoring.findings.model import Effect
from vigil.monitoring.findings.suppression_model import Estimate, round_count, round_measure, round_share, step_of
from vigil.monitoring.report import group_rows_model, publishing_model
from vigil.monitoring.report.facts_model import CalibrationBin, DriftFacts, MeasureFacts, PerformanceFacts
from vigil.monitoring.report.group_rows_model import publish_groups
from vigil.monitoring.report.performance_facts_model import confirmed_facts
from vigil.monitoring.report.publishing_model import publish


def test_counts_from_11_are_rounded_and_smaller_ones_are_hidden():
    assert [round_count(count) for count in (0, 10, 11, 30, 31, 1_234)] == [None, None, 20, 20, 40, 1_240]


def test_a_share_with_few_rows_on_a_side_is_hidden():
    assert [round_share(events, 200) for events in (0, 10, 11, 189, 190, 200)] == [None, None, 0.1, 0.9, None, None]


def test_a_share_never_tells_more_than_its_rounded_count():
    assert step_of(30) is None
    for rows in range(31, 3_000, 7):
        assert step_of(rows) * round_count(rows) >= suppression_model.ROUNDING
        assert step_of(rows) == step_of(round_count(rows))


def test_no_linear_programme_derives_a_hidden_count():
    """The test of faults gives it 1,000 reports."""
    assert lowest_spread(range(24)) >= MIN_SPREAD


def test_halves_rounded_up_would_be_derived(monkeypatch):
    def round_half_up(count):
        return None if count < 11 else max(20, (count + 10) // 20 * 20)

    for module in (suppression_model, publishing_model, group_rows_model, health_reports):
        monkeypatch.setattr(module, "round_count", round_half_up)
    facts = random_facts(Random(278))
    ranges = attack(publish(facts), facts, below=10).values()
    assert min(min(high, 10) - low for low, high in ranges) == pytest.approx(0)


def test_counts_without_rounding_would_be_derived(monkeypatch):
    monkeypatch.setattr(publishing_model, "round_count", lambda count: None if count < 11 else count)
    assert planted_spread() == 0


def planted_spread():
    """Return the range of a small week beside exact others: the reader subtracts them from an exact total."""
    facts = next(facts for facts in map(random_facts, map(Random, range(500))) if has_one_small_week(facts))
    report = publish(facts)
    return report.volume.decisions - sum(week.rows or 0 for week in report.trend) - min(w.rows for w in facts.trend)


def has_one_small_week(facts):
    return sum(week.rows < 11 for week in facts.trend) == 1 and facts.volume.decisions > 40


def test_reports_of_two_days_do_not_tell_the_decisions_between_them():
    first, second = 1_231, 1_238
    assert round_count(first) == round_count(second)
    steps = {round_count(first + more) - round_count(first) for more in range(11)}
    assert steps <= {0, 20}


def change(rows, effect, e_value=None, cells=2):
    """Return the published change of a window of 560 rows, with `rows` of them in the first cell."""
    rest = (*(0,) * (cells - 2), 560 - rows)
    facts = DriftFacts("f", "missing", tuple("abcd"[:cells]), (rows, *rest), (290, 5010, *(50,) * (cells - 2)))
    odds = replace(facts, effect=effect, distance=0.0123, threshold=0.01, e_value=e_value)
    (row,) = publish(replace(random_facts(Random(1)), drift=(odds,))).drift
    return row


def test_figures_of_two_cells_follow_from_the_shown_counts():
    found = [change(rows, Effect("odds_ratio", 18 * rows / (560 - rows), 0.1, 9.0)) for rows in range(31, 91)]
    shown = {(row.window, row.effect, row.distance, row.threshold) for row in found}
    assert len(shown) == len({row.window for row in found}) == 6


def pooled_distance(rows):
    """Return the shown distance of a window of 560 rows, with `rows` of them in the first cell and few in the last."""
    window, baseline = (rows, 556 - rows, 4), (2_900, 2_095, 5)
    compared = compared_cells("number", window, baseline)
    exact, effect = measure_distances(compared).psi, Effect("mean_shift_sd", 0.2)
    facts = DriftFacts("f", "values", tuple("abc"), window, baseline, compared, effect, exact.value, exact.threshold)
    (row,) = publish(replace(random_facts(Random(1)), drift=(facts,))).drift
    return row.distance


def test_the_distance_of_cells_that_pool_to_two_follows_from_counts():
    # The shown counts of the pooled cells are 120 and 440.
    assert len({pooled_distance(rows) for rows in range(111, 130)}) == 1


def test_a_shift_and_a_variation_have_a_step_of_20_rows():
    for measure in ("mean_shift_sd", "total_variation"):
        shown = {change(100, Effect(measure, n / 560), cells=4).effect for n in range(20, 60)}
        assert len(shown) == 3
    interval = change(100, Effect("mean_shift_sd", 0.119, 0.101, 0.139), cells=4).effect
    assert interval == Effect("mean_shift_sd", 0.12, 0.08, 0.16)


def test_evidence_is_shown_in_powers_of_ten():
    # Evidence of 0.65 on the first judged day of 20 rows would mean exactly two rows in the first cell.
    effect, given = Effect("odds_ratio", 1.2), (None, 0.004, 0.65, 9.9, 10.0, 34.0, 1_043.0, 1e300, float("inf"))
    assert [change(60, effect, each).e_value for each in given] == [None, 1, 1, 1, 10, 10, 1_000, 1e300, None]
    assert change(10, effect, 34.0).e_value is None


def test_a_small_group_has_one_row_without_figures():
    groups = {"sex": {"other": GroupTally(9, 9, 9, 9), "female": GroupTally(500, 90, 20, 40, 50, 30, 380, 70.0)}}
    small = [row for row in publish_groups(groups) if row.group == "other"]
    assert [(row.rows, row.rate, row.others_rate, row.ratio, row.verdict) for row in small] == [
        (None, None, None, None, "insufficient")
    ]


def test_the_verdict_on_a_hidden_share_does_not_depend_on_the_hidden_count():
    def rows_with(flagged):
        group = GroupTally(rows=300, flagged=flagged, false_negatives=300)
        others = GroupTally(rows=3_000, flagged=900, true_positives=900, false_negatives=2_100)
        return [row for row in publish_groups({"sex": {"a": group, "b": others}}) if row.group == "a"]

    selected = [next(row for row in rows_with(flagged) if row.measure == "selection_rate") for flagged in range(11)]
    assert {(row.rate, row.verdict) for row in selected} == {(None, "fail")}


def test_a_verdict_that_the_shown_interval_contradicts_is_insufficient():
    chance = Random(3)
    for _ in range(300):
        group, others = chance.randint(60, 400), chance.randint(200, 2_000)
        tallies = {
            "a": GroupTally(group, chance.randint(11, group - 11)),
            "b": GroupTally(others, chance.randint(11, others - 11)),
        }
        for row in publish_groups({"x": tallies}):
            if row.ratio and row.verdict == "pass":
                assert row.ratio.low >= 0.795
                assert row.ratio.high <= 1.255
            if row.ratio and row.verdict == "fail":
                assert row.ratio.high < 0.805 or row.ratio.low > 1.245


def test_calibration_bins_are_merged_until_both_sides_have_11_rows():
    facts = random_facts(Random(1))
    bins = (
        CalibrationBin(50, 2, 3.0),
        CalibrationBin(50, 10, 9.0),
        CalibrationBin(40, 15, 16.0),
        CalibrationBin(9, 8, 8),
    )
    report = publish(replace(facts, calibration=bins))
    assert [(point.predicted, point.rows) for point in report.calibration.production] == [(0.12, 100), (0.49, 40)]


def test_measures_of_few_events_are_hidden():
    facts = random_facts(Random(1))
    measures = (MeasureFacts("auc", 500, 0.7123, 0.6, 0.8), MeasureFacts("base_rate", 500, 0.02, 0.01, 0.03))
    few = publish(replace(facts, confirmed=PerformanceFacts("a", "b", 500, measures, events=10, overdue=3)))
    assert {measure.estimate.value for measure in few.confirmed.measures} == {None}
    assert (few.confirmed.events, few.confirmed.overdue) == (None, None)
    many = publish(replace(facts, confirmed=PerformanceFacts("a", "b", 500, measures, events=100, overdue=3)))
    assert many.confirmed.measures[0].estimate == Estimate(0.75, 0.6, 0.9)


def confirmed(rows, week_events):
    """Return the shown measures of `rows` labelled decisions and of a week of nine, with these events of the week."""
    odds = np.random.default_rng(2).normal(-1.0, 1.0, rows + 9)
    events = np.random.default_rng(3).random(rows + 9) < sigmoid(odds)
    events[rows:] = np.arange(9) < week_events
    facts = replace(random_facts(Random(1)), confirmed=confirmed_facts(arm_of(odds, events), "a", "b"))
    shown = publish(facts).confirmed
    return shown.rows, {each.name: each.estimate for each in shown.measures}


@pytest.mark.parametrize("rows", [300, 3_000])
def test_measures_do_not_show_the_events_of_a_week(rows):
    shown = [confirmed(rows, events) for events in range(10)]
    assert {count for count, _ in shown} == {rows}
    for name in ("auc", "brier", "calibration_intercept", "calibration_slope"):
        for figure in ("value", "low", "high"):
            assert len({getattr(measures[name], figure) for _, measures in shown}) <= 3
    assert shown[0][1]["auc"].value is not None


def test_a_measure_without_a_step_or_an_interval_is_hidden():
    assert round_measure(Estimate(0.2, -0.4, 0.8), 40) == Estimate(None)
    assert round_measure(Estimate(0.2), 400) == Estimate(None)
    assert round_measure(Estimate(0.97, 0.85, 0.99), 80, most=1.0) == Estimate(0.9, 0.75, 1.0)


def test_two_reports_a_day_apart_tell_no_hidden_count():
    assert lowest_shifted_spread(range(2)) >= MIN_SPREAD


def test_exact_measures_would_be_derived(monkeypatch):
    for module in (suppression_model, health_reports):
        monkeypatch.setattr(module, "step_of_error", lambda *_: 0.001)
    assert lowest_shifted_spread(range(2)) < MIN_SPREAD
