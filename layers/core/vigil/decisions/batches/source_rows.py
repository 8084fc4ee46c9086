"""Reads the input of a batch in step with an output, to find the persons of rows without an answer."""

from collections.abc import Iterator

from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.row_boundaries import is_blank
from vigil.decisions.batches.subject_rows import SubjectRows


class SourceRows:
    """Rows of an input by their numbers, from a position on. Numbers must be asked in ascending order.

    `offset` is the position behind row `number`, in bytes. `cost` is the number of bytes that they count for in a step.
    """

    def __init__(self, form: FileFormat, rows: Iterator[bytes], subject: SubjectRows, number: int, offset: int) -> None:
        self._form: FileFormat = form
        self._rows = rows
        self._subject = subject
        self.cost = 0
        self.number = number
        self.offset = offset

    def names(self, number: int) -> bool:
        """Return True if a row names the subject; False if the input ends before it."""
        row = b""
        while self.number < number:
            if (following := next(self._rows, None)) is None:
                return False
            self.offset += len(following)
            self.cost += len(following)
            if not is_blank(following.removesuffix(b"\n"), self._form):
                row, self.number = following, self.number + 1
        is_named = bool(row) and self._subject.match(row) is not None
        self.cost += self._subject.cost(row)
        return is_named
