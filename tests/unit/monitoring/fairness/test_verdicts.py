"""Verdicts on groups: their rates of false verdicts, their rule of small numbers, and the measures."""

from collections import Counter

import numpy as np
import pytest

from vigil.monitoring.fairness.intervals_model import Proportion
from vigil.monitoring.fairness.model import GroupTally
from vigil.monitoring.fairness.verdicts_model import compare_groups, rows_needed
from vigil.monitoring.report.group_rows_model import publish_groups

DRAWS = 5_000
TABLE = [
    (0.02, 30, 0.4, 0.0, 0.0),
    (0.02, 100, 1.0, 0.0, 0.0),
    (0.10, 300, 1.0, 0.1, 0.0),
    (0.10, 300, 0.8, 2.2, 0.0),
    (0.10, 300, 0.6, 20.0, 0.0),
    (0.25, 100, 1.0, 0.2, 0.0),
    (0.25, 100, 0.4, 69.0, 0.0),
    (0.25, 300, 0.8, 2.4, 0.2),
]
"""Base rate, rows of the group (the others have four times as many), ratio, and percentages of fail and pass.

Source: simulation of the design with 20,000 draws a cell, rounded.
"""


def compared(measure, **tallies):
    return {each.group: each for each in compare_groups(tallies) if each.measure == measure}


def shares(base, rows, ratio, seed=7):
    """Return the percentages of fail and pass, and of alarms, over draws of a group and its others."""
    rng = np.random.default_rng(seed)
    drawn = np.column_stack([rng.binomial(rows, base * ratio, DRAWS), rng.binomial(4 * rows, base, DRAWS)]).tolist()
    verdicts, alarms = Counter(), 0
    for (few, many), count in Counter(map(tuple, drawn)).items():
        group = GroupTally(rows=rows, flagged=few)
        found = compared("selection_rate", a=group, b=GroupTally(rows=4 * rows, flagged=many))["a"]
        verdicts[found.verdict] += count
        alarms += count * found.is_alarm
    return 100 * verdicts["fail"] / DRAWS, 100 * verdicts["pass"] / DRAWS, 100 * alarms / DRAWS


@pytest.mark.parametrize(("base", "rows", "ratio", "fail", "passed"), TABLE)
def test_verdicts_have_the_published_rates(base, rows, ratio, fail, passed):
    found_fail, found_pass, alarms = shares(base, rows, ratio)
    for found, expected in ((found_fail, fail), (found_pass, passed)):
        share = max(expected / 100, 0.001)
        sigma = 100 * (share * (1 - share) * (1 / DRAWS + 1 / 20_000)) ** 0.5
        assert abs(found - expected) <= 3 * sigma + (0.5 if expected >= 10 else 0.05)  # the table is rounded
    if ratio == 1.0:
        assert found_fail <= 2.5
        assert alarms <= 0.05


def test_thirty_rows_at_two_percent_are_always_insufficient():
    assert shares(0.02, 30, 1.0) == (0, 0, 0)


def test_unequal_groups_of_size_raise_an_alarm():
    _, _, alarms = shares(0.25, 300, 0.4)
    assert alarms > 70


def test_rows_needed_turns_insufficient_into_pass():
    group, others = Proportion(30, 300), Proportion(120, 1_200)
    needed = rows_needed(group, others)
    above = compared(
        "selection_rate",
        a=GroupTally(rows=needed * 11 // 10, flagged=round(needed * 0.11)),
        b=GroupTally(rows=needed * 44 // 10, flagged=round(needed * 0.44)),
    )["a"]
    below = compared(
        "selection_rate",
        a=GroupTally(rows=needed * 9 // 10, flagged=round(needed * 0.09)),
        b=GroupTally(rows=needed * 36 // 10, flagged=round(needed * 0.36)),
    )["a"]
    assert (above.verdict, above.rows_needed) == ("pass", None)
    assert below.verdict == "insufficient"
    assert below.rows_needed == pytest.approx(needed, rel=0.05)


@pytest.mark.parametrize(
    ("group", "others"), [((0, 0), (5, 50)), ((5, 50), (0, 0)), ((0, 50), (0, 50)), ((9, 9), (9, 9))]
)
def test_sides_without_rows_or_variation_need_no_number(group, others):
    assert rows_needed(Proportion(*group), Proportion(*others)) is None


@pytest.mark.parametrize("missing", ["not given", "not given&15-24", "female&not given", "not given&not given"])
def test_missing_values_count_among_the_others_and_are_not_judged(missing):
    tallies = {
        missing: GroupTally(rows=300, flagged=90),
        "female": GroupTally(rows=400, flagged=40),
        "male": GroupTally(rows=300, flagged=30),
    }
    found = compared("selection_rate", **tallies)
    assert set(found) == {"female", "male"}
    assert found["female"].others_rate == pytest.approx(120 / 600)
    assert [(row.group, row.rows) for row in publish_groups({"sex": tallies}) if row.measure == "calibration"] == [
        ("female", 400),
        ("male", 300),
    ]


def test_each_measure_uses_its_own_denominator():
    tally = GroupTally(
        rows=1_000,
        flagged=200,
        abstained=50,
        true_positives=60,
        false_positives=100,
        false_negatives=40,
        true_negatives=600,
        expected=80.0,
    )
    found = {each.measure: each for each in compare_groups({"a": tally, "b": tally})}
    rates = {name: pytest.approx(each.rate) for name, each in found.items() if each.group == "b"}
    assert rates == {
        "true_positive_rate": 0.6,
        "false_positive_rate": 100 / 700,
        "positive_predictive_value": 60 / 160,
        "calibration": 100 / 80,
        "selection_rate": 0.2,
        "abstention_rate": 0.05,
    }
    assert all(each.ratio is None or each.ratio.value == pytest.approx(1.0) for each in found.values())


def test_calibration_compares_observed_with_expected_events():
    labelled = {"true_positives": 600, "true_negatives": 5_400}
    found = compared(
        "calibration",
        a=GroupTally(rows=6_000, expected=1_200.0, **labelled),
        b=GroupTally(rows=6_000, expected=600.0, **labelled),
    )["a"]
    assert found.ratio.value == pytest.approx(0.5)
    assert (found.verdict, found.is_alarm) == ("fail", True)


def test_group_of_ten_rows_is_insufficient():
    found = compared("selection_rate", a=GroupTally(rows=10, flagged=10), b=GroupTally(rows=4_000, flagged=2_000))["a"]
    assert (found.verdict, found.ratio, found.is_alarm) == ("insufficient", None, False)


def test_groups_are_compared_in_linear_time(monkeypatch):
    calls, add = [], GroupTally.__add__
    monkeypatch.setattr(GroupTally, "__add__", lambda tally, other: calls.append(1) or add(tally, other))
    compare_groups({f"v{number}": GroupTally(40, 9, 1, 4, 5, 6, 20, 9.5) for number in range(50)})
    assert len(calls) <= 50
