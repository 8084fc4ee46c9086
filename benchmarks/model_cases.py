"""Models to measure: synthetic ones with 40 features, and every LightGBM engine trained in this checkout."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lightgbm
import numpy as np
from pydantic import TypeAdapter, ValidationError

from cli import native
from cli.training import Training, train
from models import recipe
from models.packed import add_packed_tables
from vigil.kernel.pseudonyms import TenantKey
from vigil.prediction.engines.contract import Label, ModelContract, TrainingData
from vigil.prediction.engines.ensemble import Band, Ensemble
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.engines.votes import Calibration, EngineSpec
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.model import Manifest, TrainedModel
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, Release, build_package

PACKAGES = Path(__file__).parents[1] / ".vigil" / "packages"
ENGINE = EngineSpec("lgbm", "lightgbm", "lgbm.txt", calibration=Calibration())


def tenant_key(tenant_id: str) -> TenantKey:
    """Return a key of a tenant, as a process has it in its cache."""
    return TenantKey(tenant_id, bytes(32))


@dataclass(frozen=True, slots=True)
class ModelCase:
    """Model in a package signed for this run, with distinct rows of its schema."""

    name: str
    contract: ModelContract
    folder: Path
    public_key: bytes
    key_id: str
    rows: list[tuple[float, ...]]

    @property
    def names(self) -> list[str]:
        """Names of the features, in order."""
        return [spec.name for spec in self.contract.features]

    @property
    def text(self) -> bytes:
        """Model in the text format of LightGBM."""
        return (self.folder / ENGINE.file).read_bytes()

    def loaded(self) -> LoadedModel:
        """Return the model after every check of the service."""
        files = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        return PackageVerifier({self.key_id: self.public_key}, load_engine).verify(
            files, ExpectedPackage(now=datetime.now(UTC))
        )

    @property
    def trees(self) -> int:
        """Number of trees of the model."""
        return self.text.count(b"\nTree=")

    @property
    def table(self) -> bytes | None:
        """Packed table of the model, or None without one."""
        path = self.folder / ENGINE.table_file
        return path.read_bytes() if path.exists() else None


def model_cases(work: Path, rows: int) -> Iterator[ModelCase]:
    """Yield every model to measure; write its package under `work`."""
    for trees in (200, 500):
        yield prepare_case(work, *synthetic_model(trees), rows)
    for folder, contract in trained_packages():
        for engine in contract.engines:
            if engine.kind == "lightgbm":
                features = contract.engine_features(engine)
                name = f"{contract.name}-{engine.name}".replace("_", "-")  # model names have no underscore
                yield prepare_case(work, _contract(name, features), (folder / engine.file).read_bytes(), rows)


def trained_packages(packages: Path = PACKAGES) -> Iterator[tuple[Path, ModelContract]]:
    """Yield the newest package of every model trained in this checkout; print and skip packages of another format."""
    for package in sorted(packages.glob("*")):
        if not (versions := sorted(package.glob("*/manifest.json"))):
            continue
        newest = versions[-1]
        try:
            yield newest.parent, TypeAdapter(Manifest).validate_json(newest.read_bytes()).contract
        except ValidationError:
            print(f"{newest.parent} has another format and is skipped; train the model again")  # noqa: T201 - a report


def prepare_case(work: Path, contract: ModelContract, text: bytes, count: int, missing: float = 0.1) -> ModelCase:
    """Return a model as the only engine of a package signed for this run, with `count` random rows of its schema.

    `missing` is the share of missing values among the features that allow them.
    """
    draws = random.Random(7)  # noqa: S311 - rows to score, not secrets
    rows = [draw_row(contract, draws, missing) for _ in range(count)]
    native.add_to_path()
    golden = tuple(contract.decode(row) for row in rows[:32])
    key = SigningKey(draws.randbytes(32))
    now = datetime.now(UTC)
    model, _ = add_packed_tables(TrainedModel(contract, {ENGINE.file: text}, golden, "# Measured"))
    files = build_package(model, Release(1, now, now + timedelta(days=1)), key, load_engine)
    (folder := work / contract.name).mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return ModelCase(contract.name, contract, folder, key.public, key.key_id, rows)


def train_case(work: Path, name: str) -> ModelCase:
    """Return the package of a recipe with all engines, trained for this run, and its held-out rows."""
    key = SigningKey(random.Random(7).randbytes(32))  # noqa: S311 - a key for this run
    folder = train(Training(name, work / "packages"), key, lambda _, __: None).folder
    contract = TypeAdapter(Manifest).validate_json((folder / "manifest.json").read_bytes()).contract
    rows = [contract.encode(sample["features"]) for sample in recipe.load_recipe(name).samples(1, 10_000)]
    return ModelCase(name, contract, folder, key.public, key.key_id, rows)


def draw_row(contract: ModelContract, draws: random.Random, missing: float = 0.1) -> tuple[float, ...]:
    """Return one random row of the schema; `missing` is the share of missing values where they are allowed."""
    return tuple(_draw(spec, draws, missing) for spec in contract.features)


def _draw(spec: FeatureSpec, draws: random.Random, missing: float) -> float:
    if spec.missing == "allow" and draws.random() < missing:
        return float("nan")
    if spec.type == "category":
        return float(draws.randrange(len(spec.categories)))
    if spec.type == "boolean":
        return float(draws.random() < 0.5)
    low = -5.0 if spec.minimum is None else spec.minimum
    high = low + 10.0 if spec.maximum is None else spec.maximum
    return float(draws.randint(int(low), int(high))) if spec.type == "integer" else draws.uniform(low, high)


def synthetic_model(trees: int) -> tuple[ModelContract, bytes]:
    """Return a model of `trees` trees with 31 leaves and 40 numeric features; one value in ten is missing."""
    source = np.random.default_rng(1)
    rows = source.uniform(-5, 5, size=(8_000, 40))
    odds = rows[:, 0] + rows[:, 1] * rows[:, 2] / 3 + rows[:, 3:].mean(axis=1) + source.normal(size=len(rows))
    rows[source.random(rows.shape) < 0.1] = np.nan
    names = [f"x{i}" for i in range(40)]
    settings = {"objective": "binary", "num_leaves": 31, "verbosity": -1, "num_threads": 1, "seed": 1}
    data = lightgbm.Dataset(rows, (odds > 0).astype(float), feature_name=names)
    booster = lightgbm.train(settings, data, num_boost_round=trees)
    features = tuple(FeatureSpec(name, "number", name, minimum=-5.0, maximum=5.0) for name in names)
    return _contract(f"synthetic-{trees}", features), booster.model_to_string().encode()


def _contract(name: str, features: tuple[FeatureSpec, ...]) -> ModelContract:
    return ModelContract(
        name=name,
        features=features,
        label=Label("positive", "Placeholder; the measurements do not depend on it.", version=1),
        engines=(ENGINE,),
        ensemble=Ensemble({ENGINE.name: 1.0}, positive_from=0.5),
        bands=(Band("low", 0.0, "none"), Band("high", 0.5, "act")),
        training=TrainingData("Rows of another package, or random rows.", simulated=True, rows=1, sha256="0" * 64),
        metrics={},
    )
