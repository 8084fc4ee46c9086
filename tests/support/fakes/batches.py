"""Fakes of the batch ports, with state."""

import hashlib
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vigil.access.quota.model import QuotaReservation
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange, ChunkState
from vigil.decisions.batches.files_model import FileHead, FileVersion
from vigil.decisions.batches.jobs_model import BatchJob
from vigil.decisions.batches.model import STOPPED, Batch, BatchListing, BatchState
from vigil.errors import BudgetExhausted, Conflict, NotFound, QuotaExceeded
from vigil.kernel.money import SpendLimit, SpendReservation


class FakeBatchStore:
    """Batches and chunks in memory, as atomic as DynamoDB."""

    def __init__(self) -> None:
        self.batches: dict[tuple[str, str], Batch] = {}
        self.ledger: dict[tuple[str, str], dict[int, Chunk]] = {}
        self.settled: list[tuple[str, int]] = []
        self.scored: dict[tuple[str, int], tuple[bytes, dict[str, int]]] = {}
        """Profile and due weeks of each settled chunk."""
        self._lock = threading.Lock()

    def create(self, batch: Batch, most: int) -> Batch | None:
        with self._lock:
            key = (batch.tenant_id, batch.batch_id)
            if key in self.batches:
                return self.batches[key]
            if len(self.unfinished_ids(batch.tenant_id)) >= most:
                raise Conflict("There are too many unfinished batches.")
            self.batches[key] = batch
            return None

    def get(self, tenant_id: str, batch_id: str) -> Batch | None:
        return self.batches.get((tenant_id, batch_id))

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> BatchListing:
        mine = [batch for (tenant, _), batch in self.batches.items() if tenant == tenant_id]
        ordered = sorted(mine, key=lambda batch: (batch.created_at, batch.batch_id), reverse=True)
        rest = [b for b in ordered if after is None or f"{b.created_at}#{b.batch_id}" < after["list_sk"]]
        last = rest[limit - 1] if len(rest) > limit else None
        position = {"list_sk": f"{last.created_at}#{last.batch_id}"} if last else None
        return BatchListing(tuple(rest[:limit]), position)

    def unfinished_ids(self, tenant_id: str) -> list[str]:
        return sorted(
            name for (tenant, name), batch in self.batches.items() if tenant == tenant_id and batch.is_unfinished
        )

    def change(
        self, batch: Batch, states: Sequence[BatchState], values: Mapping[str, Any], run: str | None = None
    ) -> Batch | None:
        with self._lock:
            key = (batch.tenant_id, batch.batch_id)
            now = self.batches[key]
            if now.state not in states or run not in {None, now.run}:
                return None
            self.batches[key] = replace(now, **values)
            return self.batches[key]

    def end(self, batch: Batch, state: BatchState, **values: Any) -> bool:
        open_states: tuple[BatchState, ...] = ("awaiting_upload", "splitting", "running", "assembling")
        return self.change(batch, open_states, {"state": state, "left_out": (), **values}) is not None

    def add_chunks(self, batch: Batch, chunk_ranges: Sequence[ChunkRange]) -> bool:
        now = self.batches[batch.tenant_id, batch.batch_id]
        if (now.state, now.run) != ("splitting", batch.run):
            return False
        mine = self.ledger.setdefault((batch.tenant_id, batch.batch_id), {})
        mine |= {chunk_range.index: Chunk(chunk_range) for chunk_range in chunk_ranges}
        return True

    def chunks(self, batch: Batch) -> list[Chunk]:
        written = self.ledger.get((batch.tenant_id, batch.batch_id), {})
        return [written[index] for index in sorted(written) if index < batch.chunks]

    def find_chunk(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk] | None:
        chunk = self.ledger.get((tenant_id, batch_id), {}).get(index)
        batch = self.get(tenant_id, batch_id)
        return (batch, chunk) if batch and chunk else None

    def settle(self, batch: Batch, chunk: Chunk, was: ChunkState) -> bool:
        with self._lock:
            mine = self.ledger[batch.tenant_id, batch.batch_id]
            now = self.batches[batch.tenant_id, batch.batch_id]
            if now.state in STOPPED or now.left_out != batch.left_out or mine[chunk.range.index].state != was:
                return False
            mine[chunk.range.index] = replace(chunk, scored_at="", profile=b"", due_weeks={})
            self.scored[batch.batch_id, chunk.range.index] = (chunk.profile, dict(chunk.due_weeks))
            self.settled.append((chunk.state, chunk.range.index))
            return True


@dataclass
class FakeFiles:
    """A versioned bucket."""

    objects: dict[str, list[bytes | None]] = field(default_factory=dict)
    """Versions of each object, oldest first; None stands for a deleted one."""
    metadata: dict[str, Mapping[str, str]] = field(default_factory=dict)
    kept_days: dict[str, int] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    longest_read: int = 0

    def upload_url(self, key: str, seconds: int) -> str:
        return f"https://files.example/{key}?put={seconds}"

    def download_url(self, key: str, name: str, seconds: int) -> str:
        return f"https://files.example/{key}?name={name}"

    def read(self, key: str, version: str, start: int, length: int) -> bytes:
        if key not in self.objects:
            raise NotFound("There is no such file.")
        content = self.objects[key][int(version) - 1 if version else -1]
        if content is None:
            raise NotFound("There is no such file.")
        found = content[start : start + length if length >= 0 else None]
        self.longest_read = max(self.longest_read, len(found))
        return found

    def put(self, key: str, content: bytes, metadata: Mapping[str, str], kept_days: int = 0) -> None:
        self.objects.setdefault(key, []).append(content)
        self.metadata[key] = metadata
        self.kept_days[key] = kept_days

    def head(self, key: str) -> FileHead:
        content = self.read(key, "", 0, -1)
        return FileHead(str(len(self.objects[key])), hashlib.md5(content, usedforsecurity=False).hexdigest())

    def list_versions(self, prefix: str) -> Iterator[FileVersion]:
        for key in [key for key in self.objects if key.startswith(prefix)]:
            kept = [number for number, content in enumerate(self.objects[key], 1) if content is not None]
            yield from (FileVersion(key, str(number), number == kept[-1]) for number in kept)

    def delete_versions(self, versions: Sequence[FileVersion]) -> None:
        for stored in versions:
            self.objects[stored.key][int(stored.version) - 1] = None
            if all(content is None for content in self.objects[stored.key]):
                del self.objects[stored.key]

    def begin_upload(self, key: str, metadata: Mapping[str, str]) -> str:
        upload = f"{key}/{len(self.uploads)}"
        self.uploads[upload] = {}
        self.metadata[key] = metadata
        return upload

    def upload_part(self, key: str, upload: str, number: int, content: bytes) -> None:
        if upload not in self.uploads:
            raise NotFound("There is no such file.")
        self.uploads[upload][number] = content

    def complete_upload(self, key: str, upload: str) -> None:
        if upload not in self.uploads:
            raise NotFound("There is no such file.")
        parts = self.uploads.pop(upload)
        assert all(len(content) >= 5 << 20 for _, content in sorted(parts.items())[:-1])
        self.put(key, b"".join(content for _, content in sorted(parts.items())), self.metadata[key])


@dataclass
class FakeOutbox:
    """All queues as one line."""

    jobs: deque[BatchJob] = field(default_factory=deque)
    sent: list[str] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)
    """The delay of each call in seconds."""

    def send(self, jobs: Sequence[BatchJob], delay_seconds: int = 0) -> None:
        self.jobs.extend(jobs)
        self.delays.append(delay_seconds)
        self.sent += [job.id for job in jobs]


class FakeHolds:
    """Spend reservations in micros, as exact as a transaction; one counter serves every limit."""

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()
        self.holds: dict[tuple[str, str], SpendReservation] = {}
        self.released: set[tuple[str, str]] = set()

    def reserve(self, tenant_id: str, hold: SpendReservation, stop: SpendLimit) -> None:
        if (tenant_id, hold.reservation_id) in self.holds:
            return
        for counter, limit in stop.limits():
            if (left := limit - self.used[tenant_id]) < hold.micros:
                raise BudgetExhausted(counter.replace("_", "/"), left, hold.micros, 60)
        self.holds[tenant_id, hold.reservation_id] = hold
        self.used[tenant_id] += hold.micros

    def get_reservation(self, tenant_id: str, reservation_id: str, moment: str) -> SpendReservation | None:
        return self.holds.get((tenant_id, reservation_id))

    def release(self, tenant_id: str, hold: SpendReservation, unused: int) -> None:
        key = (tenant_id, hold.reservation_id)
        if key in self.holds and key not in self.released:
            self.released.add(key)
            self.used[tenant_id] -= unused


class FakeQuota:
    """Monthly predictions of tenants, as exact as a transaction."""

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()
        self.reserved_rows: dict[tuple[str, str], int] = {}
        self.released: set[tuple[str, str]] = set()

    def reserve(
        self, tenant_id: str, reservation_id: str, rows: int, limit: int | None, month: str | None = None
    ) -> QuotaReservation:
        reservation = QuotaReservation(month or "", reservation_id, rows if limit is not None else 0)
        if limit is not None and (tenant_id, reservation_id) not in self.reserved_rows:
            if self.used[tenant_id] + rows > limit:
                raise QuotaExceeded(limit, limit - self.used[tenant_id], 60)
            self.reserved_rows[tenant_id, reservation_id] = rows
            self.used[tenant_id] += rows
        return reservation

    def find_reservation(self, tenant_id: str, reservation_id: str, month: str) -> QuotaReservation | None:
        rows = self.reserved_rows.get((tenant_id, reservation_id))
        return None if rows is None else QuotaReservation(month, reservation_id, rows)

    def release(self, tenant_id: str, reservation: QuotaReservation, unused: int) -> None:
        key = (tenant_id, reservation.reservation_id)
        if unused and self.reserved_rows.get(key, 0) >= unused and key not in self.released:
            self.released.add(key)
            self.used[tenant_id] -= unused
