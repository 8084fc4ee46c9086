"""BM25 over character grams (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond").

The C library and Python compute the same bits: sums are in the order of the question's grams.
"""

import ctypes
import math
from array import array
from collections import Counter
from collections.abc import Sequence
from ctypes import c_size_t, c_void_p
from dataclasses import dataclass

from vigil.assistant.retrieval.passages_library_model import PassagesLibrary
from vigil.assistant.retrieval.segment_terms_model import SegmentTerms
from vigil.assistant.retrieval.terms_model import grams, stems

_K1, _B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of the passages of a segment, and the share of the question's weight that each one matches, 0 to 1."""

    scores: "array[float]"
    shares: "array[float]"


def score(library: PassagesLibrary | None, question: str, segments: Sequence[SegmentTerms]) -> list[Scores]:
    """Return the scores of all passages of segments. A passage without a gram of the question has 0."""
    times = Counter(gram for stem in stems(question) for gram in grams(stem))
    shared = _SharedGrams([*times])
    slots = [array("I", map(shared.__getitem__, segment.stems)) for segment in segments]
    passages = sum(len(segment.numbers) for segment in segments)
    scorer: _InC | _InPython = _InPython(shared) if library is None else _InC(library, shared)
    found = array("I", bytes(4 * len(times)))
    for segment, slot in zip(segments, slots, strict=True):
        scorer.count(segment, slot, found)
    weights = array("d", [
        repeats * math.log(1 + (passages - with_gram + 0.5) / (with_gram + 0.5))
        for repeats, with_gram in zip(times.values(), found, strict=True)
    ])  # fmt: skip
    average = sum(sum(segment.lengths) for segment in segments) / max(passages, 1) or 1.0
    whole = sum_in_order(weights) or 1.0
    scored = []
    for segment, slot in zip(segments, slots, strict=True):
        scores, matched = scorer.score(segment, slot, weights, average)
        scored.append(Scores(scores, array("d", [each / whole for each in matched])))
    return scored


def sum_in_order(values: Sequence[float]) -> float:
    """Return the sum of doubles, added one after another on every version of Python."""
    total = 0.0
    for value in values:
        total += value
    return total


class _SharedGrams(dict[str, int]):
    """The slot of each stem, made at its first use: its grams that the question has, in `first`, `gram` and `times`.

    Slot s has the pairs `first[s]` to `first[s + 1] - 1`; slot 0 has none.
    """

    def __init__(self, question: Sequence[str]) -> None:
        super().__init__()
        self._places = {gram: place for place, gram in enumerate(question)}
        self.grams = len(question)
        self.first, self.gram, self.times = array("I", [0, 0]), array("I"), array("I")

    def __missing__(self, stem: str) -> int:
        """Return the slot of a new stem."""
        places = self._places
        found = [places[gram] for gram in grams(stem) if gram in places]
        slot = len(self.first) - 1 if found else 0
        if found:
            distinct = dict.fromkeys(found)
            self.gram.extend(distinct)
            self.times.extend(map(found.count, distinct))
            self.first.append(len(self.gram))
        self[stem] = slot
        return slot


class _Terms(ctypes.Structure):
    _fields_ = [*((name, c_void_p) for name in ("start", "stem", "count", "length")), ("passages", c_size_t)]


class _Shared(ctypes.Structure):
    _fields_ = [*((name, c_void_p) for name in ("slot", "first", "gram", "times")), ("grams", c_size_t)]


class _InC:
    """Scores by the C library."""

    def __init__(self, library: PassagesLibrary, shared: _SharedGrams) -> None:
        self._library = library
        self._shared = shared
        self._frequency = array("I", bytes(4 * max(shared.grams, 1)))

    def count(self, segment: SegmentTerms, slot: "array[int]", found: "array[int]") -> None:
        """Add to `found` the number of passages that have each gram."""
        terms, shared = self._arguments(segment, slot)
        self._library.count_terms(terms, shared, _address(self._frequency), _address(found))

    def score(
        self, segment: SegmentTerms, slot: "array[int]", weights: "array[float]", average: float
    ) -> tuple["array[float]", "array[float]"]:
        """Return the score of each passage and the weight that it matches."""
        scores, matched = (array("d", bytes(8 * len(segment.numbers))) for _ in range(2))
        terms, shared = self._arguments(segment, slot)
        places = (_address(self._frequency), _address(scores), _address(matched))
        self._library.score_terms(terms, shared, _address(weights), average, *places)
        return scores, matched

    def _arguments(self, segment: SegmentTerms, slot: "array[int]") -> tuple[object, object]:
        arrays = (segment.start, segment.stem, segment.count, segment.lengths)
        terms = _Terms(*map(_address, arrays), len(segment.numbers))
        pairs = (slot, self._shared.first, self._shared.gram, self._shared.times)
        return ctypes.byref(terms), ctypes.byref(_Shared(*map(_address, pairs), self._shared.grams))


class _InPython:
    """Scores by Python."""

    def __init__(self, shared: _SharedGrams) -> None:
        self._shared = shared

    def count(self, segment: SegmentTerms, slot: "array[int]", found: "array[int]") -> None:
        """Add to `found` the number of passages that have each gram."""
        for passage in range(len(segment.numbers)):
            for gram in self._frequency(segment, slot, passage):
                found[gram] += 1

    def score(
        self, segment: SegmentTerms, slot: "array[int]", weights: "array[float]", average: float
    ) -> tuple["array[float]", "array[float]"]:
        """Return the score of each passage and the weight that it matches."""
        scores, matched = (array("d", bytes(8 * len(segment.numbers))) for _ in range(2))
        for passage, length in enumerate(segment.lengths):
            norm = _K1 * (1 - _B + _B * (length / average))
            for gram, times in sorted(self._frequency(segment, slot, passage).items()):
                scores[passage] += weights[gram] * (times * (_K1 + 1) / (times + norm))
                matched[passage] += weights[gram]
        return scores, matched

    def _frequency(self, segment: SegmentTerms, slot: "array[int]", passage: int) -> dict[int, int]:
        shared, frequency = self._shared, dict[int, int]()
        for at in range(segment.start[passage], segment.start[passage + 1]):
            of_stem = slot[segment.stem[at]]
            for pair in range(shared.first[of_stem], shared.first[of_stem + 1]):
                gram = shared.gram[pair]
                frequency[gram] = frequency.get(gram, 0) + segment.count[at] * shared.times[pair]
        return frequency


def _address(values: "array[int] | array[float]") -> int:
    return values.buffer_info()[0]
