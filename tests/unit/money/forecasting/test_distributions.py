"""Quantiles in closed form agree with scipy's."""

import pytest
from scipy import stats

from vigil.money.forecasting.distributions import gamma_quantile, gamma_score, normal_quantile, student_quantile


@pytest.mark.parametrize("freedom", [10, 14, 42, 1_000])
@pytest.mark.parametrize("chance", [0.05, 1e-3, 1e-5])
def test_students_quantile_agrees_with_scipy(freedom, chance):
    assert student_quantile(1 - chance, freedom) == pytest.approx(stats.t.isf(chance, freedom), rel=0.06)


@pytest.mark.parametrize("shape", [0.1, 0.5, 2, 50, 10_000])
def test_the_gamma_quantile_agrees_with_scipy_in_the_far_tail(shape):
    mean, variance, chance = 3_000.0, 3_000.0**2 / shape, 1e-5
    exact = stats.gamma.isf(chance, shape, scale=variance / mean)
    assert gamma_quantile(mean, variance, normal_quantile(1 - chance)) == pytest.approx(exact, rel=0.15)


def test_the_gamma_score_inverts_the_quantile():
    assert gamma_score(gamma_quantile(500.0, 9_000.0, 2.5), 500.0, 9_000.0) == pytest.approx(2.5)


def test_the_gamma_quantile_without_variance_is_the_mean():
    assert gamma_quantile(500.0, 0.0, 4.0) == 500.0
