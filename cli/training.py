"""Trains models into signed packages; skips a training whose inputs are unchanged."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli import native
from cli.checkout import locked
from cli.trained_models import SEED, recipe_fingerprint, trained_model
from models import recipe
from models.packed import add_packed_tables
from vigil.errors import ModelRefused, NotFound
from vigil.prediction.engines import loading as engine
from vigil.prediction.engines.file_limits import file_limit
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.signing import PublicKeys, SigningKey
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, Release, build_package


@dataclass(frozen=True, slots=True)
class Training:
    """Order of one training: recipe name, folder of all packages, seed, and validity in days."""

    name: str
    packages: Path
    seed: int = SEED
    valid_days: int = 365


@dataclass(frozen=True, slots=True)
class Trained:
    """Package on disk; `reused` is True if an earlier training made it."""

    folder: Path
    version: int
    reused: bool
    unpacked: Mapping[str, str] = field(default_factory=dict)
    """Reason, by engine, for the missing packed table; LightGBM scores these engines."""
    never_missing: tuple[str, ...] = ()
    """Features that a caller may leave out, although they were never missing in training."""


def train(training: Training, key: SigningKey, progress: recipe.Progress, *, force: bool = False) -> Trained:
    """Train, sign, verify and write the next version, or return the last version if its inputs are unchanged.

    Two concurrent calls train once. Raises NotFound for a model without recipe, InvalidInput for a name that no model
    can have.
    """
    if training.name not in recipe.recipe_names():
        raise NotFound(f"no recipe {training.name}; recipes: {', '.join(recipe.recipe_names())}")
    recipe.check_name(training.name)
    with locked(training.packages / f"{training.name}.lock"):
        return _train(training, key, progress, force=force)


def _train(training: Training, key: SigningKey, progress: recipe.Progress, *, force: bool) -> Trained:
    parent = training.packages / training.name
    last = max(versions(parent), default=0)
    stamp = _stamp(training, key)
    if last and not force and (current := _current(parent, last, stamp, {key.key_id: key.public})):
        return Trained(parent / f"{last:08d}", last, reused=True, never_missing=current.never_missing_names)
    now = datetime.now(UTC).replace(microsecond=0)
    release = Release(last + 1, now, now + timedelta(days=training.valid_days))
    native.add_to_path()
    model, unpacked = add_packed_tables(trained_model(training.name, training.seed, progress, force=force))
    files = build_package(model, release, key, engine.load_engine)
    verified = verify_files(files, {key.key_id: key.public})
    folder = write_package(parent, release.version, files)
    _stamp_file(parent, release.version).write_text(stamp)
    return Trained(
        folder,
        release.version,
        reused=False,
        unpacked={name: str(refusal) for name, refusal in unpacked.items()},
        never_missing=verified.never_missing_names,
    )


def versions(parent: Path) -> list[int]:
    """Return the complete versions of one model on disk, oldest first."""
    return sorted(int(path.name) for path in parent.glob("[0-9]" * 8) if path.is_dir())


def read_package(folder: Path) -> dict[str, bytes]:
    """Return the files of a package folder; raise ModelRefused for an unknown or oversized file."""
    return {path.name: _read(path) for path in sorted(folder.iterdir()) if path.is_file()}


def verify_files(files: Mapping[str, bytes], keys: PublicKeys) -> LoadedModel:
    """Return the model after every check of the service; raise ModelRefused."""
    native.add_to_path()
    return PackageVerifier(keys, engine.load_engine).verify(files, ExpectedPackage(now=datetime.now(UTC)))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > (limit := file_limit(path.name)):
            raise ModelRefused("oversized", f"{path.name} is larger than {limit} bytes")
        return path.read_bytes()
    except KeyError as error:
        raise ModelRefused("malformed", f"{path.name} is not a file of a model package") from error


def _current(parent: Path, version: int, stamp: str, keys: PublicKeys) -> LoadedModel | None:
    """Return the model of a version whose inputs are unchanged, or None."""
    file = _stamp_file(parent, version)
    if not file.exists() or file.read_text() != stamp:
        return None
    try:
        return verify_files(read_package(parent / f"{version:08d}"), keys)
    except ModelRefused:
        return None


def _stamp(training: Training, key: SigningKey) -> str:
    """Return a hash of all inputs of the package except the clock."""
    parts = (training.seed, key.key_id, training.valid_days, recipe_fingerprint(training.name))
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()


def _stamp_file(parent: Path, version: int) -> Path:
    return parent / f"{version:08d}.stamp"


def write_package(parent: Path, version: int, files: Mapping[str, bytes]) -> Path:
    """Write a package to a temporary folder and rename it: a crash leaves no incomplete package."""
    folder = parent / f"{version:08d}"
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, content in files.items():
        (partial / name).write_bytes(content)
    return partial.rename(folder)
