"""Quantiles of chi-squared agree with scipy."""

import pytest
from scipy import special, stats

from vigil.monitoring.drift.chi_squared_model import chi_squared_quantile, lower_gamma


@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 9, 30, 63, 200, 1000])
@pytest.mark.parametrize("probability", [1e-6, 0.01, 0.5, 0.95, 0.999, 1 - 1e-9])
def test_a_quantile_agrees_with_scipy(degrees, probability):
    assert chi_squared_quantile(probability, degrees) == pytest.approx(stats.chi2.ppf(probability, degrees), rel=1e-7)


@pytest.mark.parametrize("shape", [0.5, 1.0, 4.5, 31.5, 500.0])
@pytest.mark.parametrize("x", [0.0, 1e-9, 0.3, 1.0, 4.4, 5.6, 31.0, 33.0, 480.0, 900.0, float("inf")])
def test_the_incomplete_gamma_function_agrees_with_scipy(shape, x):
    assert lower_gamma(shape, x) == pytest.approx(special.gammainc(shape, x), abs=1e-12)
