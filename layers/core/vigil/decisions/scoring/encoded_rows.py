"""Encoded subjects of many rows in one array, so that a row needs no objects of its own."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from vigil.decisions.scoring.model import EncodedSubject


class EncodedRows(Sequence[EncodedSubject]):
    """Sequence of encoded subjects. `vectors` has one vector for each of `subject_ids`, in the same order."""

    def __init__(self, subject_ids: Sequence[str], vectors: "array[float]") -> None:
        self.subject_ids = subject_ids
        self.vectors = vectors

    @classmethod
    def join(cls, subjects: Iterable[EncodedSubject]) -> "EncodedRows":
        """Return the rows of these subjects, of which there is at least one."""
        subject_ids, packed = zip(*subjects, strict=True)
        return cls(subject_ids, array("d", b"".join(packed)))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.subject_ids)

    def __getitem__(self, index: Any) -> Any:
        """Return the subject at an index, or a list of subjects for a slice."""
        places = range(len(self))[index]
        if isinstance(places, range):
            return [self[place] for place in places]
        width = len(self.vectors) // len(self)
        vector = self.vectors[places * width : (places + 1) * width]
        return EncodedSubject(self.subject_ids[places], vector.tobytes())
