"""Tests of the assignment of subjects to a challenger, and of comparisons and their intervals."""

import json
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.prediction.trials.evidence_model import DuePair
from vigil.prediction.trials.intervals_model import MIN_SUBJECTS
from vigil.prediction.trials.model import (
    Comparison,
    ModelAnswer,
    PairedComparison,
    compare_versions,
    is_challenger_subject,
)


def pair(before, after, subject="s", changed=False):
    return PairedComparison(
        Comparison(ModelAnswer(1, before, "wait"), ModelAnswer(2, after, "call" if changed else "wait")),
        f"acme#{subject}",
    )


@given(subject=st.text(min_size=1), share=st.integers(0, 1000))
def test_a_subject_stays_in_a_trial_as_the_share_grows(subject, share):
    inside = is_challenger_subject("toy", 2, "acme", subject, share)
    assert is_challenger_subject("toy", 2, "acme", subject, share) == inside
    assert not inside or all(is_challenger_subject("toy", 2, "acme", subject, more) for more in range(share, 1001, 50))


def test_a_share_of_zero_takes_no_subject_and_the_full_share_all():
    subjects = [f"p-{n}" for n in range(500)]
    assert not any(is_challenger_subject("toy", 2, "acme", subject, 0) for subject in subjects)
    assert all(is_challenger_subject("toy", 2, "acme", subject, 1000) for subject in subjects)


def test_a_share_takes_its_part_and_the_next_version_other_subjects():
    subjects = [f"p-{n}" for n in range(20_000)]
    first, second = (
        {s for s in subjects if is_challenger_subject("toy", version, "acme", s, 200)} for version in (2, 3)
    )
    assert len(first) == pytest.approx(4000, rel=0.05)
    assert len(first & second) == pytest.approx(800, rel=0.15)


def test_a_comparison_counts_pairs_subjects_and_unanswered_requests():
    found = compare_versions(1, 2, [pair(0.5, 0.6, "a"), pair(0.5, 0.8, "a", changed=True), pair(0.5, None, "b")])
    assert (found.champion, found.challenger, found.pairs, found.subjects, found.unanswered) == (1, 2, 2, 2, 1)
    assert found.difference.mean == pytest.approx(0.2)
    assert found.changed.mean == pytest.approx(1 / 3)


def test_without_pairs_there_is_no_mean_and_with_few_no_interval():
    assert compare_versions(1, 2, []).difference is None
    assert compare_versions(1, 2, [pair(0.5, None)]).difference is None
    few = compare_versions(1, 2, [pair(0.5, 0.6, str(n)) for n in range(MIN_SUBJECTS - 1)])
    assert (few.difference.low, few.difference.high) == (None, None)


def test_the_interval_is_robust_to_repeated_scores_of_a_subject():
    """95 % intervals of 300 simulated trials cover the true difference; intervals without clustering do not."""
    rng, covered, naive = random.Random(1), Counter(), Counter()
    for _ in range(300):
        pairs, values = [], []
        for subject in range(40):
            own = rng.gauss(0.02, 0.05)
            for _repeat in range(10):
                values.append(own + rng.gauss(0, 0.01))
                pairs.append(pair(0.5, 0.5 + values[-1], str(subject)))
        found = compare_versions(1, 2, pairs).difference
        covered[found.low <= 0.02 <= found.high] += 1
        mean = sum(values) / len(values)
        half = 1.96 * (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5 / len(values) ** 0.5
        naive[abs(mean - 0.02) <= half] += 1
    assert 0.90 <= covered[True] / 300 <= 0.98
    assert naive[True] / 300 < 0.6


@given(before=st.none() | st.floats(0, 1), after=st.none() | st.floats(0, 1))
def test_a_comparison_survives_a_round_trip_through_its_document(before, after):
    comparison = Comparison(ModelAnswer(1, before, "wait"), ModelAnswer(2, after, "call"))
    assert Comparison.from_document(comparison.to_document()) == comparison


def test_comparisons_of_earlier_releases_have_no_due_time():
    dated = replace(pair(0.5, 0.6).comparison, label_due_at="2026-01-01T00:00:00.000000Z")
    assert Comparison.from_document(dated.to_document()) == dated
    assert Comparison.from_document(pair(0.5, 0.6).comparison.to_document()).label_due_at is None
    assert len(json.loads(pair(0.5, 0.6).comparison.to_document())) == 2


def test_pairs_are_due_from_their_due_time_on():
    dated = replace(pair(0.5, 0.6).comparison, label_due_at="2026-01-02")
    found = PairedComparison(dated, "acme#s", "acme#d")
    assert found.due_pair("2026-01-01") is None
    assert found.due_pair("2026-01-02") == DuePair("acme#d", "acme#s", "2026-01-02", 0.5, 0.6)
    unanswered = replace(dated, challenger=ModelAnswer(2, None, ""))
    assert PairedComparison(unanswered, "acme#s", "acme#d").due_pair("2026-01-02") is None
