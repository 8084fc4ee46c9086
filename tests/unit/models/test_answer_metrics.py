"""Metrics of answers: exact bounds, limits, and the one metric that each regression turns red."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.answer_metrics import (
    DELTA,
    LIMITS,
    Metric,
    Observations,
    is_passed,
    measure,
    upper_bound,
    upper_difference,
)


def cases(count, total, *, value=True):
    """Return `total` cases of which the first `count` have a value and the others its opposite."""
    return {f"case-{index:03}": value if index < count else not value for index in range(total)}


def ranks(found, total):
    return {f"case-{index:03}": 1 if index < found else None for index in range(total)}


GOOD = Observations(
    ranks=ranks(95, 100),
    previous_ranks=ranks(95, 100),
    valid_quotes=cases(300, 300),
    shown_claims=cases(0, 117),
    kept=cases(56, 56),
    unanswerable=cases(1, 65),
    answerable=cases(50, 55),
    conflicts=cases(15, 16),
    false_conflicts=dict.fromkeys(cases(0, 111), 0),
    contraindications=cases(14, 14),
    leaks=cases(0, 500),
    effects=cases(0, 60),
)
"""Observations that meet all limits."""


def failed(seen):
    return {each.name for each in measure(seen) if not each.is_met}


def test_good_observations_meet_every_limit():
    assert failed(GOOD) == set()
    assert [each.name for each in measure(GOOD)] == list(LIMITS)
    assert is_passed(measure(GOOD))


@pytest.mark.parametrize(
    ("worse", "names"),
    [
        ({"ranks": ranks(89, 100), "previous_ranks": None}, {"recall"}),
        ({"ranks": ranks(90, 100), "previous_ranks": None}, set()),
        ({"ranks": ranks(91, 100)}, set()),
        ({"ranks": ranks(90, 100)}, {"recall_change"}),
        ({"ranks": dict.fromkeys(ranks(1, 100), 6)}, {"recall", "recall_change"}),
        ({"valid_quotes": cases(299, 300)}, {"quote_validity"}),
        ({"shown_claims": cases(1, 117)}, {"wrong_claims_shown"}),
        ({"kept": cases(54, 56)}, {"right_kept"}),
        ({"unanswerable": cases(2, 65)}, set()),
        ({"unanswerable": cases(3, 65)}, {"answered_unanswerable"}),
        ({"answerable": cases(43, 55)}, {"refused_answerable"}),
        ({"conflicts": cases(14, 16)}, {"conflicts_told"}),
        ({"false_conflicts": GOOD.false_conflicts | {"case-000": 2}}, set()),
        ({"false_conflicts": GOOD.false_conflicts | {"case-000": 2, "case-001": 1}}, {"false_conflicts"}),
        ({"contraindications": cases(13, 14)}, {"contraindications_told"}),
        ({"leaks": cases(1, 500)}, {"identifiers_leaked"}),
        ({"effects": cases(1, 60)}, {"injection_effects"}),
    ],
)
def test_a_regression_turns_its_own_metric_red(worse, names):
    assert failed(replace(GOOD, **worse)) == names
    assert is_passed(measure(replace(GOOD, **worse))) is not bool(names)


def test_metrics_without_enough_cases_fail():
    assert failed(Observations(previous_ranks={})) == set(LIMITS)
    assert failed(replace(GOOD, unanswerable=cases(0, 59))) == {"answered_unanswerable"}


@given(st.integers(0, 40), st.integers(1, 40), st.sampled_from([0.01, DELTA, 0.2]))
def test_upper_bounds_are_those_of_clopper_and_pearson(count, more, risk):
    """At the bound, so few cases or fewer have exactly the chance `risk`."""
    total = count + more
    bound = upper_bound(count, total, risk)
    chance = math.fsum(math.comb(total, k) * bound**k * (1 - bound) ** (total - k) for k in range(count + 1))
    assert chance == pytest.approx(risk, rel=1e-6)


def test_the_upper_bound_of_all_cases_is_one():
    assert [upper_bound(count, count, DELTA) for count in (0, 1, 7)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("gained", "lost", "is_worse"), [(0, 0, False), (0, 4, False), (0, 5, True), (3, 5, False)])
def test_recall_is_worse_only_beyond_the_paired_bound(gained, lost, is_worse):
    assert (upper_difference(gained, lost, 100, DELTA) < 0) is is_worse


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_the_paired_bound_is_never_below_the_difference(gained, lost, equal):
    total = gained + lost + equal
    bound = upper_difference(gained, lost, total, DELTA)
    assert total == 0 or (gained - lost) / total - 1e-12 <= bound <= 1


def test_documents_name_value_limit_and_result():
    metric = Metric("answered_unanswerable", 2, 65, upper_bound(2, 65, DELTA))
    assert json.loads(json.dumps(metric.as_document())) == {
        "name": "answered_unanswerable",
        "count": 2,
        "total": 65,
        "value": 0.093707,
        "at_most": 0.1,
        "fewest_cases": 60,
        "met": True,
    }
