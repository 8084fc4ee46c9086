"""Search for candidates among int8 codes: the rows whose codes have the largest products with a question.

The C library and Python return the same rows.
"""

import ctypes
import math
import operator
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from ctypes import c_double, c_uint64
from heapq import nsmallest
from typing import NamedTuple

from vigil.assistant.retrieval.passages_library_model import PassagesLibrary
from vigil.assistant.retrieval.vector_files_model import VectorHead

_MAX_CODE = 4_095
"""Largest code of a question. A product with 4,096 int8 codes fits into 32 bits."""


class _Hit(ctypes.Structure):
    _fields_ = [("score", c_double), ("order", c_uint64), ("place", c_uint64)]


class Candidate(NamedTuple):
    """A row, by the places of its head among the searched ones and of its codes in the head."""

    head: int
    row: int


def find_candidates(
    library: PassagesLibrary | None, question: Sequence[float], heads: Sequence[tuple[int, VectorHead]], limit: int
) -> list[Candidate]:
    """Return the best `limit` rows of heads, given with the rank of their document version.

    Equal rows are in the order of ranks and passage numbers.
    """
    codes = _codes(question)
    search = _in_python if library is None else _in_c(library)
    starts = [0]
    for _, head in heads:
        starts.append(starts[-1] + head.rows)
    places = search(codes, heads, starts, min(limit, starts[-1]))
    return [_candidate(starts, place) for place in places]


Search = Callable[["array[int]", Sequence[tuple[int, VectorHead]], Sequence[int], int], list[int]]


def _in_c(library: PassagesLibrary) -> Search:
    def search(
        codes: "array[int]", heads: Sequence[tuple[int, VectorHead]], starts: Sequence[int], limit: int
    ) -> list[int]:
        hits = (_Hit * max(limit, 1))(*(_Hit(-math.inf, 2**64 - 1, 0) for _ in range(limit)))
        question, width = codes.tobytes(), len(codes)
        for (rank, head), start in zip(heads, starts, strict=False):
            library.nearest_rows(
                head.codes, head.scales, head.numbers, head.rows, width, question, rank, start, hits, limit
            )  # fmt: skip
        return [hit.place for hit in hits[:limit]]

    return search


def _in_python(
    codes: "array[int]", heads: Sequence[tuple[int, VectorHead]], starts: Sequence[int], limit: int
) -> list[int]:
    dot = getattr(math, "sumprod", _sum_of_products)
    width = len(codes)
    found = []
    for (rank, head), start in zip(heads, starts, strict=False):
        rows, scales = memoryview(head.codes).cast("b"), memoryview(head.scales).cast("f")
        numbers = memoryview(head.numbers).cast("I")
        scores = [dot(rows[row * width : (row + 1) * width], codes) * scales[row] for row in range(head.rows)]
        found += [(-score, (rank, numbers[row]), start + row) for row, score in enumerate(scores)]
    return [place for _, _, place in nsmallest(limit, found)]


def _sum_of_products(one: Sequence[int], other: Sequence[int]) -> int:
    return sum(map(operator.mul, one, other))


def _codes(question: Sequence[float]) -> "array[int]":
    factor = _MAX_CODE / (max(map(abs, question)) or 1.0)
    return array("h", [round(value * factor) for value in question])


def _candidate(starts: Sequence[int], place: int) -> Candidate:
    head = bisect_right(starts, place) - 1
    return Candidate(head, place - starts[head])
