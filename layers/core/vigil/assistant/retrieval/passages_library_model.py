"""Functions of Vigil's C library for passages (`layers/rag/passages`). Without it, Python computes the same bits."""

import ctypes
from collections.abc import Callable
from ctypes import c_char_p, c_double, c_size_t, c_uint32, c_uint64, c_void_p
from functools import cache
from typing import Any

from vigil.runtime.native_libraries import find_library

LIBRARY_FILE = "libvigil_passages.so"
_ROWS = [c_char_p, c_char_p, c_char_p, c_size_t, c_size_t, c_char_p, c_uint32, c_uint64, c_void_p, c_size_t]
_COUNT = [c_void_p, c_void_p, c_void_p, c_void_p]
_SCORE = [c_void_p, c_void_p, c_void_p, c_double, c_void_p, c_void_p, c_void_p]
_PROTOTYPES: dict[str, list[Any]] = {
    "vigil_nearest_rows": _ROWS,
    "vigil_terms_count": _COUNT,
    "vigil_terms_score": _SCORE,
}


class PassagesLibrary:
    """Functions of the loaded library; they release the GIL."""

    def __init__(self, path: str) -> None:
        shared = ctypes.CDLL(path)
        self.nearest_rows, self.count_terms, self.score_terms = (_declared(shared, name) for name in _PROTOTYPES)


def load_library() -> PassagesLibrary | None:
    """Return the library, loaded once per process, or None if no layer has it."""
    path = find_library(LIBRARY_FILE)
    return _loaded(str(path)) if path else None


@cache
def _loaded(path: str) -> PassagesLibrary:
    return PassagesLibrary(path)


def _declared(shared: ctypes.CDLL, name: str) -> Callable[..., None]:
    function = shared[name]
    function.restype = None
    function.argtypes = _PROTOTYPES[name]
    return function
