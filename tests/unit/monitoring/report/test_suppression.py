from dataclasses import replace
from random import Random

import pytest

from tests.support import health_reports
from tests.support.health_reports import MIN_SPREAD, attack, lowest_spread
from tests.support.random_reports import random_facts
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.report import group_rows_model, publishing_model, suppression_model
from vigil.monitoring.report.facts_model import CalibrationBin, MeasureFacts, PerformanceFacts
from vigil.monitoring.report.group_rows_model import publish_groups
from vigil.monitoring.report.publishing_model import publish
from vigil.monitoring.report.suppression_model import round_count, round_share, step_of


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
    assert many.confirmed.measures[0].estimate.value == 0.712
