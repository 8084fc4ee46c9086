"""Scores a chunk: reads, scores and writes its rows, settles the chunk once, and enqueues the next job."""

import hashlib
from dataclasses import dataclass, replace
from itertools import islice

from vigil.decisions.batches import consents, parsing, results
from vigil.decisions.batches.model import LANES, STOPPED, Batch, Chunk, Output
from vigil.decisions.batches.ports import (
    BatchModels,
    BatchPorts,
    FastReaderFactory,
    RowScorer,
    RowScorerFactory,
)
from vigil.errors import Conflict, FieldError, InvalidInput, NotFound

ROWS_PER_STEP = 500
"""Rows parsed into memory at a time. A larger number is slower, because it exceeds the processor's cache."""
_ENDED = {"assembling", "completed", "completed_with_errors"}


@dataclass(frozen=True, slots=True)
class ChunkLines:
    """Result lines of a chunk, and error lines of its rows without an answer."""

    lines: list[str]
    errors: list[str]


class ChunkScoring:
    """Scores chunks. A part depends only on file, model and batch, so that a repeated write gives the same bytes."""

    def __init__(
        self, ports: BatchPorts, models: BatchModels, scorers: RowScorerFactory, fast_readers: FastReaderFactory
    ) -> None:
        self._ports = ports
        self._models = models
        self._scorers = scorers
        self._fast_readers = fast_readers

    def score(self, tenant_id: str, batch_id: str, index: int) -> Chunk | None:
        """Score a chunk and continue its lane. Return the settled chunk, or None if there was nothing to score.

        For a finished chunk, the lane continues if needed: the earlier delivery may have crashed before it did so.
        Raises Conflict if another delivery or a cancellation was faster.
        """
        batch, chunk = self._find(tenant_id, batch_id, index)
        if batch.state in STOPPED:
            return None
        if chunk.state == "done":
            self._resume_lane(batch, index)
            return None
        done = self._score(batch, chunk)
        if not self._ports.batches.settle(batch, done, chunk.state):
            raise Conflict(
                "Another delivery settled this chunk, or the batch was cancelled; retry to continue its lane."
            )
        if chunk.state == "failed":  # a lost chunk: the batch may have been assembled without it meanwhile
            batch, _ = self._find(tenant_id, batch_id, index)
        self._enqueue_next(batch, index)
        return done

    def mark_lost(self, tenant_id: str, batch_id: str, index: int, reason: str) -> None:
        """Mark the rows of a chunk as lost and continue its lane. A finished chunk is not changed."""
        batch, chunk = self._find(tenant_id, batch_id, index)
        if chunk.state == "waiting" and batch.state not in STOPPED:
            now = self._ports.now()
            lost = replace(chunk, state="failed", failed=chunk.range.rows, reason=reason, settled_at=now)
            if self._ports.batches.settle(batch, lost, chunk.state):
                self._enqueue_next(batch, index)
                return
        self._resume_lane(batch, index)

    def _find(self, tenant_id: str, batch_id: str, index: int) -> tuple[Batch, Chunk]:
        if (found := self._ports.batches.find_chunk(tenant_id, batch_id, index)) is None:
            raise NotFound("There is no such chunk.")
        return found

    def _score(self, batch: Batch, chunk: Chunk) -> Chunk:
        chunk_range = chunk.range
        content = self._ports.files.read(batch.source, batch.source_version, chunk_range.start, chunk_range.length)
        scored = self._score_rows(batch, chunk_range.first_row, content)
        if len(scored.lines) != chunk_range.rows:
            changed = FieldError("file", "has changed since it was split", f"{chunk_range.rows} rows in this chunk")
            raise InvalidInput(changed)
        part = self._put_part(batch, chunk_range.index, "results", scored.lines)
        if scored.errors:
            self._put_part(batch, chunk_range.index, "errors", scored.errors)
        failed = len(scored.errors)
        answered = chunk_range.rows - failed
        late = chunk.state != "waiting"  # the tenant does not pay for rows that were reported as lost
        now = self._ports.now()
        return replace(
            chunk,
            state="done",
            scored=answered,
            failed=failed,
            charged=0 if batch.quota is None or late else answered,
            reserved_micros=0 if batch.hard_stop is None or late else answered * batch.hard_stop.price_micros,
            part_sha256=part,
            reason="",
            settled_at=now if late else batch.counting_time(now),
        )

    def _score_rows(self, batch: Batch, number: int, chunk: bytes) -> ChunkLines:
        """Return the result lines of a chunk; `number` is the number of its first row."""
        scorer, read = self._scorer_and_reader(batch)
        rows, scored = read(chunk), ChunkLines([], [])
        write, write_error = results.line_writers(batch.form)
        while parsed := list(islice(rows, ROWS_PER_STEP)):
            answers = scorer.answer_rows([subject for _, subject in parsed])
            for (row, _), answer in zip(parsed, answers, strict=True):
                digest = batch.row_digest(row)
                if isinstance(answer, str):
                    scored.lines.append(write(number, digest, answer))
                else:
                    scored.lines.append(write_error(number, digest, answer))
                    scored.errors.append(results.format_error(number, digest, answer))
                number += 1
        return scored

    def _scorer_and_reader(self, batch: Batch) -> tuple[RowScorer, parsing.RowReader]:
        assert batch.pin is not None  # noqa: S101 - a batch that has chunks has a model
        model = self._models.pinned(batch.pin.name, batch.pin.version, batch.pin.digest)
        scorer = consents.enforce_consents(self._scorers(model, batch), self._ports.files, batch)
        return scorer, parsing.build_reader(batch.form, batch.columns, model.contract, self._fast_readers)

    def _put_part(self, batch: Batch, index: int, output: Output, lines: list[str]) -> str:
        content = "\n".join([*lines, ""]).encode()
        self._ports.files.put(batch.part_key(index, output), content, batch.metadata)
        return hashlib.sha256(content).hexdigest()

    def _enqueue_next(self, batch: Batch, index: int) -> None:
        """Enqueue the lane's next chunk, or the assembly when every lane is finished."""
        if batch.state in _ENDED:  # a lost chunk was scored late
            self._ports.jobs.send([batch.make_job("batch.assembly", f"{index:06}", {"output": "results"})])
        elif index + LANES < batch.chunks:
            self._ports.jobs.send([batch.chunk_job(index + LANES)])
        elif all(chunk.state != "waiting" for chunk in self._ports.batches.chunks(batch)):
            self._ports.jobs.send([batch.make_job("batch.assembly", "first", {"output": "results"})])

    def _resume_lane(self, batch: Batch, index: int) -> None:
        """Continue a lane, unless its next chunk is settled or the batch has ended."""
        if batch.state != "running":
            return
        following = self._ports.batches.find_chunk(batch.tenant_id, batch.batch_id, index + LANES)
        if following is None or following[1].state == "waiting":
            self._enqueue_next(batch, index)
