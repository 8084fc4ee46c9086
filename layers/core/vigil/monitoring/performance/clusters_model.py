"""Variance of a sum whose parts belong to subjects."""

import math
from collections.abc import Iterable

MIN_CLUSTERS = 30
"""Minimum clusters (subjects) of an interval; with fewer, the normal approximation is not valid."""


def clustered_variance(parts: Iterable[tuple[float, int, str | None]]) -> float | None:
    """Return the variance of a sum of influences; None with fewer than `MIN_CLUSTERS` (30) clusters.

    A part is the influence of one decision, the number of decisions that have it, and their cluster. The order of the
    parts is irrelevant. Each decision without a cluster (None) is a cluster of its own.
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
