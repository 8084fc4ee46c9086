"""What a model package says of itself: features, label, calibration, bands. Pure values and rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vigil.kernel.rows import FeatureValue
from vigil.prediction.engines.contract import ModelContract


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """One file of a package: the SHA-256 of its bytes and their number."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The signed statement of a package; its canonical bytes are what the signature covers.

    `version` only ever rises. Times are ISO 8601 in UTC. `digest` of a package is the SHA-256 of these bytes.
    """

    format: Literal[2]
    version: int
    created_at: str
    expires_at: str
    key_id: str
    contract: ModelContract
    files: Mapping[str, PackagedFile]


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What a recipe (`models/<name>/recipe.py`) hands to packaging.

    `files` holds the file of each engine: LightGBM's own text format, JSON for the others; and the packed table
    (`EngineSpec.table_file`) of those that have one, which is then what scores. `golden` is some 32 named
    rows that exercise missing values, categories and every band; packaging computes what must be answered for them.
    `card` is Markdown.
    """

    contract: ModelContract
    files: Mapping[str, bytes]
    golden: tuple[Mapping[str, FeatureValue], ...]
    card: str
