"""Path lengths of isolation forests by Vigil's own C library (`layers/scoring/trees`)."""

import ctypes
import weakref
from array import array
from collections.abc import Callable
from ctypes import byref, c_uint32, c_void_p
from typing import Any

from vigil.prediction.engines import trees
from vigil.prediction.engines.forest_file import Forest

PathLength = Callable[[bytes], float]
"""Function that returns the sum of path lengths of a row over all trees. The row is packed in single precision."""


class _Arrays(ctypes.Structure):
    _fields_ = [
        *((name, c_void_p) for name in ("threshold", "length", "feature", "left", "right", "root", "missing_left")),
        *((name, c_uint32) for name in ("features", "nodes", "roots")),
    ]


def load(forest: Forest) -> PathLength | None:
    """Return the path length of a forest, after checking its nodes, or None without the library.

    The result is also None for a forest that is invalid, or that only Python can walk: with infinite lengths, or very
    large trees.
    """
    if (native := trees.load_library()) is None:
        return None
    try:
        floats = [array("d", values) for values in (forest.threshold, forest.length)]
        places = [array("i", values) for values in (forest.feature, forest.left, forest.right, forest.roots)]
        sides = array("B", forest.missing_left)
    except OverflowError:
        return None
    arrays: list[array[Any]] = [*floats, *places, sides]
    addresses = (values.buffer_info()[0] for values in arrays)
    counts = len(forest.features), len(forest.feature), len(forest.roots)
    model = c_void_p()
    if native.load_forest(byref(_Arrays(*addresses, *counts)), byref(model)):
        return None
    return _NativeForest(native, model).path_length


class _NativeForest:
    """A loaded forest. Safe to call from several threads; the native memory is freed with it."""

    def __init__(self, native: trees.TreesLibrary, model: c_void_p) -> None:
        weakref.finalize(self, native.free, model).atexit = False  # at exit the process frees its memory anyway
        self._length = native.forest_length
        self._model = model

    def path_length(self, row: bytes) -> float:
        """Return the sum of path lengths of a packed row."""
        length: float = self._length(self._model, row)
        if length != length:  # noqa: PLR0124 - a length is never NaN
            raise MemoryError
        return length
