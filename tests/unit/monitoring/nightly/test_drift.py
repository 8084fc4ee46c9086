"""Judgement of days: continuation, rebuilding, expired profiles, and the estimate of performance."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cli.monitoring.stores import MemoryFindings, MemoryProfiles, MemoryStates
from tests.support.monitored_ledgers import MONITORED, REFERENCE, past_day
from vigil.errors import Conflict
from vigil.kernel.time import format_day
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.state_model import baseline_start
from vigil.monitoring.nightly.drift_service import DriftReview
from vigil.monitoring.nightly.model import ServedVersion, days_to_count
from vigil.monitoring.nightly.performance_model import judge_estimate, reference_auc
from vigil.monitoring.nightly.rows_model import CountedVersion
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.prediction.packages.reference_model import ScoreReference

FIRST = date(2026, 1, 5)
VERSION = MonitoredVersion(MONITORED, REFERENCE, profile_layout(MONITORED, REFERENCE))
COUNTED = CountedVersion(VERSION)
PLACE = ("acme", "toy", 1, "single")
SERVED = ServedVersion("toy", 1, "single", "2026-01-05", "2026-12-31")


class World:
    """Profiles and states of one version."""

    def __init__(self):
        self.profiles, self.findings = MemoryProfiles(), MemoryFindings()
        self.states = MemoryStates(self.findings)

    def count(self, number, **changes):
        """Store the profile of a day by its number."""
        day, counter = at(number), COUNTED.counter()
        for each in past_day(day, 5, **changes):
            counter.add(COUNTED.counted(each.row(), {}))
        self.profiles.put("acme", "toy", 1, counter.profile(day, "single", 5))

    def review(self, number):
        return DriftReview(self.profiles, self.states).review("acme", SERVED, VERSION, at(number))

    def rebuilt(self, first, last, **start):
        days = self.profiles.profiles(*PLACE, at(first), at(last))
        return DriftJudge(1, "single", VERSION.layout).rebuild(days, **start)[0]


def at(number):
    return format_day(FIRST + timedelta(days=number))


@pytest.fixture
def world():
    found = World()
    for number in range(4):
        found.count(number)
    return found


def test_each_day_is_judged_once(world):
    world.review(1)
    world.review(3)
    assert world.states.load(*PLACE) == world.rebuilt(0, 3)
    world.states.save = None  # nothing is left to save
    world.review(3)


@pytest.mark.parametrize("number", [0, 2, 3])
def test_a_changed_day_builds_the_state_again(world, number):
    world.review(3)
    world.count(number, visits=3)
    world.review(3)
    assert world.states.load(*PLACE) == world.rebuilt(0, 3)


def test_a_late_first_day_builds_the_state_again(world):
    world.review(3)
    world.count(-1)
    world.review(3)
    assert world.states.load(*PLACE) == world.rebuilt(-1, 3)


def test_a_new_baseline_has_only_later_days(world):
    world.review(1)
    after = (FIRST + timedelta(days=1)).toordinal()
    world.states.save(*PLACE, baseline_start(1, after), ())
    world.review(3)
    assert world.states.load(*PLACE) == world.rebuilt(2, 3, revision=1, after=after)


def test_a_baseline_that_a_person_renews_meanwhile_wins(world):
    world.review(1)
    stale, saved = world.states.load(*PLACE), baseline_start(1, (FIRST + timedelta(days=1)).toordinal())
    world.states.save(*PLACE, saved, ())
    world.states.load = lambda *_: stale
    with pytest.raises(Conflict):
        world.review(3)


def test_a_state_goes_on_after_its_first_profiles_have_expired(world):
    world.review(3)
    before = world.states.load(*PLACE)
    world.count(805)
    world.review(805)
    after = world.states.load(*PLACE)
    assert (after.first, after.rows, after.days) == (before.first, before.rows + 5, before.days + 1)


def test_a_layout_with_other_sensors_builds_the_state_again(world):
    world.review(3)
    other = replace(VERSION, layout=replace(VERSION.layout, engines=("linear", "rules")))
    DriftReview(world.profiles, world.states).review("acme", SERVED, other, at(3))
    judge = DriftJudge(1, "single", other.layout)
    assert world.states.load(*PLACE) == judge.rebuild(world.profiles.profiles(*PLACE, at(0), at(3)))[0]


def test_the_days_to_count_include_the_last_counted_one():
    assert list(days_to_count("2026-03-01", "2026-03-03")) == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert len(list(days_to_count("", "2026-03-03"))) == 35
    assert next(days_to_count("2025-01-01", "2026-03-03")) == "2026-01-28"


def test_the_area_of_the_reference_is_that_of_its_rows():
    scores = ScoreReference((0.0, 1.0), (100, 50, 50), (10, 20, 40), (10.0, 20.0, 40.0))
    positives, negatives = [0] * 10 + [1] * 20 + [2] * 40, [0] * 90 + [1] * 30 + [2] * 10
    wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    assert reference_auc(scores) == pytest.approx(wins / len(positives) / len(negatives))
    assert reference_auc(replace(scores, events=(0, 0, 0))) is None


def window(probability):
    counter = COUNTED.counter()
    for number, each in enumerate(past_day("2026-03-01", 400, subject="", probability=None)):
        counter.add(COUNTED.counted(replace(each, probability=probability(number)).row(), {}))
    return [counter.profile("2026-03-01", "single", 400)]


@pytest.mark.parametrize(
    ("probability", "word"),
    [(lambda _: 0.3, "below"), (lambda number: 0.05 if number % 3 else 0.95, "inside")],
)
def test_an_estimate_is_compared_with_the_reference(probability, word):
    assert judge_estimate(window(probability), VERSION, is_calibrated=True) == word
    assert judge_estimate(window(probability), VERSION, is_calibrated=False) == "unknown"
    assert judge_estimate(window(probability), replace(VERSION, reference=None), is_calibrated=True) == "unknown"
