"""The terms of the passages of a segment, in arrays that the C library reads."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from vigil.assistant.passages.model import Passage
from vigil.assistant.retrieval.terms_model import grams, stems

_STEM_BYTES = 16
"""Estimated bytes of a stem of a segment. Most stems are shared with other segments."""


@dataclass(frozen=True, slots=True)
class SegmentTerms:
    """Stems of passages: passage i has `stem[start[i]:start[i + 1]]`, places in `stems`, with their counts.

    `numbers` are the ascending numbers of the passages, and `lengths` their numbers of grams.
    """

    numbers: "array[int]"
    stems: tuple[str, ...] = field(repr=False)
    start: "array[int]" = field(repr=False)
    stem: "array[int]" = field(repr=False)
    count: "array[int]" = field(repr=False)
    lengths: "array[int]" = field(repr=False)

    @property
    def size(self) -> int:
        """The estimated bytes in memory."""
        arrays = (self.numbers, self.start, self.stem, self.count, self.lengths)
        return sum(len(each) * each.itemsize for each in arrays) + _STEM_BYTES * len(self.stems)


def index_passages(passages: Sequence[Passage]) -> SegmentTerms:
    """Return the terms of passages, with those of the headings above them."""
    ordered = sorted(passages, key=lambda passage: passage.passage_id)
    places: dict[str, int] = {}
    start, stem, count, lengths = array("I", [0]), array("I"), array("I"), array("I")
    for passage in ordered:
        found = Counter(stems("\n".join((*passage.headings, passage.text))))
        stem.extend(places.setdefault(each, len(places)) for each in found)
        count.extend(found.values())
        start.append(len(stem))
        lengths.append(sum(times * len(grams(each)) for each, times in found.items()))
    numbers = array("I", [passage.passage_id.number for passage in ordered])
    return SegmentTerms(numbers, tuple(places), start, stem, count, lengths)
