"""Cohorts of ended weeks: late outcomes, bounded runs, and alarms that are found once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from cli.monitoring.stores import MemoryCohorts, MemoryFindings, MemoryLabels, MemoryProgress
from vigil.monitoring.findings.records_model import FindingDecision
from vigil.monitoring.nightly.labels_service import LabelReview
from vigil.monitoring.nightly.model import MAX_COHORTS, ServedVersion
from vigil.monitoring.performance.cohorts_model import DueDecision, due_week

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
SERVED = ServedVersion("toy", 1, "single", "2026-01-05", "2026-12-31")


class World:
    """Stores and due decisions of one tenant."""

    def __init__(self, decisions=()):
        self.due, self.cohorts = MemoryLabels(decisions), MemoryCohorts()
        self.findings, self.progress = MemoryFindings(), MemoryProgress()
        self.served = SERVED

    def review(self, day):
        """Review on the morning after a day."""
        now = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1, hours=2)
        labels = LabelReview({"single": self.due}, self.cohorts, self.findings, self.progress, lambda: now)
        self.served = labels.review("acme", self.served, day)

    def formed(self):
        return {cohort.week: cohort for cohort in self.cohorts.cohorts("acme", *SERVED.key)}

    def acknowledge(self, day):
        """Decide about the open finding on a day."""
        (record,) = [each for each in self.findings.findings("acme", "toy") if each.state == "open"]
        decision = FindingDecision("operator", "The new clinic reports more events.", f"{day}T09:00:00Z")
        self.findings.decide("acme", record.decide("acknowledged", decision))

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
    later = [due(week) for week in range(1, 11)]
    world = World([due(0, "overdue"), *later])
    world.review("2026-01-11")
    world.review(f"{(MONDAY + timedelta(weeks=weeks - 1, days=6)).date()}")
    world.due = MemoryLabels([due(0, "occurred"), *later])
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
    decisions = [each for week in range(8) for each in many(week, 0.2, 0.2 if week < 3 else 0.6, 80, chance)]
    world = World(decisions)
    for week in range(8):
        world.review(f"{(MONDAY + timedelta(weeks=week, days=6)).date()}")
    (finding,) = world.found()
    assert (finding.family, finding.recommendation) == ("labels", "recalibrate")
    assert world.served.calibration_week
    world.due = MemoryLabels([*(replace(each, label="occurred") for each in decisions), due(8)])
    world.review(f"{(MONDAY + timedelta(weeks=8, days=6)).date()}")
    assert world.found() == [finding]


@pytest.fixture
def alarmed():
    """World whose events are three times as frequent as expected from its fourth week on, and its end of each week."""
    chance = Random(3)
    world = World([each for week in range(40) for each in many(week, 0.2, 0.2 if week < 3 else 0.6, 80, chance)])
    return world, [f"{(MONDAY + timedelta(weeks=week, days=6)).date()}" for week in range(40)]


def test_labels_rest_after_an_alarm_until_a_person_decides(alarmed):
    world, sundays = alarmed
    for sunday in sundays[:30]:
        world.review(sunday)
    assert len(world.found()) == 1


def test_labels_are_judged_again_from_the_week_of_a_decision_on(alarmed):
    world, sundays = alarmed
    for sunday in sundays[:20]:
        world.review(sunday)
    world.acknowledge("2026-05-27")  # a Wednesday
    world.review(sundays[20])
    (again, first) = world.found()
    assert (first.day, again.day) == (sundays[7], sundays[20])
    assert (again.kind, again.since) == ("prior", "2026-05-25")
    assert world.served.calibration_week == "2026-W09"
    for sunday in sundays[21:]:
        world.review(sunday)
    assert world.found() == [again, first]


def test_late_outcomes_after_a_decision_repeat_no_finding(alarmed):
    world, sundays = alarmed
    for sunday in sundays[:9]:
        world.review(sunday)
    world.acknowledge("2026-03-11")
    before = world.found()
    decisions = [
        decision
        for week in sorted(world.due.weeks("acme", "toy", 1))[:9]
        for decision in world.due.due_in("acme", "toy", 1, [week])
    ]
    world.due = MemoryLabels(replace(each, label="occurred") for each in decisions)
    world.due.add(due(9))
    world.review(sundays[9])
    assert world.found() == before


def test_findings_are_the_same_when_all_weeks_are_judged_at_once(alarmed):
    world, sundays = alarmed
    for sunday in sundays[:20]:
        world.review(sunday)
    world.acknowledge("2026-05-27")
    for sunday in sundays[20:]:
        world.review(sunday)
    before = world.found()
    world.served = SERVED
    for _ in range(4):
        world.review(sundays[-1])
    assert world.found() == before


def test_a_source_without_labels_is_left_out():
    world = World()
    world.served = replace(SERVED, source="batch")
    world.review("2026-01-11")
    assert world.served.labels_week == ""
