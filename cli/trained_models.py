"""Trained models in files that all processes of a checkout share; each is trained once for a state of its sources."""

import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version as installed
from pathlib import Path

from pydantic import TypeAdapter

from cli.checkout import ROOT, STATE, fingerprint, locked
from models import recipe
from vigil.prediction.packages.model import TrainedModel

FOLDER = STATE / "trained"
"""Folder of the files. A file has no signature and no date, so that it does not expire."""
SEED = 1
"""Seed of the embedded stack and of the tests, which therefore share their models."""
_LIBRARIES = ("lightgbm", "numpy", "scikit-learn", "scipy")
SHARED_SOURCES = (
    "models/*.py",
    "layers/core/vigil/errors.py",
    "layers/core/vigil/kernel",
    "layers/core/vigil/monitoring/profiles/model.py",
    "layers/core/vigil/prediction",
    "layers/core/vigil/runtime/native_libraries.py",
    "layers/core/vigil/web/field_types.py",
)
"""Patterns of the files and folders that every recipe imports."""
_DOCUMENT = TypeAdapter(TrainedModel)


def trained_model(
    name: str, seed: int, progress: recipe.Progress, *, force: bool = False, folder: Path = FOLDER
) -> TrainedModel:
    """Return the model of a recipe, trained unless its file is there; `force` trains anyway.

    Two processes at once train once. Raises KeyError for a model without recipe.
    """
    found = recipe.load_recipe(name)
    file = folder / f"{name}-{seed}-{recipe_fingerprint(name)}.json"
    with locked(folder / f"{name}-{seed}.lock"):
        if not force:
            with suppress(FileNotFoundError, ValueError):
                return _DOCUMENT.validate_json(file.read_bytes())
        model = found.train(seed, progress)
        for outdated in folder.glob(f"{name}-{seed}-*"):
            outdated.unlink()
        _write(file, model)
        return model


def recipe_fingerprint(name: str) -> str:
    """Return a hash of all that determines what training gives, except the seed."""
    python = f"{platform.python_version()} {platform.machine()}"
    libraries = (f"{library} {installed(library)}" for library in _LIBRARIES)
    return fingerprint(sorted(source_paths(name)), python, *libraries)


def source_paths(name: str) -> Iterator[Path]:
    """Yield the files and folders that a recipe imports; raise FileNotFoundError if one of them has moved."""
    yield ROOT / "models" / name
    for pattern in SHARED_SOURCES:
        found = list(ROOT.glob(pattern))
        if not found:
            raise FileNotFoundError(f"{pattern} matches no source of a model")
        yield from found


def _write(file: Path, model: TrainedModel) -> None:
    """Write a model under another name and move it into place, so that no half file is read."""
    document = _DOCUMENT.dump_json(model)
    if _DOCUMENT.validate_json(document) != model:
        raise ValueError("a trained model changes when it is written and read")
    partial = file.with_suffix(".partial")
    partial.write_bytes(document)
    partial.rename(file)
