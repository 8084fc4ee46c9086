"""Alarms about labels: their rate without a change, their delay, what they recommend, and treated people."""

from statistics import median

import numpy as np
import pytest

from tests.support.cohort_worlds import World, ignoring_treatment, week_name
from vigil.monitoring.findings.evidence_model import NO_EVIDENCE, log_mean
from vigil.monitoring.findings.suppression_model import STEPS
from vigil.monitoring.performance.cohorts_model import Cohort, CohortArm
from vigil.monitoring.performance.dispersion_model import WeekDispersion
from vigil.monitoring.performance.judgement_model import LabelJudge, LabelState
from vigil.monitoring.performance.restarts_model import LabelRestarts
from vigil.monitoring.report.days_model import monday_of

JUDGE = LabelJudge(version=3, source="single")
YEAR = 52


def alarms(worlds, judge=JUDGE, *, ignore=False, **given):
    """Return the findings of each world; seeds are the places of the worlds."""
    found = []
    for seed in range(worlds):
        drawn = World(**given).cohorts(np.random.default_rng(seed))
        found.append(judge.judge(map(ignoring_treatment, drawn) if ignore else drawn)[1])
    return found


def first_weeks(found, change):
    names = [week_name(week) for week in range(200)]
    weeks = []
    for findings in found:
        days = [finding.day for finding in findings]
        assert len(days) == 1
        year, number, _ = np.datetime64(days[0]).astype(object).isocalendar()
        weeks.append(names.index(f"{year}-W{number:02}") - change + 1)
    return weeks


@pytest.mark.parametrize("rows", [140, 700])
def test_calibrated_years_have_few_alarms(rows):
    found = alarms(20, weeks=YEAR, rows=rows)
    assert sum(map(len, found)) <= 5  # the budget is 0.25 a year


def test_weeks_with_other_facilities_cause_few_alarms(monkeypatch):
    turns = {"weeks": YEAR, "rows": 700, "week_spread": 0.25}
    assert sum(map(len, alarms(10, **turns))) <= 3
    monkeypatch.setattr(WeekDispersion, "value", 1.0)  # the planted mistake fails the criterion
    assert sum(map(len, alarms(10, **turns))) > 3


def test_errors_of_the_first_weeks_are_found_at_their_end():
    found = alarms(6, weeks=20, rows=700, change=0, shift=0.6)
    assert first_weeks(found, 0) == [8] * 6


def test_zero_tolerance_alarms_about_harmless_errors():
    harmless = {"weeks": YEAR, "rows": 7000, "change": 0, "shift": 0.08}
    assert not any(alarms(6, **harmless))
    assert sum(map(bool, alarms(6, LabelJudge(3, "single", tolerance=0.0), **harmless))) >= 3


@pytest.mark.parametrize(
    ("shift", "slope", "rows", "weeks"),
    [(0.37, 1.0, 700, 6), (0.7, 1.0, 700, 2), (0.0, 0.5, 700, 5), (0.7, 1.0, 140, 6)],
)
def test_concept_changes_are_found_in_weeks(shift, slope, rows, weeks):
    found = alarms(9, weeks=40, rows=rows, change=10, shift=shift, slope=slope)
    assert median(first_weeks(found, 10)) <= weeks


def test_more_events_at_all_scores_recommend_recalibration():
    found = [each[0] for each in alarms(8, weeks=20, rows=1400, change=4, shift=0.6)]
    assert sum(each.kind == "prior" for each in found) >= 7
    prior = next(each for each in found if each.kind == "prior")
    assert prior.recommendation == "recalibrate"
    assert prior.effect.low > 0
    assert "more events" in prior.text


def test_flatter_scores_recommend_retraining():
    found = [each[0] for each in alarms(8, weeks=20, rows=1400, change=4, slope=0.4)]
    assert sum((each.kind, each.recommendation) == ("concept", "retrain") for each in found) >= 7
    assert all(each.effect.high < 1 for each in found if each.kind == "concept")


def test_overdue_labels_are_a_finding_of_their_own():
    found = alarms(6, weeks=25, rows=700, change=15, overdue_after=0.25)
    assert [[each.kind for each in findings] for findings in found] == [["labels"]] * 6
    assert found[0][0].recommendation == "collect_labels"
    assert found[0][0].effect.value == pytest.approx(0.25, abs=0.05)
    assert max(first_weeks(found, 15)) <= 2


def test_findings_of_small_counts_have_no_shares():
    found = alarms(8, weeks=25, rows=26, change=15, overdue_after=0.5)
    overdue = [each for findings in found for each in findings if each.kind == "labels"]
    hidden = [each for each in overdue if each.effect.measure == "odds_ratio"]
    assert {each.effect.value for each in hidden} == {1.25}
    assert [each for each in overdue if "%" not in each.text] == hidden


def test_findings_of_labels_have_the_steps_of_reports():
    found = alarms(3, weeks=20, rows=1400, change=4, shift=0.7)
    found += alarms(3, weeks=25, rows=700, change=15, overdue_after=0.25)
    shown = [each.effect for findings in found for each in findings if each.effect.low is not None]
    assert {each.measure for each in shown} == {"calibration_intercept", "rate"}
    assert all(any(_is_multiple(each.value, step) for step in STEPS if step >= 0.02) for each in shown)


def _is_multiple(figure, step):
    return abs(figure / step - round(figure / step)) < 1e-6


def test_treated_people_raise_no_alarm():
    given = {"weeks": 37, "rows": 700, "treated_ratio": 0.4}
    assert not any(alarms(20, **given))
    assert sum(map(bool, alarms(8, ignore=True, **given))) >= 2  # the planted mistake fails the criterion


def test_alarm_withdraws_estimates_until_a_new_baseline():
    state, findings = JUDGE.judge(World(40, 1400, change=5, shift=0.8).cohorts(np.random.default_rng(1)))
    assert len(findings) == 1
    assert state.has_calibration_alarm
    assert not LabelState().has_calibration_alarm


@pytest.mark.parametrize(
    ("detector", "change"),
    [("calibration", {"shift": 0.8}), ("overdue", {"overdue_after": 0.25})],
)
def test_a_restarted_detector_judges_later_weeks_alone(detector, change):
    drawn = list(World(weeks=40, rows=700, change=15, **change).cohorts(np.random.default_rng(1)))
    (first,) = JUDGE.judge(drawn)[1]
    other = {"calibration": "overdue", "overdue": "calibration"}[detector]
    assert JUDGE.judge(drawn, LabelRestarts(**{other: [week_name(30)]}))[1] == [first]
    again = JUDGE.judge(drawn, LabelRestarts(**{detector: [week_name(30)]}))[1]
    assert [again[0], len(again), again[1].kind] == [first, 2, first.kind]
    assert again[1].since >= monday_of(week_name(30))
    assert JUDGE.judge(drawn[:30], LabelRestarts(**{detector: [week_name(30)]}))[1] == [first]


def test_weeks_out_of_order_are_refused():
    state, _ = JUDGE.advance(LabelState(), Cohort(week_name(1)))
    with pytest.raises(ValueError, match="order"):
        JUDGE.advance(state, Cohort(week_name(0)))


def test_empty_weeks_leave_no_evidence():
    state, findings = JUDGE.judge(Cohort(week_name(week), CohortArm()) for week in range(100))
    assert findings == []
    assert log_mean(state.overdue.logs) == NO_EVIDENCE
    assert not state.baseline.is_complete


def test_states_of_equal_cohorts_are_equal():
    states = [JUDGE.judge(World(30, 300).cohorts(np.random.default_rng(2))) for _ in range(2)]
    assert states[0] == states[1]
