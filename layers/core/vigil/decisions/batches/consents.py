"""Withholds answers for subjects with a withdrawn consent to scoring, and for those that are being erased.

The list of withdrawn subjects is stored when a file is split, so that a chunk that is scored again gives the same part.
"""

from collections.abc import Collection, Iterator, Sequence

from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.parsing import ParsedStep, RowReader
from vigil.decisions.batches.ports import BatchFiles, RowScorer
from vigil.decisions.batches.results import ERASED
from vigil.decisions.batches.subject_rows import SubjectRows
from vigil.decisions.scoring.answered_rows_model import AnsweredRows
from vigil.decisions.scoring.groups_model import NO_GROUPS
from vigil.decisions.scoring.model import EncodedSubject
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.pseudonyms import TenantKey

_REFUSED = InvalidInput(FieldError("subject_id", "has withdrawn the consent to scoring", "a consent to scoring"))


def store_withdrawn(files: BatchFiles, batch: Batch, subjects: Collection[str]) -> str:
    """Store the pseudonyms of withdrawn subjects and return the key of the list; empty without any of them."""
    if not subjects:
        return ""
    key = f"plain/{batch.object_key(f'withdrawn.{batch.run}')}"
    files.put(key, "\n".join(sorted(subjects)).encode(), {})
    return key


def enforce_consents(scorer: RowScorer, files: BatchFiles, batch: Batch, key: TenantKey) -> RowScorer:
    """Return a scorer that answers with an error for withdrawn subjects."""
    withdrawn = frozenset(files.read(batch.withdrawn, "", 0, -1).decode().split()) if batch.withdrawn else frozenset()
    return _ConsentFilter(scorer, key, withdrawn) if withdrawn else scorer


def leave_out_subjects(read: RowReader, batch: Batch, key: TenantKey) -> RowReader:
    """Return a reader with an error in place of each row of a subject that is being erased.

    The rows are those that an erasure finds, also bad ones in any spelling of the id.
    """
    subjects = batch.left_out_subjects
    if not subjects:
        return read
    named = SubjectRows(batch.form, batch.columns, lambda subject_id: key.pseudonym(subject_id) in subjects)

    def read_steps(content: bytes) -> Iterator[ParsedStep]:
        for rows, *parsed in read(content):
            found = zip(rows, *parsed, strict=True)
            kept = [pair if named.match(row) is None else (ERASED, NO_GROUPS) for row, *pair in found]
            yield ParsedStep(rows, *zip(*kept, strict=True))

    return read_steps


class _ConsentFilter:
    """Replaces the rows of withdrawn subjects by an error, which the scorer returns like that of any bad row."""

    def __init__(self, scorer: RowScorer, key: TenantKey, withdrawn: frozenset[str]) -> None:
        self._scorer = scorer
        self._key = key
        self._withdrawn = withdrawn

    def answer_rows(self, subjects: Sequence[object]) -> AnsweredRows:
        """Return the answer or the error of each row."""
        return self._scorer.answer_rows([self._error(subject) or subject for subject in subjects])

    def _error(self, document: object) -> InvalidInput | None:
        subject: object = None
        if isinstance(document, EncodedSubject):
            subject = document.subject_id
        elif isinstance(document, dict):
            subject = document.get("subject_id")
        is_withdrawn = isinstance(subject, str) and self._key.pseudonym(subject) in self._withdrawn
        return _REFUSED if is_withdrawn else None
