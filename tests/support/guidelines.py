"""Passages and stores of documents for tests of retrieval."""

from collections.abc import Sequence
from dataclasses import replace

from vigil.assistant.passages.model import Passage, PassageId, Span
from vigil.assistant.retrieval.model import Segment, VectorSpace
from vigil.assistant.retrieval.ports import CorpusStore, PassageFiles


def passage(document_id: str, version: int, number: int, text: str, *headings: str) -> Passage:
    """Return a passage of one sentence."""
    whole = Span(0, len(text.encode()))
    return Passage(PassageId(document_id, version, number), text, whole, (whole,), headings)


def passages(document_id: str, version: int, texts: Sequence[str]) -> list[Passage]:
    """Return the passages of a version, numbered from 1."""
    return [passage(document_id, version, number, text) for number, text in enumerate(texts, 1)]


class Library:
    """Documents of tenants: files of passages that a manifest names."""

    def __init__(self, corpora: CorpusStore, files: PassageFiles) -> None:
        self.corpora = corpora
        self.files = files

    def add(self, tenant_id: str, *added: Passage, is_active: bool = True) -> str:
        """Add the passages of a version, put it in force, and return the key of their file."""
        document_id, version, _ = added[0].passage_id
        key = self.files.write(tenant_id, document_id, version, added)
        before = self.corpora.read(tenant_id)
        active = {**before.active, document_id: version} if is_active else before.active
        files = (*before.passages, Segment(key, document_id, version, len(added)))
        self.corpora.replace(before, replace(before, revision=before.revision + 1, active=active, passages=files))
        return key

    def retire(self, tenant_id: str, document_id: str) -> None:
        """Retire a document; its files stay."""
        before = self.corpora.read(tenant_id)
        active = {name: version for name, version in before.active.items() if name != document_id}
        self.corpora.replace(before, replace(before, revision=before.revision + 1, active=active))

    def use_space(self, tenant_id: str, space: VectorSpace) -> None:
        """Store the space of a tenant's vectors."""
        before = self.corpora.read(tenant_id)
        self.corpora.replace(before, replace(before, revision=before.revision + 1, space=space))
