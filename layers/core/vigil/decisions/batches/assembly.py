"""The parts of a batch joined in the order of its rows, with flat memory; then the batch is at its end."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from vigil.decisions.batches import results
from vigil.decisions.batches.charges import Charges
from vigil.decisions.batches.long_file import LongFile
from vigil.decisions.batches.model import Batch, Chunk, Output, Progress, State
from vigil.decisions.batches.ports import Books, Files, Outbox
from vigil.errors import NotFound
from vigil.kernel.time import format_timestamp

SPARE_SECONDS = 15.0
_READY: tuple[State, ...] = ("running", "assembling")
_ENDED: tuple[State, ...] = ("completed", "completed_with_errors", "failed")
"""From these it is assembled again, when a chunk that was given up has been scored after all."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far an assembly is: which output, which upload, its next part, and the next chunk.

    `ledger` is the digest of the chunks that it joins: with others, it begins anew.
    """

    output: Output = "results"
    upload: str = ""
    part: int = 1
    chunk: int = 0
    ledger: str = ""


class Assembly:
    """Joins results and then errors. May be repeated and may run twice at once: the outcome is the same."""

    def __init__(
        self, books: Books, files: Files, outbox: Outbox, charges: Charges, clock: Callable[[], datetime]
    ) -> None:
        self._books = books
        self._files = files
        self._outbox = outbox
        self._charges = charges
        self._clock = clock

    def assemble(self, batch: Batch, name: str, place: Place, remaining: Callable[[], float]) -> None:
        """Join the parts from `place` on; what does not fit into the time left is left to another message."""
        chunks = self._books.chunks(batch) if batch.state in _READY + _ENDED else []
        if not chunks or any(chunk.state == "waiting" for chunk in chunks):
            return
        ledger = _digest(chunks)
        if place.ledger not in {"", ledger}:
            place = Place()
        if batch.state == "running":
            self._books.change(batch, ("running",), {"state": "assembling"})
        try:
            stopped = self._join(batch, chunks, place, remaining)
        except NotFound:
            if not place.upload:
                raise
            # an earlier delivery of this message finished the upload, and may have died before it said so
            stopped = self._join(batch, chunks, Place(place.output), remaining)
        if stopped is None and place.output == "results":
            stopped = Place("errors")
        if stopped is not None:
            details = {"name": name, **asdict(replace(stopped, ledger=ledger))}
            self._outbox.send([batch.job("batch.assembly", f"{name}.{stopped.output}.{stopped.chunk}", details)])
        elif _digest(self._books.chunks(batch)) != ledger:
            # a chunk that was given up has been scored meanwhile: what was written is out of date
            self._outbox.send([batch.job("batch.assembly", f"{name}.{ledger[:8]}", {"name": name})])
        else:
            self._charges.give_back(batch, chunks)
            self._end(batch, Progress.of(chunks))

    def _join(self, batch: Batch, chunks: list[Chunk], place: Place, remaining: Callable[[], float]) -> Place | None:
        """Write one output; return where it stopped if time ran short."""
        file = LongFile(self._files, batch.output(place.output), batch.about, place.upload, place.part)
        if place.output == "results" and not place.chunk:
            file.write(results.head(batch.form).encode())
        for chunk in chunks[place.chunk :]:
            for content in self._contents(batch, chunk, place.output):
                file.write(content)
            if file.settled and remaining() < SPARE_SECONDS and chunk is not chunks[-1]:
                return Place(place.output, file.upload, file.part, chunk.span.index + 1)
        file.close()
        return None

    def _contents(self, batch: Batch, chunk: Chunk, output: Output) -> Iterator[bytes]:
        span = chunk.span
        if chunk.state == "failed":
            form = batch.form if output == "results" else "ndjson"
            rows = range(span.first_row, span.first_row + span.rows)
            yield "".join(f"{results.lost_line(form, number)}\n" for number in rows).encode()
        elif output == "results" or chunk.failed:
            yield self._files.read(batch.part(span.index, output), "", 0, -1)

    def _end(self, batch: Batch, progress: Progress) -> None:
        state: State = "completed_with_errors" if progress.failed else "completed"
        now = format_timestamp(self._clock())
        if not self._books.end(batch, state, ended_at=now):
            self._books.change(batch, _ENDED, {"state": state, "ended_at": now})


def _digest(chunks: Sequence[Chunk]) -> str:
    return hashlib.sha256(repr([(chunk.state, chunk.part_sha256) for chunk in chunks]).encode()).hexdigest()
