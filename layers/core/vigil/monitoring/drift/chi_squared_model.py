"""Quantiles of the chi-squared distribution from the standard library."""

import math
from statistics import NormalDist

_PRECISION = 1e-15
_MAX_TERMS = 10_000
_MAX_STEPS = 200


def lower_gamma(shape: float, x: float) -> float:
    """Return the regularized lower incomplete gamma function P(shape, x), from 0 to 1, for a shape above 0.

    The result is 0 for an `x` that is not above 0, and 1 for infinity. A power series serves small `x`, Legendre's
    continued fraction large ones (DLMF 8.11.4 and 8.9.2).
    """
    if x <= 0:
        return 0.0
    if x == math.inf:
        return 1.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    return front * _series(shape, x) if x < shape + 1 else 1 - front * _fraction(shape, x)


def chi_squared_quantile(probability: float, degrees: int) -> float:
    """Return the quantile, above 0, of the chi-squared distribution with one or more `degrees` of freedom.

    Raises StatisticsError unless the probability is above 0 and below 1.
    """
    shape, z = degrees / 2, NormalDist().inv_cdf(probability)
    ninth = 2 / (9 * degrees)
    x = max(degrees * (1 - ninth + z * math.sqrt(ninth)) ** 3, 1e-8)
    low, high = 0.0, math.inf
    # Newton's steps start at the approximation of Wilson and Hilferty; a bisection replaces a step out of the bracket.
    for _ in range(_MAX_STEPS):
        error = lower_gamma(shape, x / 2) - probability
        low, high = (x, high) if error < 0 else (low, x)
        density = math.exp((shape - 1) * math.log(x / 2) - x / 2 - math.lgamma(shape)) / 2
        following = x - error / density if density else math.inf
        if not low < following < high:
            following = (low + high) / 2 if high < math.inf else 2 * x
        if abs(following - x) <= 1e-12 * x:
            return following
        x = following
    return x


def _series(shape: float, x: float) -> float:
    term = total = 1 / shape
    for step in range(1, _MAX_TERMS):
        term *= x / (shape + step)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(shape: float, x: float) -> float:
    """Evaluate the continued fraction by Lentz's method."""
    b = x + 1 - shape
    c, d = math.inf, 1 / b
    value = d
    for step in range(1, _MAX_TERMS):
        a = -step * (step - shape)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value
