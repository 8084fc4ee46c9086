"""Fast reader of rows by a C library (`layers/scoring/rows`).

It reads only lines that are valid beyond doubt, with the values of `ModelContract.encode`. Python parses all other
lines and reports their errors. Without the library, Python parses every line.
"""

import ctypes
import json
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from ctypes import POINTER, c_char_p, c_double, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p, cast
from functools import partial

from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.decisions.scoring.model import EncodedSubject
from vigil.kernel.rows import AS_OF, NAN, SUBJECT
from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.features.feature_spec import FeatureSpec
from vigil.runtime.native_libraries import find_library

LIBRARY_FILE = "libvigil_rows.so"
_NAME = _END = 0xFFFFFFFF
_LARGEST = sys.float_info.max


class _Word(ctypes.Structure):
    _fields_ = [("text", c_char_p), ("length", c_size_t), ("value", c_double)]


class _Column(ctypes.Structure):
    _fields_ = [
        ("key", c_char_p), ("key_length", c_size_t), ("word", POINTER(_Word)), ("words", c_size_t),
        ("low", c_double), ("high", c_double), ("place", c_uint32),
        ("whole", c_uint8), ("exact", c_uint8), ("optional", c_uint8),
    ]  # fmt: skip


def load_library() -> ctypes.PyDLL | None:
    """Return the library, or None if it was not built."""
    library = find_library(LIBRARY_FILE)
    # PyDLL does not release the GIL, because a line takes only a microsecond.
    return _declared(ctypes.PyDLL(str(library))) if library else None


def build_fast_reader(
    contract: ModelContract, columns: Sequence[str] | None
) -> Callable[[Sequence[bytes]], Sequence[EncodedSubject | None]]:
    """Return a reader of lines without line ends. `columns` is None for NDJSON.

    The reader returns one entry per line, None for a line that Python must parse. It accepts no CSV cell with a quote.
    """
    shared, width = load_library(), len(contract.features)
    needed = {spec.name for spec in contract.features if spec.missing != "allow"}
    if shared is None or (columns is not None and not needed <= set(columns)):
        return lambda lines: [None] * len(lines)
    described = describe_columns(contract, columns)
    function = shared.vigil_rows_object if columns is None else shared.vigil_rows_table
    # Objects of ctypes are converted once, not with each line.
    read_line = partial(function, cast(described, c_void_p), c_size_t(len(described)))
    empty_row, unused = array("d", [NAN]) * width, array("d", [NAN])  # a feature without a column stays NaN

    def read_lines(lines: Sequence[bytes]) -> Sequence[EncodedSubject | None]:
        # The element behind a row is overwritten by an empty cell for `as_of`, and then by the next row.
        vectors = empty_row * len(lines) + unused
        start, stride = vectors.buffer_info()[0], 8 * width
        places = range(start, start + stride * len(lines), stride)
        offsets = list(map(read_line, lines, map(len, lines), places))
        vectors.pop()
        names = [line[found >> 32 : found & _END].decode() for line, found in zip(lines, offsets, strict=True)]
        rows = EncodedRows(names, vectors)
        return rows if all(offsets) else [row if found else None for row, found in zip(rows, offsets, strict=True)]

    return read_lines


def describe_columns(contract: ModelContract, columns: Sequence[str] | None) -> "ctypes.Array[_Column]":
    """Return the library's description of the columns of a CSV header, or of JSON members if `columns` is None."""
    described = list(_members(contract) if columns is None else _cells(contract, columns))
    return (_Column * len(described))(*described)


def _members(contract: ModelContract) -> Iterator[_Column]:
    for index, spec in enumerate(contract.features):
        words = {"true": 1.0, "false": 0.0} if spec.type == "boolean" else {}
        words |= {json.dumps(name, ensure_ascii=False): float(code) for code, name in enumerate(spec.categories)}
        if spec.missing == "allow":
            words["null"] = NAN
        yield _column(spec, index, words, key=json.dumps(spec.name, ensure_ascii=False))


def _cells(contract: ModelContract, columns: Sequence[str]) -> Iterator[_Column]:
    specs = {spec.name: (index, spec) for index, spec in enumerate(contract.features)}
    for name in columns:
        if name == SUBJECT:
            yield _Column(place=_NAME)
        elif name == AS_OF:  # an empty `as_of` cell is written to the extra element behind the features
            yield _column(None, len(specs), {"": NAN})
        else:
            index, spec = specs[name]
            yield _column(spec, index, _words(spec))


def _words(spec: FeatureSpec) -> dict[str, float]:
    """Return the accepted texts of a cell, except numbers."""
    if spec.type == "category":
        words = {name: float(code) for code, name in enumerate(spec.categories) if name and not {",", '"'} & set(name)}
        return words | ({"": NAN} if spec.missing == "allow" else {})
    words = {"": NAN, "null": NAN} if spec.missing == "allow" else {}
    truths = {"true": 1.0, "false": 0.0} if spec.type == "boolean" else {}
    return words | {spell(word): value for word, value in truths.items() for spell in (str, str.upper, str.title)}


def _column(spec: FeatureSpec | None, place: int, words: Mapping[str, float], key: str = "") -> _Column:
    texts = {word.encode(): value for word, value in words.items()}
    low, high = 1.0, 0.0  # an empty range: no numbers
    if spec and spec.type in {"number", "integer"}:
        low = -_LARGEST if spec.minimum is None else max(spec.minimum, -_LARGEST)
        high = _LARGEST if spec.maximum is None else min(spec.maximum, _LARGEST)
    return _Column(
        key=key.encode(),
        key_length=len(key.encode()),
        word=(_Word * len(texts))(*(_Word(text, len(text), value) for text, value in texts.items())),
        words=len(texts),
        low=low,
        high=high,
        place=place,
        whole=spec is not None and spec.type == "integer",
        exact=spec is None or spec.type == "category",
        optional=spec is not None and spec.missing == "allow",
    )


def _declared(shared: ctypes.PyDLL) -> ctypes.PyDLL:
    for function in (shared.vigil_rows_table, shared.vigil_rows_object):
        function.restype = c_uint64
        function.argtypes = [c_void_p, c_size_t, c_char_p, c_size_t, c_void_p]
    return shared
