"""Cohorts: their event rate against the truth, their counts, their order and their size."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.performance.cohorts_model import Cohort, DueDecision, due_week
from vigil.monitoring.performance.confirmed_model import confirm_performance

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
NOW = datetime(2027, 1, 1, tzinfo=UTC)
BASE = 0.087


def decision(probability=0.1, label="not_occurred", **members):
    given = {"flagged": probability >= 0.15, "due_at": START, "label": label} | members
    return DueDecision(probability=probability, **given)


def drawn(count, seed, groups=()):
    rng = random.Random(seed)
    labels = ["occurred"] * 2 + ["not_occurred"] * 15 + ["excluded", "overdue"]
    return [
        decision(
            rng.betavariate(1, 9), rng.choice(labels), treated=rng.random() < 0.2, groups=tuple(rng.sample(groups, 3))
        )
        for _ in range(count)
    ]


def reported_rate(seed, *, planted):
    """Return the interval of the event rate of untreated visits after 300 days, of which 40 are on each day.

    An event is settled 73 days after the appointment; its absence is reported when the subject appears. The planted
    variant counts the visits of the last 90 days as soon as their labels come.
    """
    rng = np.random.default_rng(seed)
    now = 300
    made = np.repeat(np.arange(now), 40)
    appointment = made + rng.choice([30, 90, 180], len(made), p=[0.35, 0.45, 0.2])
    event = rng.random(len(made)) < BASE
    due = appointment + 73
    if planted:
        chosen = (made >= now - 90) & (np.where(event, due, appointment) <= now)
        due = np.full(len(made), now)
    else:
        chosen = (due > now - 7) & (due <= now)
    decisions = [
        decision(BASE, "occurred" if one else "not_occurred", due_at=START + timedelta(days=int(day)))
        for one, day in zip(event[chosen], due[chosen], strict=True)
    ]
    at = START + timedelta(days=now)
    return confirm_performance(Cohort.of(due_week(at), decisions, at).untreated).base_rate


@pytest.mark.parametrize("planted", [False, True])
def test_due_cohorts_have_the_true_event_rate(planted):
    rates = [reported_rate(seed, planted=planted) for seed in range(200)]
    covered = sum(rate.low is not None and rate.low <= BASE <= rate.high for rate in rates) / len(rates)
    assert (covered >= 0.93) is not planted


def test_decisions_before_their_due_time_do_not_count():
    late = decision(due_at=START + timedelta(hours=2))
    week = due_week(START)
    assert Cohort.of(week, [late], START + timedelta(hours=1)) == Cohort(week)
    assert Cohort.of(week, [late], START + timedelta(hours=2)).untreated.total.rows == 1


def test_decisions_of_another_week_do_not_count():
    week = due_week(START)
    assert Cohort(week).add(decision(due_at=START + timedelta(days=7)), NOW) == Cohort(week)


def test_overdue_and_excluded_labels_are_never_zeros():
    week = due_week(START)
    arm = Cohort.of(week, [decision(label=each) for each in ("overdue", "excluded", "occurred")], NOW).untreated
    assert (sum(arm.labelled.rows), sum(arm.events), sum(arm.overdue), sum(arm.excluded)) == (1, 1, 1, 1)
    assert (arm.total.rows, arm.total.labelled) == (3, 1)


def test_treated_decisions_are_counted_apart():
    cohort = Cohort.of(due_week(START), [decision(treated=True, groups=("sex=female",)), decision()], NOW)
    assert sum(cohort.treated.labelled.rows) == sum(cohort.untreated.labelled.rows) == 1
    assert cohort.groups == {}


def test_order_and_parts_do_not_change_the_bytes():
    decisions = drawn(400, 5, ["sex=female", "sex=male", "region=east", "region=west"])
    week = due_week(START)
    expected = Cohort.of(week, decisions, NOW).to_bytes()
    random.Random(1).shuffle(decisions)
    parts = Cohort.of(week, decisions[:150], NOW) + Cohort.of(week, decisions[150:], NOW)
    single = Cohort(week)
    for each in decisions:
        single = single.add(each, NOW)
    assert parts.to_bytes() == single.to_bytes() == expected
    assert Cohort.from_bytes(expected) == parts


def test_cohorts_of_different_weeks_are_not_added():
    with pytest.raises(ValueError, match="2026-W47 and 2026-W48"):
        Cohort("2026-W47") + Cohort("2026-W48")


def test_large_cohorts_fit_in_four_kilobytes():
    names = [f"attribute_{i}=value_{j}" for i in range(5) for j in range(6)]
    cohort = Cohort.of(due_week(START), drawn(7000, 6, names), NOW)
    assert len(cohort.to_bytes()) <= 4096


def test_the_most_groups_of_a_contract_fit():
    pairs = [
        f"attribute_{i}=value_{j}&attribute_{i + 1}=value_{k}" for i in range(8) for j in range(33) for k in range(33)
    ]
    tallies = {name: GroupTally(9, 3, 1, 2, 1, 3, 3, random.Random(name).random() * 9) for name in pairs}
    packed = Cohort("2026-W47", groups=tallies).to_bytes()
    assert Cohort.from_bytes(packed).groups == tallies


def test_a_cohort_of_too_many_bytes_is_refused(monkeypatch):
    monkeypatch.setattr("vigil.monitoring.performance.cohorts_model.MAX_COHORT_BYTES", 1_000)
    names = [f"{random.Random(i).random()}" for i in range(200)]
    with pytest.raises(ValueError, match="fewer groups"):
        Cohort("2026-W47", groups=dict.fromkeys(names, GroupTally())).to_bytes()
