"""Cells by which two groups of rows are compared. No effect shows a cell of fewer than `MIN_CELL` rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vigil.monitoring.drift.layout_model import Counts, SensorKind
from vigil.prediction.packages.reference_model import MIN_CELL

Cells: TypeAlias = tuple[float, ...]
"""Rows by pooled cell. A small part is not a whole number, because its true size is hidden."""


@dataclass(frozen=True, slots=True)
class ComparedCells:
    """Rows of a window and of a baseline, both in the order of the same pooled cells.

    `ordered` is True if the cells are ranges of a number, the lowest first.
    """

    window: Cells
    baseline: Cells
    ordered: bool


def compared_cells(kind: SensorKind, window: Counts, baseline: Counts) -> ComparedCells | None:
    """Return cells that each have at least `MIN_CELL` (11) rows on both sides; None if they cannot show a change.

    `window` and `baseline` have the same cells. Neighbouring cells of a number are pooled, and the rarest cells of
    other kinds. The result is None if a side has fewer than `2 * MIN_CELL` rows. If no two such cells exist, the most
    frequent cell of the window is compared with the rest, by `split_cells`. That result is never ordered.
    """
    if min(sum(window), sum(baseline)) < 2 * MIN_CELL:
        return None
    groups = list(_adjacent(window, baseline) if kind == "number" else _rarest(window, baseline))
    if len(groups) > 1:
        sums = [tuple(float(sum(side[cell] for cell in group)) for group in groups) for side in (window, baseline)]
        return ComparedCells(sums[0], sums[1], ordered=kind == "number")
    return split_cells(window, baseline, {max(range(len(window)), key=lambda cell: (window[cell], -cell))})


def split_cells(window: Counts, baseline: Counts, part: set[int]) -> ComparedCells | None:
    """Return two cells: the rows in `part`, a set of places of cells, and all other rows.

    A cell below `MIN_CELL` (11) rows counts as the share of the other side, up to `MIN_CELL - 1` rows. So the effect is
    at most the true one, and does not show the exact size of a small cell. The result is None if a side has fewer than
    `2 * MIN_CELL` rows. The result is also None if one of the two cells is small on both sides.
    """
    totals = sum(window), sum(baseline)
    inside = sum(window[cell] for cell in part), sum(baseline[cell] for cell in part)
    outside = totals[0] - inside[0], totals[1] - inside[1]
    if min(totals) < 2 * MIN_CELL or max(inside) < MIN_CELL or max(outside) < MIN_CELL:
        return None
    first = _shown(inside[0], totals[0], inside[1] / totals[1])
    second = _shown(inside[1], totals[1], inside[0] / totals[0])
    return ComparedCells((first, totals[0] - first), (second, totals[1] - second), ordered=False)


def _shown(part: int, total: int, other_share: float) -> float:
    """Return a part, or its value nearest to the other side's share that is possible for a small one."""
    if part < MIN_CELL:
        return min(MIN_CELL - 1.0, other_share * total)
    if total - part < MIN_CELL:
        return total - min(MIN_CELL - 1.0, (1 - other_share) * total)
    return float(part)


def _adjacent(window: Counts, baseline: Counts) -> Iterator[list[int]]:
    """Yield runs of neighbouring cells; the last run takes the rest."""
    runs: list[list[int]] = [[]]
    for cell in range(len(window)):
        if _is_enough(runs[-1], window, baseline):
            runs.append([])
        runs[-1].append(cell)
    if len(runs) > 1 and not _is_enough(runs[-1], window, baseline):
        rest = runs.pop()
        runs[-1] += rest
    yield from runs


def _rarest(window: Counts, baseline: Counts) -> Iterator[list[int]]:
    """Yield each frequent level, and the rare ones together, with the least frequent of the others if need be."""
    ranked = sorted(range(len(window)), key=lambda cell: (min(window[cell], baseline[cell]), cell))
    pooled: list[int] = []
    while ranked and not (_is_enough(ranked[:1], window, baseline) and _is_enough(pooled or ranked, window, baseline)):
        pooled.append(ranked.pop(0))
    yield from ([cell] for cell in sorted(ranked))
    if pooled:
        yield pooled


def _is_enough(cells: Sequence[int], *sides: Counts) -> bool:
    return all(sum(side[cell] for cell in cells) >= MIN_CELL for side in sides)
