"""Fakes of the package ports with state, and a small model for them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.support.fakes.card import CARD
from tests.support.fakes.clock import Clock
from vigil.errors import Conflict, ModelRefused, Unavailable
from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import Label, ModelContract, TrainingData
from vigil.prediction.engines.ensemble import Band, Ensemble
from vigil.prediction.engines.votes import Calibration, EngineSpec, EngineVote, vote_for
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.ports import Pointer, PublishedVersion
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.verification import Release, build_package

NOW = Clock().now
KEY = SigningKey(bytes(range(32)))
OTHER_KEY = SigningKey(bytes(range(1, 33)))
KEYS = {KEY.key_id: KEY.public}


class LinearEngine:
    """Engine with a weighted sum as raw score; a missing value counts 0.5."""

    def __init__(
        self, weights: Sequence[float], base: float, calibration: Calibration | None = None, positive_from: float = 0.5
    ) -> None:
        self.weights, self.base = weights, base
        self.calibration, self.positive_from = calibration or Calibration(), positive_from

    def assess(self, row: Sequence[float]) -> EngineVote:
        raw = self.raw_score(row)
        probability = self.calibration.probability(raw)
        return EngineVote(vote_for(probability, self.positive_from), probability, raw=raw, version="linear")

    def raw_score(self, row: Sequence[float]) -> float:
        return self.base + sum(self._terms(row))

    def contributions(self, row: Sequence[float]) -> tuple[Sequence[float], float]:
        return tuple(self._terms(row)), self.base

    def raw_scores(self, rows: Any, count: int) -> Sequence[float]:
        flat, width = memoryview(rows).cast("B").cast("d"), len(self.weights)
        return [self.raw_score(flat[i * width : (i + 1) * width]) for i in range(count)]

    def _terms(self, row: Sequence[float]) -> list[float]:
        return [w * (0.5 if math.isnan(x) else x) for w, x in zip(self.weights, row, strict=True)]


@dataclass
class LinearEngines:
    """Engine factory that records every file it receives."""

    received_files: list[bytes] = field(default_factory=list)

    def __call__(self, spec: EngineSpec, content: bytes, of: ModelContract, table: bytes | None) -> LinearEngine:
        self.received_files += [content] if table is None else [content, table]
        document = json.loads(content)
        if document["features"] != [feature.name for feature in of.engine_features(spec)]:
            raise ModelRefused("schema_mismatch", "other features")
        return LinearEngine(document["weights"], document["base"], spec.calibration, of.ensemble.positive_from)


@dataclass
class MemoryPackages:
    """PackageStore in memory; `away` makes it unavailable."""

    objects: dict[tuple[str, int, str], bytes] = field(default_factory=dict)
    away: bool = False
    reads: int = 0

    def put(self, name: str, version: int, files: Mapping[str, bytes]) -> None:
        if any(self.objects.get((name, version, file), content) != content for file, content in files.items()):
            raise Conflict(f"{name} {version} exists with other bytes")
        self.objects.update({(name, version, file): content for file, content in files.items()})

    def get(self, name: str, version: int, file: str) -> bytes:
        self.reads += 1
        if self.away:
            raise Unavailable("the model registry cannot be reached")
        if (name, version, file) not in self.objects:
            raise ModelRefused("missing_file", f"{file} is not there")
        return self.objects[name, version, file]


@dataclass
class MemoryCatalogue:
    """Catalogue in memory; counts the reads of pointers."""

    moved: dict[tuple[str, str], Pointer] = field(default_factory=dict)
    recorded: dict[tuple[str, int], PublishedVersion] = field(default_factory=dict)
    away: bool = False
    pointer_reads: int = 0

    def pointers(self, name: str) -> Mapping[str, Pointer]:
        self.pointer_reads += 1
        if self.away:
            raise Unavailable("the model registry cannot be reached")
        return {alias: pointer for (of, alias), pointer in self.moved.items() if of == name}

    def move(self, expected: Pointer | None, new: Pointer) -> None:
        present = self.moved.get((new.name, new.alias))
        if (present and present.fence) != (expected and expected.fence):
            raise Conflict("another move came first")
        self.moved[new.name, new.alias] = new

    def model_names(self) -> Sequence[str]:
        if self.away:
            raise Unavailable("the model registry cannot be reached")
        return sorted(p.name for p in self.moved.values() if p.alias == "champion" and p.share is not None)

    def record(self, published: PublishedVersion) -> None:
        self.recorded[published.name, published.version] = published

    def published(self) -> Sequence[str]:
        return sorted({name for name, _ in self.recorded})

    def versions(self, name: str) -> Sequence[PublishedVersion]:
        return [published for key, published in sorted(self.recorded.items()) if key[0] == name]


@dataclass
class FixedBlocks:
    """PromotionBlocks with one reason by model."""

    reasons: dict[str, str] = field(default_factory=dict)

    def blocking(self, model: str) -> str | None:
        return self.reasons.get(model)


def contract(name: str = "toy", **changes: object) -> ModelContract:
    fields = {
        "name": name,
        "features": (
            FeatureSpec("age", "number", "age", "years", 0, 120, other_units={"months": 12}),
            FeatureSpec("visits", "integer", "visits", "", 0, 10, missing="refuse"),
            FeatureSpec("sex", "category", "sex", categories=("female", "male")),
            FeatureSpec("phone", "boolean", "phone"),
        ),
        "label": Label("missed", "no contact for 28 days", 1, grace_days=28),
        "engines": (EngineSpec("model", "lightgbm", "model.txt", None, Calibration(0.9, -0.1)),),
        "ensemble": Ensemble({"model": 1.0}, positive_from=0.5),
        "bands": (Band("low", 0, "none"), Band("high", 0.5, "call")),
        "training": TrainingData("made up", True, 10, "0" * 64),
        "metrics": {"auc": 0.7, "calibration_error": 0.05},
    }
    return ModelContract(**(fields | changes))  # type: ignore[arg-type]


def trained(name: str = "toy", base: float = -0.25, **changes: object) -> TrainedModel:
    of = contract(name, **changes)
    weights = [0.01, 0.3, -0.2, 0.1][: len(of.features)]
    text = json.dumps({"features": [f.name for f in of.features], "weights": weights, "base": base}).encode()
    golden: tuple[Mapping[str, FeatureValue], ...] = (
        {"age": 30.5, "visits": 2, "sex": "male", "phone": True},
        {"age": None, "visits": 9, "sex": None, "phone": None},
        {"age": 0, "visits": 0, "sex": "female", "phone": False},
    )
    return TrainedModel(of, {"model.txt": text}, golden, CARD)


def package(
    version: int = 1, model: TrainedModel | None = None, key: SigningKey = KEY, days: int = 365
) -> dict[str, bytes]:
    release = Release(version, NOW - timedelta(days=1), NOW + timedelta(days=days))
    return build_package(model or trained(), release, key, LinearEngines())


def resigned(files: Mapping[str, bytes], manifest: bytes, key: SigningKey = KEY) -> dict[str, bytes]:
    """Return the package with another manifest and a valid signature."""
    from vigil.prediction.packages.signing import sign

    return {**files, "manifest.json": manifest, "manifest.sig": sign(manifest, key)}
