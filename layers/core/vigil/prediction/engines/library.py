"""Finds LightGBM's shared library and declares the part of its C API that scoring calls.

The Python package `lightgbm` is never imported: it takes longer to start than all of Vigil, and needs numpy and scipy.
C API: https://lightgbm.readthedocs.io/en/stable/C-API.html
"""

import ctypes
from ctypes import c_char_p, c_double, c_int, c_int32, c_int64, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from vigil.errors import ModelRefused
from vigil.runtime.native_libraries import find_library

LIBRARY_FILE = "lib_lightgbm.so"
FLOAT64 = 1
ROW_MAJOR = 1
RAW_SCORE = 1
CONTRIBUTIONS = 3
ALL_TREES = -1

_PROTOTYPES: dict[str, list[Any]] = {
    "LGBM_BoosterLoadModelFromString": [c_char_p, c_void_p, c_void_p],
    "LGBM_BoosterPredictForMatSingleRowFastInit": [
        c_void_p, c_int, c_int, c_int, c_int, c_int32, c_char_p, c_void_p,
    ],
    "LGBM_BoosterPredictForMatSingleRowFast": [c_void_p, c_void_p, c_void_p, c_void_p],
    "LGBM_BoosterPredictForMat": [
        c_void_p, c_void_p, c_int, c_int32, c_int32, c_int, c_int, c_int, c_int, c_char_p, c_void_p, c_void_p,
    ],
    "LGBM_FastConfigFree": [c_void_p],
    "LGBM_BoosterFree": [c_void_p],
}  # fmt: skip


class LightGBMLibrary:
    """The loaded LightGBM library.

    Handles are integers; every method except `predict_row` raises RuntimeError on failure.
    """

    def __init__(self, path: Path) -> None:
        shared = ctypes.CDLL(str(path))
        shared.LGBM_GetLastError.restype = c_char_p
        self._last_error = shared.LGBM_GetLastError
        self._functions = {name: _declared(shared, name) for name in _PROTOTYPES}
        self._matrix = Lock()
        self._length = c_int64()  # LightGBM writes an output length here; it is never read
        self.length = ctypes.addressof(self._length)
        self.predict_row = _declared(ctypes.PyDLL(str(path)), "LGBM_BoosterPredictForMatSingleRowFast")
        """Predict one row: (config, row, length, out) -> 0 on success. It holds the GIL, because a raw score takes
        microseconds.

        Releasing the GIL between threads costs more than the score (measured: 11 us against 18 us with 8 threads).
        """

    def load_model(self, text: bytes) -> int:
        """Parse a model and return its booster handle."""
        booster = c_void_p()
        iterations = c_int()
        self._call("LGBM_BoosterLoadModelFromString", text, ctypes.byref(iterations), ctypes.byref(booster))
        return _address(booster)

    def create_row_config(self, booster: int, kind: int, width: int) -> int:
        """Return the config of single-row predictions of one kind; fails if `width` is not the model's."""
        config = c_void_p()
        self._call(
            "LGBM_BoosterPredictForMatSingleRowFastInit",
            booster, kind, 0, ALL_TREES, FLOAT64, width, b"num_threads=1", ctypes.byref(config),
        )  # fmt: skip
        return _address(config)

    def explain_row(self, config: int, row: bytes, out: "ctypes.Array[c_double]") -> None:
        """Write the contributions of a packed row, then the base value, to `out`; releases the GIL."""
        self._call("LGBM_BoosterPredictForMatSingleRowFast", config, row, self.length, out)

    def predict_matrix(self, booster: int, rows: int, shape: tuple[int, int], threads: int, out: int) -> None:
        """Write the raw scores of `shape[0]` rows at address `rows` to address `out`; releases the GIL.

        Only one call runs at a time per process. LightGBM's thread count is global, and each call sizes its per-thread
        buffers by that count when it starts.
        """
        with self._matrix:
            self._call(
                "LGBM_BoosterPredictForMat",
                booster, rows, FLOAT64, *shape, ROW_MAJOR, RAW_SCORE, 0, ALL_TREES, b"num_threads=%d" % threads,
                self.length, out,
            )  # fmt: skip

    def free(self, booster: int, configs: list[int]) -> None:
        """Free a booster and the row configs that refer to it."""
        for config in configs:
            self._call("LGBM_FastConfigFree", config)
        self._call("LGBM_BoosterFree", booster)

    def last_error(self) -> str:
        """Return LightGBM's message for the last error of this thread."""
        return str(self._last_error().decode(errors="replace"))[:200]

    def _call(self, name: str, *arguments: object) -> None:
        if self._functions[name](*arguments):
            raise RuntimeError(f"{name}: {self.last_error()}")


@cache
def load_library() -> LightGBMLibrary:
    """Return the library, loaded once per process; raise ModelRefused (`unsupported`) if it is missing or cannot be
    loaded.
    """
    path = locate_library()
    try:
        return LightGBMLibrary(path)
    except OSError as error:
        raise ModelRefused("unsupported", f"{LIBRARY_FILE} cannot be loaded: {error}") from error


def locate_library() -> Path:
    """Return the path of the library: from the scoring layer, otherwise from an installed lightgbm wheel."""
    if found := find_library(LIBRARY_FILE):
        return found
    if (wheel := find_spec("lightgbm")) and wheel.origin:
        installed = Path(wheel.origin).parent / "lib" / LIBRARY_FILE
        if installed.is_file():
            return installed
    raise ModelRefused("unsupported", f"{LIBRARY_FILE} is not on sys.path; attach the scoring layer")


def _declared(shared: ctypes.CDLL, name: str) -> "ctypes._NamedFuncPointer":
    function = shared[name]
    function.argtypes = _PROTOTYPES[name]
    return function


def _address(handle: c_void_p) -> int:
    if handle.value is None:
        raise RuntimeError("LightGBM returned no handle")
    return handle.value
