"""Conversion of rows to native buffers."""

import ctypes
import struct
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on


def row_packer(width: int) -> Callable[[Sequence[float]], bytes]:
    """Return a function that packs a row as native doubles; it raises ValueError for a row of another width."""
    pack = struct.Struct(f"{width}d").pack

    def packed(row: Sequence[float]) -> bytes:
        try:
            return pack(*row)
        except struct.error as error:
            raise ValueError(f"a row must contain {width} numbers") from error

    return packed


def contributions_reader(width: int) -> Callable[["Buffer"], tuple[tuple[float, ...], float]]:
    """Return a function that reads `width` contributions and the base value behind them from native doubles."""
    unpack = struct.Struct(f"{width + 1}d").unpack

    def read(values: "Buffer") -> tuple[tuple[float, ...], float]:
        numbers = unpack(values)
        return numbers[:-1], numbers[-1]

    return read


def score_batch(rows: "Buffer", shape: tuple[int, int], score: Callable[[int, int], None]) -> Sequence[float]:
    """Return the scores that `score` writes; it receives the addresses of the rows and of the scores.

    Accepts any object with the buffer protocol (array, memoryview, numpy). Raises ValueError for another layout.
    """
    count, width = shape
    view = memoryview(rows)
    if view.format != "d" or not view.c_contiguous:
        raise ValueError("rows must be a C-contiguous buffer of native doubles")
    if view.nbytes != count * width * view.itemsize or (view.ndim > 1 and view.shape != shape):
        raise ValueError(f"rows must contain {count} rows of {width} doubles")
    scores = array("d", bytes(8 * count))
    if count:
        # ctypes can only take the address of writable memory, so a read-only buffer is copied
        source = bytearray(view) if view.readonly else view.cast("B")
        score(ctypes.addressof(ctypes.c_char.from_buffer(source)), scores.buffer_info()[0])
    return scores
