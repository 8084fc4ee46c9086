"""Scores and explains LightGBM models through LightGBM's C API, bit for bit, without its Python package."""

import os
import weakref
from collections import deque
from collections.abc import Sequence
from ctypes import byref, c_double
from typing import TYPE_CHECKING

from vigil.errors import ModelRefused
from vigil.prediction.engines.library import CONTRIBUTIONS, RAW_SCORE, LightGBMLibrary, load_library
from vigil.prediction.engines.row_buffers import row_packer, score_batch

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on

LARGE_BATCH_ROWS = 5_000
"""Minimum rows of a batch that uses every core; smaller batches use one.

On busy or fractional cores, such as a small Lambda, OpenMP's waiting threads cost more than they save (measured: 2.5 ms
with one thread, 1.3 to 8 ms with two).
"""

_BINARY = "binary sigmoid:1"
"""The only supported objective: its raw score is the log-odds."""


def load(model_text: bytes, feature_names: Sequence[str]) -> "LightGBMEngine":
    """Return an engine for a model in LightGBM's text format (version v4) with exactly `feature_names`, in that order.

    The bytes must come from a verified package, because LightGBM's parser is not safe for hostile input. Raises
    ModelRefused: `malformed` for an incomplete model, `schema_mismatch` for other features, `unsupported` for anything
    except single-output binary log-odds with constant leaves, or without the shared library.
    """
    check_model_text(model_text, feature_names)
    native = load_library()
    try:
        return LightGBMEngine(native, native.load_model(model_text), len(feature_names))
    except RuntimeError as error:
        raise ModelRefused("malformed", str(error)) from error


def check_model_text(model_text: bytes, feature_names: Sequence[str]) -> None:
    """Raise ModelRefused, as `load` does, if the text is incomplete, unsupported, or has other features."""
    header = _header(model_text)
    _check_features(header.get("feature_names", "").split(" "), feature_names)
    _check_supported(header, model_text)


class LightGBMEngine:
    """A loaded model. Safe to call from several threads; the native memory is freed with the engine."""

    def __init__(self, native: LightGBMLibrary, booster: int, width: int) -> None:
        configs: list[int] = []
        self._finalizer = weakref.finalize(self, native.free, booster, configs)
        self._finalizer.atexit = False  # at exit the process frees its memory anyway
        self._native = native
        self._booster = booster
        self._width = width
        self._configs = configs
        self._packed = row_packer(width)
        self._predict = native.predict_row
        self._length = native.length
        self._raw = self._config(RAW_SCORE)
        self._explainers: deque[int] = deque([self._config(CONTRIBUTIONS)])
        self._values = c_double * (width + 1)

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the raw score (log-odds) of one row; raise ValueError for a row of another width."""
        out = c_double()
        if self._predict(self._raw, self._packed(row), self._length, byref(out)):
            raise RuntimeError(self._native.last_error())
        return out.value

    def contributions(self, row: Sequence[float]) -> tuple[tuple[float, ...], float]:
        """Return one TreeSHAP contribution per feature, and the base value; raise ValueError for a row of another
        width.

        A row config serves one call at a time, so that threads can explain in parallel. The number of configs is the
        largest number of simultaneous calls so far.
        """
        packed = self._packed(row)
        out = self._values()
        try:
            config = self._explainers.pop()
        except IndexError:
            config = self._config(CONTRIBUTIONS)
        try:
            self._native.explain_row(config, packed, out)
        finally:
            self._explainers.append(config)
        *values, base = out
        return tuple(values), base

    def raw_scores(self, rows: "Buffer", count: int) -> Sequence[float]:
        """Return the raw scores of `count` rows in a contiguous row-major buffer of doubles.

        Accepts any object with the buffer protocol (array, memoryview, numpy). Raises ValueError for another layout.
        """
        shape = (count, self._width)
        threads = 1 if count < LARGE_BATCH_ROWS else os.cpu_count() or 1
        return score_batch(
            rows, shape, lambda source, out: self._native.predict_matrix(self._booster, source, shape, threads, out)
        )

    def _config(self, kind: int) -> int:
        config = self._native.create_row_config(self._booster, kind, self._width)
        self._configs.append(config)
        return config


def _header(text: bytes) -> dict[str, str]:
    """Return the fields before the first tree, after checking that the trees have the stated sizes."""
    end = text.find(b"\nTree=")
    if not text.startswith(b"tree\n") or end < 0 or b"\0" in text:
        raise ModelRefused("malformed", "the file is not a LightGBM model in text format")
    try:
        lines = text[:end].decode().split("\n")
        fields = {key: value for key, _, value in (line.partition("=") for line in lines)}
        sizes = [int(size) for size in fields.get("tree_sizes", "").split()]
    except ValueError as error:
        raise ModelRefused("malformed", "the header of the model cannot be parsed") from error
    if min(sizes, default=0) < 1 or not text.startswith(b"end of trees", end + 1 + sum(sizes)):
        raise ModelRefused("malformed", "the trees are incomplete")
    return fields


def _check_features(actual: Sequence[str], expected: Sequence[str]) -> None:
    if len(actual) != len(expected):
        raise ModelRefused("schema_mismatch", f"the model has {len(actual)} features, the schema {len(expected)}")
    for position, (mine, theirs) in enumerate(zip(actual, expected, strict=True), start=1):
        if mine != theirs:
            raise ModelRefused(
                "schema_mismatch", f"feature {position} of the model must be {theirs!r}, as in the schema"
            )


def _check_supported(header: dict[str, str], text: bytes) -> None:
    required = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "objective": _BINARY}
    for field, value in required.items():
        if header.get(field) != value:
            raise ModelRefused("unsupported", f"the model's {field} must be {value!r}")
    if "average_output" in header:
        raise ModelRefused(
            "unsupported", "random forests average their trees; only sums of boosted trees are supported"
        )
    if b"\nis_linear=1\n" in text:
        raise ModelRefused("unsupported", "linear trees are not supported, because they have no TreeSHAP contributions")
