"""Withholds answers for subjects with a withdrawn consent to scoring.

The list of these subjects is stored when a file is split, so that a chunk that is scored again gives the same part.
"""

from collections.abc import Collection, Mapping, Sequence

from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.ports import BatchFiles, RowScorer
from vigil.decisions.batches.results import ERASED
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
    """Return a scorer that answers with an error for withdrawn subjects, and for those that are being erased."""
    withdrawn = files.read(batch.withdrawn, "", 0, -1).decode().split() if batch.withdrawn else ()
    refused = dict.fromkeys(withdrawn, _REFUSED) | dict.fromkeys(batch.left_out_subjects, ERASED)
    return _ConsentFilter(scorer, key, refused) if refused else scorer


class _ConsentFilter:
    """Replaces the rows of some subjects by an error, which the scorer returns like that of any bad row."""

    def __init__(self, scorer: RowScorer, key: TenantKey, errors: Mapping[str, InvalidInput]) -> None:
        self._scorer = scorer
        self._key = key
        self._errors = errors

    def answer_rows(self, subjects: Sequence[object]) -> list[str | InvalidInput]:
        """Return the answer or the error of each row."""
        return self._scorer.answer_rows([self._error(subject) or subject for subject in subjects])

    def _error(self, document: object) -> InvalidInput | None:
        subject: object = None
        if isinstance(document, EncodedSubject):
            subject = document.subject_id
        elif isinstance(document, dict):
            subject = document.get("subject_id")
        return self._errors.get(self._key.pseudonym(subject)) if isinstance(subject, str) else None
