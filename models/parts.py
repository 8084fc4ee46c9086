"""Engines as files of a package, before calibration."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from sklearn.ensemble import IsolationForest

from models.training import Floats
from vigil.prediction.engines.statistics import Domain, EntropyTest, RateTest, StatisticsParameters
from vigil.prediction.engines.votes import FILE_EXTENSIONS, EngineKind, EngineSpec
from vigil.prediction.features.feature_spec import FeatureSpec

MAX_DISTANCES = 1000
"""Maximum rows for the calibration of the conformal gate, so that p-values have a resolution of one in a thousand."""
RIDGE = 0.1
"""Ridge added to the diagonal of the correlation matrix, so that nearly equal features do not inflate the distance."""


@dataclass(frozen=True, slots=True)
class EnginePart:
    """One engine of a future package; `features` None means all features."""

    name: str
    kind: EngineKind
    content: bytes
    features: tuple[str, ...] | None = None
    specialist: bool = False

    @property
    def spec(self) -> EngineSpec:
        """Specification of the engine, without calibration."""
        return EngineSpec(
            self.name, self.kind, f"{self.name}.{FILE_EXTENSIONS[self.kind]}", self.features, specialist=self.specialist
        )


def boosted(
    name: str, booster: lightgbm.Booster, features: tuple[str, ...] | None = None, *, specialist: bool = False
) -> EnginePart:
    """Return a LightGBM engine."""
    return EnginePart(name, "lightgbm", booster.model_to_string().encode(), features, specialist)


def rules(name: str, book: Sequence[Mapping[str, Any]], features: tuple[str, ...] | None = None) -> EnginePart:
    """Return a rules engine; see `vigil.prediction.engines.rules` for the language."""
    return EnginePart(name, "rules", _json({"rules": list(book)}), features)


def forest(
    name: str,
    rows: Floats,
    specs: Sequence[FeatureSpec],
    seed: int,
    *,
    features: tuple[str, ...] | None = None,
    trees: int = 64,
    samples: int = 256,
) -> EnginePart:
    """Fit an isolation forest to rows of the complete schema, NaN where missing; the same seed gives the same bytes."""
    seen = feature_positions(specs, features)
    model = IsolationForest(n_estimators=trees, max_samples=min(samples, len(rows)), random_state=seed)
    model.fit(rows[:, seen])
    names = tuple(specs[place].name for place in seen)
    return EnginePart(name, "isolation_forest", export_forest(model, names), features)


def export_forest(model: IsolationForest, names: tuple[str, ...]) -> bytes:
    """Return a fitted forest as JSON: all trees in one sequence of nodes; children are positions in that sequence."""
    nodes: dict[str, list[Any]] = {
        key: [] for key in ("feature", "threshold", "left", "right", "missing_left", "length")
    }
    roots = []
    for estimator, seen in zip(model.estimators_, model.estimators_features_, strict=True):
        tree, start = estimator.tree_, len(nodes["feature"])
        roots.append(start)
        leaf = tree.children_left < 0
        rest = np.array([path_length(float(n)) for n in tree.n_node_samples])
        nodes["feature"] += np.where(leaf, -1, np.asarray(seen)[np.maximum(tree.feature, 0)]).tolist()
        nodes["threshold"] += np.where(leaf, 0.0, tree.threshold).tolist()
        nodes["left"] += np.where(leaf, -1, tree.children_left + start).tolist()
        nodes["right"] += np.where(leaf, -1, tree.children_right + start).tolist()
        nodes["missing_left"] += (tree.missing_go_to_left.astype(bool) & ~leaf).tolist()
        nodes["length"] += np.where(leaf, _depths(tree) + rest, 0.0).tolist()
    return _json({"features": names, "roots": roots, "normal": path_length(float(model.max_samples_)), **nodes})


def path_length(rows: float) -> float:
    """Return the average path length of an unsuccessful search in a tree of `rows` rows (Liu et al., 2008, eq. 1)."""
    if rows <= 2:
        return float(rows == 2)
    return float(2 * (np.log(rows - 1) + np.euler_gamma) - 2 * (rows - 1) / rows)


def _depths(tree: Any) -> Floats:
    """Return the number of splits above each node; children come after their parents."""
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    return depth


@dataclass(frozen=True, slots=True)
class StatisticsTests:
    """Optional tests of a statistics engine; `votes` is true if the distance itself votes."""

    entropy: tuple[EntropyTest, ...] = ()
    rates: tuple[RateTest, ...] = ()
    votes: bool = True


def statistics(
    name: str,
    fitted: Floats,
    held_out: Floats,
    specs: Sequence[FeatureSpec],
    *,
    gate: float,
    features: tuple[str, ...] | None = None,
    tests: StatisticsTests | None = None,
) -> EnginePart:
    """Return a statistics engine: the domain of the fitted rows, with a gate calibrated on held-out rows.

    `features` are the features of the distance, by default all numbers of the schema; features without spread are left
    out. The engine receives the complete schema, because tests may use other features.
    """
    wanted = [i for i in feature_positions(specs, features) if specs[i].type in {"number", "integer"}]
    center, scale = _middle(fitted[:, wanted])
    kept = [i for i, spread in enumerate(scale) if spread > 0]
    seen = [wanted[i] for i in kept]
    center, scale = center[kept], scale[kept]
    whitening = np.linalg.inv(np.linalg.cholesky(_covariance(_z(fitted[:, seen], center, scale))))
    z = _z(held_out[:, seen], center, scale)
    distances = np.sort(np.sqrt(((z @ whitening.T) ** 2).sum(axis=1)))
    if len(distances) > MAX_DISTANCES:
        drawn = np.random.default_rng(0).choice(len(distances), MAX_DISTANCES, replace=False)
        distances = np.sort(distances[drawn])
    domain = Domain(
        features=tuple(specs[i].name for i in seen),
        center=tuple(center.tolist()),
        scale=tuple(scale.tolist()),
        whitening=tuple(tuple(row[: i + 1]) for i, row in enumerate(whitening.tolist())),
        distances=tuple(distances.tolist()),
        gate=gate,
    )
    tests = tests or StatisticsTests()
    parameters = StatisticsParameters(domain=domain, entropy=tests.entropy, rates=tests.rates, votes=tests.votes)
    return EnginePart(name, "statistics", _json(parameters.model_dump(mode="json", exclude_defaults=True)))


def feature_positions(specs: Sequence[FeatureSpec], features: tuple[str, ...] | None) -> list[int]:
    """Return the positions of features in the schema."""
    places = {spec.name: place for place, spec in enumerate(specs)}
    return list(places.values()) if features is None else [places[name] for name in features]


def typical_values(rows: Floats, specs: Sequence[FeatureSpec]) -> dict[str, tuple[float, ...]]:
    """Return typical values of each feature that may be missing: its quartiles, or all values that occurred in
    training.
    """
    found = {}
    for spec, column in zip(specs, rows.T, strict=True):
        known = column[~np.isnan(column)]
        if spec.missing == "refuse" or not len(known):
            continue
        discrete = spec.type in {"category", "boolean"}
        values = np.unique(known) if discrete else np.quantile(known, [0.25, 0.5, 0.75], method="nearest")
        found[spec.name] = tuple(values.tolist())
    return found


def _middle(rows: Floats) -> tuple[Floats, Floats]:
    """Return medians and scales: the scaled median deviation, or the standard deviation if that is zero."""
    center = np.nanmedian(rows, axis=0)
    scale = 1.4826 * np.nanmedian(np.abs(rows - center), axis=0)
    return center, np.where(scale > 0, scale, np.nanstd(rows, axis=0))


def _z(rows: Floats, center: Floats, scale: Floats) -> Floats:
    return np.nan_to_num(np.arcsinh((rows - center) / scale))


def _covariance(z: Floats) -> Floats:
    return np.atleast_2d(np.cov(z, rowvar=False)) + RIDGE * np.eye(z.shape[1])


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
