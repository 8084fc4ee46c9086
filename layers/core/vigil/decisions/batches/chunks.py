"""A chunk scored: read, answered, written, entered in the ledger once; then its lane goes on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from vigil.decisions.batches import consents, parsing, results
from vigil.decisions.batches.model import LANES, STOPPED, Batch, Chunk, Output
from vigil.decisions.batches.ports import (
    BatchFiles,
    BatchModels,
    BatchStore,
    FastReaderFactory,
    JobSender,
    RowScorer,
    RowScorerFactory,
)
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound
from vigil.kernel.time import format_timestamp

ROWS_PER_STEP = 500
"""Rows that are in memory as objects at a time; more of them only miss the processor's cache."""
_ENDED = {"assembling", "completed", "completed_with_errors"}


@dataclass(frozen=True, slots=True)
class ChunkLines:
    """The lines of a chunk, and those of its rows without an answer."""

    lines: list[str]
    errors: list[str]


class ChunkScoring:
    """Scores chunks. The bytes of a part depend on nothing but file, model and batch: writing it twice is harmless."""

    def __init__(
        self,
        books: BatchStore,
        files: BatchFiles,
        outbox: JobSender,
        models: BatchModels,
        scorers: RowScorerFactory,
        plains: FastReaderFactory,
        clock: Callable[[], datetime],
    ) -> None:
        self._books = books
        self._files = files
        self._outbox = outbox
        self._models = models
        self._scorers = scorers
        self._plains = plains
        self._clock = clock

    def score(self, tenant_id: str, batch_id: str, index: int) -> Chunk | None:
        """Score a chunk and send its lane on; return it as it was entered, or None if there was nothing to do.

        A chunk that is done already sends its lane on where nobody else has: whoever did it may have died then.
        Raises Conflict if another delivery of it was faster, or a cancellation.
        """
        batch, chunk = self._find(tenant_id, batch_id, index)
        if batch.state in STOPPED:
            return None
        if chunk.state == "done":
            self._resume(batch, index)
            return None
        done = self._score(batch, chunk)
        if not self._books.settle(batch, done, chunk.state):
            raise Conflict("Something was faster: come again, and see whether there is a lane to send on.")
        if chunk.state == "failed":  # it was given up: the batch may have been put together without it meanwhile
            batch, _ = self._find(tenant_id, batch_id, index)
        self._go_on(batch, index)
        return done

    def mark_lost(self, tenant_id: str, batch_id: str, index: int, reason: str) -> None:
        """Mark the rows of a chunk as lost, and send its lane on; a chunk that is done stays so."""
        batch, chunk = self._find(tenant_id, batch_id, index)
        if chunk.state == "waiting" and batch.state not in STOPPED:
            now = format_timestamp(self._clock())
            lost = replace(chunk, state="failed", failed=chunk.range.rows, reason=reason, settled_at=now)
            if self._books.settle(batch, lost, chunk.state):
                self._go_on(batch, index)
                return
        self._resume(batch, index)

    def _find(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk]:
        if (found := self._books.find_chunk(tenant_id, batch_id, index)) is None:
            raise NotFound("There is no such chunk.")
        return found

    def _score(self, batch: Batch, chunk: Chunk) -> Chunk:
        span = chunk.range
        content = self._files.read(batch.source, batch.source_version, span.start, span.length)
        scored = self._lines(batch, span.first_row, content)
        if len(scored.lines) != span.rows:
            changed = FieldError("file", "is not what was split: it has other rows here", f"{span.rows} rows")
            raise InvalidInput(changed)
        part = self._put(batch, span.index, "results", scored.lines)
        if scored.errors:
            self._put(batch, span.index, "errors", scored.errors)
        failed = len(scored.errors)
        answered = span.rows - failed
        late = chunk.state != "waiting"  # rows that were given up were late by our fault
        now = format_timestamp(self._clock())
        return replace(
            chunk,
            state="done",
            scored=answered,
            failed=failed,
            charged=0 if batch.quota is None or late else answered,
            reserved_micros=0 if batch.hard_stop is None or late else answered * batch.hard_stop.each,
            part_sha256=part,
            reason="",
            settled_at=now if late else batch.counting_time(now),
        )

    def _lines(self, batch: Batch, number: int, chunk: bytes) -> ChunkLines:
        """Return the lines of a chunk whose first row has this number."""
        scorer, read = self._tools(batch)
        rows, scored = read(chunk), ChunkLines([], [])
        write, write_error = results.line_writers(batch.form)
        while some := list(islice(rows, ROWS_PER_STEP)):
            answers = scorer.answer_rows([document for _, document in some])
            for (content, _), answer in zip(some, answers, strict=True):
                if isinstance(answer, str):
                    scored.lines.append(write(number, content, answer))
                else:
                    scored.lines.append(write_error(number, content, answer))
                    scored.errors.append(results.format_error(number, content, answer))
                number += 1
        return scored

    def _tools(self, batch: Batch) -> tuple[RowScorer, parsing.RowReader]:
        assert batch.pin is not None  # noqa: S101 - a batch that has chunks has a model
        model = self._models.pinned(batch.pin.name, batch.pin.version, batch.pin.digest)
        scorer = consents.enforce_consents(self._scorers(model, batch), self._files, batch)
        return scorer, parsing.build_reader(batch.form, batch.columns, model.contract, self._plains)

    def _put(self, batch: Batch, index: int, output: Output, lines: list[str]) -> str:
        content = "\n".join([*lines, ""]).encode()
        self._files.put(batch.part_key(index, output), content, batch.metadata)
        return hashlib.sha256(content).hexdigest()

    def _go_on(self, batch: Batch, index: int) -> None:
        """Send the next chunk of the lane; at its end, the assembly, if all lanes are at theirs."""
        if batch.state in _ENDED:  # a chunk that was given up, and was scored after all
            self._outbox.send([batch.make_job("batch.assembly", f"{index:06}", {"output": "results"})])
        elif index + LANES < batch.chunks:
            self._outbox.send([batch.chunk_job(index + LANES)])
        elif all(chunk.state != "waiting" for chunk in self._books.chunks(batch)):
            self._outbox.send([batch.make_job("batch.assembly", "first", {"output": "results"})])

    def _resume(self, batch: Batch, index: int) -> None:
        """Send a lane on unless its next chunk is at an end already, or the whole batch is."""
        if batch.state != "running":
            return
        following = self._books.find_chunk(batch.tenant_id, batch.batch_id, index + LANES)
        if following is None or following[1].state == "waiting":
            self._go_on(batch, index)
