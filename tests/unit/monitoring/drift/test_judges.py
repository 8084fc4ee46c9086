"""The judge settles, stays quiet without a change, and finds a planted one."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.support.drift_worlds import FIRST_DAY, Planted, World, day_number, judge, layout, watch
from vigil.errors import DamagedData
from vigil.monitoring.drift.layout_model import Layout
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.drift.state_model import baseline_start
from vigil.monitoring.profiles.model import SCORE_BINS, FeatureCounts, Profile, ScoreCounts
from vigil.prediction.packages.reference_model import FeatureReference

QUICK = DriftRules(settling_days=20, settling_rows=1_000)
EMPTY = ScoreCounts(*((0,) * SCORE_BINS,) * 3)


def profile(day, features, patterns=None, rows=None):
    """Return a profile of features that are given by their counts and missing rows."""
    rows = rows if rows is not None else sum(features[0][0]) + features[0][1]
    counted = tuple(FeatureCounts(tuple(counts), missing) for counts, missing in features)
    date_ = (FIRST_DAY + timedelta(days=day)).isoformat()
    return Profile(date_, "single", rows, rows, counted, EMPTY, {}, {}, missing_patterns=patterns or {})


def small_judge(*features):
    return DriftJudge(1, "single", Layout(features), QUICK)


def number(name, edges=(0.0,), role="input", wobble=0.0):
    return FeatureReference(name, role, edges, (0,) * (len(edges) + 1), 0, wobble, wobble)


def test_the_baseline_ends_after_days_and_rows():
    assert watch(judge(), World(100, 1, 60))[2] == 56
    assert watch(judge(), World(25, 1, 85))[2] == 80


def test_days_without_rows_count_for_the_days_of_the_baseline():
    own = small_judge(number("a"))
    sparse = [profile(10 * day, [((250, 250), 0)]) for day in range(3)]
    assert not own.rebuild(sparse)[0].settling
    assert own.rebuild(sparse[:2])[0].settling


def test_a_quiet_model_has_no_findings():
    assert watch(judge(), World(100, 2, 130))[1] == []


@pytest.mark.parametrize(
    ("planted", "aspect"),
    [
        (Planted("shift", 0.5, 70), ("population", "watch", "mean_shift_sd")),
        (Planted("missing", 0.3, 70), ("feed", "fix_feed", "odds_ratio")),
    ],
)
def test_a_planted_change_is_found_with_its_size_and_day(planted, aspect):
    _, findings, _ = watch(judge(), World(100, 5, 82, planted))
    first = findings[0]
    assert (first.kind, first.recommendation, first.effect.measure) == aspect
    assert first.subjects == ("number0",)
    assert 70 <= day_number(first) <= 76
    assert abs((date.fromisoformat(first.since) - FIRST_DAY).days - 70) <= 2
    low, high = (0.3, 0.8) if first.effect.measure == "mean_shift_sd" else (3, 12)
    assert low < first.effect.value < high
    assert first.effect.low < first.effect.value < first.effect.high
    assert first.e_value >= 365 / 0.35
    assert "number0 is" in first.text


def test_a_change_that_stays_is_one_finding():
    _, findings, _ = watch(judge(), World(200, 6, 115, Planted("shift", 0.6, 70)))
    assert [finding.subjects for finding in findings] == [("number0",)]


def test_a_further_change_of_a_named_feature_is_a_finding():
    own, world = judge(), World(200, 7, 75, Planted("shift", 0.4, 70))
    more = list(World(200, 8, 110, Planted("shift", 1.2, 70)).profiles())[80:]
    _, findings = own.rebuild([*list(world.profiles()), *more])
    assert [finding.subjects for finding in findings] == [("number0",)] * 2


def test_a_day_without_rows_changes_nothing():
    own = judge()
    state, _ = own.rebuild(list(World(100, 1, 60).profiles()))
    nothing = replace(next(World(100, 1, 1).profiles()), rows=0, counted=0, day="2027-01-01")
    assert own.advance(state, nothing) == (state, ())
    assert own.advance(own.start(), nothing) == (own.start(), ())


def test_a_day_that_is_not_after_the_state_is_refused():
    own, days = judge(), list(World(100, 1, 3).profiles())
    state, _ = own.rebuild(days)
    for late in days:
        with pytest.raises(ValueError, match=r"must be after 2026-01-03.*build the state again"):
            own.advance(state, late)


@pytest.mark.parametrize("state", [baseline_start(1, 0), small_judge().start()], ids=["order", "other judge"])
@pytest.mark.parametrize("is_settling", [True, False])
def test_a_state_with_other_sensors_is_refused(state, is_settling):
    own = small_judge(number("a"))
    with pytest.raises(ValueError, match=r"must have the \d+ sensors of the layout"):
        own.advance(replace(state, settling=is_settling), profile(1, [((1, 2), 0)]))


@pytest.mark.parametrize("features", [[((1, 2, 3), 0)], [((1, 2), 0)] * 2, []])
def test_a_profile_with_other_cells_is_refused(features):
    with pytest.raises(DamagedData, match=r"must have \[2\] cells"):
        small_judge(number("a")).advance(small_judge(number("a")).start(), profile(1, features, rows=6))


def test_a_pattern_of_an_unknown_feature_is_refused():
    own = small_judge(number("a"))
    with pytest.raises(DamagedData, match="must have"):
        own.advance(own.start(), profile(1, [((1, 2), 3)], {2: 3}))


def test_one_row_a_day_is_judged():
    own = DriftJudge(1, "single", layout(), DriftRules(settling_days=30, settling_rows=30))
    state, findings = own.rebuild(World(1, 4, 200).profiles())
    assert not state.settling
    assert findings == ()


@pytest.mark.parametrize(
    ("feature", "cells"),
    [
        (number("missing"), ((0, 0), 100)),
        (number("single", ()), ((100,), 0)),
        (number("constant", (0.0, 1.0)), ((0, 100, 0), 0)),
        (FeatureReference("level", "input", (), (0, 0, 0), 0), ((0, 100, 0), 0)),
    ],
)
def test_a_feature_without_variation_stays_quiet(feature, cells):
    own = small_judge(feature, number("other"))
    days = [profile(day, [cells, ((50, 50), 0)], {1: cells[1]} if cells[1] else {}) for day in range(80)]
    state, findings = own.rebuild(days)
    assert findings == ()
    assert not state.settling


def test_values_of_a_feature_that_never_had_any_are_found():
    own = small_judge(number("missing"), number("other"))
    quiet = [profile(day, [((0, 0), 100), ((50, 50), 0)], {1: 100}) for day in range(20)]
    _, findings = own.rebuild([*quiet, *(profile(day, [((50, 0), 50), ((50, 50), 0)], {1: 50}) for day in (20, 21))])
    assert [(finding.kind, finding.subjects) for finding in findings] == [("population", ("missing",))]


@pytest.mark.parametrize(
    ("role", "found_shift", "found_missing"),
    [("input", True, True), ("process", True, True), ("trend", False, True), ("calendar", False, False)],
)
def test_a_role_decides_which_changes_alarm(role, found_shift, found_missing):
    own = small_judge(number("a", role=role), number("b"))
    quiet = [profile(day, [((50, 45), 5), ((50, 50), 0)], {1: 5}) for day in range(20)]
    shifted = [profile(day, [((5, 90), 5), ((50, 50), 0)], {1: 5}) for day in range(20, 30)]
    absent = [profile(day, [((30, 25), 45), ((50, 50), 0)], {1: 45}) for day in range(20, 30)]
    assert bool(own.rebuild(quiet + shifted)[1]) == found_shift
    assert bool(own.rebuild(quiet + absent)[1]) == found_missing


def test_a_change_within_twice_the_wobble_stays_quiet():
    def findings(wobble):
        own = small_judge(number("a", wobble=wobble))
        quiet = [profile(day, [((50, 50), 0)]) for day in range(20)]
        return own.rebuild([*quiet, *(profile(day, [((42, 58), 0)]) for day in range(20, 120))])[1]

    assert findings(0.0)
    assert findings(0.13) == ()


def test_days_that_depend_on_each_other_raise_the_dispersion():
    state, findings, _ = watch(judge(), World(240, 1, 60, sites=24))
    numbers = [sensor.dispersion for sensor in state.sensors[:60:2]]
    between_sites = 0.16 / 1.16 / 6 * 18 / 23
    assert sum(numbers) / len(numbers) == pytest.approx(1 + 0.95 * 240 * between_sites, rel=0.15)
    assert findings == []


def test_sensors_of_one_kind_share_their_sampling_error():
    state = watch(judge(), World(100, 1, 60))[0]
    spans = [[sensor.dispersion for sensor in state.sensors[place:80:2]] for place in (0, 1)]
    assert all(max(span) < 1.1 for span in spans)


def test_many_rows_a_day_double_the_tolerated_effect():
    own = judge(QUICK)
    edges = [own.plans(own.rebuild(World(rows, 1, 20).profiles())[0])[0].edges[0] for rows in (1_000, 1_100)]
    assert edges == [0.05, 0.1]
