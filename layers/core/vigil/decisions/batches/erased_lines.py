"""Lines of outputs without a person."""

from vigil.decisions.batches import results
from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.source_rows import SourceRows
from vigil.decisions.batches.subject_rows import SubjectRows


def without_person(form: FileFormat, line: bytes, named: SubjectRows, source: SourceRows) -> bytes:
    """Return a line of an output without the person, and without the digest of a bad row.

    `named` finds the person in answered rows, `source` in the input of bad rows. The second call for a line returns it
    unchanged.
    """
    if named.match(line) is not None:
        return _erased(form, results.row_number(line))
    if (bad_row := results.number_of_bad_row(form, line)) is None:
        return line
    return _erased(form, bad_row) if source.names(bad_row) else results.drop_digest(form, line)


def _erased(form: FileFormat, number: int) -> bytes:
    return f"{results.format_erased_row(form, number)}\n".encode()
