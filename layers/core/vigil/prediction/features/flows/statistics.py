"""Summary statistics of a few numbers; an empty input gives None, because zero would be a measurement."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

Summary = dict[str, float | None]


def mean(values: Sequence[float]) -> float | None:
    """Return the arithmetic mean."""
    return math.fsum(values) / len(values) if values else None


def standard_deviation(values: Sequence[float]) -> float | None:
    """Return the sample standard deviation (n - 1); 0 for a single value, as in CICFlowMeter."""
    if not values:
        return None
    centre = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((x - centre) ** 2 for x in values) / max(len(values) - 1, 1))


def median(values: Sequence[float]) -> float | None:
    """Return the middle value, or the mean of the two middle values."""
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    return float(ordered[half]) if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def coefficient_of_variation(values: Sequence[float]) -> float | None:
    """Return the coefficient of variation: 0 for a regular clock, 1 for a Poisson process.

    None for fewer than 3 values or a mean of 0.
    """
    centre, spread = mean(values), standard_deviation(values)
    return spread / centre if len(values) > 2 and centre and spread is not None else None


def shannon_entropy(values: Iterable[Hashable]) -> float | None:
    """Return the Shannon entropy of the distribution of the values, in bits."""
    counts = Counter(values)
    total = counts.total()
    if not total:
        return None
    return abs(math.fsum(n / total * math.log2(total / n) for n in sorted(counts.values())))


def summarize(prefix: str, values: Sequence[float], suffix: str = "") -> Summary:
    """Return mean, standard deviation, maximum and minimum as `<prefix>_mean<suffix>` and so on."""
    return {
        f"{prefix}_mean{suffix}": mean(values),
        f"{prefix}_std{suffix}": standard_deviation(values),
        f"{prefix}_max{suffix}": float(max(values)) if values else None,
        f"{prefix}_min{suffix}": float(min(values)) if values else None,
    }


def share(part: int, whole: int) -> float | None:
    """Return the fraction `part / whole`, from 0 to 1."""
    return part / whole if whole else None
