"""Profiles of the simulated cohort of `iit` in time order, and a reference with natural wobble from earlier rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.iit.dataset import FEATURES, ROLES, encode, index_contacts, split_of
from models.iit.presets import EPOCH, SOUTH_AFRICA_LIKE
from models.iit.records import history
from models.iit.simulator import Cohort, simulate
from models.reference import DatedRows, feature_references, find_cells
from vigil.monitoring.drift.layout_model import Layout
from vigil.monitoring.profiles.model import SCORE_BINS, FeatureCounts, Profile, ScoreCounts
from vigil.prediction.packages.reference_model import FeatureReference

Matrix = NDArray[Any]
PATIENTS = 10_000
START, CUTOFF, END = 731, 1461, 1690
"""Days: start of the training rows, start of production, and end of the simulation."""
SUPPLY_DRIFT, ENROLMENT_END = 1642, 1606
MONTH = 28


@dataclass(frozen=True, slots=True)
class Stream:
    """Encoded rows with the day of their decision, in no particular order."""

    rows: Matrix
    days: Matrix


def training_rows(seed: int) -> Stream:
    """Return the rows of the training patients in the two years before production."""
    return _stream(simulate(seed, PATIENTS, SOUTH_AFRICA_LIKE), "train", {"train"}, (START, CUTOFF))


def production_rows(seed: int) -> Stream:
    """Return the rows of all other patients from the start of production on: about 30 a day."""
    cohort = simulate(seed, PATIENTS, SOUTH_AFRICA_LIKE)
    return _stream(cohort, "test", {"calibration", "test"}, (CUTOFF, END))


def reference(trained: Stream, *, wobble: bool = True) -> Layout:
    """Return the layout with the reference of the training rows; each wobble is 0 without `wobble`."""
    rows = DatedRows(trained.rows, trained.days if wobble else None)
    return Layout(feature_references(FEATURES.specs, rows, trained.rows, ROLES))


def profiles(stream: Stream, layout: Layout) -> Iterator[Profile]:
    """Yield the profiles of all days with rows. Scores and bands are not counted."""
    empty = (0,) * SCORE_BINS
    for day in np.unique(stream.days):
        rows = stream.rows[stream.days == day]
        missing = np.isnan(rows)
        yield Profile(
            day=(EPOCH + timedelta(days=int(day))).isoformat(),
            source="single",
            rows=len(rows),
            counted=len(rows),
            features=tuple(_counts(column, feature) for column, feature in zip(rows.T, layout.features, strict=True)),
            scores=ScoreCounts(empty, empty, empty),
            bands={},
            decisions={},
            missing_patterns=_patterns(missing),
        )


def _stream(cohort: Cohort, split: Literal["train", "test"], own: set[str], days: tuple[int, int]) -> Stream:
    rows, found = [], []
    for patient in [p for p in range(len(cohort.people)) if split_of(p) in own]:
        visits = cohort.visits.day[cohort.starts[patient] : cohort.starts[patient + 1]]
        if not np.any((visits >= days[0] - MONTH) & (visits < days[1])):
            continue
        record = history(cohort, patient)
        for index in index_contacts(cohort, patient, record, split):
            day = (index.as_of.date() - EPOCH).days
            if days[0] <= day < days[1]:
                rows.append(encode(FEATURES.extract(record, index.as_of)))
                found.append(day)
    return Stream(np.array(rows, np.float64), np.array(found, np.int64))


def _counts(column: Matrix, feature: FeatureReference) -> FeatureCounts:
    cells = find_cells(column[~np.isnan(column)], feature.edges, len(feature.counts))
    return FeatureCounts(tuple(np.bincount(cells, minlength=len(feature.counts)).tolist()), len(column) - len(cells))


def _patterns(missing: Matrix) -> dict[int, int]:
    masks = [sum(1 << int(feature) for feature in np.flatnonzero(row)) for row in missing]
    counted = sorted(((masks.count(mask), mask) for mask in set(masks) - {0}), key=lambda pair: (-pair[0], pair[1]))
    return {mask: rows for rows, mask in counted[:16]}
