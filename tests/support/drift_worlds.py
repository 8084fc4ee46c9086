"""Simulated worlds of profiles: thirty numbers and ten categories with missing values, and a planted change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vigil.monitoring.drift.layout_model import Layout
from vigil.monitoring.drift.model import DriftJudge
from vigil.monitoring.drift.rules_model import DriftRules
from vigil.monitoring.drift.state_model import DriftState
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.profiles.model import SCORE_BINS, SCORE_EDGES, FeatureCounts, Profile, ScoreCounts
from vigil.prediction.packages.reference_model import FeatureReference

NUMBERS, CATEGORIES = 30, 10
LEVELS = (0.4, 0.25, 0.2, 0.1, 0.05)
EDGES = tuple(float(edge) for edge in np.round(np.array([-1.2816, -0.8416, -0.5244, -0.2533, 0]), 4))
EDGES = (*EDGES, *(-edge for edge in reversed(EDGES[:-1])))
"""Deciles of the standard normal distribution."""
MISSING = 0.05
BANDS, REASONS, ENGINES = ("high", "low"), ("missing", "out_of_domain"), ("forest",)
FIRST_DAY = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Planted:
    """Change from a day on: mean of the first features in standard deviations, or their share of missing values."""

    kind: Literal["shift", "missing"]
    size: float
    day: int
    features: int = 1


@dataclass(frozen=True, slots=True)
class World:
    """Independent rows, `rows` a day. With `sites`, a quarter of 24 sites reports each day, with means of their own."""

    rows: int
    seed: int
    days: int
    planted: Planted | None = None
    edge: float = 0.0
    edge_day: int = 0
    sites: int = 0

    def profiles(self) -> Iterator[Profile]:
        """Yield the profiles of all days."""
        rng = np.random.default_rng(self.seed)
        sites = rng.normal(0, 0.4, (self.sites, NUMBERS)) if self.sites else None
        for day in range(self.days):
            yield self._profile(rng, day, sites)

    def _profile(self, rng: np.random.Generator, day: int, sites: NDArray[Any] | None) -> Profile:
        values = rng.standard_normal((self.rows, NUMBERS))
        if sites is not None:
            reporting = rng.choice(self.sites, self.sites // 4, replace=False)
            values = (values + sites[rng.choice(reporting, self.rows)]) / np.sqrt(1.16)
        values += self.edge * (day >= self.edge_day)
        levels = np.searchsorted(np.cumsum(LEVELS)[:-1], rng.random((self.rows, CATEGORIES)), side="right")
        missing = rng.random((self.rows, NUMBERS + CATEGORIES))
        shares = np.full(NUMBERS + CATEGORIES, MISSING)
        if self.planted and day >= self.planted.day:
            if self.planted.kind == "shift":
                values[:, : self.planted.features] += self.planted.size
            else:
                shares[: self.planted.features] = self.planted.size
        bins = np.searchsorted(EDGES, values, side="right")
        return _profile(day, np.hstack([bins, levels]), missing < shares, rng)


def layout() -> Layout:
    """Return the layout of a package without reference: the bins of the world, with counts of 0."""
    numbers = [FeatureReference(f"number{i}", "input", EDGES, (0,) * 10, 0) for i in range(NUMBERS)]
    levels = [FeatureReference(f"level{i}", "input", (), (0,) * len(LEVELS), 0) for i in range(CATEGORIES)]
    return Layout((*numbers, *levels), BANDS, ("act", "wait"), REASONS, ENGINES)


def judge(rules: DriftRules | None = None) -> DriftJudge:
    """Return the judge of the world."""
    return DriftJudge(1, "single", layout(), rules or DriftRules())


def watch(own: DriftJudge, world: World, *, dispersion: bool = True) -> tuple[DriftState, list[Finding], int]:
    """Return the last state, the findings, and the place of the first day after the baseline.

    Without `dispersion`, a planted bug lets each sensor have dispersion 1.
    """
    state, findings, settled = own.start(), list[Finding](), 0
    for day, profile in enumerate(world.profiles()):
        was_settling = state.settling
        state, found = own.advance(state, profile)
        findings += found
        if was_settling and not state.settling:
            settled = day + 1
            if not dispersion:
                state = replace(state, sensors=tuple(replace(each, dispersion=1.0) for each in state.sensors))
    return state, findings, settled


def day_number(finding: Finding) -> int:
    """Return the place of the day of a finding."""
    return (date.fromisoformat(finding.day) - FIRST_DAY).days


def _profile(day: int, cells: NDArray[Any], missing: NDArray[Any], rng: np.random.Generator) -> Profile:
    rows = len(cells)
    features = []
    for feature in range(NUMBERS + CATEGORIES):
        kept = cells[~missing[:, feature], feature]
        counts = np.bincount(kept, minlength=10 if feature < NUMBERS else len(LEVELS)).tolist()
        features.append(FeatureCounts(tuple(counts), rows - len(kept)))
    scores = np.bincount(np.searchsorted(SCORE_EDGES, rng.normal(-2, 1, rows), side="right"), minlength=SCORE_BINS)
    empty = (0,) * SCORE_BINS
    high, reasons, engine = rng.binomial(rows, 0.1), rng.binomial(rows, [0.03, 0.02]), rng.binomial(rows, 0.01)
    masks, times = np.unique(missing @ (1 << np.arange(NUMBERS + CATEGORIES, dtype=np.int64)), return_counts=True)
    frequent = np.argsort(-times, kind="stable")[:16]
    return Profile(
        day=(FIRST_DAY + timedelta(days=day)).isoformat(),
        source="single",
        rows=rows,
        counted=rows,
        features=tuple(features),
        scores=ScoreCounts(tuple(scores.tolist()), empty, empty),
        bands={"high": int(high), "low": rows - int(high)},
        decisions={"act": int(high), "wait": rows - int(high)},
        abstention_reasons=dict(zip(REASONS, reasons.tolist(), strict=True)),
        degraded_engines={"forest": int(engine)},
        missing_patterns={int(masks[i]): int(times[i]) for i in frequent if masks[i]},
    )
