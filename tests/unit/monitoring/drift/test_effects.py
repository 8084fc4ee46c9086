"""Effects for people have the threshold of the null at their numbers of rows."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import stats

from tests.support.drift_worlds import FIRST_DAY, Planted, World, judge, layout
from vigil.monitoring.drift.cells_model import ComparedCells
from vigil.monitoring.drift.effects_model import measure_change, measure_distances, measure_odds, measure_shift
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.drift.summary_model import measure_training_shift, measure_window
from vigil.monitoring.report.drift_facts_model import describe_drift, describe_training_shift
from vigil.monitoring.report.monitored_model import MonitoredVersion

DECILES = [0.1] * 10


def draws(rows, others, count=3_000, seed=1):
    rng = np.random.default_rng(seed)
    return zip(rng.multinomial(rows, DECILES, count), rng.multinomial(others, DECILES, count), strict=True)


def cells(window, baseline, *, ordered=True):
    return ComparedCells(tuple(map(float, window)), tuple(map(float, baseline)), ordered=ordered)


@pytest.mark.parametrize(("rows", "others"), [(200, 2_000), (560, 2_000), (2_800, 5_600), (28_000, 56_000)])
def test_measures_exceed_their_thresholds_in_one_window_of_twenty(rows, others):
    found = [measure_distances(cells(*pair)) for pair in draws(rows, others)]
    for measure in ("psi", "total_variation"):
        distances = [getattr(each, measure) for each in found]
        assert np.mean([each.value > each.threshold for each in distances]) == pytest.approx(0.05, abs=0.015)
    # Kolmogorov's threshold is for continuous values; bins exceed it less often.
    assert 0 < np.mean([each.ks.value > each.ks.threshold for each in found]) < 0.05


def test_the_threshold_of_psi_is_a_quantile_of_chi_squared():
    found = measure_distances(cells([30] * 10, [200] * 10), dispersion=2.5)
    assert found.psi.threshold == pytest.approx(2.5 * stats.chi2.ppf(0.95, 9) * (1 / 300 + 1 / 2000), rel=5e-3)


def test_distances_are_those_of_their_definitions():
    found = measure_distances(cells([150, 50, 100, 100], [100, 100, 100, 100]))
    assert found.total_variation.value == pytest.approx(0.125)
    assert found.ks.value == pytest.approx(0.125)
    a, b = np.array([150.5, 50.5, 100.5, 100.5]) / 402, np.full(4, 0.25)
    assert found.psi.value == pytest.approx(float(((a - b) * np.log(a / b)).sum()), rel=5e-3)


def test_levels_have_no_order_and_no_shift():
    levels = cells([60, 40], [50, 50], ordered=False)
    assert measure_distances(levels).ks is None
    assert measure_shift(levels) is None


def test_a_shift_of_the_mean_is_measured_in_standard_deviations():
    rng = np.random.default_rng(2)
    edges = stats.norm.ppf(np.arange(1, 10) / 10)
    inside = 0
    for _ in range(200):
        sides = (rng.normal(0.3, 1, 560), rng.normal(0, 1, 2_000))
        shift = measure_shift(cells(*(np.bincount(np.searchsorted(edges, side), minlength=10) for side in sides)))
        inside += shift.low <= 0.3 <= shift.high
    assert inside >= 180


def test_an_odds_ratio_has_the_interval_of_its_rows():
    effect = measure_odds(cells([100, 400], [100, 1900], ordered=False))
    assert effect.value == pytest.approx(4.75, rel=0.01)
    assert effect.low == pytest.approx(
        4.75 / math.exp(1.96 * math.sqrt(1 / 100 + 1 / 400 + 1 / 100 + 1 / 1900)), rel=0.02
    )


def test_a_change_of_levels_is_a_total_variation():
    assert measure_change("levels", (300, 100, 100), (200, 200, 100)).measure == "total_variation"
    assert measure_change("levels", (3, 5, 2), (200, 200, 100)) is None
    assert measure_change("share", (3, 500), (5, 700)) is None


@pytest.fixture(scope="module")
def settled():
    own = judge(DriftRules(settling_days=20, settling_rows=1_000))
    days = list(World(100, 3, 50, Planted("shift", 0.8, 40, 2)).profiles())
    return days, own.rebuild(days[:42])[0]


def test_the_changed_features_are_ranked_first(settled):
    days, state = settled
    effects = measure_window(layout(), state, days[-10:])
    assert {effect.subject for effect in effects[:2]} == {"number0", "number1"}
    assert effects[0].strength > 1
    assert effects[0].rows < 1_000


def test_no_rows_have_no_effects(settled):
    _, state = settled
    assert {(each.distances, each.change) for each in measure_window(layout(), state, [])} == {(None, None)}
    empty = judge().start()
    assert {each.change for each in measure_window(layout(), empty, settled[0][:5])} == {None}


def test_a_shift_since_training_needs_a_reference(settled):
    _, state = settled
    assert measure_training_shift(layout(), state) == ()
    trained = replace(layout().features[0], counts=(400, 300, 200, 200, 200, 200, 200, 100, 100, 100), missing=100)
    known = replace(layout(), features=(trained, *layout().features[1:]))
    effects = measure_training_shift(known, state)
    assert [(each.subject, each.aspect) for each in effects] == [("number0", "values"), ("number0", "missing")]
    assert effects[0].change.value > 0.3
    assert effects[0].since is None


def test_the_first_day_of_a_growing_change_is_shown():
    own, world = judge(DriftRules(settling_days=20, settling_rows=1_000)), World(100, 4, 27, Planted("shift", 0.3, 24))
    days = list(world.profiles())
    state, findings = own.rebuild(days)
    effects = {each.subject: each for each in measure_window(layout(), state, days[24:]) if each.aspect == "values"}
    assert findings == ()
    assert abs((date.fromisoformat(effects["number0"].since) - FIRST_DAY).days - 24) <= 2
    assert effects["number9"].since is None


@pytest.mark.parametrize("cells", [3, 5])
def test_a_state_of_sensors_with_other_cells_is_refused(settled, cells):
    days, state = settled
    other = replace(state, sensors=(replace(state.sensors[0], baseline=(9,) * cells), *state.sensors[1:]))
    trained = replace(layout(), features=(replace(layout().features[0], counts=(40,) * 10), *layout().features[1:]))
    for measure in (
        lambda: measure_window(layout(), other, days[-10:]),
        lambda: measure_training_shift(trained, other),
        lambda: describe_drift(MonitoredVersion(None, None, layout()), other, days[-10:], ()),
        lambda: describe_training_shift(MonitoredVersion(None, None, layout()), other),
        lambda: judge().plans(other),
        lambda: judge().advance(other, days[-1]),
    ):
        with pytest.raises(ValueError, match=r"must have the \d+ sensors of the layout, each with its cells"):
            measure()
