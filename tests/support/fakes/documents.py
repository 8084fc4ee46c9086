"""Fakes of the stores of documents, with state."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from vigil.assistant.retrieval.corpus_encoding_model import from_bytes, to_bytes
from vigil.assistant.retrieval.model import Corpus
from vigil.assistant.retrieval.ports import StoredSegment
from vigil.errors import NotFound, Unavailable


class FakeCorpora:
    """Manifests in memory, stored as in a table."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[int, bytes]] = {}
        self.is_out = False
        self.calls = 0

    def read(self, tenant_id: str) -> Corpus:
        self._call()
        if tenant_id not in self.items:
            return Corpus(tenant_id)
        return from_bytes(tenant_id, *self.items[tenant_id])

    def replace(self, before: Corpus, after: Corpus) -> bool:
        self._call()
        if after.tenant_id != before.tenant_id or after.revision != before.revision + 1:
            raise ValueError("a manifest is replaced by the next one of the same tenant")
        stored = self.items.get(after.tenant_id, (0, b""))[0]
        content = to_bytes(after)
        if stored == before.revision:
            self.items[after.tenant_id] = (after.revision, content)
        return stored == before.revision

    def _call(self) -> None:
        self.calls += 1
        if self.is_out:
            raise Unavailable("The table does not answer.")


class FakeSegmentFiles:
    """Files in memory. `now` is the time of later writes."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.times: dict[str, datetime] = {}
        self.now = datetime(2026, 12, 1, tzinfo=UTC)

    def put(self, key: str, content: bytes) -> None:
        self.contents[key] = content
        self.times[key] = self.now

    def read(self, key: str, start: int, length: int) -> bytes:
        found = self.read_whole(key)[start : start + length]
        if len(found) != length:
            raise Unavailable("The file is shorter.")
        return found

    def read_whole(self, key: str) -> bytes:
        if key not in self.contents:
            raise NotFound("There is no such segment.")
        return self.contents[key]

    def list_under(self, prefix: str) -> Iterator[StoredSegment]:
        keys = sorted(key for key in self.contents if key.startswith(prefix))
        yield from (StoredSegment(key, "1", self.times[key]) for key in keys)

    def delete(self, segments: Sequence[StoredSegment]) -> None:
        for each in segments:
            self.contents.pop(each.key, None)
