"""Golden vectors: what a model must answer for known rows, on every machine that loads it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vigil.errors import InvalidInput, ModelRefused
from vigil.registry.model import FeatureValue, ModelContract
from vigil.registry.ports import Engine

TOLERANCE = 1e-9
"""Allowed for contributions and probabilities, whose last bits differ between C libraries. Raw scores are exact."""


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """One known row: named values, as the engine sees it (None for NaN), and all that comes out."""

    features: Mapping[str, FeatureValue]
    row: tuple[float | None, ...]
    raw: float
    probability: float
    band: str
    contributions: tuple[float, ...]
    base: float


def answer(contract: ModelContract, engine: Engine, features: Mapping[str, FeatureValue]) -> GoldenRow:
    """Return what this engine answers for one row of named values.

    Raises InvalidInput if the values break the schema, ModelRefused if the raw score is no number.
    """
    row = contract.encode(features)
    raw = engine.raw(row)
    if not math.isfinite(raw):
        raise ModelRefused("golden_mismatch", "the engine answers a golden row with no finite number")
    contributions, base = engine.contributions(row)
    probability = contract.calibration.probability(raw)
    encoded = tuple(None if math.isnan(x) else x for x in row)
    return GoldenRow(features, encoded, raw, probability, contract.band(probability).name, contributions, base)


def check(contract: ModelContract, engine: Engine, expected: Iterable[GoldenRow]) -> None:
    """Run every golden row; raise ModelRefused at the first that the schema or the engine answers otherwise."""
    for number, golden in enumerate(expected):
        try:
            actual = answer(contract, engine, golden.features)
        except InvalidInput as error:
            raise ModelRefused("schema_mismatch", f"golden row {number} breaks the feature schema") from error
        if actual.row != golden.row:
            raise ModelRefused("schema_mismatch", f"golden row {number} is encoded otherwise")
        if broken := _difference(golden, actual):
            raise ModelRefused("golden_mismatch", f"golden row {number} has another {broken}")


def _difference(golden: GoldenRow, actual: GoldenRow) -> str:
    if actual.raw != golden.raw:
        return "raw score"
    if not _close((actual.probability,), (golden.probability,)) or actual.band != golden.band:
        return "probability or band"
    explained = math.fsum(actual.contributions) + actual.base
    if not _close((*actual.contributions, actual.base, explained), (*golden.contributions, golden.base, golden.raw)):
        return "explanation"
    return ""


def _close(actual: tuple[float, ...], expected: tuple[float, ...]) -> bool:
    return len(actual) == len(expected) and all(abs(a - e) <= TOLERANCE for a, e in zip(actual, expected, strict=True))
