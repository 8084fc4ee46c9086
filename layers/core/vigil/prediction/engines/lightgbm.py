"""Scores and explains LightGBM models through LightGBM's C API, bit for bit, without its Python package."""

import os
import weakref
from collections import deque
from collections.abc import Sequence
from ctypes import byref, c_double
from typing import TYPE_CHECKING

from vigil.errors import ModelRefused
from vigil.prediction.engines.library import CONTRIBUTIONS, RAW_SCORE, LightGBMLibrary, load_library
from vigil.prediction.engines.model_text import check_model_text
from vigil.prediction.engines.row_buffers import contributions_reader, row_packer, score_batch

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on

LARGE_BATCH_ROWS = 5_000
"""Minimum rows of a batch that uses every core; smaller batches use one.

On busy or fractional cores, such as a small Lambda, OpenMP's waiting threads cost more than they save (measured: 2.5 ms
with one thread, 1.3 to 8 ms with two).
"""


def load(model_text: bytes, feature_names: Sequence[str]) -> "LightGBMEngine":
    """Return an engine for a model in LightGBM's text format (version v4) with exactly `feature_names`, in that order.

    The bytes must come from a verified package, because LightGBM's parser is not safe for hostile input. Raises
    ModelRefused as `check_model_text` does, and `unsupported` without the shared library.
    """
    check_model_text(model_text, feature_names)
    native = load_library()
    try:
        return LightGBMEngine(native, native.load_model(model_text), len(feature_names))
    except RuntimeError as error:
        raise ModelRefused("malformed", str(error)) from error


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
        self._read = contributions_reader(width)

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
        return self._read(out)

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
