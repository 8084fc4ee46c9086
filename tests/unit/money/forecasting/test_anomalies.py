"""Detection of anomalies: false alarms, delays and bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import spend_scenarios
from benchmarks.forecast import PLANTS, detection_delay, false_alarms
from vigil.money.forecasting.anomalies import (
    FALSE_ALARM_CHANCE,
    MIN_EXCESS_MICROS,
    MONTHLY_FALSE_ALARMS,
    AnomalyDetector,
)
from vigil.money.forecasting.baseline import WINDOW_HOURS, Baseline
from vigil.money.forecasting.model import HOURS_PER_DAY, HOURS_PER_WEEK, MIN_HISTORY_DAYS, CategoryHistory

EIGHT_WEEKS = 8 * HOURS_PER_WEEK


def office():
    return spend_scenarios.office(np.random.default_rng(5), EIGHT_WEEKS)


def test_the_checks_of_a_month_have_the_stated_false_alarm_rate():
    assert FALSE_ALARM_CHANCE * 730 * 5 * len(WINDOW_HOURS) == pytest.approx(MONTHLY_FALSE_ALARMS)


@pytest.mark.parametrize("name", ["office", "growing", "sparse", "nightly"])
def test_simulated_months_without_anomaly_raise_almost_no_alarm(name):
    assert false_alarms(spend_scenarios.SCENARIOS[name], np.random.default_rng(11), weeks=8, tenants=3) <= 1 / 3


@pytest.mark.parametrize(
    "plant", [plant for plant in PLANTS if plant.hours <= 5 * HOURS_PER_DAY], ids=lambda plant: plant.name
)
def test_planted_anomalies_are_found(plant):
    delays = [detection_delay(spend_scenarios.steady, plant, np.random.default_rng(seed)) for seed in range(4)]
    assert None not in delays
    assert max(delays) < 24


def test_a_large_spike_is_found_within_15_minutes():
    spike = next(plant for plant in PLANTS if plant.name.startswith("50"))
    assert (
        max(detection_delay(spend_scenarios.steady, spike, np.random.default_rng(seed)) for seed in range(6)) <= 15 / 60
    )


def test_usual_daytime_spend_is_an_anomaly_at_night():
    noon = float(np.mean(office()[12::HOURS_PER_DAY][:5]))
    detector = AnomalyDetector(office().tolist(), 0)
    assert detector.detect([0.0, 0.0, 0.0, noon])
    assert not detector.detect([*office()[:12].tolist(), noon])


def test_usual_weekday_spend_is_an_anomaly_on_a_sunday():
    monday = office()[:16].tolist()
    past = office()
    assert not AnomalyDetector(past.tolist(), 0).detect(monday)
    assert AnomalyDetector(past[: 6 * HOURS_PER_DAY + 7 * HOURS_PER_WEEK].tolist(), 0).detect(monday)


def test_an_excess_has_its_expected_spend_and_its_bound():
    finding = AnomalyDetector([5_000.0] * EIGHT_WEEKS, 0).detect([5_000.0, 250_000.0])
    assert (finding.hours, finding.spent) == (1, 250_000.0)
    assert finding.expected == pytest.approx(5_000.0)
    assert finding.bound == pytest.approx(5_000.0 + MIN_EXCESS_MICROS)


def test_an_excess_below_ten_cents_is_no_anomaly():
    assert not AnomalyDetector([5.0] * EIGHT_WEEKS, 0).detect([0.9 * MIN_EXCESS_MICROS])


def test_an_excess_below_a_quarter_is_no_anomaly():
    assert not AnomalyDetector([5e6] * EIGHT_WEEKS, 0).detect([6e6] * HOURS_PER_DAY)
    assert AnomalyDetector([5e6] * EIGHT_WEEKS, 0).detect([6.5e6] * HOURS_PER_DAY)


def test_a_past_anomaly_does_not_hide_the_next_one():
    past = spend_scenarios.steady(np.random.default_rng(3), EIGHT_WEEKS)
    spike = [*past[:HOURS_PER_DAY].tolist()[:10], 50 * float(past.mean())]
    past[-200] *= 60
    assert AnomalyDetector(past.tolist(), 0).detect(spike)


def test_less_spend_than_expected_is_no_anomaly():
    assert not AnomalyDetector(office().tolist(), 0).detect([0.0] * HOURS_PER_DAY)


def test_four_weeks_with_spend_on_most_days_are_sufficient():
    busy = [1_000.0] * HOURS_PER_DAY
    assert CategoryHistory(tuple(busy * MIN_HISTORY_DAYS), 0).is_sufficient
    assert not CategoryHistory(tuple(busy * (MIN_HISTORY_DAYS - 1)), 0).is_sufficient
    weekdays = (busy * 5 + [0.0] * 2 * HOURS_PER_DAY) * 4
    assert CategoryHistory(tuple(weekdays), 0).is_sufficient
    fortnight_off = busy * MIN_HISTORY_DAYS + [0.0] * HOURS_PER_DAY * 7
    assert not CategoryHistory(tuple(fortnight_off), 0).is_sufficient


amounts = st.one_of(st.just(0.0), st.floats(1e-3, 1e12))


@settings(max_examples=60)
@given(
    days=st.integers(28, 40), seed=st.integers(0, 99), scale=amounts, rare=st.floats(0, 1), weekday=st.integers(0, 6)
)
def test_any_bound_is_finite_and_not_below_the_expected_spend(days, seed, scale, rare, weekday):
    draw = np.random.default_rng(seed)
    hours = draw.lognormal(0, 2, days * HOURS_PER_DAY) * scale * (draw.random(days * HOURS_PER_DAY) < rare)
    past = CategoryHistory(tuple(hours.tolist()), weekday)
    if past.is_sufficient:
        baseline = Baseline(past.hours, weekday, FALSE_ALARM_CHANCE)
        expected = baseline.expected_spend(len(hours))
        assert 0 < expected <= baseline.bound(1, expected) < float("inf")
