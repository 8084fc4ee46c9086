"""Quantiles in closed form: normal, Student's t, and gamma with a given mean and variance."""

from statistics import NormalDist

_NORMAL = NormalDist()


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return _NORMAL.inv_cdf(probability)


def student_quantile(probability: float, freedom: float) -> float:
    """Return the quantile of Student's t with `freedom` degrees of freedom, accurate to 1 % from ten degrees on.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    x = normal_quantile(probability)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
    )
    return x + sum(term / freedom**power for power, term in enumerate(terms, 1))


def gamma_quantile(mean: float, variance: float, z: float) -> float:
    """Return the gamma value with the same cumulative probability as the standard normal value `z`.

    Wilson and Hilferty, The distribution of chi-square (1931): the cube root of a gamma variable is nearly normal. The
    approximation is good far into the upper tail and for shapes well below 1, so it fits few and many calls an hour.
    """
    shape = mean * mean / variance if variance else float("inf")
    return float(mean * max(0.0, 1 - 1 / (9 * shape) + z / (3 * shape**0.5)) ** 3)


def gamma_score(value: float, mean: float, variance: float) -> float:
    """Return the standard normal value with the probability of the gamma value; the inverse of `gamma_quantile`."""
    shape = mean * mean / variance
    return float(((value / mean) ** (1 / 3) - 1 + 1 / (9 * shape)) * 3 * shape**0.5)
