"""Acceptance of performance at full size: false alarms, delays and treated people."""

from statistics import median

import numpy as np
import pytest

from tests.support.cohort_worlds import World, ignoring_treatment
from vigil.monitoring.performance.judgement_model import LabelJudge

pytestmark = pytest.mark.faults
JUDGE = LabelJudge(version=1, source="single")


def findings(worlds, world, change=lambda cohort: cohort, first=1_000):
    """Return the findings of worlds with consecutive seeds."""
    return [JUDGE.judge(map(change, world.cohorts(np.random.default_rng(first + seed))))[1] for seed in range(worlds)]


@pytest.mark.parametrize("rows", [140, 700, 7000])
def test_sixty_quiet_years_stay_within_the_budget(rows):
    found = findings(60, World(52, rows))
    assert sum(map(len, found)) <= 15  # 0.25 a year


@pytest.mark.parametrize("rows", [700, 7000])
def test_tolerated_errors_stay_within_the_budget(rows):
    found = findings(60, World(52, rows, change=0, shift=0.15))
    assert sum(map(len, found)) <= 15


@pytest.mark.parametrize(("rows", "weeks"), [(140, 26), (700, 7), (7000, 2)])
def test_a_raised_event_rate_is_found(rows, weeks):
    found = findings(40, World(120, rows, change=10, shift=0.37))
    days = [np.datetime64(each[0].day) for each in found]
    delays = [int((day - np.datetime64("2026-01-05")).astype(int) + 1) / 7 - 10 for day in days]
    assert median(delays) <= weeks


def test_treated_people_alone_raise_no_alarm():
    world = World(37, 700, treated_ratio=0.4)
    assert sum(map(bool, findings(20, world))) == 0
    assert sum(map(bool, findings(20, world, ignoring_treatment))) > 0
