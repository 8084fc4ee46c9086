"""Packed tables for models, compared with LightGBM before they are packaged."""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from random import Random
from typing import TypeAlias

from models.model_trees import NotPacked
from models.packing import pack_table, split_values
from vigil.errors import ModelRefused
from vigil.prediction.engines import lightgbm, trees
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.packages.model import TrainedModel

_Mine: TypeAlias = trees.TreesEngine
_Reference: TypeAlias = lightgbm.LightGBMEngine
_Rows: TypeAlias = Sequence[Sequence[float]]

SCORED_ROWS, EXPLAINED_ROWS = 2_000, 200
TOLERANCE = 1e-12
"""Maximum difference of contributions, relative to the largest one if that is above 1."""

_TINY = 1.0000000180025095e-35
"""The next float after 1e-35, below which LightGBM treats a value as zero."""
_CODES = (-0.5, math.nextafter(-1, 0), -1.0, -2.0, 31.0, 32.0, 63.5, 64.0, 2.0**31 - 1, 2.0**31, 2.0**32, -(2.0**31))
"""Negative, broken and huge codes of categories; LightGBM cuts a code to a whole number of 32 bits."""
_SPECIAL = (
    math.nan, math.nan, math.nan, 0.0, -0.0, math.inf, -math.inf, 1e300, -1e300, 5e-324, _TINY, -_TINY,
    math.nextafter(_TINY, 1), math.nextafter(-_TINY, -1),
    *_CODES,
)  # fmt: skip


def add_packed_tables(model: TrainedModel) -> tuple[TrainedModel, dict[str, NotPacked]]:
    """Return the model with packed tables for its LightGBM engines, and the refusals of engines without a table."""
    contract = model.contract
    tables, refusals = dict[str, bytes](), dict[str, NotPacked]()
    for spec in contract.engines:
        if spec.kind != "lightgbm":
            continue
        names = [feature.name for feature in contract.engine_features(spec)]
        rows = [dict(zip(_names(contract), contract.encode(row), strict=True)) for row in model.golden]
        try:
            tables[spec.table_file] = checked_table(
                model.files[spec.file], names, [[row[name] for name in names] for row in rows]
            )
        except NotPacked as refusal:
            refusals[spec.name] = refusal
    return replace(model, files={**model.files, **tables}), refusals


def _names(contract: ModelContract) -> list[str]:
    return [feature.name for feature in contract.features]


def checked_table(model_text: bytes, feature_names: Sequence[str], golden: Sequence[Sequence[float]]) -> bytes:
    """Return the table of a model after comparing its answers with LightGBM's; raise NotPacked if they differ.

    The rows are the golden rows and drawn rows. Drawn values lie at, beside and between thresholds and codes,
    or are missing, infinite, negative, huge, zero or almost zero.
    """
    packed = pack_table(model_text)
    try:
        mine = trees.load(packed, model_text, len(feature_names))
    except ModelRefused as error:
        raise NotPacked("differs", error.detail) from error
    if mine is None:
        raise NotPacked("differs", "the tree library is missing, so the table cannot be compared with LightGBM")
    reference = lightgbm.load(model_text, feature_names)
    drawn = list(_draw(split_values(model_text), len(feature_names), Random(1)))  # noqa: S311 - rows, not secrets
    _compare_scores(mine, reference, [*golden, *drawn])
    _compare_contributions(mine, reference, [*golden, *drawn[:EXPLAINED_ROWS]])
    return packed


def _draw(cuts: Mapping[int, Sequence[float]], width: int, random: Random) -> Iterator[list[float]]:
    pools = defaultdict[int, tuple[float, ...]](lambda: _SPECIAL)
    for feature, values in cuts.items():
        near = [math.nextafter(x, side) for x in values for side in (-math.inf, math.inf)]
        pools[feature] = (*_SPECIAL, *values, *near)
    finite = {feature: [x for x in pools[feature] if math.isfinite(x) and abs(x) < 1e300] for feature in range(width)}
    for _ in range(SCORED_ROWS):
        odd = random.random()  # degree of unusual values in the row
        yield [
            random.choice(pools[i]) if random.random() < odd else random.uniform(min(finite[i]), max(finite[i]))
            for i in range(width)
        ]


def _compare_scores(mine: _Mine, reference: _Reference, rows: _Rows) -> None:
    flat = array("d", chain.from_iterable(rows))
    together = mine.raw_scores(flat, len(rows))
    for number, row in enumerate(rows):
        expected = reference.raw_score(row)
        if mine.raw_score(row) != expected or together[number] != expected:
            raise NotPacked("differs", f"row {number} has another score than with LightGBM")


def _compare_contributions(mine: _Mine, reference: _Reference, rows: _Rows) -> None:
    for number, row in enumerate(rows):
        expected, base = reference.contributions(row)
        actual, actual_base = mine.contributions(row)
        scale = max(1.0, abs(base), *map(abs, expected))
        for a, e in zip((*actual, actual_base), (*expected, base), strict=True):
            if not abs(a - e) <= TOLERANCE * scale:
                raise NotPacked("differs", f"row {number} has other contributions than with LightGBM")
