"""Length of a row after whitening, with exact sums: by Vigil's own C library (`layers/scoring/distance`) or in Python.

Both give the same bits on every machine. `sum` of floats would not: it has changed in Python 3.12.
"""

import ctypes
import struct
from array import array
from collections.abc import Callable, Sequence
from ctypes import c_char_p, c_double, c_size_t
from functools import cache
from itertools import chain
from math import fsum, isfinite, sqrt
from operator import mul
from pathlib import Path

from vigil.runtime.native_libraries import find_library

LIBRARY_FILE = "libvigil_distance.so"

Matrix = Sequence[Sequence[float]]
"""Lower triangular matrix by rows."""
Distance = Callable[[Sequence[float]], float]
"""Function that returns the length of a row; it raises OverflowError or ValueError for sums without a value."""


def load(whitening: Matrix | None) -> Distance:
    """Return the distance for a whitening matrix, or for rows that need none."""
    if whitening is None:
        return length
    in_python = python_distance(whitening)
    if library := find_library(LIBRARY_FILE):
        return _native_distance(_loaded(library), whitening, in_python)
    return in_python


def length(row: Sequence[float]) -> float:
    """Return the root of the exact sum of squares."""
    return sqrt(fsum(map(mul, row, row)))


def python_distance(whitening: Matrix) -> Distance:
    """Return the distance for a whitening matrix, computed in Python."""

    def distance(row: Sequence[float]) -> float:
        return length([fsum(map(mul, weights, row)) for weights in whitening])

    return distance


def _native_distance(squared: "ctypes._NamedFuncPointer", whitening: Matrix, in_python: Distance) -> Distance:
    width = len(whitening)
    lines = array("d", chain.from_iterable(whitening)).tobytes()
    pack = struct.Struct(f"{width}d").pack

    def distance(row: Sequence[float]) -> float:
        found: float = squared(lines, pack(*row), width)
        return sqrt(found) if isfinite(found) else in_python(row)

    return distance


@cache
def _loaded(path: Path) -> "ctypes._NamedFuncPointer":
    """Return the function of the library. It is called with the GIL, because releasing it takes longer."""
    function = ctypes.PyDLL(str(path))["vigil_distance_squared"]
    function.restype = c_double
    function.argtypes = [c_char_p, c_char_p, c_size_t]
    return function
