"""Profiles of the simulated cohort of `iit` in time order, and a reference with natural wobble from earlier rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.iit.dataset import FEATURES, encode, index_contacts, split_of
from models.iit.presets import EPOCH, SOUTH_AFRICA_LIKE
from models.iit.records import history
from models.iit.simulator import Cohort, simulate
from vigil.monitoring.drift.bets_model import normal_scores, shares
from vigil.monitoring.drift.layout_model import Layout
from vigil.monitoring.profiles.model import SCORE_BINS, FeatureCounts, Profile, ScoreCounts
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.reference_model import FeatureReference, FeatureRole

Matrix = NDArray[Any]
PATIENTS = 10_000
START, CUTOFF, END = 731, 1461, 1690
"""Days: start of the training rows, start of production, and end of the simulation."""
SUPPLY_DRIFT, ENROLMENT_END = 1642, 1606
MONTH = 28
ROLES: dict[str, FeatureRole] = {
    "appointment_month": "calendar",
    "appointment_weekday": "calendar",
    "visit_count": "trend",
    "months_on_art": "trend",
    "age_years": "trend",
}


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
    features = tuple(
        _reference(spec, column, trained.days) for spec, column in zip(FEATURES.specs, trained.rows.T, strict=True)
    )
    plain = tuple(replace(each, mean_wobble=0.0, missing_wobble=0.0) for each in features)
    return Layout(features if wobble else plain)


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


def _reference(spec: FeatureSpec, column: Matrix, days: Matrix) -> FeatureReference:
    known = column[~np.isnan(column)]
    is_number = spec.type in {"number", "integer"}
    deciles: Any = np.quantile(known, np.arange(1, 10) / 10, method="higher") if is_number and len(known) else []
    edges = tuple(float(edge) for edge in np.unique(deciles) if edge > known.min())
    cells = len(edges) + 1 if is_number else len(spec.categories) or 2
    feature = FeatureReference(spec.name, ROLES.get(spec.name, "input"), edges, (0,) * cells, 0)
    counts = _counts(column, feature)
    scored = normal_scores(shares(counts.counts)) if is_number else None
    return replace(
        feature,
        counts=counts.counts,
        missing=counts.missing,
        mean_wobble=_mean_wobble(_cells(column, feature), days[~np.isnan(column)], scored, cells),
        missing_wobble=_missing_wobble(np.isnan(column), days),
    )


def _mean_wobble(cells: Matrix, days: Matrix, scores: Sequence[float] | None, count: int) -> float:
    """Return the deviation of monthly means in standard deviations; the largest one of a category's levels."""
    if scores is not None:
        return _wobble(np.array(scores)[cells], days)
    return max(_wobble((cells == level).astype(float), days) for level in range(count))


def _wobble(values: Matrix, days: Matrix) -> float:
    if len(values) < 2 or not values.std():
        return 0.0
    months = [values[days // MONTH == month] for month in np.unique(days // MONTH)]
    large = [month for month in months if len(month) >= MONTH]
    if len(large) < 3:
        return 0.0
    between = np.var([month.mean() for month in large], ddof=1) - np.mean(
        [values.var() / len(month) for month in large]
    )
    return float(np.sqrt(max(between, 0)) / values.std())


def _missing_wobble(missing: Matrix, days: Matrix) -> float:
    share = missing.mean()
    if not 0 < share < 1:
        return 0.0
    deviation = _wobble(missing.astype(float), days) * np.sqrt(share * (1 - share))
    return float(deviation / (share * (1 - share)))


def _cells(column: Matrix, feature: FeatureReference) -> Matrix:
    known = column[~np.isnan(column)]
    if len(feature.counts) == 1:
        return np.zeros(len(known), int)
    return np.searchsorted(feature.edges, known, side="right") if feature.edges else known.astype(int)


def _counts(column: Matrix, feature: FeatureReference) -> FeatureCounts:
    cells = _cells(column, feature)
    return FeatureCounts(tuple(np.bincount(cells, minlength=len(feature.counts)).tolist()), len(column) - len(cells))


def _patterns(missing: Matrix) -> dict[int, int]:
    masks = [sum(1 << int(feature) for feature in np.flatnonzero(row)) for row in missing]
    counted = sorted(((masks.count(mask), mask) for mask in set(masks) - {0}), key=lambda pair: (-pair[0], pair[1]))
    return {mask: rows for rows, mask in counted[:16]}
