"""Health reports from stored profiles, states, cohorts and findings."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.support.monitored_worlds import FINDING, FIRST_DAY, LAST_DAY, LAYOUT, MODEL, TENANT, MonitoredWorld
from vigil.errors import InvalidInput, NotFound
from vigil.monitoring.drift.layout_model import sensors
from vigil.monitoring.findings.suppression_model import Estimate
from vigil.monitoring.report.model import Trial
from vigil.monitoring.report.page import render_page
from vigil.monitoring.report.publishing_model import publish
from vigil.monitoring.report.service import ReportRequest
from vigil.monitoring.trials.model import WeighedTrial
from vigil.prediction.trials.evidence_model import TrialEvidence
from vigil.prediction.trials.intervals_model import MeanInterval

WANTED = ReportRequest(MODEL)


@pytest.fixture(scope="module")
def filled():
    return MonitoredWorld().fill(shift_day=77)


@pytest.fixture(scope="module")
def facts(filled):
    return filled.reports.facts(TENANT, WANTED)


def test_a_report_is_about_the_champion_until_yesterday(facts):
    assert (facts.version, facts.source, facts.until) == (3, "single", LAST_DAY.isoformat())


def test_the_volume_is_that_of_28_days(facts):
    volume = facts.volume
    assert (date.fromisoformat(volume.end) - date.fromisoformat(volume.start)).days == 27
    assert (volume.decisions, volume.counted) == (28 * 60, 28 * 60)
    assert volume.abstained["missing"] == sum(week.abstained for week in facts.trend[-4:])


def test_the_shifted_feature_is_the_strongest_change(filled, facts):
    report = publish(facts)
    first = report.drift[0]
    assert (first.subject, first.aspect, first.is_alarm) == ("visits", "values", True)
    assert first.cells == ("below 10", "10 to 20", "20 to 30", "30 to 40", "40 or more")
    assert first.effect.value > 0.2
    assert report.status.state == "alarm"
    assert report.budget.used == len(filled.findings.stored) > 0


def test_answers_are_compared_too(facts):
    rows = {row.subject: row for row in facts.drift if row.aspect == "values"}
    assert [row.subject for row in facts.drift] == [sensor.subject for sensor in sensors(LAYOUT)]
    assert rows["bands"].cells == ("low", "high", "other")
    assert rows["abstention missing"].cells == ("abstained", "other")
    assert rows["engine linear"].window == (0, 28 * 60)
    assert 5 <= len(rows["score"].cells) == len(rows["score"].window) <= 10
    assert sum(rows["score"].window) == 28 * 60


@pytest.mark.parametrize(
    ("source", "days_after", "is_shown"), [("single", 0, True), ("single", -7, False), ("batch", 0, False)]
)
def test_the_last_weighed_trial_is_shown_from_its_day_on(source, days_after, is_shown):
    world = MonitoredWorld().fill()
    difference = MeanInterval(0.012345, 0.0051, 0.019)
    trial = WeighedTrial(
        4, (LAST_DAY - timedelta(days=3)).isoformat(), TrialEvidence("worse", 415, 0.1, 90.0, difference)
    )
    world.trials.put(TENANT, MODEL, 3, trial)
    shown = world.reports.report(
        TENANT, ReportRequest(MODEL, source, until=LAST_DAY + timedelta(days=days_after))
    ).trial
    expected = Trial(4, trial.day, 420, "worse", Estimate(0.012, 0.004, 0.02), 0.1, 90.0)
    assert shown == (expected if is_shown else None)


def test_a_trial_of_few_subjects_has_no_figures():
    world = MonitoredWorld().fill()
    evidence = TrialEvidence("undecided", None, None, None, None)
    world.trials.put(TENANT, MODEL, 3, WeighedTrial(4, LAST_DAY.isoformat(), evidence))
    shown = world.reports.report(TENANT, WANTED).trial
    assert shown == Trial(4, LAST_DAY.isoformat(), None, "undecided", None, None, None)


def test_only_whole_weeks_are_shown(filled, facts):
    assert [week.rows for week in facts.trend] == [420] * 13
    assert sum(week.alarms for week in facts.trend) == len(filled.findings.stored)
    until = LAST_DAY - timedelta(days=1)
    assert len(filled.reports.facts(TENANT, replace(WANTED, until=until)).trend) == 12


def test_performance_is_estimated_and_confirmed(facts):
    assert facts.estimated.rows == 28 * 60
    assert not facts.estimated.is_withdrawn
    assert (facts.confirmed.rows, facts.confirmed.overdue) == (1_500, 0)
    estimated, confirmed = ({m.name: m.value for m in each.measures} for each in (facts.estimated, facts.confirmed))
    assert confirmed["auc"] == pytest.approx(estimated["auc"], abs=0.05)
    assert abs(confirmed["calibration_intercept"]) < 0.3
    assert sum(each.rows for each in facts.calibration) == 1_500


def test_groups_have_decisions_of_profiles_and_outcomes_of_cohorts(facts):
    sex = facts.groups["sex"]
    assert list(sex) == ["female", "male"]
    assert sum(tally.rows for tally in sex.values()) == 91 * 60
    assert sum(tally.labelled for tally in sex.values()) == 1_500
    assert sum(tally.abstained for tally in sex.values()) > 0


def test_a_calibration_finding_withdraws_the_estimate():
    world = MonitoredWorld().fill()
    world.findings.add(TENANT, MODEL, replace(FINDING, family="labels", kind="prior", subjects=()))
    report = world.reports.report(TENANT, WANTED)
    assert report.estimated.is_withdrawn
    assert {measure.estimate.value for measure in report.estimated.measures} == {None}


def test_a_report_of_an_earlier_day_shows_the_findings_of_that_day(filled):
    *_, first = filled.findings.findings(TENANT, MODEL)
    before = date.fromisoformat(first.finding.day) - timedelta(days=1)
    early = filled.reports.facts(TENANT, replace(WANTED, until=before))
    assert early.findings == ()
    assert {row.e_value for row in early.drift} == {None}


def test_a_report_before_the_first_day_is_settling(filled):
    early = filled.reports.report(TENANT, replace(WANTED, until=FIRST_DAY - timedelta(days=1)))
    assert early.status.state == "settling"
    assert (early.drift, early.trend, early.confirmed) == ((), (), None)


def test_a_model_without_profiles_has_a_report():
    report = MonitoredWorld().reports.report(TENANT, WANTED)
    assert (report.status.state, report.volume.decisions, report.estimated) == ("settling", None, None)
    assert "Settling" in render_page(report)


def test_another_tenant_sees_nothing(filled):
    facts = filled.reports.facts("other", WANTED)
    assert (facts.volume.decisions, facts.findings, facts.confirmed) == (0, (), None)


def test_a_day_that_has_not_ended_is_refused(filled):
    with pytest.raises(InvalidInput) as caught:
        filled.reports.facts(TENANT, replace(WANTED, until=LAST_DAY + timedelta(days=1)))
    (error,) = caught.value.errors
    assert (error.field, error.bound) == ("until", f"a day until {LAST_DAY}")


@pytest.mark.parametrize("wanted", [ReportRequest("other"), ReportRequest(MODEL, version=9)])
def test_an_unknown_model_or_version_is_not_found(filled, wanted):
    with pytest.raises(NotFound):
        filled.reports.facts(TENANT, wanted)


def test_the_page_of_an_assembled_report_is_small(filled):
    assert len(render_page(filled.reports.report(TENANT, WANTED)).encode()) <= 150_000
