"""The embedded vector store over any table and bucket of documents."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from tests.conformance.vector_stores.bench import Outage, StoreBench
from tests.support.vectors import SPACE, passage_vector
from vigil.assistant.retrieval.embedded_store import EmbeddedVectorStore
from vigil.assistant.retrieval.model import PassageVector, Segment
from vigil.assistant.retrieval.ports import CorpusStore, SegmentFiles


class EmbeddedPlace:
    """A table and a bucket, for stores that share nothing else."""

    def __init__(self, corpora: CorpusStore, files: SegmentFiles) -> None:
        self.corpora = corpora
        self.files = files

    def store(self, corpora: CorpusStore | None = None, **limits: Any) -> EmbeddedVectorStore:
        """Return a new store, as another process has it."""
        return EmbeddedVectorStore(corpora or self.corpora, self.files, sleep=lambda _: None, **limits)

    def filled(self, *vectors: PassageVector, **limits: Any) -> EmbeddedVectorStore:
        """Return a new store with vectors of `ten-a`."""
        store = self.store(**limits)
        store.initialise("ten-a", SPACE)
        store.upsert("ten-a", vectors)
        return store

    def registered(self, tenant_id: str = "ten-a") -> tuple[Segment, ...]:
        """Return the files of vectors that the manifest names."""
        return self.corpora.read(tenant_id).vectors

    def keys(self, tenant_id: str = "ten-a") -> set[str]:
        """Return the keys of the stored files of vectors."""
        return {each.key for each in self.files.list_under(f"vectors/{tenant_id}/")}

    def register(self, tenant_id: str, *files: Segment) -> bool:
        """Store a manifest with other files of vectors."""
        before = self.corpora.read(tenant_id)
        return self.corpora.replace(before, replace(before, revision=before.revision + 1, vectors=files))

    def bench(self, outage: Callable[[], AbstractContextManager[Outage]]) -> StoreBench:
        """Return the bench of a new store."""
        store = self.store()

        def forge(tenant_id: str) -> None:
            store.initialise("ten-x", SPACE)
            store.upsert("ten-x", [passage_vector("forged", 1, 1, 0)])
            (file,) = self.registered("ten-x")
            copied = file.key.replace("ten-x", tenant_id)
            self.files.put(copied, self.files.read_whole(file.key))
            self.register(tenant_id, *self.registered(tenant_id), Segment(copied, "forged", 1, 1))

        return StoreBench(store, outage, forge)
