"""Quantiles in closed form: of Student's t, and of a gamma variable known by its mean and variance."""

from statistics import NormalDist

_NORMAL = NormalDist()


def normal(probability: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return _NORMAL.inv_cdf(probability)


def student(probability: float, freedom: float) -> float:
    """Return the quantile of Student's t, to 1 % from ten degrees of freedom on.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    x = normal(probability)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
    )
    return x + sum(term / freedom**power for power, term in enumerate(terms, 1))


def gamma(mean: float, variance: float, z: float) -> float:
    """Return the value that a gamma variable reaches where a standard normal one reaches `z`.

    Wilson and Hilferty, The distribution of chi-square (1931): the cube root of a gamma variable is nearly normal. It
    holds far into the upper tail and for shapes well below 1, so it serves a few calls an hour as it does thousands.
    """
    shape = mean * mean / variance if variance else float("inf")
    return float(mean * max(0.0, 1 - 1 / (9 * shape) + z / (3 * shape**0.5)) ** 3)


def gamma_score(value: float, mean: float, variance: float) -> float:
    """Return the standard normal value that is as rare as `value` of a gamma variable: the inverse of `gamma`."""
    shape = mean * mean / variance
    return float(((value / mean) ** (1 / 3) - 1 + 1 / (9 * shape)) * 3 * shape**0.5)
