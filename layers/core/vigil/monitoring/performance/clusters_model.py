"""Variance of a sum whose parts belong to subjects."""

import math
from collections.abc import Iterable

MIN_CLUSTERS = 30
"""Minimum subjects of an interval; with fewer, the normal approximation is not valid."""


def clustered_variance(parts: Iterable[tuple[float, int, str | None]]) -> float | None:
    """Return the variance of a sum of influences; None below `MIN_CLUSTERS`.

    A part is an influence, the number of decisions that have it, and their cluster. Decisions without a cluster are
    independent.
    """
    squares: list[float] = []
    clusters: dict[str, list[float]] = {}
    count = 0
    for influence, number, cluster in parts:
        if cluster is None:
            squares.append(number * influence * influence)
            count += number
        else:
            clusters.setdefault(cluster, []).append(number * influence)
    squares += [math.fsum(each) ** 2 for each in clusters.values()]
    count += len(clusters)
    return math.fsum(squares) * count / (count - 1) if count >= MIN_CLUSTERS else None
