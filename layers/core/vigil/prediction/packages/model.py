"""Content of a model package: manifest, files, and the trained model before packaging."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.packages.reference_model import Reference

MAX_VERSION = 99_999_999
"""Largest version of a model: names of its files and keys of its items have eight digits."""


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """SHA-256 and size in bytes of one file of a package."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The signed document of a package; the signature covers its canonical bytes.

    `version` only rises. Times are ISO 8601 in UTC. The `digest` of a package is the SHA-256 of these bytes. Format 3
    has a reference and may declare groups. Packages of format 2 have neither; they load and serve as before.
    """

    format: Literal[2, 3]
    version: int
    created_at: str
    expires_at: str
    key_id: str
    contract: ModelContract
    files: Mapping[str, PackagedFile]


@dataclass(frozen=True, slots=True)
class PackageDescription:
    """Verified manifest of a package, and its reference; None for a package of format 2."""

    manifest: Manifest
    reference: Reference | None


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Result of a recipe (`models/<name>/recipe.py`), as input of packaging.

    `files` contains each engine's file: LightGBM's text format, or JSON for other engines. It also contains the packed
    tables (`EngineSpec.table_file`) of engines that have one; these then compute the scores. `golden` is about 32 named
    rows that cover missing values, categories and every band. Packaging computes their expected answers. `card` is
    Markdown. A model without a `reference` gives a package of format 2.
    """

    contract: ModelContract
    files: Mapping[str, bytes]
    golden: tuple[Mapping[str, FeatureValue], ...]
    card: str
    reference: Reference | None = None
