"""Withholds answers for subjects with a withdrawn consent to scoring.

The list of these subjects is stored when a file is split, so that a chunk that is scored again gives the same part.
"""

from collections.abc import Collection, Sequence

from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.ports import BatchFiles, RowScorer
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
    if not batch.withdrawn:
        return scorer
    return _ConsentFilter(scorer, key, frozenset(files.read(batch.withdrawn, "", 0, -1).decode().split()))


class _ConsentFilter:
    """Replaces the rows of withdrawn subjects by an error, which the scorer returns like that of any bad row."""

    def __init__(self, scorer: RowScorer, key: TenantKey, withdrawn: Collection[str]) -> None:
        self._scorer = scorer
        self._key = key
        self._withdrawn = withdrawn

    def answer_rows(self, subjects: Sequence[object]) -> list[str | InvalidInput]:
        """Return the answer or the error of each row."""
        return self._scorer.answer_rows([_REFUSED if self._refuses(subject) else subject for subject in subjects])

    def _refuses(self, document: object) -> bool:
        subject: object = None
        if isinstance(document, EncodedSubject):
            subject = document.subject_id
        elif isinstance(document, dict):
            subject = document.get("subject_id")
        return isinstance(subject, str) and self._key.pseudonym(subject) in self._withdrawn
