"""A whole batch in one process: files on disk, the rest in memory, serving code only.

`python -m benchmarks.flow FOLDER FORMAT` takes a signed package (`FOLDER/package`) and a file (`FOLDER/input`) from the
file's arrival to the end of the batch, and prints as JSON how long it took, the peak of its memory, and what AWS would
have been asked. It imports neither lightgbm nor numpy, so that its memory is that of a worker.
"""

import json
import os
import resource
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli import native
from vigil.access.quota.model import QuotaReservation
from vigil.bootstrap import decisions, process
from vigil.decisions.batches import fast_rows
from vigil.decisions.batches.assembly import AssemblyCheckpoint, BatchAssembly
from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.chunks import ChunkScoring
from vigil.decisions.batches.model import (
    Batch,
    BatchJob,
    BatchListing,
    BatchState,
    BatchTerms,
    Chunk,
    ChunkRange,
    ChunkState,
)
from vigil.decisions.batches.ports import BatchPorts
from vigil.decisions.batches.splits import FileSplitting
from vigil.kernel.money import SpendLimit, SpendReservation
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier


class Unlimited:
    """The quota of a tenant without a limit."""

    def reserve(
        self, _tenant_id: str, reservation_id: str, _rows: int, _limit: int | None, month: str | None = None
    ) -> QuotaReservation:
        """Set nothing aside."""
        return QuotaReservation(month or "", reservation_id, 0)

    def find_reservation(self, _tenant_id: str, _reservation_id: str, _month: str) -> None:
        """Nothing ever is."""

    def release(self, _tenant_id: str, _reservation: QuotaReservation, _unused: int) -> None:
        """Give nothing back."""


class Unstopped:
    """The hard stop of a tenant that has none."""

    def reserve(self, _tenant_id: str, _reservation: SpendReservation, _stop: SpendLimit) -> None:
        """Set nothing aside."""

    def get_reservation(self, _tenant_id: str, _reservation_id: str, _moment: str) -> None:
        """Nothing ever is."""

    def release(self, _tenant_id: str, _reservation: SpendReservation, _unused: int) -> None:
        """Give nothing back."""


@dataclass
class OneModel:
    """One loaded model under its name."""

    model: LoadedModel

    def champion(self, name: str) -> LoadedModel:
        """Return it."""
        return self.model

    def pinned(self, name: str, version: int, digest: str) -> LoadedModel:
        """Return it."""
        return self.model


@dataclass
class Disk:
    """Files on disk, books and queue in memory, and a count of what AWS would have been asked."""

    folder: Path
    asked: Counter[str] = field(default_factory=Counter)
    jobs: deque[BatchJob] = field(default_factory=deque)
    ledger: dict[int, Chunk] = field(default_factory=dict)
    batch: Batch | None = None

    def change(
        self, batch: Batch, states: Sequence[BatchState], values: Mapping[str, Any], run: str | None = None
    ) -> Batch | None:
        """Set values."""
        del batch, states, run
        self.asked["change"] += 1
        self.batch = replace(self._known(), **values)
        return self.batch

    def end(self, batch: Batch, state: BatchState, **values: Any) -> bool:
        """End the batch."""
        del batch
        self.asked["end"] += 1
        self.batch = replace(self._known(), state=state, **values)
        return True

    def add_chunks(self, batch: Batch, chunk_ranges: Sequence[ChunkRange]) -> bool:
        """Enter chunks."""
        del batch
        self.asked["write"] += len(chunk_ranges)
        self.ledger |= {span.index: Chunk(span) for span in chunk_ranges}
        return True

    def chunks(self, batch: Batch) -> list[Chunk]:
        """Return the chunks of a batch that is split."""
        self.asked["chunks"] += 1
        return [self.ledger[index] for index in range(batch.chunks)]

    def find_chunk(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk] | None:
        """Return a chunk."""
        self.asked["chunk"] += 1
        return (self._known(), self.ledger[index]) if index in self.ledger else None

    def settle(self, batch: Batch, chunk: Chunk, was: ChunkState) -> bool:
        """Enter what became of a chunk."""
        del batch, was
        self.asked["settle"] += 1
        self.ledger[chunk.range.index] = chunk
        return True

    def read(self, key: str, version: str, start: int, length: int) -> bytes:
        """Return a range."""
        self.asked["read"] += 1
        with self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def put(self, key: str, content: bytes, metadata: Mapping[str, str]) -> None:
        """Write a file."""
        self.asked["put"] += 1
        self._path(key).write_bytes(content)

    def begin_upload(self, key: str, metadata: Mapping[str, str]) -> str:
        """Begin a file."""
        self.asked["begin"] += 1
        self._path(key).write_bytes(b"")
        return key

    def upload_part(self, key: str, upload: str, number: int, content: bytes) -> None:
        """Write on."""
        self.asked["add"] += 1
        with self._path(key).open("ab") as file:
            file.write(content)

    def complete_upload(self, key: str, upload: str) -> None:
        """Nothing is left to do."""
        self.asked["finish"] += 1

    def send(self, jobs: Sequence[BatchJob]) -> None:
        """Queue jobs."""
        self.asked["send"] += 1
        self.jobs.extend(jobs)

    def get(self, tenant_id: str, batch_id: str) -> Batch | None:
        """Return the batch."""
        return self.batch

    def create(self, batch: Batch, most: int) -> Batch | None:
        """Take the batch."""
        self.batch = batch
        return None

    def page(self, tenant_id: str, after: dict[str, str] | None, limit: int) -> BatchListing:
        """There are no pages."""
        return BatchListing((), None)

    def unfinished_ids(self, tenant_id: str) -> list[str]:
        """There are no others."""
        return []

    def upload_url(self, key: str, seconds: int) -> str:
        """Return the key."""
        return key

    def download_url(self, key: str, name: str, seconds: int) -> str:
        """Return the key."""
        return key

    def _known(self) -> Batch:
        assert self.batch is not None  # noqa: S101 - created first
        return self.batch

    def _path(self, key: str) -> Path:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def run(disk: Disk, model: LoadedModel, size: int) -> None:
    """Take a batch from the arrival of its file to its end."""
    ports = BatchPorts(disk, disk, disk, process.now)
    chunks = ChunkScoring(ports, OneModel(model), decisions.batch_scorer, fast_rows.build_fast_reader)
    charges = BatchCharges(Unlimited(), Unstopped())
    assembly = BatchAssembly(ports, charges)
    splits = FileSplitting(ports, OneModel(model), lambda _: BatchTerms(), charges)
    assert disk.batch is not None  # noqa: S101 - created before
    splits.start(disk.batch, "", size, lambda: 1e9)
    disk.asked["message"] += 1
    while disk.jobs:
        job, batch = disk.jobs.popleft(), disk.batch
        disk.asked["message"] += 1
        if job.kind == "batch.chunk":
            chunks.score("t", "b", int(job.details["index"]))
        else:
            known: dict[str, Any] = {n: job.details[n] for n in AssemblyCheckpoint.__slots__ if n in job.details}
            assembly.assemble(batch, job.name, AssemblyCheckpoint(**known), lambda: 1e9)


def loaded(folder: Path) -> LoadedModel:
    """Return the model of a package, after every check that serving does; its public key lies beside it."""
    key_id, key = (folder.parent / "key").read_text().split()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return PackageVerifier({key_id: bytes.fromhex(key)}, load_engine).verify(
        files, ExpectedPackage(now=datetime.now(UTC))
    )


def main(folder: Path, form: Any) -> None:
    """Run the batch and print what it took."""
    native.add_to_path()
    model, disk = loaded(folder / "package"), Disk(folder)
    now = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    disk.create(Batch("t", "b", model.name, form, "awaiting_upload", now, "c", "f", 0), 1)
    (folder / "uploads/t/b").mkdir(parents=True)
    os.link(folder / "input", folder / "uploads/t/b/input")
    began, used = time.perf_counter(), time.process_time()
    run(disk, model, (folder / "input").stat().st_size)
    took, used = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    state = disk.batch.state if disk.batch else ""
    told = {"state": state, "seconds": took, "cpu_seconds": used, "peak_mb": peak, "asked": disk.asked}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
