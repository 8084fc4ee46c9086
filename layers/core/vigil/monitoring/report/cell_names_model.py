"""Names of the cells of sensors for people, and fewer cells of the score."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from vigil.monitoring.drift.layout_model import Counts, Sensor
from vigil.monitoring.profiles.model import SCORE_EDGES
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.prediction.engines.votes import sigmoid

MAX_SCORE_CELLS = 10
"""Maximum shown cells of the score; each has at least a tenth of the rows of the baseline."""
_PARTS: Mapping[str, tuple[str, str]] = {
    "missing": ("missing", "given"),
    "abstention": ("abstained", "other"),
    "engine": ("no vote", "vote"),
}


def name_cells(version: MonitoredVersion, sensor: Sensor) -> tuple[str, ...]:
    """Return the names of the cells of a sensor, in the order of its counts.

    Examples are `35 to 50`, `female` and `missing`. Names of the score are in percent.
    """
    layout = version.layout
    if sensor.aspect in _PARTS:
        return _PARTS[sensor.aspect]
    if sensor.aspect == "score":
        return _ranges([f"{100 * sigmoid(edge):.3g} %" for edge in SCORE_EDGES])
    if sensor.aspect == "bands":
        return (*layout.bands, "other")
    if sensor.aspect == "decisions":
        return (*layout.decisions, "other")
    edges = next(each.edges for each in layout.features if each.name == sensor.subject)
    if edges:
        return _ranges([f"{edge:.4g}" for edge in edges])
    spec = next(each for each in version.contract.features if each.name == sensor.subject)
    levels = spec.categories or ("false", "true")
    return tuple(spec.category_labels.get(level, level) for level in levels)


def pool_scores(cells: Sequence[str], counts: tuple[Counts, Counts]) -> tuple[tuple[str, ...], tuple[Counts, Counts]]:
    """Return the names and counts of at most 10 cells, each of neighbouring cells of the score.

    `cells` has the names before. `counts` are those of the window and of the baseline, in this order. A new cell has at
    least a tenth of the rows of the baseline.
    """
    ends, rows, least = [], 0, sum(counts[1]) / MAX_SCORE_CELLS
    for cell, count in enumerate(counts[1]):
        rows += count
        if rows >= max(least, 1):
            ends.append(cell + 1)
            rows = 0
    bounds = [0, *ends[:-1], len(cells)]
    joined = tuple(tuple(sum(side[low:high]) for low, high in pairwise(bounds)) for side in counts)
    names = _ranges([cells[end].partition(" to ")[0] for end in bounds[1:-1]])
    return names, (joined[0], joined[1])


def _ranges(edges: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the ranges between rising edges."""
    if not edges:
        return ("all",)
    inner = (f"{low} to {high}" for low, high in pairwise(edges))
    return (f"below {edges[0]}", *inner, f"{edges[-1]} or more")
