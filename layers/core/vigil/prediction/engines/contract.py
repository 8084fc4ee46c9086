"""The contract of a model: features, label, engines, ensemble, bands and training data."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from vigil.kernel.rows import MODEL_NAME, MODEL_NAME_RULE, FeatureValue
from vigil.prediction.engines.ensemble import Abstention, Band, Ensemble, band_index
from vigil.prediction.engines.file_limits import ENGINE_FILE_PATTERN, FILE_LIMITS
from vigil.prediction.engines.group_attributes import GroupAttribute, check_groups
from vigil.prediction.engines.row_encoder import RowEncoder
from vigil.prediction.engines.votes import FILE_EXTENSIONS, EngineSpec
from vigil.prediction.features.feature_spec import FeatureSpec

MAX_DUE_DAYS = 3_660
"""Maximum days from a decision to its final label: ten years."""
is_model_name = re.compile(MODEL_NAME).fullmatch
"""Match an allowed name of a model."""


@dataclass(frozen=True, slots=True)
class Label:
    """The event that the model predicts: a definition in words and its exact parameters; signed with the model.

    A label is final after the horizon, the grace days and the settling days. `due_feature` names a feature with the
    horizon in days of each decision, such as the days to the next appointment; it replaces `horizon_days`.
    """

    name: str
    definition: str
    version: int
    horizon_days: int | None = None
    grace_days: int | None = None
    due_feature: str | None = None
    settling_days: int | None = None

    def due_at(self, as_of: datetime, features: Mapping[str, object]) -> datetime | None:
        """Return the time at which the label of a decision is final; None if the horizon is unknown."""
        horizon = features.get(self.due_feature) if self.due_feature else self.horizon_days
        if not isinstance(horizon, int | float) or not math.isfinite(horizon):
            return None
        days = horizon + (self.grace_days or 0) + (self.settling_days or 0)
        return as_of + timedelta(days=min(max(days, 0), MAX_DUE_DAYS))


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Source of the training rows, their number, and the SHA-256 of their canonical bytes."""

    description: str
    simulated: bool
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelContract:
    """The part of the manifest that a recipe writes: everything that callers can rely on."""

    name: str
    features: tuple[FeatureSpec, ...]
    label: Label
    engines: tuple[EngineSpec, ...]
    ensemble: Ensemble
    bands: tuple[Band, ...]
    training: TrainingData
    metrics: Mapping[str, float]
    abstention: Abstention | None = None
    """Certified abstention rule; None if no threshold is certified, in which case every answer is marked."""
    typical: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Typical encoded values by feature: candidates for the value of a missing fact."""
    history: str | None = None
    """Name of the feature set that computes `features` from a history, e.g. `art-visits/2`; None if there is none."""
    calibration_bound: float = 0.1
    """Maximum of the metric `calibration_error` for the model to be promoted."""
    groups: tuple[GroupAttribute, ...] = ()
    """Attributes by which fairness is measured; none in packages of format 2."""
    intersections: tuple[tuple[str, ...], ...] = ()
    """Pairs of attributes that are judged together, such as sex and age."""

    def __post_init__(self) -> None:
        if not is_model_name(self.name):
            raise ValueError(f"the model's name must have only {MODEL_NAME_RULE}")
        if not self.bands or self.bands[0].lower != 0 or any(a.lower >= b.lower for a, b in pairwise(self.bands)):
            raise ValueError("the first band must start at 0 and the lower edges must rise")
        names = [f.name for f in self.features]
        if not names or len(set(names)) != len(names):
            raise ValueError("there must be at least one feature, and their names must differ")
        numeric = {f.name for f in self.features if f.type in ("number", "integer")}
        if self.label.due_feature is not None and self.label.due_feature not in numeric:
            raise ValueError("the label's due_feature must be a number or an integer among the features")
        check_groups(self.groups, self.intersections, numeric)
        self._check_engines(set(names))

    def _check_engines(self, features: set[str]) -> None:
        names, files = [e.name for e in self.engines], [e.file for e in self.engines]
        if not names or len(set(names)) != len(names) or len(set(files)) != len(files):
            raise ValueError("there must be at least one engine, and engines' names and files must differ")
        for engine in self.engines:
            named = ENGINE_FILE_PATTERN.fullmatch(engine.file)
            if (
                not named
                or engine.file in FILE_LIMITS
                or engine.file != f"{engine.name}.{FILE_EXTENSIONS[engine.kind]}"
            ):
                raise ValueError(
                    f"an engine's name must fit a file name, and its file must be <name>.{FILE_EXTENSIONS[engine.kind]}"
                )
            if not set(engine.features or ()) <= features or engine.features == ():
                raise ValueError("an engine's features must be features of the model, and not empty")
        if not {*self.ensemble.weights, *self.ensemble.abstain} <= set(names):
            raise ValueError("ensemble weights and abstention terms must name engines of the package")

    def encode(self, features: Mapping[str, object]) -> tuple[float, ...]:
        """Return the row that engines receive, in schema order; raise InvalidInput with every invalid field."""
        return RowEncoder(self.features).encode(features)

    def decode(self, row: Sequence[float]) -> dict[str, FeatureValue]:
        """Return the named values of a row; the inverse of `encode`."""
        return {
            spec.name: number if spec.type == "number" and number == number else spec.decode(number)  # noqa: PLR0124 - NaN is not itself
            for spec, number in zip(self.features, row, strict=True)
        }

    def band_for(self, probability: float) -> Band:
        """Return the highest band with a lower edge at or below the probability."""
        return self.bands[band_index(self.bands, probability)]

    def is_high_risk(self, band: str) -> bool:
        """True if a decision in this band must be reported as an event."""
        marked = {b.name for b in self.bands if b.high_risk}
        return band in (marked or {self.bands[-1].name})

    def engine_features(self, engine: EngineSpec) -> tuple[FeatureSpec, ...]:
        """Return the features that an engine receives, in the engine's order."""
        if engine.features is None:
            return self.features
        known = {f.name: f for f in self.features}
        return tuple(known[name] for name in engine.features)
