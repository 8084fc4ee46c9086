"""Scores and explains boosted trees with Vigil's own C library (`layers/scoring/trees`) instead of LightGBM's.

The library walks a table packed from the model. When the package was built, the table was compared with LightGBM: raw
scores are equal bit for bit, contributions within 1e-12. Models that a table cannot express have none.
"""

import ctypes
import hashlib
import struct
import weakref
from collections.abc import Sequence
from ctypes import byref, c_char_p, c_double, c_int, c_size_t, c_uint32, c_void_p
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.errors import ModelRefused
from vigil.prediction.engines.row_buffers import contributions_reader, row_packer, score_batch
from vigil.runtime.native_libraries import find_library

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on

LIBRARY_FILE = "libvigil_trees.so"
_SOURCE = slice(8, 40)
"""Position in a table of the SHA-256 of the model from which the table was packed."""

_REFUSALS = {
    1: "there is not enough memory",
    2: "its header is invalid",
    3: "its size does not match its header",
    4: "a slot has an unknown feature or kind",
    5: "a node has an unknown slot, or its value is not a number",
    6: "its nodes do not form trees",
    7: "the training rows of its nodes do not add up",
    8: "a path is too deep",
    9: "its sets of categories are invalid",
}
"""Messages in the order of the error codes in `trees.h`."""

_PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "vigil_trees_load": (c_int, [c_char_p, c_size_t, c_void_p, c_void_p]),
    "vigil_trees_score_rows": (c_int, [c_void_p, c_void_p, c_size_t, c_void_p]),
    "vigil_trees_explain": (c_int, [c_void_p, c_char_p, c_void_p]),
    "vigil_trees_free": (None, [c_void_p]),
    "vigil_forest_load": (c_int, [c_void_p, c_void_p]),
}


class TreesLibrary:
    """Functions of the loaded library."""

    def __init__(self, path: Path) -> None:
        shared = ctypes.CDLL(str(path))
        self.load, self.score_rows, self.explain, self.free, self.load_forest = (
            _declared(shared, name, *types) for name, types in _PROTOTYPES.items()
        )
        # called with the GIL held, because releasing it takes longer than a score
        holding, row = ctypes.PyDLL(str(path)), [c_void_p, c_char_p]
        self.score = _declared(holding, "vigil_trees_score", c_double, row)
        self.forest_length = _declared(holding, "vigil_forest_length", c_double, row)


def load_library() -> TreesLibrary | None:
    """Return the library, loaded once per process, or None if it was not built."""
    library = find_library(LIBRARY_FILE)
    return _loaded(library) if library else None


@cache
def _loaded(path: Path) -> TreesLibrary:
    return TreesLibrary(path)


def load(table: bytes, model_text: bytes, width: int) -> "TreesEngine | None":
    """Return an engine for the table of a model with `width` features, or None without the library.

    Accepts any bytes safely. Raises ModelRefused (`malformed`, `schema_mismatch`) unless they are a complete table of
    this model.
    """
    if (native := load_library()) is None:
        return None
    if table[_SOURCE] != hashlib.sha256(model_text).digest():
        raise ModelRefused("malformed", "the table was not packed from this model")
    model, features = c_void_p(), c_uint32()
    if refusal := native.load(table, len(table), byref(model), byref(features)):
        raise ModelRefused("malformed", f"the table cannot be used: {_REFUSALS[refusal]}")
    engine = TreesEngine(native, model, features.value)
    if features.value != width:
        raise ModelRefused("schema_mismatch", f"the table has {features.value} features, the schema {width}")
    return engine


class TreesEngine:
    """A loaded table. Safe to call from several threads; the native memory is freed with the engine."""

    def __init__(self, native: TreesLibrary, model: c_void_p, width: int) -> None:
        weakref.finalize(self, native.free, model).atexit = False  # at exit the process frees its memory anyway
        self._native = native
        self._model = model
        self._width = width
        self._score = native.score
        self._pack = struct.Struct(f"{width}d").pack
        self._packed = row_packer(width)
        self._values = c_double * (width + 1)
        self._read = contributions_reader(width)

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the raw score (log-odds) of one row; raise ValueError for a row of another width."""
        try:
            score: float = self._score(self._model, self._pack(*row))
        except struct.error as error:
            raise ValueError(f"a row must contain {self._width} numbers") from error
        if score != score:  # noqa: PLR0124 - a score is never NaN
            raise MemoryError
        return score

    def contributions(self, row: Sequence[float]) -> tuple[tuple[float, ...], float]:
        """Return one TreeSHAP contribution per feature, and the base value; raise ValueError for a row of another
        width.
        """
        out = self._values()
        if self._native.explain(self._model, self._packed(row), out):
            raise MemoryError
        return self._read(out)

    def raw_scores(self, rows: "Buffer", count: int) -> Sequence[float]:
        """Return the raw scores of `count` rows in a contiguous row-major buffer of doubles.

        Accepts any object with the buffer protocol (array, memoryview, numpy). Raises ValueError for another layout.
        """
        return score_batch(rows, (count, self._width), lambda source, out: self._score_rows(source, count, out))

    def _score_rows(self, source: int, count: int, out: int) -> None:
        if self._native.score_rows(self._model, source, count, out):
            raise MemoryError


def _declared(shared: ctypes.CDLL, name: str, result: Any, arguments: list[Any]) -> "ctypes._NamedFuncPointer":
    function = shared[name]
    function.restype = result
    function.argtypes = arguments
    return function
