"""Rows of persons who have withdrawn the consent to scoring: they get no answer.

Who that is, is kept when a file is split, like the model and the flags: a chunk that is scored twice has the same part.
"""

from collections.abc import Collection, Sequence

from vigil.decisions.batches.model import Batch
from vigil.decisions.batches.ports import BatchFiles, RowScorer
from vigil.decisions.scoring.model import EncodedSubject
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.ids import subject_digest

_REFUSED = InvalidInput(FieldError("subject_id", "has withdrawn the consent to scoring", "a consent to scoring"))


def store_withdrawn(files: BatchFiles, batch: Batch, digests: Collection[str]) -> str:
    """Keep who a batch must not score, and return the key of the list; none where there is nobody."""
    if not digests:
        return ""
    key = f"plain/{batch.object_key(f'withdrawn.{batch.run}')}"
    files.put(key, "\n".join(sorted(digests)).encode(), {})
    return key


def enforce_consents(scorer: RowScorer, files: BatchFiles, batch: Batch) -> RowScorer:
    """Return a scorer that does not answer for whom the batch must not score."""
    if not batch.withdrawn:
        return scorer
    return _Heeding(scorer, batch.tenant_id, frozenset(files.read(batch.withdrawn, "", 0, -1).decode().split()))


class _Heeding:
    """Puts the refusal in the place of rows, so that a scorer passes it on like that of any bad row."""

    def __init__(self, scorer: RowScorer, tenant_id: str, digests: Collection[str]) -> None:
        self._scorer = scorer
        self._tenant_id = tenant_id
        self._digests = digests

    def answer_rows(self, documents: Sequence[object]) -> list[str | InvalidInput]:
        """Return the answer to each row, or what is wrong with it."""
        return self._scorer.answer_rows([_REFUSED if self._refuses(document) else document for document in documents])

    def _refuses(self, document: object) -> bool:
        subject: object = None
        if isinstance(document, EncodedSubject):
            subject = document.subject_id
        elif isinstance(document, dict):
            subject = document.get("subject_id")
        return isinstance(subject, str) and subject_digest(self._tenant_id, subject) in self._digests
