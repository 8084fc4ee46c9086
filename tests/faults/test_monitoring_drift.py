"""Acceptance of drift alarms: a stated rate of false alarms, short delays, and the cohort of `iit`."""

from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from statistics import median

import pytest

from models.iit.presets import EPOCH
from tests.faults.planted_drift import INTOLERANT, daily_discoveries, large_indexes
from tests.support import drift_cohorts
from tests.support.drift_worlds import Planted, World, day_number, judge, watch
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.rules_model import DriftRules

pytestmark = pytest.mark.faults

YEAR, YEARS = 365, 60
SETTLING = {20: 100, 100: 56}
"""Days of the settling time by rows a day."""
MOST_ALARMS = {20: 60, 100: 12}
"""Maximum false alarms in 60 quiet model-years by rows a day."""
RUNS = 40
SEEDS = (4711, 77, 5, 6, 7, 8, 9, 10)
FIRST_VISIT_FEATURES = {
    *("last_days_late", "late_mean_3", "late_mean_5", "late_mean_10", "late14_count_10", "late28_count_10"),
    *("supply_gap_days", "regimen_switched_365d"),
}
"""Features without a value at a first visit, in each of the cohorts."""
SUPPLY = {"days_supply", "next_appointment_days"}


def each(function, items):
    """Return the results of a function for all items, from two processes."""
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(function, items))


def quiet_world(rows, seed, **changes):
    return World(rows, seed, SETTLING[rows] + YEAR, **changes)


def count_alarms(world, rules=None, dispersion=True):
    """Return the days with alarms."""
    return len({finding.day for finding in watch(judge(rules), world, dispersion=dispersion)[1]})


@pytest.mark.parametrize("rows", [20, 100])
def test_sixty_quiet_years_have_few_alarms(rows):
    assert sum(each(count_alarms, [quiet_world(rows, seed) for seed in range(YEARS)])) <= MOST_ALARMS[rows]


@pytest.mark.parametrize("rows", [20, 100])
def test_numbers_at_the_tolerated_edge_have_one_alarm_a_year(rows):
    worlds = [quiet_world(rows, seed, edge=0.05, edge_day=SETTLING[rows]) for seed in range(20)]
    assert sum(each(count_alarms, worlds)) <= len(worlds)


def test_a_planted_tolerance_of_zero_exceeds_the_rate():
    worlds = [quiet_world(100, seed) for seed in range(YEARS)]
    assert sum(each(partial(count_alarms, rules=INTOLERANT), worlds)) > MOST_ALARMS[100]


@pytest.mark.parametrize("rows", [20, 100])
@pytest.mark.parametrize("planted", [daily_discoveries, large_indexes])
def test_planted_daily_tests_exceed_the_rate(planted, rows):
    years = 6
    alarms = sum(planted(World(rows, seed, 56 + YEAR).profiles()) for seed in range(years))
    assert alarms > MOST_ALARMS[rows]


def test_sites_that_report_by_turns_cause_no_alarms():
    worlds = [World(240, seed, 56 + YEAR, sites=24) for seed in range(6)]
    assert sum(each(count_alarms, worlds)) <= len(worlds)


def test_a_planted_dispersion_of_one_exceeds_the_rate():
    worlds = [World(240, seed, 56 + YEAR, sites=24) for seed in range(3)]
    assert sum(each(partial(count_alarms, dispersion=False), worlds)) > len(worlds)


def delay(world):
    """Return the days until the planted change is found, and True if its feature is named first."""
    late = [finding for finding in watch(judge(), world)[1] if day_number(finding) >= world.planted.day]
    if not late:
        return world.days, False
    return day_number(late[0]) - world.planted.day + 1, late[0].subjects[0] == "number0"


@pytest.mark.parametrize(
    ("rows", "kind", "size", "days"),
    [
        (100, "shift", 0.25, 10),
        (100, "shift", 0.5, 4),
        (100, "missing", 0.2, 3),
        (20, "shift", 0.5, 11),
        (20, "missing", 0.2, 9),
    ],
)
def test_a_change_is_found_within_the_promised_days(rows, kind, size, days):
    start = SETTLING[rows] + 10
    found = each(delay, [World(rows, 1_000 + seed, start + 45, Planted(kind, size, start)) for seed in range(RUNS)])
    assert median(days for days, _ in found) <= days
    assert sum(is_first for _, is_first in found) >= 0.95 * RUNS


def cohort_findings(seed, wobble=True):
    """Return (day, subjects) of the findings about a cohort."""
    layout = drift_cohorts.reference(drift_cohorts.training_rows(seed), wobble=wobble)
    stream = drift_cohorts.production_rows(seed)
    _, findings = DriftJudge(1, "single", layout, DriftRules()).rebuild(drift_cohorts.profiles(stream, layout))
    return [((date.fromisoformat(finding.day) - EPOCH).days, set(finding.subjects)) for finding in findings]


def quiet_cohorts(cohorts):
    return sum(all(day >= drift_cohorts.ENROLMENT_END for day, _ in findings) for findings in cohorts)


@pytest.fixture(scope="module")
def cohorts():
    return each(cohort_findings, SEEDS)


def test_the_cohort_is_quiet_until_enrolment_ends(cohorts):
    assert quiet_cohorts(cohorts) >= 7


def test_the_planted_supply_drift_of_the_cohort_is_named(cohorts):
    days = range(drift_cohorts.SUPPLY_DRIFT, drift_cohorts.SUPPLY_DRIFT + 46)
    assert sum(any(day in days and found & SUPPLY for day, found in findings) for findings in cohorts) >= 7


def test_the_end_of_enrolment_is_one_finding(cohorts):
    for findings in cohorts:
        about = [found for _, found in findings if found & FIRST_VISIT_FEATURES]
        assert len(about) == 1
        assert about[0] >= FIRST_VISIT_FEATURES


def test_a_planted_wobble_of_zero_disturbs_the_cohort():
    assert quiet_cohorts(each(partial(cohort_findings, wobble=False), SEEDS)) < 7
