"""Joins the parts of a batch in row order with constant memory, and ends the batch."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from vigil.decisions.batches import results
from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.chunks_model import Chunk, Progress
from vigil.decisions.batches.ending import INACTIVE_TENANT, completed_event, end_batch
from vigil.decisions.batches.files_model import Output
from vigil.decisions.batches.model import Batch, BatchState
from vigil.decisions.batches.multipart_file import MultipartFile
from vigil.decisions.batches.ports import BatchPorts
from vigil.errors import NotFound

SPARE_SECONDS = 15.0
_READY: tuple[BatchState, ...] = ("running", "assembling")
_ENDED: tuple[BatchState, ...] = ("completed", "completed_with_errors", "failed")
"""End states from which a batch is assembled again, after a lost chunk was scored late."""


@dataclass(frozen=True, slots=True)
class AssemblyCheckpoint:
    """Progress of an assembly: the output, its upload, the next part and the next chunk.

    `ledger` is the digest of the joined chunks. If the chunks change, the assembly starts again.
    """

    output: Output = "results"
    upload: str = ""
    part: int = 1
    chunk: int = 0
    ledger: str = ""


class BatchAssembly:
    """Joins the results and then the errors. Repeated or parallel runs give the same files."""

    def __init__(self, ports: BatchPorts, charges: BatchCharges) -> None:
        self._ports = ports
        self._charges = charges

    def assemble(
        self, batch: Batch, name: str, checkpoint: AssemblyCheckpoint, remaining: Callable[[], float]
    ) -> Batch | None:
        """Join the parts from the checkpoint on. If time runs short, a further message continues.

        Return the ended batch if this call has ended it first, else None.
        """
        chunks = self._ports.batches.chunks(batch) if batch.state in _READY + _ENDED else []
        if not chunks or any(chunk.state == "waiting" for chunk in chunks):
            return None
        ledger = _digest(chunks)
        if checkpoint.ledger not in {"", ledger}:
            checkpoint = AssemblyCheckpoint()
        if batch.state == "running":
            values = {"state": "assembling", "changed_at": self._ports.now()}
            self._ports.batches.change(batch, ("running",), values)
        try:
            next_checkpoint = self._join(batch, chunks, checkpoint, remaining)
        except NotFound:
            if not checkpoint.upload:
                raise
            # An earlier delivery of this message completed the upload and may have crashed afterwards.
            next_checkpoint = self._join(batch, chunks, AssemblyCheckpoint(checkpoint.output), remaining)
        if next_checkpoint is None and checkpoint.output == "results":
            next_checkpoint = AssemblyCheckpoint("errors")
        if next_checkpoint is not None:
            details = {"name": name, **asdict(replace(next_checkpoint, ledger=ledger))}
            self._ports.jobs.send(
                [batch.make_job("batch.assembly", f"{name}.{next_checkpoint.output}.{next_checkpoint.chunk}", details)]
            )
        elif _digest(self._ports.batches.chunks(batch)) != ledger:
            # A lost chunk was scored meanwhile, so that the written output is out of date.
            self._ports.jobs.send([batch.make_job("batch.assembly", f"{name}.{ledger[:8]}", {"name": name})])
        else:
            self._charges.release_unused(batch, chunks)
            return self._end(batch, Progress.from_chunks(chunks))
        return None

    def cancel(self, batch: Batch) -> None:
        """Cancel a batch whose tenant is not active, and release its charges. An ended batch is not changed."""
        end_batch(self._ports, self._charges, batch, "cancelled", INACTIVE_TENANT)

    def _join(
        self, batch: Batch, chunks: list[Chunk], checkpoint: AssemblyCheckpoint, remaining: Callable[[], float]
    ) -> AssemblyCheckpoint | None:
        """Write one output. Return a checkpoint if time ran short, else None."""
        file = MultipartFile(
            self._ports.files, batch.output_key(checkpoint.output), batch.metadata, checkpoint.upload, checkpoint.part
        )
        if checkpoint.output == "results" and not checkpoint.chunk:
            file.write(results.header_line(batch.form).encode())
        for chunk in chunks[checkpoint.chunk :]:
            for content in self._contents(batch, chunk, checkpoint.output):
                file.write(content)
            if file.is_flushed and remaining() < SPARE_SECONDS and chunk is not chunks[-1]:
                return AssemblyCheckpoint(checkpoint.output, file.upload, file.part, chunk.range.index + 1)
        file.close()
        return None

    def _contents(self, batch: Batch, chunk: Chunk, output: Output) -> Iterator[bytes]:
        chunk_range = chunk.range
        if chunk.state == "failed":
            form = batch.form if output == "results" else "ndjson"
            rows = range(chunk_range.first_row, chunk_range.first_row + chunk_range.rows)
            yield "".join(f"{results.format_lost_row(form, number)}\n" for number in rows).encode()
        elif output == "results" or chunk.failed:
            yield self._ports.files.read(batch.part_key(chunk, output), "", 0, -1)

    def _end(self, batch: Batch, progress: Progress) -> Batch | None:
        state: BatchState = "completed_with_errors" if progress.failed else "completed"
        now = self._ports.now()
        # A redelivery after a crash finds the batch ended, and publishes the event again.
        values = {"state": state, "ended_at": now}
        is_first = self._ports.batches.end(batch, state, ended_at=now)
        if is_first or self._ports.batches.change(batch, _ENDED, values):
            self._ports.publish(completed_event(batch, state, now))
        return replace(batch, state=state, ended_at=now) if is_first else None


def _digest(chunks: Sequence[Chunk]) -> str:
    return hashlib.sha256(repr([(chunk.state, chunk.part_sha256) for chunk in chunks]).encode()).hexdigest()
