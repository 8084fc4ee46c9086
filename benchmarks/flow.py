"""Runs a whole batch in one process: files on disk, tables and queues in memory, code of the service only.

`python -m benchmarks.flow FOLDER FORMAT` scores a file (`FOLDER/input`) with a signed package (`FOLDER/package`), from
the arrival of the file to the end of the batch. It prints time, peak memory and counts of AWS calls as JSON. It imports
neither lightgbm nor numpy, so that its memory is that of a worker.
"""

import json
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.model_cases import tenant_key
from cli import native
from vigil.access.quota.model import QuotaReservation
from vigil.bootstrap import decisions, process
from vigil.decisions.batches import fast_rows
from vigil.decisions.batches.assembly import AssemblyCheckpoint, BatchAssembly
from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.chunks_model import Chunk, ChunkRange, ChunkState
from vigil.decisions.batches.jobs_model import BatchJob
from vigil.decisions.batches.model import Batch, BatchListing, BatchState, BatchTerms
from vigil.decisions.batches.ports import BatchPorts
from vigil.decisions.batches.splits import FileSplitting
from vigil.kernel.money import SpendLimit, SpendReservation
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier


class UnlimitedQuota:
    """Quota of a tenant without a limit."""

    def reserve(
        self, _tenant_id: str, reservation_id: str, _rows: int, _limit: int | None, month: str | None = None
    ) -> QuotaReservation:
        """Return an empty reservation."""
        return QuotaReservation(month or "", reservation_id, 0)

    def find_reservation(self, _tenant_id: str, _reservation_id: str, _month: str) -> None:
        """Return None: reservations are not stored."""

    def release(self, _tenant_id: str, _reservation: QuotaReservation, _unused: int) -> None:
        """Do not change the quota."""


class UnlimitedSpend:
    """Spend limits of a tenant without a hard stop."""

    def reserve(self, _tenant_id: str, _reservation: SpendReservation, _stop: SpendLimit) -> None:
        """Accept the reservation without storing it."""

    def get_reservation(self, _tenant_id: str, _reservation_id: str, _moment: str) -> None:
        """Return None: reservations are not stored."""

    def release(self, _tenant_id: str, _reservation: SpendReservation, _unused: int) -> None:
        """Do not change the spend."""


@dataclass
class OneModel:
    """Registry of one loaded model."""

    model: LoadedModel

    def champion(self, name: str) -> LoadedModel:
        """Return the only model, for any name."""
        return self.model

    def pinned(self, name: str, version: int, digest: str) -> LoadedModel:
        """Return the only model, for any name, version and digest."""
        return self.model


@dataclass
class DiskBatches:
    """Ports of a batch: files on disk, records and queue in memory, and counts of the AWS calls."""

    folder: Path
    calls: Counter[str] = field(default_factory=Counter)
    jobs: deque[BatchJob] = field(default_factory=deque)
    ledger: dict[int, Chunk] = field(default_factory=dict)
    batch: Batch | None = None

    def change(
        self, batch: Batch, states: Sequence[BatchState], values: Mapping[str, Any], run: str | None = None
    ) -> Batch | None:
        """Set values of the batch."""
        del batch, states, run
        self.calls["change"] += 1
        self.batch = replace(self._existing(), **values)
        return self.batch

    def end(self, batch: Batch, state: BatchState, **values: Any) -> bool:
        """Set the final state of the batch."""
        del batch
        self.calls["end"] += 1
        self.batch = replace(self._existing(), state=state, **values)
        return True

    def add_chunks(self, batch: Batch, chunk_ranges: Sequence[ChunkRange]) -> bool:
        """Add chunks."""
        del batch
        self.calls["write"] += len(chunk_ranges)
        self.ledger |= {span.index: Chunk(span) for span in chunk_ranges}
        return True

    def chunks(self, batch: Batch) -> list[Chunk]:
        """Return all chunks of the batch."""
        self.calls["chunks"] += 1
        return [self.ledger[index] for index in range(batch.chunks)]

    def find_chunk(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk] | None:
        """Return the batch and a chunk."""
        self.calls["chunk"] += 1
        return (self._existing(), self.ledger[index]) if index in self.ledger else None

    def settle(self, batch: Batch, chunk: Chunk, was: ChunkState) -> bool:
        """Store the result of a chunk."""
        del batch, was
        self.calls["settle"] += 1
        self.ledger[chunk.range.index] = chunk
        return True

    def read(self, key: str, version: str, start: int, length: int) -> bytes:
        """Return a range of a file."""
        self.calls["read"] += 1
        with self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def put(self, key: str, content: bytes, metadata: Mapping[str, str], kept_days: int = 0) -> None:
        """Write a file."""
        self.calls["put"] += 1
        self._path(key).write_bytes(content)

    def begin_upload(self, key: str, metadata: Mapping[str, str]) -> str:
        """Create an empty file."""
        self.calls["begin"] += 1
        self._path(key).write_bytes(b"")
        return key

    def upload_part(self, key: str, upload: str, number: int, content: bytes) -> None:
        """Append a part to the file."""
        self.calls["add"] += 1
        with self._path(key).open("ab") as file:
            file.write(content)

    def complete_upload(self, key: str, upload: str) -> None:
        """Do not change the file: it is complete."""
        self.calls["finish"] += 1

    def send(self, jobs: Sequence[BatchJob]) -> None:
        """Add jobs to the queue."""
        self.calls["send"] += 1
        self.jobs.extend(jobs)

    def get(self, tenant_id: str, batch_id: str) -> Batch | None:
        """Return the batch."""
        return self.batch

    def create(self, batch: Batch, most: int) -> Batch | None:
        """Store the batch."""
        self.batch = batch
        return None

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> BatchListing:
        """Return an empty page."""
        return BatchListing((), None)

    def unfinished_ids(self, tenant_id: str) -> list[str]:
        """Return no ids: there is one batch."""
        return []

    def upload_url(self, key: str, seconds: int) -> str:
        """Return the key."""
        return key

    def download_url(self, key: str, name: str, seconds: int) -> str:
        """Return the key."""
        return key

    def _existing(self) -> Batch:
        assert self.batch is not None  # noqa: S101 - created first
        return self.batch

    def _path(self, key: str) -> Path:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def run(disk: DiskBatches, model: LoadedModel, size: int) -> None:
    """Run a batch from the arrival of its file to its end."""
    ports = BatchPorts(disk, disk, disk, process.now, lambda _: None)
    chunks = ChunkScoring(
        ports, OneModel(model), decisions.batch_scorer, fast_rows.build_fast_reader, tenant_key, decisions.count_rows
    )
    charges = BatchCharges(UnlimitedQuota(), UnlimitedSpend())
    assembly = BatchAssembly(ports, charges)
    splits = FileSplitting(ports, OneModel(model), lambda _: BatchTerms(), charges)
    assert disk.batch is not None  # noqa: S101 - created before
    splits.start(disk.batch, "", size, lambda: 1e9)
    disk.calls["message"] += 1
    while disk.jobs:
        job, batch = disk.jobs.popleft(), disk.batch
        disk.calls["message"] += 1
        if job.kind == "batch.chunk":
            chunks.score("t", "b", int(job.details["index"]), lambda: 60.0, is_last=False)
        else:
            known: dict[str, Any] = {n: job.details[n] for n in AssemblyCheckpoint.__slots__ if n in job.details}
            assembly.assemble(batch, job.name, AssemblyCheckpoint(**known), lambda: 1e9)


def load_package(folder: Path) -> LoadedModel:
    """Return the model of a package after every check of the service; `key` beside it has the public key."""
    key_id, key = (folder.parent / "key").read_text().split()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return PackageVerifier({key_id: bytes.fromhex(key)}, load_engine).verify(
        files, ExpectedPackage(now=datetime.now(UTC))
    )


def peak_megabytes() -> float:
    """Return the peak memory of this program. `ru_maxrss` would include that of the program that started it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main(folder: Path, form: Any) -> None:
    """Run the batch and print its time, memory and AWS calls."""
    native.add_to_path()
    model, disk = load_package(folder / "package"), DiskBatches(folder)
    now = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    disk.create(Batch("t", "b", model.name, form, "awaiting_upload", now, "c", "f", 0, row_key="5a" * 16), 1)
    (folder / "uploads/t/b").mkdir(parents=True)
    os.link(folder / "input", folder / "uploads/t/b/input")
    began, used = time.perf_counter(), time.process_time()
    run(disk, model, (folder / "input").stat().st_size)
    took, used = time.perf_counter() - began, time.process_time() - used
    state = disk.batch.state if disk.batch else ""
    measured = {"state": state, "seconds": took, "cpu_seconds": used, "peak_mb": peak_megabytes(), "calls": disk.calls}
    sys.stdout.write(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
