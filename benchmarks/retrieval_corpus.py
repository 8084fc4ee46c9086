"""Files of a tenant for the benchmark of retrieval, in a folder in place of S3 and DynamoDB."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vigil.assistant.passages.model import Passage, PassageId, Span
from vigil.assistant.retrieval.corpus_encoding_model import from_bytes, to_bytes
from vigil.assistant.retrieval.embedded_store import EmbeddedVectorStore
from vigil.assistant.retrieval.hashed_embedder import MAX_TEXTS, HashedEmbedder
from vigil.assistant.retrieval.model import Corpus, PassageVector, Segment, VectorSpace
from vigil.assistant.retrieval.passage_files_store import S3PassageFiles
from vigil.assistant.retrieval.ports import StoredSegment

TENANT = "bench"
VECTORS, DIMENSION, VECTORS_PER_DOCUMENT = 100_000, 384, 1_000
QUESTIONS, LIMIT = 60, 10
PASSAGES, PASSAGES_PER_DOCUMENT, WORDS_PER_PASSAGE = 5_000, 60, (80, 220)
WORDS, SYLLABLES = 8_000, ("ba", "co", "di", "fe", "gu", "la", "mi", "no", "pre", "ri", "sta", "tu", "vi", "xan")


class Folder:
    """Files in a folder, with the methods of S3."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: bytes) -> None:
        """Store a file."""
        self._path(key).write_bytes(content)

    def read(self, key: str, start: int, length: int) -> bytes:
        """Return a range of a file."""
        with self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def read_whole(self, key: str) -> bytes:
        """Return a file."""
        return self._path(key).read_bytes()

    def list_under(self, prefix: str) -> Iterator[StoredSegment]:
        """Refuse, because the benchmark deletes nothing."""
        raise NotImplementedError(prefix)

    def delete(self, segments: Sequence[StoredSegment]) -> None:
        """Refuse, because the benchmark deletes nothing."""
        raise NotImplementedError(segments)

    def _path(self, key: str) -> Path:
        return self._folder / key.replace("/", "+")


class Manifest:
    """The manifest of the tenant in memory, decoded anew by each read, and a copy in the folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "manifest"
        self._revision, self._content = 0, b""
        if self._file.exists():
            self._revision, self._content = 1, self._file.read_bytes()

    def read(self, tenant_id: str) -> Corpus:
        """Return the manifest."""
        return from_bytes(tenant_id, self._revision, self._content) if self._content else Corpus(tenant_id)

    def replace(self, before: Corpus, after: Corpus) -> bool:
        """Store the manifest; the benchmark has one writer."""
        self._revision, self._content = before.revision + 1, to_bytes(after)
        self._file.write_bytes(self._content)
        return True

    def change(self, **values: object) -> None:
        """Store a manifest with other values."""
        before = self.read(TENANT)
        self.replace(before, replace(before, revision=before.revision + 1, **values))  # type: ignore[arg-type]


def make_vectors(folder: Path) -> None:
    """Write normal random vectors of length 1, and questions with their nearest passages by exact search."""
    import numpy as np  # noqa: PLC0415 - the measured process has no numpy

    generator = np.random.default_rng(1)

    def draw(count: int) -> Any:
        rows = generator.normal(size=(count, DIMENSION)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    rows, questions = draw(VECTORS), draw(QUESTIONS)
    names = [
        PassageId(f"doc-{place // VECTORS_PER_DOCUMENT:03}", 1, 1 + place % VECTORS_PER_DOCUMENT)
        for place in range(VECTORS)
    ]
    manifest = Manifest(folder)
    store = EmbeddedVectorStore(manifest, Folder(folder))
    store.initialise(TENANT, VectorSpace("random/1", DIMENSION))
    for start in range(0, VECTORS, VECTORS_PER_DOCUMENT):
        chosen = range(start, start + VECTORS_PER_DOCUMENT)
        store.upsert(TENANT, [PassageVector(names[place], rows[place].tolist(), "00" * 32) for place in chosen])
    manifest.change(active={name.document_id: 1 for name in names})
    nearest = np.argsort(-(questions.astype(np.float64) @ rows.T.astype(np.float64)), axis=1)[:, :LIMIT]
    asked = [
        {"vector": question.tolist(), "nearest": [names[place] for place in places]}
        for question, places in zip(questions, nearest.tolist(), strict=True)
    ]
    (folder / "questions.json").write_text(json.dumps(asked))


def make_passages(folder: Path) -> None:
    """Write passages of random words with the frequencies of Zipf's law, their vectors, and questions of 8 words."""
    rng = random.Random(1)  # noqa: S311 - invented words
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 5))) for _ in range(WORDS)]
    weights = [1 / rank for rank in range(1, WORDS + 1)]
    manifest, files, embedder = Manifest(folder), Folder(folder), HashedEmbedder()
    store, passage_files = EmbeddedVectorStore(manifest, files), S3PassageFiles(files)
    store.initialise(TENANT, embedder.space)
    segments, questions = [], []
    for start in range(0, PASSAGES, PASSAGES_PER_DOCUMENT):
        document_id = f"doc-{start // PASSAGES_PER_DOCUMENT:03}"
        texts = [
            " ".join(rng.choices(words, weights, k=rng.randint(*WORDS_PER_PASSAGE)))
            for _ in range(PASSAGES_PER_DOCUMENT)
        ]
        passages = [_passage(PassageId(document_id, 1, number), text) for number, text in enumerate(texts, 1)]
        key = passage_files.write(TENANT, document_id, 1, passages)
        segments.append(Segment(key, document_id, 1, len(passages)))
        vectors = embedder.embed(TENANT, texts[:MAX_TEXTS]).vectors
        store.upsert(TENANT, [PassageVector(p.passage_id, v, p.digest) for p, v in zip(passages, vectors, strict=True)])
        questions += [" ".join(rng.sample(text.split(), 8)) for text in texts[:4]]
    manifest.change(active={segment.document_id: 1 for segment in segments}, passages=tuple(segments))
    (folder / "questions.json").write_text(json.dumps(questions))


def _passage(passage_id: PassageId, text: str) -> Passage:
    whole = Span(0, len(text.encode()))
    return Passage(passage_id, text, whole, (whole,), ("Invented words",))
