"""The reference of a package from held-out rows: distributions without small cells, and the natural wobble of features.

Edges of numbers are deciles of training rows, and the wobble comes from the last two years of them. All counts are of
held-out rows, one of each subject.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from models.assembly import Sample
from models.evaluation import judge
from models.group_figures import group_references
from models.training import Floats, Ints
from models.wobble import mean_wobble, missing_wobble
from vigil.monitoring.profiles.model import SCORE_EDGES
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.reference_model import (
    MAX_BINS,
    MIN_CELL,
    FeatureReference,
    FeatureRole,
    Reference,
    ScoreReference,
)

_NUMBERS = frozenset({"number", "integer"})
_SMALLEST_CHANCE = 1e-9


@dataclass(frozen=True, slots=True)
class DatedRows:
    """Encoded training rows (rows x features), and the day number of each row.

    Day numbers count from any one day. `days` is None if the rows have no dates.
    """

    rows: Floats
    days: Ints | None = None


@dataclass(frozen=True, slots=True)
class HeldOutRows:
    """Encoded rows (rows x features) that no training has used, one of each subject, with their labels (0 or 1).

    `groups` has the value of each row by attribute that callers give. `days` has the day number of each row, counted
    from `epoch`; None if the rows have no dates.
    """

    rows: Floats
    labels: Ints
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    days: Ints | None = None
    epoch: date = date(1970, 1, 1)

    @staticmethod
    def join(*samples: Sample) -> "HeldOutRows":
        """Return the rows and labels of at least one sample, in their order, without groups and dates."""
        return HeldOutRows(
            np.concatenate([sample.rows for sample in samples]), np.concatenate([sample.labels for sample in samples])
        )

    @property
    def period(self) -> tuple[str, str] | tuple[None, None]:
        """First and last day of the rows (`2021-03-01`); both are None without dates."""
        if self.days is None:
            return None, None
        first, last = (self.epoch + timedelta(days=int(day)) for day in (self.days.min(), self.days.max()))
        return first.isoformat(), last.isoformat()


def make_reference(
    runner: EnsembleRunner, trained: DatedRows, held_out: HeldOutRows, roles: Mapping[str, FeatureRole] | None = None
) -> Reference:
    """Return the reference of an assembled model. `roles` are by feature; one without a role is an input.

    Raises KeyError if the groups of `held_out` lack an attribute that callers give.
    """
    contract = runner.contract
    judged = judge(runner, held_out.rows, held_out.labels)
    bands = [verdict.band for verdict in judged.verdicts]
    names = list(dict.fromkeys(bands))
    counted = _pool([bands.count(name) for name in names])
    start, end = held_out.period
    return Reference(
        rows=len(held_out.labels),
        subjects=len(held_out.labels),
        features=feature_references(contract.features, trained, held_out.rows, roles or {}),
        scores=_scores(judged.chance, held_out.labels),
        bands={name: rows for name, rows in sorted(zip(names, counted, strict=True)) if rows},
        groups=group_references(contract, held_out.rows, held_out.labels, held_out.groups, bands),
        start=start,
        end=end,
    )


def feature_references(
    specs: Sequence[FeatureSpec], trained: DatedRows, held_out: Floats, roles: Mapping[str, FeatureRole]
) -> tuple[FeatureReference, ...]:
    """Return the reference of each feature, in the order of `specs` and of the columns; the default role is `input`."""
    columns = zip(specs, trained.rows.T, held_out.T, strict=True)
    return tuple(
        _feature(spec, roles.get(spec.name, "input"), own, trained.days, counted) for spec, own, counted in columns
    )


def _feature(
    spec: FeatureSpec, role: FeatureRole, trained: Floats, days: Ints | None, held_out: Floats
) -> FeatureReference:
    is_number = spec.type in _NUMBERS
    edges = _edges(trained, held_out) if is_number else ()
    cells = len(edges) + 1 if is_number else len(spec.categories) or 2
    known = held_out[~np.isnan(held_out)]
    counts = np.bincount(find_cells(known, edges, cells), minlength=cells).tolist()
    *pooled, missing = _pool([*counts, len(held_out) - len(known)])
    feature = FeatureReference(spec.name, role, edges, tuple(pooled), missing)
    if days is None:
        return feature
    present = ~np.isnan(trained)
    placed = find_cells(trained[present], edges, cells)
    return replace(
        feature,
        mean_wobble=mean_wobble(placed, days[present], cells, is_ordered=is_number),
        missing_wobble=missing_wobble(~present, days),
    )


def find_cells(values: Floats, edges: Sequence[float], cells: int) -> Ints:
    """Return the cell of each encoded value, from 0 on: its bin, its level, or 0 with one cell.

    No value is NaN. A value at an edge is in the bin above it.
    """
    if edges or cells == 1:
        return np.searchsorted(edges, values, side="right").astype(np.int64)
    return values.astype(np.int64)


def _edges(trained: Floats, held_out: Floats) -> tuple[float, ...]:
    """Return the deciles of training rows, without those that would leave a bin of few held-out rows."""
    known, counted = trained[~np.isnan(trained)], held_out[~np.isnan(held_out)]
    if not len(known):
        return ()
    deciles = np.quantile(known, np.arange(1, MAX_BINS) / MAX_BINS, method="higher")
    edges = [edge for edge in np.unique(deciles).tolist() if edge > known.min()]
    counts = np.bincount(np.searchsorted(edges, counted, side="right"), minlength=len(edges) + 1)
    starts = _merge([counts])
    return tuple(edges[start - 1] for start in starts[1:])


def _scores(chance: Floats, labels: Ints) -> ScoreReference:
    bounded = chance.clip(_SMALLEST_CHANCE, 1 - _SMALLEST_CHANCE)
    places = np.searchsorted(SCORE_EDGES, np.log(bounded / (1 - bounded)), side="right")
    rows, events, expected = (np.bincount(places, weights, len(SCORE_EDGES) + 1) for weights in (None, labels, chance))
    if min(events.sum(), rows.sum() - events.sum()) < MIN_CELL:
        return ScoreReference((), (), (), ())
    starts = _merge([events, rows - events])
    return ScoreReference(
        edges=tuple(SCORE_EDGES[start - 1] for start in starts[1:]),
        rows=tuple(np.add.reduceat(rows, starts).astype(int).tolist()),
        events=tuple(np.add.reduceat(events, starts).astype(int).tolist()),
        expected=tuple(np.add.reduceat(expected, starts).round(6).tolist()),
    )


def _merge(columns: Sequence[NDArray[np.generic]]) -> list[int]:
    """Return the first bins of runs with at least `MIN_CELL` rows of each column; the last run takes the rest."""
    starts, sums = [0], np.zeros(len(columns))
    for place, counts in enumerate(zip(*columns, strict=True)):
        if sums.min() >= MIN_CELL:
            starts.append(place)
            sums = np.zeros(len(columns))
        sums = sums + np.array(counts, np.float64)
    if len(starts) > 1 and sums.min() < MIN_CELL:
        starts.pop()
    return starts


def _pool(cells: Sequence[int]) -> list[int]:
    """Return the rows by cell; the rows of small cells are counted in the largest one."""
    small = [place for place, rows in enumerate(cells) if rows < MIN_CELL]
    largest = max(range(len(cells)), key=lambda place: cells[place])
    pooled = [0 if place in small else rows for place, rows in enumerate(cells)]
    pooled[largest] = cells[largest] + sum(cells[place] for place in small if place != largest)
    return pooled
