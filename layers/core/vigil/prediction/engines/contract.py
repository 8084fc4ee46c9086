"""The contract of a model: features, label, engines, ensemble, bands, and the files of its package."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.ensemble import Abstention, Band, Ensemble, band_index
from vigil.prediction.engines.votes import FILE_EXTENSIONS, EngineSpec
from vigil.prediction.features.feature_spec import FeatureSpec

MODEL_NAME_PATTERN = re.compile(r"[a-z][a-z0-9_-]{0,63}")
"""What a model may be called: it becomes part of object keys, table keys and paths."""


FILE_LIMITS: Mapping[str, int] = {
    "manifest.json": 1 << 20,
    "manifest.sig": 1 << 12,
    "golden.json": 8 << 20,
    "card.md": 1 << 18,
}
"""The files that every package has, and the most bytes that each may have; `file_limit` knows those of engines too."""


_ENGINE_FILE = re.compile(r"[a-z][a-z0-9_]{0,31}\.(?P<format>txt|json|walk)")


_ENGINE_LIMITS = {"txt": 64 << 20, "json": 16 << 20, "walk": 64 << 20}


def file_limit(file: str) -> int:
    """Return the most bytes that a file of a package may have; raise KeyError for a name that no package may have."""
    if file in FILE_LIMITS:
        return FILE_LIMITS[file]
    if match := _ENGINE_FILE.fullmatch(file):
        return _ENGINE_LIMITS[match["format"]]
    raise KeyError(file)


@dataclass(frozen=True, slots=True)
class Label:
    """What the model predicts, signed with it: a definition in words and the parameters that make it exact."""

    name: str
    definition: str
    version: int
    horizon_days: int | None = None
    grace_days: int | None = None


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Where the training rows came from, how many they were, and the SHA-256 of their canonical bytes."""

    description: str
    simulated: bool
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelContract:
    """All that a model promises to its callers: the part of the manifest that a recipe writes."""

    name: str
    features: tuple[FeatureSpec, ...]
    label: Label
    engines: tuple[EngineSpec, ...]
    ensemble: Ensemble
    bands: tuple[Band, ...]
    training: TrainingData
    metrics: Mapping[str, float]
    abstention: Abstention | None = None
    """None: no threshold is certified, and every answer says so."""
    typical: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Encoded values that a feature is likely to have: what a missing fact may turn out to be."""
    history: str | None = None
    """The feature set (`vigil.features`) that turns a history into `features`, e.g. `art-visits/1`."""
    calibration_bound: float = 0.1
    """The most that the metric `calibration_error` may be for the model to decide about anyone."""

    def __post_init__(self) -> None:
        if not MODEL_NAME_PATTERN.fullmatch(self.name):
            raise ValueError(f"name must match {MODEL_NAME_PATTERN.pattern}")
        if not self.bands or self.bands[0].lower != 0 or any(a.lower >= b.lower for a, b in pairwise(self.bands)):
            raise ValueError("bands must start at 0 and rise")
        names = [f.name for f in self.features]
        if not names or len(set(names)) != len(names):
            raise ValueError("features must be non-empty and have distinct names")
        self._check_engines(set(names))

    def _check_engines(self, features: set[str]) -> None:
        names, files = [e.name for e in self.engines], [e.file for e in self.engines]
        if not names or len(set(names)) != len(names) or len(set(files)) != len(files):
            raise ValueError("engines must be there and have distinct names and files")
        for engine in self.engines:
            named = _ENGINE_FILE.fullmatch(engine.file)
            if (
                not named
                or engine.file in FILE_LIMITS
                or engine.file != f"{engine.name}.{FILE_EXTENSIONS[engine.kind]}"
            ):
                raise ValueError(
                    f"an engine's name must fit a file name, its file be <name>.{FILE_EXTENSIONS[engine.kind]}"
                )
            if not set(engine.features or ()) <= features or engine.features == ():
                raise ValueError("an engine may see only features of the schema")
        if not {*self.ensemble.weights, *self.ensemble.abstain} <= set(names):
            raise ValueError("weights are of engines of the package")

    def encode(self, features: Mapping[str, object]) -> tuple[float, ...]:
        """Return the row that the engine sees, in schema order; raise InvalidInput naming every broken field."""
        known = {f.name for f in self.features}
        errors = [
            FieldError(f"features.{name[:64]}", "is not a feature of this model", "a feature of the model's schema")
            for name in features
            if name not in known
        ]
        row = []
        for spec in self.features:
            value = features.get(spec.name)
            if type(value) is float and spec.accepts_as_is(value):  # nearly every value of nearly every request
                row.append(value)
                continue
            try:
                row.append(spec.encode(value))
            except InvalidInput as error:
                errors.extend(error.errors)
        if errors:
            raise InvalidInput(*errors)
        return tuple(row)

    def decode(self, row: Sequence[float]) -> dict[str, FeatureValue]:
        """Return the named values of a row: the inverse of `encode`."""
        return {
            spec.name: number if spec.type == "number" and number == number else spec.decode(number)  # noqa: PLR0124 - NaN is not itself
            for spec, number in zip(self.features, row, strict=True)
        }

    def band_for(self, probability: float) -> Band:
        """Return the highest band whose lower edge the probability reaches."""
        return self.bands[band_index(self.bands, probability)]

    def is_high_risk(self, band: str) -> bool:
        """Say whether someone must be told of a decision in that band."""
        marked = {b.name for b in self.bands if b.high_risk}
        return band in (marked or {self.bands[-1].name})

    def engine_features(self, engine: EngineSpec) -> tuple[FeatureSpec, ...]:
        """Return the features that an engine sees, in the order in which it sees them."""
        if engine.features is None:
            return self.features
        known = {f.name: f for f in self.features}
        return tuple(known[name] for name in engine.features)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The contributions of one engine's features to its raw score, and the base value that they start from."""

    engine: str
    features: tuple[FeatureSpec, ...]
    row: tuple[float, ...]
    contributions: tuple[float, ...]
    base: float
