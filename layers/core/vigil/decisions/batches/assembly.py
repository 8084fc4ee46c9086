"""The parts of a batch joined in the order of its rows, with flat memory; then the batch is at its end."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from vigil.decisions.batches import results
from vigil.decisions.batches.charges import BatchCharges
from vigil.decisions.batches.model import Batch, BatchState, Chunk, Output, Progress
from vigil.decisions.batches.multipart_file import MultipartFile
from vigil.decisions.batches.ports import BatchFiles, BatchStore, JobSender
from vigil.errors import NotFound
from vigil.kernel.time import format_timestamp

SPARE_SECONDS = 15.0
_READY: tuple[BatchState, ...] = ("running", "assembling")
_ENDED: tuple[BatchState, ...] = ("completed", "completed_with_errors", "failed")
"""From these it is assembled again, when a chunk that was given up has been scored after all."""


@dataclass(frozen=True, slots=True)
class AssemblyCheckpoint:
    """How far an assembly is: which output, which upload, its next part, and the next chunk.

    `ledger` is the digest of the chunks that it joins: with others, it begins anew.
    """

    output: Output = "results"
    upload: str = ""
    part: int = 1
    chunk: int = 0
    ledger: str = ""


class BatchAssembly:
    """Joins results and then errors. May be repeated and may run twice at once: the outcome is the same."""

    def __init__(
        self,
        books: BatchStore,
        files: BatchFiles,
        outbox: JobSender,
        charges: BatchCharges,
        clock: Callable[[], datetime],
    ) -> None:
        self._books = books
        self._files = files
        self._outbox = outbox
        self._charges = charges
        self._clock = clock

    def assemble(self, batch: Batch, name: str, place: AssemblyCheckpoint, remaining: Callable[[], float]) -> None:
        """Join the parts from `place` on; what does not fit into the time left is left to another message."""
        chunks = self._books.chunks(batch) if batch.state in _READY + _ENDED else []
        if not chunks or any(chunk.state == "waiting" for chunk in chunks):
            return
        ledger = _digest(chunks)
        if place.ledger not in {"", ledger}:
            place = AssemblyCheckpoint()
        if batch.state == "running":
            self._books.change(batch, ("running",), {"state": "assembling"})
        try:
            stopped = self._join(batch, chunks, place, remaining)
        except NotFound:
            if not place.upload:
                raise
            # an earlier delivery of this message finished the upload, and may have died before it said so
            stopped = self._join(batch, chunks, AssemblyCheckpoint(place.output), remaining)
        if stopped is None and place.output == "results":
            stopped = AssemblyCheckpoint("errors")
        if stopped is not None:
            details = {"name": name, **asdict(replace(stopped, ledger=ledger))}
            self._outbox.send([batch.make_job("batch.assembly", f"{name}.{stopped.output}.{stopped.chunk}", details)])
        elif _digest(self._books.chunks(batch)) != ledger:
            # a chunk that was given up has been scored meanwhile: what was written is out of date
            self._outbox.send([batch.make_job("batch.assembly", f"{name}.{ledger[:8]}", {"name": name})])
        else:
            self._charges.release_unused(batch, chunks)
            self._end(batch, Progress.from_chunks(chunks))

    def _join(
        self, batch: Batch, chunks: list[Chunk], place: AssemblyCheckpoint, remaining: Callable[[], float]
    ) -> AssemblyCheckpoint | None:
        """Write one output; return where it stopped if time ran short."""
        file = MultipartFile(self._files, batch.output_key(place.output), batch.metadata, place.upload, place.part)
        if place.output == "results" and not place.chunk:
            file.write(results.header_line(batch.form).encode())
        for chunk in chunks[place.chunk :]:
            for content in self._contents(batch, chunk, place.output):
                file.write(content)
            if file.is_flushed and remaining() < SPARE_SECONDS and chunk is not chunks[-1]:
                return AssemblyCheckpoint(place.output, file.upload, file.part, chunk.range.index + 1)
        file.close()
        return None

    def _contents(self, batch: Batch, chunk: Chunk, output: Output) -> Iterator[bytes]:
        span = chunk.range
        if chunk.state == "failed":
            form = batch.form if output == "results" else "ndjson"
            rows = range(span.first_row, span.first_row + span.rows)
            yield "".join(f"{results.format_lost_row(form, number)}\n" for number in rows).encode()
        elif output == "results" or chunk.failed:
            yield self._files.read(batch.part_key(span.index, output), "", 0, -1)

    def _end(self, batch: Batch, progress: Progress) -> None:
        state: BatchState = "completed_with_errors" if progress.failed else "completed"
        now = format_timestamp(self._clock())
        if not self._books.end(batch, state, ended_at=now):
            self._books.change(batch, _ENDED, {"state": state, "ended_at": now})


def _digest(chunks: Sequence[Chunk]) -> str:
    return hashlib.sha256(repr([(chunk.state, chunk.part_sha256) for chunk in chunks]).encode()).hexdigest()
