"""Cohorts of ended weeks: late outcomes, bounded runs, and alarms that are told once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from cli.monitoring.stores import MemoryCohorts, MemoryFindings
from tests.support.fakes.nightly import FakeDueDecisions, FakeProgress
from vigil.monitoring.nightly.labels_service import LabelReview
from vigil.monitoring.nightly.model import MAX_COHORTS, ServedVersion
from vigil.monitoring.performance.cohorts_model import DueDecision, due_week

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
SERVED = ServedVersion("toy", 1, "single", "2026-01-05", "2026-12-31")


class World:
    """Stores and due decisions of one tenant."""

    def __init__(self, decisions=()):
        self.due, self.cohorts = FakeDueDecisions(list(decisions)), MemoryCohorts()
        self.findings, self.progress = MemoryFindings(), FakeProgress()
        self.served = SERVED

    def review(self, day):
        """Review on the morning after a day."""
        now = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1, hours=2)
        labels = LabelReview({"single": self.due}, self.cohorts, self.findings, self.progress, lambda: now)
        self.served = labels.review("acme", self.served, day)

    def formed(self):
        return {cohort.week: cohort for cohort in self.cohorts.cohorts("acme", *SERVED.place)}

    def found(self):
        return [record.finding for record in self.findings.findings("acme", "toy")]


def due(week, label="not_occurred", probability=0.3):
    return DueDecision(probability, probability >= 0.5, MONDAY + timedelta(weeks=week), label)


def many(week, probability, rate, rows, chance):
    return [due(week, "occurred" if chance.random() < rate else "not_occurred", probability) for _ in range(rows)]


def test_only_ended_weeks_are_formed():
    world = World([due(0), due(1)])
    world.review("2026-01-17")  # a Saturday
    assert list(world.formed()) == ["2026-W02"]
    world.review("2026-01-18")
    assert list(world.formed()) == ["2026-W02", "2026-W03"]


def test_a_week_is_read_once_a_week():
    world = World([due(0)])
    for day in ("2026-01-11", "2026-01-12", "2026-01-17"):
        world.review(day)
    assert world.due.reads == [["2026-W02"]]


@pytest.mark.parametrize(("weeks", "is_late"), [(8, False), (9, True)])
def test_a_late_outcome_changes_its_cohort_for_eight_weeks(weeks, is_late):
    world = World([due(0, "overdue"), *(due(week) for week in range(1, 11))])
    world.review("2026-01-11")
    world.review(f"{(MONDAY + timedelta(weeks=weeks - 1, days=6)).date()}")
    world.due.decisions = [due(0, "occurred"), *world.due.decisions[1:]]
    world.review(f"{(MONDAY + timedelta(weeks=weeks, days=6)).date()}")
    assert sum(world.formed()["2026-W02"].untreated.overdue) == int(is_late)


def test_many_missed_weeks_are_formed_in_bounded_runs():
    world = World([due(week) for week in range(30)])
    last = f"{(MONDAY + timedelta(weeks=29, days=6)).date()}"
    runs = 0
    while len(world.formed()) < 30:
        world.review(last)
        runs += 1
    assert max(map(len, world.due.reads)) == MAX_COHORTS
    assert runs <= 5
    assert world.served.labels_week == due_week(MONDAY + timedelta(weeks=29))


def test_a_calibration_alarm_is_one_finding_although_late_outcomes_move_it():
    chance = Random(3)
    world = World([each for week in range(8) for each in many(week, 0.2, 0.2 if week < 3 else 0.6, 80, chance)])
    for week in range(8):
        world.review(f"{(MONDAY + timedelta(weeks=week, days=6)).date()}")
    (finding,) = world.found()
    assert (finding.family, finding.recommendation) == ("labels", "recalibrate")
    assert world.served.calibration_week
    world.due.decisions = [replace(each, label="occurred") for each in world.due.decisions]
    world.due.decisions.append(due(8))
    world.review(f"{(MONDAY + timedelta(weeks=8, days=6)).date()}")
    assert world.found() == [finding]


def test_a_source_without_labels_is_left_out():
    world = World()
    world.served = replace(SERVED, source="batch")
    world.review("2026-01-11")
    assert world.served.labels_week == ""
