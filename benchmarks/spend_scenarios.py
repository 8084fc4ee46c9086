"""Simulated hourly spend of several kinds of tenants; not real data."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Hours = NDArray[np.floating]
Scenario = Callable[[np.random.Generator, int], Hours]
"""Function that draws a number of hours of spend in micros, from a Monday at midnight."""
PREDICTION = 1_000.0


def office(draw: np.random.Generator, count: int) -> Hours:
    """Return the spend of `count` hours of a tenant with office hours: about 200 predictions in the busiest hour.

    Nights and weekends are quiet. The level drifts over hours.
    """
    hours = np.arange(count)
    shape = 0.05 + np.exp(-(((hours % 24 - 13) / 3.5) ** 2))
    shape *= np.where(hours // 24 % 7 < 5, 1.0, 0.2)
    return draw.poisson(200 * shape * np.exp(_moods(draw, count)) * _noise(draw, count, 20)) * PREDICTION


def steady(draw: np.random.Generator, count: int) -> Hours:
    """Return the spend of machines: 30 calls per hour, more by day."""
    return draw.poisson(30 * _daily(count)) * PREDICTION


def growing(draw: np.random.Generator, count: int) -> Hours:
    """Return spend that grows by 7 % a week."""
    return draw.poisson(50 * _daily(count) * 1.07 ** (np.arange(count) / 168) * _noise(draw, count, 10)) * PREDICTION


def sparse(draw: np.random.Generator, count: int) -> Hours:
    """Return the spend of one call every five hours."""
    return draw.poisson(0.2 * _daily(count)) * PREDICTION


def lumps(draw: np.random.Generator, count: int) -> Hours:
    """Return rare spend of a few cents: large prompts to a language model."""
    return draw.poisson(0.1 * _daily(count)) * draw.gamma(2, 25_000, count)


def bursts(draw: np.random.Generator, count: int) -> Hours:
    """Return steady spend with about one batch per day: median 400 rows, 99th percentile 4,000 rows."""
    batches = draw.poisson(1 / 24, count) * np.exp(draw.normal(6, 1, count))
    return (draw.poisson(20 * _daily(count)) + batches) * PREDICTION


def heavy(draw: np.random.Generator, count: int) -> Hours:
    """Return hourly spend with a log-normal factor of sigma 0.5."""
    return 50 * _daily(count) * np.exp(draw.normal(0, 0.5, count)) * PREDICTION


def nightly(draw: np.random.Generator, count: int) -> Hours:
    """Return little spend with a job of 5,000 rows each night."""
    jobs = np.where(np.arange(count) % 24 == 2, draw.gamma(50, 100, count), 0.0)
    return (draw.poisson(10, count) + jobs) * PREDICTION


def stored(draw: np.random.Generator, count: int) -> Hours:
    """Return spend of stored bytes, which grow at random."""
    logs: Hours = np.cumsum(draw.normal(0.0003, 0.003, count))
    held: Hours = 20_000 * np.exp(logs)
    return held


def wandering(draw: np.random.Generator, count: int) -> Hours:
    """Return spend with a random step of the level each day, of 5 % standard deviation."""
    level = np.repeat(np.cumsum(draw.normal(0, 0.05, count // 24 + 1)), 24)[:count]
    return draw.poisson(100 * _daily(count) * np.exp(level)) * PREDICTION


SCENARIOS: Mapping[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (office, steady, growing, sparse, lumps, bursts, heavy, nightly, stored, wandering)
}


def _daily(count: int) -> Hours:
    return 1 + 0.5 * np.sin(2 * np.pi * (np.arange(count) % 24 - 8) / 24)


def _noise(draw: np.random.Generator, count: int, shape: float) -> Hours:
    return draw.gamma(shape, 1 / shape, count)


def _moods(draw: np.random.Generator, count: int) -> Hours:
    """Return an autoregression with coefficient 0.9 and a standard deviation of 0.15."""
    shocks, moods, mood = draw.normal(0, 0.15 * (1 - 0.9**2) ** 0.5, count), np.empty(count), 0.0
    for hour, shock in enumerate(shocks):
        mood = 0.9 * mood + shock
        moods[hour] = mood
    return moods
