"""The models to measure: a synthetic one of 200 trees x 40 features, and every package trained in this checkout."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lightgbm
import numpy as np
from pydantic import TypeAdapter

from vigil.engines.loading import load
from vigil.engines.model import Calibration, EngineSpec
from vigil.ensemble.model import Band, Ensemble
from vigil.registry.loaded import LoadedModel
from vigil.registry.model import FeatureSpec, Label, Manifest, ModelContract, TrainedModel, TrainingData
from vigil.registry.package import Expected, Release, Verifier, build
from vigil.registry.signing import SigningKey

PACKAGES = Path(__file__).parents[1] / ".vigil" / "packages"
ENGINE = EngineSpec("lgbm", "lightgbm", "lgbm.txt", calibration=Calibration())


@dataclass(frozen=True, slots=True)
class Subject:
    """A model in a package signed for this run, and distinct rows within its schema."""

    name: str
    contract: ModelContract
    folder: Path
    public_key: bytes
    key_id: str
    rows: list[tuple[float, ...]]

    @property
    def text(self) -> bytes:
        """The model in LightGBM's text format."""
        return (self.folder / ENGINE.file).read_bytes()

    def loaded(self) -> LoadedModel:
        """Return the model after every check that serving does."""
        files = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        return Verifier({self.key_id: self.public_key}, load).verify(files, Expected(now=datetime.now(UTC)))


def subjects(work: Path, rows: int) -> Iterator[Subject]:
    """Yield every model to measure, its package written under `work`."""
    yield _subject(work, *_synthetic(), rows)
    for package in sorted(PACKAGES.glob("*")):
        latest = max(package.glob("*/manifest.json")).parent
        contract = TypeAdapter(Manifest).validate_json((latest / "manifest.json").read_bytes()).contract
        for engine in contract.engines:
            if engine.kind == "lightgbm":
                alone = _contract(f"{contract.name}-{engine.name}", contract.columns(engine))
                yield _subject(work, alone, (latest / engine.file).read_bytes(), rows)


def _subject(work: Path, contract: ModelContract, text: bytes, count: int) -> Subject:
    draws = random.Random(7)  # noqa: S311 - rows to score, not secrets
    rows = [draw_row(contract, draws) for _ in range(count)]
    golden = tuple(contract.decode(row) for row in rows[:32])
    key = SigningKey(draws.randbytes(32))
    now = datetime.now(UTC)
    files = build(
        TrainedModel(contract, {ENGINE.file: text}, golden, "# Measured"),
        Release(1, now, now + timedelta(days=1)),
        key,
        load,
    )
    (folder := work / contract.name).mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Subject(contract.name, contract, folder, key.public, key.key_id, rows)


def draw_row(contract: ModelContract, draws: random.Random) -> tuple[float, ...]:
    """Return one row within the schema, one value in ten missing where it may be."""
    return tuple(_draw(spec, draws) for spec in contract.features)


def _draw(spec: FeatureSpec, draws: random.Random) -> float:
    if spec.missing == "allow" and draws.random() < 0.1:
        return float("nan")
    if spec.type == "category":
        return float(draws.randrange(len(spec.categories)))
    if spec.type == "boolean":
        return float(draws.random() < 0.5)
    low = -5.0 if spec.minimum is None else spec.minimum
    high = low + 10.0 if spec.maximum is None else spec.maximum
    return float(draws.randint(int(low), int(high))) if spec.type == "integer" else draws.uniform(low, high)


def _synthetic() -> tuple[ModelContract, bytes]:
    """Return 200 trees of 31 leaves over 40 numeric features, one row in ten missing each."""
    source = np.random.default_rng(1)
    rows = source.uniform(-5, 5, size=(8_000, 40))
    odds = rows[:, 0] + rows[:, 1] * rows[:, 2] / 3 + rows[:, 3:].mean(axis=1) + source.normal(size=len(rows))
    rows[source.random(rows.shape) < 0.1] = np.nan
    names = [f"x{i}" for i in range(40)]
    settings = {"objective": "binary", "num_leaves": 31, "verbosity": -1, "num_threads": 1, "seed": 1}
    data = lightgbm.Dataset(rows, (odds > 0).astype(float), feature_name=names)
    booster = lightgbm.train(settings, data, num_boost_round=200)
    features = tuple(FeatureSpec(name, "number", name, minimum=-5.0, maximum=5.0) for name in names)
    return _contract("synthetic", features), booster.model_to_string().encode()


def _contract(name: str, features: tuple[FeatureSpec, ...]) -> ModelContract:
    return ModelContract(
        name=name,
        features=features,
        label=Label("positive", "what is measured does not depend on it", version=1),
        engines=(ENGINE,),
        ensemble=Ensemble({ENGINE.name: 1.0}, positive_from=0.5),
        bands=(Band("low", 0.0, "none"), Band("high", 0.5, "act")),
        training=TrainingData("made for measuring", simulated=True, rows=1, sha256="0" * 64),
        metrics={},
    )
