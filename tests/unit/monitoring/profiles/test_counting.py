"""Counting of decisions: equal to a brute-force count, in any order, in parts, and after duplicates of subjects."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.errors import DamagedData
from vigil.monitoring.profiles.counting_model import (
    MAX_COUNTED,
    CountedDecision,
    FeatureCells,
    ProfileCounter,
    first_of_subjects,
    is_sampled,
    score_bin,
)
from vigil.monitoring.profiles.documents_model import from_bytes, sum_profiles, to_bytes
from vigil.monitoring.profiles.model import MAX_PATTERNS, SCORE_BINS, SCORE_EDGES, SUM_SCALE, GroupCounts

FEATURES = (FeatureCells((0.5, 1.5), 3), FeatureCells((), 2), FeatureCells((), 4))
VALUES = (st.sampled_from([-1.0, 0.5, 0.7, 1.5, 9.0]), st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 3.0]))
ROWS = st.tuples(*(st.one_of(values, st.just(math.nan)) for values in VALUES))


@st.composite
def decisions(draw):
    number = draw(st.integers(0, 10**6))
    reasons = draw(st.sampled_from([(), ("missing_fact",), ("missing_fact", "out_of_domain")]))
    return CountedDecision(
        decision_id=f"dec-{number}",
        subject=f"subject-{number % 7}",
        created_at=f"2026-11-21T{draw(st.integers(0, 23)):02d}:00:00Z",
        row=draw(ROWS),
        probability=draw(st.one_of(st.none(), st.floats(0, 1))),
        band=draw(st.sampled_from(["low", "high"])),
        decision="abstain" if reasons else "call",
        is_flagged=draw(st.booleans()),
        abstention_reasons=reasons,
        degraded_engines=draw(st.sampled_from([(), ("forest",)])),
        groups=draw(st.sampled_from([{}, {"sex": "female"}, {"sex": "male", "region": "east"}])),
    )


def count(found, rows=None):
    counter = ProfileCounter(FEATURES, ("sex", "region"), (("sex", "region"),))
    for decision in found:
        counter.add(decision)
    return counter.profile("2026-11-21", "single", len(found) if rows is None else rows)


@given(st.lists(decisions(), max_size=40))
def test_a_profile_equals_a_recount(found):
    profile = count(found)
    for place, feature in enumerate(profile.features):
        values = [each.row[place] for each in found]
        assert feature.missing == sum(map(math.isnan, values))
        assert sum(feature.counts) == len(found) - feature.missing
    low = [each.row[0] for each in found if not math.isnan(each.row[0])]
    assert profile.features[0].counts[0] == sum(value < 0.5 for value in low)
    assert profile.features[0].counts[1] == sum(0.5 <= value < 1.5 for value in low)
    answered = [each.probability for each in found if each.probability is not None]
    assert sum(profile.scores.rows) == len(answered)
    assert sum(profile.scores.sums) == sum(round(each * SUM_SCALE) for each in answered)
    assert sum(profile.scores.squares) == sum(round(each * each * SUM_SCALE) for each in answered)
    assert profile.bands == Counter(each.band for each in found)
    assert profile.abstention_reasons == Counter(reason for each in found for reason in each.abstention_reasons)
    women = [each for each in found if each.groups.get("sex") == "female"]
    expected = GroupCounts(
        len(women), sum(each.is_flagged for each in women), sum(bool(each.abstention_reasons) for each in women)
    )
    assert profile.groups.get("sex=female", GroupCounts(0, 0, 0)) == expected
    assert sum(group.rows for name, group in profile.groups.items() if "&" in name) == len(found)


@given(st.lists(decisions(), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_order_and_parts_do_not_matter(found, random):
    shuffled = random.sample(found, len(found))
    cut = random.randint(0, len(found))
    parts = [count(shuffled[:cut]), count(shuffled[cut:])]
    assert to_bytes(count(shuffled)) == to_bytes(count(found)) == to_bytes(sum_profiles(parts))
    assert to_bytes(sum_profiles(parts[::-1])) == to_bytes(count(found))


@given(st.lists(decisions(), max_size=30))
def test_bytes_return_the_same_profile(found):
    profile = count(found, rows=12_345)
    assert from_bytes(to_bytes(profile)) == profile


def test_a_profile_of_40_features_and_10000_rows_fits():
    """Deciles and scores of 10,000 rows with noise, which compress worst."""
    counter = ProfileCounter([FeatureCells(tuple(map(float, range(1, 10))), 10)] * 40, ("sex",))
    for number in range(MAX_COUNTED):
        row = [
            math.nan if (number * 31 + k) % 19 == 0 else float((number * 7919 + k * 104729) % 1009 % 10)
            for k in range(40)
        ]
        probability = 1 / (1 + math.exp(-((number * 7919 % 1009) / 100 - 7)))
        counter.add(CountedDecision(f"dec-{number}", f"s{number}", "", row, probability, "low", "wait", False))
    assert len(to_bytes(counter.profile("2026-11-21", "single", MAX_COUNTED))) <= 1_500


def test_only_the_first_decision_of_a_subject_counts():
    early = CountedDecision("dec-2", "s", "2026-11-21T08:00:00Z", (0.0, 0.0, 0.0), 0.5, "low", "wait", is_flagged=False)
    late = replace(early, decision_id="dec-1", created_at="2026-11-21T09:00:00Z")
    other = replace(early, decision_id="dec-3", subject="t")
    assert first_of_subjects([late, other, early, late]) == [early, other]


def test_a_busy_day_is_sampled_by_the_id_alone():
    names = [f"dec-{number}" for number in range(40_000)]
    assert all(is_sampled(name, MAX_COUNTED) for name in names[:100])
    sample = {name for name in names if is_sampled(name, 40_000)}
    assert abs(len(sample) - 10_000) < 300
    assert sample == {name for name in reversed(names) if is_sampled(name, 40_000)}


@pytest.mark.parametrize("probability", [0.0, 1e-9, 0.5, 1 - 1e-9, 1.0])
def test_every_probability_has_a_bin(probability):
    assert 0 <= score_bin(probability) < SCORE_BINS
    assert (score_bin(0.0), score_bin(1.0)) == (0, SCORE_BINS - 1)
    assert len(SCORE_EDGES) == SCORE_BINS - 1


def test_a_row_of_another_model_is_refused():
    with pytest.raises(ValueError, match="zip"):
        count([CountedDecision("dec-1", "s", "", (0.0,), None, "low", "wait", is_flagged=False)])


@pytest.mark.parametrize("level", [-1.0, 3.0])
def test_a_level_without_a_cell_is_refused(level):
    with pytest.raises(ValueError, match="a level must have a code from 0 to 2"):
        FeatureCells((), 3).cell(level)


def test_only_the_most_frequent_patterns_stay():
    counter = ProfileCounter([FeatureCells((), 1)] * 6)
    for mask in range(1, 40):
        row = [math.nan if mask >> place & 1 else 0.0 for place in range(6)]
        for _ in range(mask):
            counter.add(CountedDecision("dec-1", "s", "", row, None, "low", "wait", is_flagged=False))
    patterns = counter.profile("2026-11-21", "single", 0).missing_patterns
    assert list(patterns) == list(range(39, 39 - MAX_PATTERNS, -1))


def test_parts_of_two_days_are_not_added():
    with pytest.raises(DamagedData, match="one day"):
        sum_profiles([count([]), replace(count([]), day="2026-11-22")])


@pytest.mark.parametrize("probability", [0.0, 1e-9, 0.0009, 0.5, 0.93, 1.0])
def test_score_bins_follow_their_edges(probability):
    odds = np.log(probability / (1 - probability)) if 0 < probability < 1 else (-99 if probability == 0 else 99)
    assert score_bin(probability) == np.searchsorted(SCORE_EDGES, odds, side="right")
